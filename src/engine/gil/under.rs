//! A job on threads that share a GIL.

use std::sync::Arc;

use super::Gil;
use super::thread::ThreadState;
use crate::engine::{Cancel, Extent, Job, Permit, Report, Room, Worker};
use crate::model::{Failure, Kind, Outcome, State, TaskId};

/// A job whose threads need the GIL to compute. The events that its workers send to their [`Report`]
/// acquire and release it.
pub struct UnderGil {
    job: Arc<dyn Job>,
    gil: Arc<Gil>,
}

impl UnderGil {
    /// Wraps `job` so that its threads share `gil`.
    pub fn new(job: Arc<dyn Job>, gil: Gil) -> Self {
        Self { job, gil: Arc::new(gil) }
    }
}

impl Job for UnderGil {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let thread = Arc::new(ThreadState::new(Arc::clone(&self.gil), report.lane()));
        let report = report.under(Arc::clone(&thread));
        let worker = self.job.worker(report.clone())?;
        Ok(Box::new(AttachedWorker { gil: Arc::clone(&self.gil), thread, report, worker }))
    }

    fn room(&self) -> Option<&Arc<Room>> {
        self.job.room()
    }
}

/// A worker whose thread holds the GIL from before the start of a task until it rests, except for work
/// that does not need the GIL.
struct AttachedWorker {
    gil: Arc<Gil>,
    thread: Arc<ThreadState>,
    report: Report,
    worker: Box<dyn Worker>,
}

impl Worker for AttachedWorker {
    fn acquire(&mut self, cancel: &Cancel) -> Result<Option<Permit>, Failure> {
        self.gil.stop_on(cancel);
        let permit = self.worker.acquire(cancel);
        // Starting a task needs the GIL, too.
        if !self.thread.is_attached() {
            self.report.enter(State::Computing);
        }
        permit
    }

    fn rest(&mut self) {
        self.worker.rest();
        self.thread.detach();
    }

    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        self.worker.run(task, permit, cancel)
    }
}

impl Drop for AttachedWorker {
    fn drop(&mut self) {
        // Also after a panic, so that the other threads can continue.
        if self.thread.is_attached() {
            self.report.stamp(Kind::Entered { state: State::Idle });
            self.thread.end();
        }
    }
}
