//! The state that all threads of a run share: the queue, the task tracker and the stop flag.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;

use crate::engine::cancel::Cancel;
use crate::engine::ledger::Ledger;
use crate::engine::task::{Extent, Job, Report};
use crate::model::{End, LaneId, Outcome, TaskId};

/// The state that all threads of a run share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) job: Arc<dyn Job>,
    pub(super) cancel: Cancel,
    pub(super) queue: Receiver<TaskId>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    /// Sends events that concern the whole run.
    pub(super) report: Report,
}

impl Shared {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a task from the queue is to be done: it exists, and the run has not been
    /// stopped.
    pub(super) fn admits(&self, task: TaskId) -> bool {
        let mut ledger = self.ledger();
        if self.cancel.is_cancelled() {
            ledger.give_up(End::Stopped);
        }
        let admits = ledger.admits(task);
        drop(ledger);
        self.close_if_over();
        admits
    }

    /// Releases the lanes that wait for a slot, if no task is left.
    fn close_if_over(&self) {
        if let Some(room) = self.job.room()
            && self.ledger().is_closed()
        {
            room.close();
        }
    }

    /// Withdraws a lane for which system resources are too short, unless it is the last one. Returns
    /// whether it was withdrawn.
    pub(super) fn withdraw(&self, lane: LaneId) -> bool {
        let withdrawn = self.ledger().withdraw_lane();
        if let Some(room) = self.job.room().filter(|_| withdrawn) {
            room.withdraw(lane);
        }
        withdrawn
    }

    /// Records the outcome of a task, before the worker takes the next one.
    pub(super) fn settle(&self, task: TaskId, outcome: &Outcome, extent: Extent) {
        let mut ledger = self.ledger();
        match outcome {
            Outcome::Stopped => ledger.give_up(End::Stopped),
            Outcome::Failed(failure) if failure.kind.ends_run() => {
                ledger.give_up(End::Failed(failure.clone()));
                self.cancel.cancel();
            }
            Outcome::Lost(_) => ledger.put_back(task),
            Outcome::Done(_) | Outcome::Failed(_) => ledger.tried(task, extent, &self.report),
        }
        drop(ledger);
        self.close_if_over();
    }
}
