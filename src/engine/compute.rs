//! CPU work as tasks: turns that need the GIL, if there is one, and turns that do not.

mod fetch;
pub(super) mod laboratory;
mod turns;

use serde::{Deserialize, Serialize};

use super::cancel::Cancel;
use super::gate::Permit;
use super::task::{Extent, Job, Report, Worker};
use crate::model::{
    Compute, Done, Failure, FailureKind, Nanos, Outcome, Product, State, TaskId, Work,
};
use fetch::Fetch;
pub use turns::work;

/// The percentage of a native task's turns that need the GIL, before and after the others: a C
/// extension unpacks its arguments and wraps its result under the GIL.
const UNWRAPPING: u64 = 1;

/// A job that computes. It is plain data, so that it can be sent to a worker process. Its tasks have
/// the same values in any process, with and without a GIL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeJob {
    /// The work, with its number of turns filled in.
    pub work: Work,
    /// The URL of the server for mixed tasks.
    pub server: Option<String>,
}

impl Job for ComputeJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let compute = self.work.compute().ok_or_else(|| self.not_computed())?;
        let fetch = self.server.as_deref().map(|url| {
            // The client reports the states of the request.
            Fetch::new(url, io_of(compute), report.clone())
        });
        let turns = Turns::of(&self.work, compute);
        Ok(Box::new(ComputeWorker { turns, fetch: fetch.transpose()?, report }))
    }
}

impl ComputeJob {
    fn not_computed(&self) -> Failure {
        Failure::new(
            FailureKind::Worker,
            format!("workload {} has nothing to compute", self.work.workload()),
        )
    }
}

/// The turns of a task, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turns {
    /// Turns under the GIL.
    before: u64,
    /// Turns without the GIL.
    native: u64,
    /// Turns under the GIL again.
    after: u64,
}

impl Turns {
    fn of(work: &Work, compute: &Compute) -> Self {
        let all = compute.turns;
        match work {
            Work::Native(_) => {
                let part = percent(all, UNWRAPPING);
                Self { before: part, native: all - 2 * part, after: part }
            }
            Work::Mixed(_) => {
                Self { before: percent(all, compute.share.into()), native: 0, after: 0 }
            }
            _ => Self { before: all, native: 0, after: 0 },
        }
    }
}

/// Returns the time that a mixed task waits for its page.
const fn io_of(compute: &Compute) -> Nanos {
    Nanos(percent(compute.size.0, 100_u64.saturating_sub(compute.share as u64)))
}

const fn percent(all: u64, share: u64) -> u64 {
    (all as u128 * share as u128 / 100) as u64
}

struct ComputeWorker {
    turns: Turns,
    /// Fetches the page of a mixed task; `None` for other work.
    fetch: Option<Fetch>,
    report: Report,
}

impl ComputeWorker {
    /// Does a task. Fails with its outcome if it is stopped or its request fails.
    fn product(&self, task: TaskId, cancel: &Cancel) -> Result<Done, Outcome> {
        let answer = match &self.fetch {
            Some(fetch) => fetch.page(task, cancel)?,
            None => None,
        };
        let value = self.value(task, cancel).ok_or(Outcome::Stopped)?;
        Ok(Done { answer, product: Product::Value(value) })
    }

    /// Computes the value of a task. Returns `None` if the run is stopped.
    fn value(&self, task: TaskId, cancel: &Cancel) -> Option<u64> {
        let Turns { before, native, after } = self.turns;
        let mut value = self.compute(turns::seed(task), before, cancel)?;
        if native > 0 {
            self.report.enter(State::Native);
            value = work(value, native, cancel.flag(), || false)?;
            self.report.enter(State::Computing);
        }
        self.compute(value, after, cancel)
    }

    fn compute(&self, value: u64, turns: u64, cancel: &Cancel) -> Option<u64> {
        work(value, turns, self.report.breaker(cancel), || self.report.check(cancel))
    }
}

impl Worker for ComputeWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        let outcome = self.product(task, cancel).map_or_else(|ended| ended, Outcome::Done);
        (outcome, Extent::Unknown)
    }
}
