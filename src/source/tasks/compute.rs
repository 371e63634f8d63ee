//! CPU work as tasks: turns that need the GIL, if there is one, and turns that do not.

mod page_fetcher;
pub(in crate::source) mod resources;
mod turns;

use serde::{Deserialize, Serialize};

use crate::model::{
    Completion, ComputeSpec, Failure, FailureKind, Nanos, Product, State, TaskId, TaskOutcome,
    WorkSpec,
};
use crate::source::cancel_token::CancelToken;
use crate::source::pool::lane_reporter::LaneReporter;
use crate::source::pool::rate_limiter::Permit;
use crate::source::pool::task::{Job, TaskCount, Worker};
use page_fetcher::PageFetcher;
pub use turns::run_turns;

/// The percentage of a native task's turns that need the GIL, before and after the others: a C
/// extension unpacks its arguments and wraps its result under the GIL.
const UNWRAPPING: u64 = 1;

/// A job that computes. It is plain data, so that it can be sent to a worker process. Its tasks have
/// the same values in any process, with and without a GIL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeJob {
    /// The work, with its number of turns filled in.
    pub work: WorkSpec,
    /// The URL of the server for mixed tasks.
    pub server: Option<String>,
}

impl Job for ComputeJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let compute = self.work.compute().ok_or_else(|| self.unsupported_work())?;
        let page_fetcher = self.server.as_deref().map(|url| {
            // The client reports the states of the request.
            PageFetcher::new(url, io_time(compute), reporter.clone())
        });
        let turns = TaskTurns::for_work(&self.work, compute);
        Ok(Box::new(ComputeWorker { turns, page_fetcher: page_fetcher.transpose()?, reporter }))
    }
}

impl ComputeJob {
    fn unsupported_work(&self) -> Failure {
        Failure::new(
            FailureKind::Worker,
            format!("workload {} has nothing to compute", self.work.workload()),
        )
    }
}

/// The turns of a task, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TaskTurns {
    /// Turns under the GIL.
    before: u64,
    /// Turns without the GIL.
    native: u64,
    /// Turns under the GIL again.
    after: u64,
}

impl TaskTurns {
    fn for_work(work: &WorkSpec, compute: &ComputeSpec) -> Self {
        let all = compute.turns;
        match work {
            WorkSpec::Native(_) => {
                let part = percent(all, UNWRAPPING);
                Self { before: part, native: all - 2 * part, after: part }
            }
            WorkSpec::Mixed(_) => {
                Self { before: percent(all, compute.share.into()), native: 0, after: 0 }
            }
            _ => Self { before: all, native: 0, after: 0 },
        }
    }
}

/// Returns the time that a mixed task waits for its page.
const fn io_time(compute: &ComputeSpec) -> Nanos {
    Nanos(percent(compute.size.0, 100_u64.saturating_sub(compute.share as u64)))
}

const fn percent(all: u64, share: u64) -> u64 {
    (all as u128 * share as u128 / 100) as u64
}

struct ComputeWorker {
    turns: TaskTurns,
    /// Fetches the page of a mixed task; `None` for other work.
    page_fetcher: Option<PageFetcher>,
    reporter: LaneReporter,
}

impl ComputeWorker {
    /// Does a task. Fails with its outcome if it is stopped or its request fails.
    fn complete_task(&self, task: TaskId, cancel: &CancelToken) -> Result<Completion, TaskOutcome> {
        let response = match &self.page_fetcher {
            Some(page_fetcher) => page_fetcher.fetch_page(task, cancel)?,
            None => None,
        };
        let value = self.compute_value(task, cancel).ok_or(TaskOutcome::Stopped)?;
        Ok(Completion { response, product: Product::Value(value) })
    }

    /// Computes the value of a task. Returns `None` if the run is stopped.
    fn compute_value(&self, task: TaskId, cancel: &CancelToken) -> Option<u64> {
        let TaskTurns { before, native, after } = self.turns;
        let mut value = self.compute(turns::seed(task), before, cancel)?;
        if native > 0 {
            self.reporter.enter_state(State::Native);
            value = run_turns(value, native, cancel.flag(), || false)?;
            self.reporter.enter_state(State::Computing);
        }
        self.compute(value, after, cancel)
    }

    fn compute(&self, value: u64, turns: u64, cancel: &CancelToken) -> Option<u64> {
        run_turns(value, turns, self.reporter.breaker(cancel), || {
            self.reporter.check_breaker(cancel)
        })
    }
}

impl Worker for ComputeWorker {
    fn run(
        &mut self,
        task: TaskId,
        _: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount) {
        let outcome =
            self.complete_task(task, cancel).map_or_else(|ended| ended, TaskOutcome::Done);
        (outcome, TaskCount::Unknown)
    }
}
