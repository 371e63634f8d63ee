//! The state that all threads of a run share: the queue, the task tracker and the stop flag.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;

use super::lane_reporter::LaneReporter;
use super::task::{Job, TaskCount};
use super::task_tracker::TaskTracker;
use crate::model::{LaneId, RunOutcome, TaskId, TaskOutcome};
use crate::source::cancel_token::CancelToken;

/// The state that all threads of a run share.
#[derive(Clone)]
pub(super) struct RunShared {
    pub(super) job: Arc<dyn Job>,
    pub(super) cancel: CancelToken,
    pub(super) queue: Receiver<TaskId>,
    pub(super) task_tracker: Arc<Mutex<TaskTracker>>,
    /// Sends events that concern the whole run.
    pub(super) reporter: LaneReporter,
}

impl RunShared {
    pub(super) fn task_tracker(&self) -> MutexGuard<'_, TaskTracker> {
        self.task_tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a task from the queue is to be done: it exists, and the run has not been
    /// stopped.
    pub(super) fn admit_task(&self, task: TaskId) -> bool {
        let mut task_tracker = self.task_tracker();
        if self.cancel.is_cancelled() {
            task_tracker.give_up(RunOutcome::Stopped);
        }
        let admits = task_tracker.admit_task(task);
        drop(task_tracker);
        self.close_if_over();
        admits
    }

    /// Releases the lanes that wait for a slot, if no task is left.
    fn close_if_over(&self) {
        if let Some(lane_slots) = self.job.lane_slots()
            && self.task_tracker().is_closed()
        {
            lane_slots.close();
        }
    }

    /// Withdraws a lane for which system resources are too short, unless it is the last one. Returns
    /// whether it was withdrawn.
    pub(super) fn withdraw_lane(&self, lane: LaneId) -> bool {
        let withdrawn = self.task_tracker().withdraw_lane();
        if let Some(lane_slots) = self.job.lane_slots().filter(|_| withdrawn) {
            lane_slots.withdraw(lane);
        }
        withdrawn
    }

    /// Records the outcome of a task, before the worker takes the next one.
    pub(super) fn record_outcome(
        &self,
        task: TaskId,
        outcome: &TaskOutcome,
        task_count: TaskCount,
    ) {
        let mut task_tracker = self.task_tracker();
        match outcome {
            TaskOutcome::Stopped => task_tracker.give_up(RunOutcome::Stopped),
            TaskOutcome::Failed(failure) if failure.kind.ends_run() => {
                task_tracker.give_up(RunOutcome::Failed(failure.clone()));
                self.cancel.cancel();
            }
            TaskOutcome::Requeued(_) => task_tracker.requeue_task(task),
            TaskOutcome::Done(_) | TaskOutcome::Failed(_) => {
                task_tracker.finish_task(task, task_count, &self.reporter);
            }
        }
        drop(task_tracker);
        self.close_if_over();
    }
}
