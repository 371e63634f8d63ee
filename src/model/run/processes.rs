//! The workers that a run lost: processes that died over their tasks, and workers that the system
//! has no resources for.

use crate::model::failure::{Failure, FailureKind};
use crate::model::identifiers::LaneId;

/// The lost workers of a run.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    requeues: u32,
    /// The number of requeues that were due to a lack of system resources.
    pub(super) shortages: u32,
    missing_workers: Vec<LaneId>,
    /// The missing resource of the first missing worker.
    shortage: Option<Failure>,
}

impl Processes {
    pub(super) fn record_requeue(&mut self, failure: &Failure) {
        self.requeues += 1;
        self.shortages += u32::from(failure.kind == FailureKind::Exhausted);
    }

    /// Records that a worker takes no more tasks because of a lack of system resources.
    pub(super) fn record_shortage(&mut self, lane: LaneId, shortage: &Failure) {
        self.missing_workers.push(lane);
        self.shortage.get_or_insert_with(|| shortage.clone());
    }

    /// The number of times that a task returned to the queue because its worker was lost.
    pub const fn requeue_count(&self) -> u32 {
        self.requeues
    }

    /// The number of worker processes that died over a task.
    pub const fn deaths(&self) -> u32 {
        self.requeues - self.shortages
    }

    /// The workers that take no more tasks because the system lacks resources for them.
    pub fn missing_workers(&self) -> &[LaneId] {
        &self.missing_workers
    }

    /// The reason for missing workers, if there are any.
    pub const fn shortage(&self) -> Option<&Failure> {
        self.shortage.as_ref()
    }
}
