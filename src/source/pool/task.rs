//! The work of the pool: a `Job` creates a `Worker` on each thread, which reports on its lane.

use std::sync::Arc;

use super::lane_reporter::LaneReporter;
use super::lane_slots::LaneSlots;
use super::rate_limiter::Permit;
use crate::model::{Failure, TaskId, TaskOutcome};
use crate::source::cancel_token::CancelToken;

/// A kind of work, shared by the threads of a run.
pub trait Job: Send + Sync {
    /// Creates the worker of one thread. Called on that thread.
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure>;

    /// The lane slots, or `None` if all lanes may take tasks at any time.
    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        None
    }

    /// Kills processes that would outlive the program. Called when a stopped run does not end in time.
    fn abandon(&self) {}
}

/// Does the tasks of one thread.
pub trait Worker {
    /// Waits until the lane's task may start, and returns its permit, which is released when the task
    /// ends. Returns `None` if the run is cancelled or the job needs no permits. Fails, and the task
    /// with it, if the wait would exceed the user's maximum.
    fn acquire(&mut self, cancel: &CancelToken) -> Result<Option<Permit>, Failure> {
        _ = cancel;
        Ok(None)
    }

    /// Releases what other lanes may need. Called before the thread waits for a task.
    fn release_resources(&mut self) {}

    /// Does a task with the permit that was acquired for it, or stops soon after `cancel` is set. Also
    /// returns the number of tasks, as far as this task revealed it.
    fn run(
        &mut self,
        task: TaskId,
        permit: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount);
}

/// The number of tasks of a workload, as far as one task revealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskCount {
    /// The task revealed nothing.
    Unknown,
    /// At least this number.
    AtLeast(u32),
    /// Exactly this number.
    Exactly(u32),
    /// Fewer than the number of this task, which does not exist.
    FewerThanThis,
    /// Unknown, but this task was full, so there may be one more after it.
    PerhapsMore {
        /// The ID of the first item that the task returned. If the next task begins with the same one,
        /// the server repeats itself and there is no more.
        first: u64,
    },
    /// At most this number, whatever other tasks reveal.
    AtMost(u32),
}
