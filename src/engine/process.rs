//! Worker processes: threadline starts itself again as `threadline worker`, one process per lane, to
//! do the lane's tasks. Each process has a GIL of its own.
//!
//! ```text
//! parent.rs: a lane's process, replaced when it dies -> wire.rs: lines of JSON over two pipes
//!     -> child.rs: the worker, which timestamps its events with the run's clock
//! ```

pub mod child;
mod death;
mod parent;
mod wire;

use std::sync::Arc;

use super::cancel::Cancel;
use super::event_loop::EventLoop;
use super::gate::Permit;
use super::task::{Extent, Job, Report, Worker};
use crate::model::{Failure, Outcome, TaskId};
pub(super) use parent::{Remote, Starter};
pub(super) use wire::{Inquiry, Order};

/// A job whose tasks worker processes compute.
pub(super) struct ProcessJob(pub(super) Arc<Starter>);

impl Job for ProcessJob {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        let remote = Remote::start(Arc::clone(&self.0), report)?;
        Ok(Box::new(ProcessWorker { events: EventLoop::new()?, remote }))
    }
}

/// A worker whose thread waits for its process.
struct ProcessWorker {
    events: EventLoop,
    remote: Remote,
}

impl Worker for ProcessWorker {
    fn acquire(&mut self, cancel: &Cancel) -> Result<Option<Permit>, Failure> {
        let ready = self.events.until_cancelled(cancel, self.remote.ready());
        ready.unwrap_or(Ok(())).map(|()| None)
    }

    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        let outcome = match self.events.until_cancelled(cancel, self.remote.ask(task)) {
            Some(Ok(Ok(reply))) => Outcome::Done(reply.done),
            Some(Ok(Err(fault))) => Outcome::Failed(fault.failure),
            Some(Err(died)) => Outcome::Lost(died),
            None => {
                self.remote.end();
                Outcome::Stopped
            }
        };
        (outcome, Extent::Unknown)
    }
}
