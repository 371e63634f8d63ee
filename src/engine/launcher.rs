//! Starts planned runs of one sitting.

use std::fmt::Debug;
use std::sync::Arc;

use super::clock::Clock;
#[cfg(unix)]
use super::commands::CommandsJob;
use super::compute::laboratory::Laboratory;
use super::followers::{Errand, GithubJob};
use super::gate::{Gate, Standing};
use super::gil::Gil;
use super::gil::under::UnderGil;
use super::handle::RunHandle;
use super::pool;
use super::simulate::{self, Pace, Simulated};
use super::task::Job;
use crate::github::{Api, Patience};
use crate::model::{Compute, Failure, FailureKind, Mode, Nanos, Plan, Target, Work};

/// Knows how the tasks of a plan are done.
pub trait Jobs: Debug + Send + Sync {
    /// The plan with all filled in that is only known here, such as how quick this machine is.
    fn settle(&self, plan: Plan) -> Plan {
        plan
    }

    /// The job that a plan is about; or why nobody here can do it.
    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure>;
}

/// The jobs and the clock that all runs of a sitting share.
#[derive(Clone, Debug)]
pub struct Launcher {
    jobs: Arc<dyn Jobs>,
    clock: Clock,
}

impl Launcher {
    /// Runs ask `api` as long as `patience` says, and are timed by `clock`.
    pub fn new(api: Option<Arc<Api>>, patience: Patience, clock: Clock) -> Self {
        let (standing, laboratory) = (Standing::default(), Laboratory::default());
        let jobs = Workshop { api, patience, clock: clock.clone(), standing, laboratory };
        Self::of(Arc::new(jobs), clock)
    }

    /// Runs do what `jobs` says, and are timed by `clock`.
    pub fn of(jobs: Arc<dyn Jobs>, clock: Clock) -> Self {
        Self { jobs, clock }
    }

    /// Starts a run; a simulated one goes as fast as it can be computed.
    pub fn start(&self, plan: Plan) -> RunHandle {
        self.start_at(plan, Pace::Unbound)
    }

    /// Starts a run; a simulated one goes at this pace.
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

    /// The time on the runs' clock.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }
}

/// Everything that this program can do.
#[derive(Debug)]
struct Workshop {
    api: Option<Arc<Api>>,
    patience: Patience,
    clock: Clock,
    standing: Standing,
    laboratory: Laboratory,
}

impl Jobs for Workshop {
    fn settle(&self, plan: Plan) -> Plan {
        self.laboratory.settle(plan, &self.clock)
    }

    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        #[cfg(unix)]
        if let Work::Commands { .. } = plan.work {
            return Ok(Arc::new(CommandsJob::new(plan)));
        }
        match plan.mode {
            Mode::Sequential | Mode::Threads => self.threaded(plan),
            Mode::Gil => Ok(under_gil(self.threaded(plan)?, plan)),
            Mode::Processes => Err(nobody(plan)),
        }
    }
}

impl Workshop {
    /// The job for threads of this process, without a GIL.
    fn threaded(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match &plan.work {
            Work::Profile(target) => self.github(plan, target, Errand::Profile),
            Work::Followers(target) => self.github(plan, target, Errand::Pages),
            work @ (Work::Cpu(_) | Work::Native(_) | Work::Mixed(_)) => {
                Ok(Arc::new(self.laboratory.job(work)?))
            }
            Work::Commands { .. } => Err(nobody(plan)),
        }
    }

    fn github(
        &self,
        plan: &Plan,
        target: &Target,
        errand: Errand,
    ) -> Result<Arc<dyn Job>, Failure> {
        let Self { api, patience, clock, standing, .. } = self;
        let api = api.as_ref().ok_or_else(|| nobody(plan))?;
        let gate = Gate::new(
            Arc::clone(api),
            clock.clone(),
            patience.max_wait,
            plan.workers,
            Arc::clone(standing),
        );
        Ok(Arc::new(GithubJob {
            api: Arc::clone(api),
            errand,
            target: target.clone(),
            gate: Arc::new(gate),
            clock: clock.clone(),
            patience: *patience,
        }))
    }
}

/// The same for threads that share a GIL.
fn under_gil(job: Arc<dyn Job>, plan: &Plan) -> Arc<dyn Job> {
    let interval = plan.work.compute().map_or(Compute::SWITCH_INTERVAL, |c| c.switch_interval);
    Arc::new(UnderGil::new(job, Gil::new(interval)))
}

fn nobody(plan: &Plan) -> Failure {
    Failure {
        kind: FailureKind::Worker,
        message: format!("nothing here can run {} in {}", plan.workload(), plan.mode),
    }
}
