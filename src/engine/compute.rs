//! CPU work as tasks: turns that need the GIL where there is one, and others that do not.

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

/// An extension computes this percentage of its turns with the GIL, before and after the others: it
/// takes its arguments apart and wraps its result.
const UNWRAPPING: u64 = 1;

/// The tasks of a computed plan. It is data, so that a worker process can be sent it: whatever
/// process its workers run in, with a GIL or without, its tasks come to the same values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeJob {
    /// What is computed, with its turns filled in.
    pub work: Work,
    /// The address of the server that mixed tasks ask.
    pub server: Option<String>,
}

impl Job for ComputeJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let compute = self.work.compute().ok_or_else(|| self.not_computed())?;
        let fetch = self.server.as_deref().map(|url| {
            // Its client says what its thread does.
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

/// A task's turns, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turns {
    /// With the GIL.
    before: u64,
    /// Without it.
    native: u64,
    /// With it again.
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

/// How long a mixed task of this size waits for its page.
const fn io_of(compute: &Compute) -> Nanos {
    Nanos(percent(compute.size.0, 100_u64.saturating_sub(compute.share as u64)))
}

const fn percent(all: u64, share: u64) -> u64 {
    (all as u128 * share as u128 / 100) as u64
}

struct ComputeWorker {
    turns: Turns,
    /// Mixed tasks fetch a page first.
    fetch: Option<Fetch>,
    report: Report,
}

impl ComputeWorker {
    /// What a task brings; or how it ended instead.
    fn product(&self, task: TaskId, cancel: &Cancel) -> Result<Done, Outcome> {
        let answer = match &self.fetch {
            Some(fetch) => fetch.page(task, cancel)?,
            None => None,
        };
        let value = self.value(task, cancel).ok_or(Outcome::Stopped)?;
        Ok(Done { answer, product: Product::Value(value) })
    }

    /// What a task's turns come to; nothing where the run is to stop.
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
