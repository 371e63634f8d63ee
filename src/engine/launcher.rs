//! Starts planned runs of one sitting.

use std::fmt::Debug;
use std::sync::Arc;

use super::clock::Clock;
use super::followers::GithubJob;
use super::gate::{Gate, Standing};
use super::pool::{self, RunHandle};
use super::task::Job;
use crate::github::{Api, Patience};
use crate::model::{Nanos, Plan};

/// Knows how the tasks of a plan are done.
pub trait Jobs: Debug + Send + Sync {
    /// The job that a plan is about.
    fn job(&self, plan: &Plan) -> Arc<dyn Job>;
}

/// The jobs and the clock that all runs of a sitting share.
#[derive(Clone, Debug)]
pub struct Launcher {
    jobs: Arc<dyn Jobs>,
    clock: Clock,
}

impl Launcher {
    /// Runs ask `api` as long as `patience` says, and are timed by `clock`.
    pub fn new(api: Arc<Api>, patience: Patience, clock: Clock) -> Self {
        let jobs = Github { api, patience, clock: clock.clone(), standing: Standing::default() };
        Self::of(Arc::new(jobs), clock)
    }

    /// Runs do what `jobs` says, and are timed by `clock`.
    pub fn of(jobs: Arc<dyn Jobs>, clock: Clock) -> Self {
        Self { jobs, clock }
    }

    /// Starts a run.
    pub fn start(&self, plan: Plan) -> RunHandle {
        let job = self.jobs.job(&plan);
        pool::start(plan, job, &self.clock)
    }

    /// The time on the runs' clock.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }
}

/// Everything is asked of one API.
#[derive(Debug)]
struct Github {
    api: Arc<Api>,
    patience: Patience,
    clock: Clock,
    standing: Standing,
}

impl Jobs for Github {
    fn job(&self, plan: &Plan) -> Arc<dyn Job> {
        let Self { api, patience, clock, standing } = self;
        let gate = Gate::new(
            Arc::clone(api),
            clock.clone(),
            patience.max_wait,
            plan.workers,
            Arc::clone(standing),
        );
        Arc::new(GithubJob {
            api: Arc::clone(api),
            plan: plan.clone(),
            gate: Arc::new(gate),
            clock: clock.clone(),
            patience: *patience,
        })
    }
}
