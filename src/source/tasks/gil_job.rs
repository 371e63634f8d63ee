//! A job on threads that share a GIL.

use std::sync::Arc;

use crate::model::{EventKind, Failure, State, TaskId};
use crate::source::gil::ThreadState;
use crate::source::{CancelToken, Gil, Job, LaneReporter, LaneSlots, Permit, TaskResult, Worker};

/// A job whose threads need the GIL to compute. The events that its workers send to their [`LaneReporter`]
/// acquire and release it.
pub struct GilJob {
    job: Arc<dyn Job>,
    gil: Arc<Gil>,
}

impl GilJob {
    /// Wraps `job` so that its threads share `gil`.
    pub fn new(job: Arc<dyn Job>, gil: Gil) -> Self {
        Self { job, gil: Arc::new(gil) }
    }
}

impl Job for GilJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let thread = Arc::new(ThreadState::new(Arc::clone(&self.gil), reporter.lane()));
        let reporter = reporter.with_thread(Arc::clone(&thread));
        let worker = self.job.create_worker(reporter.clone())?;
        Ok(Box::new(GilWorker { gil: Arc::clone(&self.gil), thread, reporter, worker }))
    }

    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.job.lane_slots()
    }

    fn mismatch(&self) -> Option<Failure> {
        self.job.mismatch()
    }

    fn redact(&self, text: &str) -> String {
        self.job.redact(text)
    }
}

/// A worker whose thread holds the GIL from before the start of a task until it rests, except for work
/// that does not need the GIL.
struct GilWorker {
    gil: Arc<Gil>,
    thread: Arc<ThreadState>,
    reporter: LaneReporter,
    worker: Box<dyn Worker>,
}

impl Worker for GilWorker {
    fn acquire(&mut self, cancel: &CancelToken) -> Result<Option<Permit>, Failure> {
        self.gil.stop_on_cancel(cancel);
        let permit = self.worker.acquire(cancel);
        // Starting a task needs the GIL, too.
        if !self.thread.is_attached() {
            self.reporter.enter_state(State::Computing);
        }
        permit
    }

    fn release_resources(&mut self) {
        self.worker.release_resources();
        self.thread.detach();
    }

    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        self.worker.run(task, permit, cancel)
    }
}

impl Drop for GilWorker {
    fn drop(&mut self) {
        // Also after a panic, so that the other threads can continue.
        if self.thread.is_attached() {
            self.reporter.send_unsynchronized(EventKind::StateEntered { state: State::Idle });
            self.thread.end();
        }
    }
}
