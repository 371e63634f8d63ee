//! Worker processes: threadline starts itself again as `threadline worker`, one process per lane, to
//! do the lane's tasks. Each process has a GIL of its own.
//!
//! ```text
//! parent.rs: a lane's process, replaced when it dies -> wire.rs: lines of JSON over two pipes
//!     -> child.rs: the worker, which timestamps its events with the run's clock
//! ```

pub mod child;
mod exit_error;
mod parent;
mod wire;

use std::sync::Arc;

use crate::model::{Failure, TaskId, TaskOutcome};
use crate::source::cancel_token::EventLoop;
use crate::source::{CancelToken, Job, LaneReporter, Permit, TaskReport, Worker};
pub(in crate::source) use parent::{ProcessStarter, RemoteWorker};
pub(in crate::source) use wire::{GithubRequest, JobSpec, RequestSpec};

/// A job whose tasks worker processes compute.
pub(in crate::source) struct ProcessJob(pub(in crate::source) Arc<ProcessStarter>);

impl Job for ProcessJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let remote = RemoteWorker::start(Arc::clone(&self.0), reporter)?;
        Ok(Box::new(ProcessWorker { events: EventLoop::new()?, remote }))
    }
}

/// A worker whose thread waits for its process.
struct ProcessWorker {
    events: EventLoop,
    remote: RemoteWorker,
}

impl Worker for ProcessWorker {
    fn acquire(&mut self, cancel: &CancelToken) -> Result<Option<Permit>, Failure> {
        let ready = self.events.run_until_cancelled(cancel, self.remote.wait_until_ready());
        ready.unwrap_or(Ok(())).map(|()| None)
    }

    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskReport {
        match self.events.run_until_cancelled(cancel, self.remote.run_task(task)) {
            Some(Ok(Ok(reply))) => TaskOutcome::Done(reply.done),
            Some(Ok(Err(fault))) => TaskOutcome::Failed(fault.failure),
            Some(Err(died)) => TaskOutcome::Requeued(died),
            None => {
                self.remote.discard_process();
                TaskOutcome::Stopped
            }
        }
        .into()
    }
}
