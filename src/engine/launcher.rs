//! Starts planned runs against one API.

use std::sync::Arc;

use super::clock::Clock;
use super::followers::GithubJob;
use super::pool::{self, RunHandle};
use crate::github::Api;
use crate::model::{Nanos, Plan};

/// The API and the clock that all runs of a sitting share.
#[derive(Clone, Debug)]
pub struct Launcher {
    api: Arc<Api>,
    clock: Clock,
}

impl Launcher {
    /// Runs ask `api`, and are timed by `clock`.
    pub const fn new(api: Arc<Api>, clock: Clock) -> Self {
        Self { api, clock }
    }

    /// Starts a run.
    pub fn start(&self, plan: Plan) -> RunHandle {
        let job = GithubJob::new(Arc::clone(&self.api), plan.clone());
        pool::start(plan, Arc::new(job), &self.clock)
    }

    /// The time on the runs' clock.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }
}
