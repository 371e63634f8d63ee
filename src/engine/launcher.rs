//! Starts planned runs of one sitting.

use std::fmt::Debug;
use std::sync::Arc;

use super::clock::Clock;
#[cfg(unix)]
use super::commands::CommandsJob;
use super::followers::{Errand, GithubJob};
use super::gate::{Gate, Standing};
use super::pool::{self, RunHandle};
use super::task::Job;
use crate::github::{Api, Patience};
use crate::model::{Failure, FailureKind, Nanos, Plan, Target, Work};

/// Knows how the tasks of a plan are done.
pub trait Jobs: Debug + Send + Sync {
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
        let jobs = Workshop { api, patience, clock: clock.clone(), standing: Standing::default() };
        Self::of(Arc::new(jobs), clock)
    }

    /// Runs do what `jobs` says, and are timed by `clock`.
    pub fn of(jobs: Arc<dyn Jobs>, clock: Clock) -> Self {
        Self { jobs, clock }
    }

    /// Starts a run.
    pub fn start(&self, plan: Plan) -> RunHandle {
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
}

impl Jobs for Workshop {
    fn job(&self, plan: &Plan) -> Result<Arc<dyn Job>, Failure> {
        match &plan.work {
            Work::Profile(target) => self.github(plan, target, Errand::Profile),
            Work::Followers(target) => self.github(plan, target, Errand::Pages),
            #[cfg(unix)]
            Work::Commands { .. } => Ok(Arc::new(CommandsJob::new(plan))),
            _ => Err(nobody(plan)),
        }
    }
}

impl Workshop {
    fn github(
        &self,
        plan: &Plan,
        target: &Target,
        errand: Errand,
    ) -> Result<Arc<dyn Job>, Failure> {
        let Self { api, patience, clock, standing } = self;
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

fn nobody(plan: &Plan) -> Failure {
    Failure {
        kind: FailureKind::Worker,
        message: format!("nothing here can run {} in {}", plan.workload(), plan.mode),
    }
}
