//! Starts the runs of a session.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use super::clock::Clock;
#[cfg(unix)]
use super::commands::CommandsJob;
use super::compute::laboratory::Laboratory;
use super::errand::{Errand, What};
use super::followers::GithubJob;
use super::gate::{Gate, Standing};
use super::gil::Gil;
use super::gil::under::UnderGil;
use super::handle::RunHandle;
use super::pool;
use super::process::{Inquiry, Order, ProcessJob, Starter};
use super::simulate::{self, Pace, Simulated};
use super::task::Job;
use crate::github::{Api, Patience};
use crate::model::{Compute, Failure, FailureKind, Mode, Nanos, Plan, Work};

/// Provides the job for a plan.
pub trait Jobs: Debug + Send + Sync {
    /// Completes a plan with values that depend on this machine, such as the number of turns per task.
    fn settle(&self, plan: Plan) -> Plan {
        plan
    }

    /// Returns the job for a plan. Fails if the plan cannot be run here.
    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure>;
}

/// The jobs and the clock that all runs of a session share.
#[derive(Clone, Debug)]
pub struct Launcher {
    jobs: Arc<dyn Jobs>,
    clock: Clock,
}

impl Launcher {
    /// Creates a launcher whose runs send requests to `api`, with the retries and timeouts of
    /// `patience`, and are timed by `clock`.
    pub fn new(api: Option<Arc<Api>>, patience: Patience, clock: Clock) -> Self {
        Self::with_processes(api, patience, clock, None)
    }

    /// Creates a launcher that can also start worker processes. `program` is the path of this
    /// program's executable.
    pub fn with_processes(
        api: Option<Arc<Api>>,
        patience: Patience,
        clock: Clock,
        program: Option<PathBuf>,
    ) -> Self {
        let (standing, laboratory) = (Standing::default(), Laboratory::default());
        let jobs = Workshop { api, patience, clock: clock.clone(), standing, laboratory, program };
        Self::of(Arc::new(jobs), clock)
    }

    /// Creates a launcher whose runs do the jobs of `jobs` and are timed by `clock`.
    pub fn of(jobs: Arc<dyn Jobs>, clock: Clock) -> Self {
        Self { jobs, clock }
    }

    /// Starts a run. A simulated run is played as fast as it can be computed.
    pub fn start(&self, plan: Plan) -> RunHandle {
        self.start_at(plan, Pace::Unbound)
    }

    /// Starts a run. A simulated run is played at `pace`.
    pub fn start_at(&self, plan: Plan, pace: Pace) -> RunHandle {
        if let Some(run) = Simulated::new(&plan) {
            return simulate::start(run, plan, pace, &self.clock);
        }
        let plan = self.jobs.settle(plan);
        match self.jobs.job(&plan) {
            Ok(job) => pool::start(plan, job, &self.clock),
            Err(failure) => pool::fail(plan, failure, &self.clock),
        }
    }

    /// The current time of the clock.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }
}

/// All jobs of this program.
#[derive(Debug)]
struct Workshop {
    api: Option<Arc<Api>>,
    patience: Patience,
    clock: Clock,
    standing: Standing,
    laboratory: Laboratory,
    program: Option<PathBuf>,
}

impl Jobs for Workshop {
    fn settle(&self, plan: Plan) -> Plan {
        self.laboratory.settle(plan, &self.clock)
    }

    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match plan.mode {
            Mode::Sequential | Mode::Threads => self.threaded(plan),
            Mode::Gil => Ok(under_gil(self.threaded(plan)?, plan)),
            Mode::Processes => self.in_processes(plan),
        }
    }
}

impl Workshop {
    /// Returns the job for threads of this process, without a GIL.
    fn threaded(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match &plan.work {
            work @ (Work::Profile(_) | Work::Followers(_)) => {
                let (api, errand) = self.errand(plan, work)?;
                Ok(Arc::new(self.github(plan, api, errand, None)))
            }
            work @ (Work::Cpu(_) | Work::Native(_) | Work::Mixed(_)) => {
                Ok(Arc::new(self.laboratory.job(work)?))
            }
            #[cfg(unix)]
            Work::Commands { .. } => Ok(Arc::new(CommandsJob::new(plan))),
            #[cfg(not(unix))]
            Work::Commands { .. } => Err(nobody(plan)),
        }
    }

    /// Returns the job for threads with a worker process each.
    fn in_processes(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        let starter =
            |order| Starter::new(self.program.clone(), order, self.patience.timeout).map(Arc::new);
        match &plan.work {
            work @ (Work::Profile(_) | Work::Followers(_)) => {
                let (api, errand) = self.errand(plan, work)?;
                let starter = starter(Order::Ask(Inquiry {
                    base: api.base().to_string(),
                    with_token: api.token().is_some(),
                    timeout: self.patience.timeout,
                    errand: errand.clone(),
                }))?;
                Ok(Arc::new(self.github(plan, api, errand, Some(starter))))
            }
            work @ (Work::Cpu(_) | Work::Native(_) | Work::Mixed(_)) => {
                let order = Order::Compute(self.laboratory.job(work)?);
                Ok(Arc::new(ProcessJob(starter(order)?)))
            }
            Work::Commands { .. } => Err(nobody(plan)),
        }
    }

    /// Returns the API and the requests of the run.
    fn errand(&self, plan: &Plan, work: &Work) -> Result<(&Arc<Api>, Errand), Failure> {
        let what = if matches!(work, Work::Profile(_)) { What::Profile } else { What::Pages };
        let (Some(api), Some(target)) = (&self.api, work.target()) else {
            return Err(nobody(plan));
        };
        Ok((api, Errand { target: target.clone(), what }))
    }

    fn github(
        &self,
        plan: &Plan,
        api: &Arc<Api>,
        errand: Errand,
        starter: Option<Arc<Starter>>,
    ) -> GithubJob {
        let Self { patience, clock, standing, .. } = self;
        let gate = Gate::new(
            Arc::clone(api),
            clock.clone(),
            patience.max_wait,
            plan,
            Arc::clone(standing),
        );
        GithubJob {
            api: Arc::clone(api),
            errand,
            gate: Arc::new(gate),
            clock: clock.clone(),
            patience: *patience,
            starter,
        }
    }
}

/// Returns a job that does `job` on threads that share a GIL.
fn under_gil(job: Arc<dyn Job>, plan: &Plan) -> Arc<dyn Job> {
    let interval = plan.work.compute().map_or(Compute::SWITCH_INTERVAL, |c| c.switch_interval);
    Arc::new(UnderGil::new(job, Gil::new(interval)))
}

fn nobody(plan: &Plan) -> Failure {
    Failure::new(
        FailureKind::Worker,
        format!("cannot run workload {} in mode {}", plan.workload(), plan.mode),
    )
}
