//! Worker processes: threadline starts itself again as `threadline worker`, one process per lane, to
//! do the lane's tasks. Each process has a GIL of its own.
//!
//! ```text
//! parent.rs: a lane's process, replaced when it dies -> wire.rs: lines of JSON over two pipes
//!     -> child.rs: the worker, which timestamps its events with the run's clock
//! ```

pub mod child;
mod parent;
mod wire;

use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use crate::http::system_limits;
use crate::model::printable::printable;
use crate::model::{Failure, FailureKind, TaskId, TaskOutcome};
use crate::source::cancel_token::EventLoop;
use crate::source::{CancelToken, Job, LaneReporter, Permit, TaskResult, Worker};
pub(in crate::source) use parent::{ProcessStarter, RemoteWorker};
pub(in crate::source) use wire::{Answer, GithubRequest, JobSpec, RequestSpec, TaskAssignment};

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

    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        let answer = self.remote.run_task(task.into(), |answer| match answer {
            Answer::Computed(done) => Some(done),
            _ => None,
        });
        match self.events.run_until_cancelled(cancel, answer) {
            Some(Ok(Ok(done))) => TaskOutcome::Done(done),
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

/// The number of times, 1 ms apart, that the exit status of a process that has closed its pipe is
/// polled: the system closes the pipes of a dying process slightly before its status is available.
const MAX_EXIT_POLLS: u32 = 200;

fn worker_failure(message: String) -> Failure {
    Failure::new(FailureKind::Worker, message)
}

/// Returns the failure of starting `program` as a worker process.
fn spawn_failure(program: &Path, error: &io::Error) -> Failure {
    if let Some(shortage) = system_limits::spawn_shortage(error) {
        let message = format!(
            "cannot start a worker process: {shortage}; lower --threads or raise the limit"
        );
        return Failure::new(FailureKind::Exhausted, message);
    }
    let program = printable(&program.display().to_string());
    worker_failure(if error.kind() == io::ErrorKind::NotFound {
        format!(
            "cannot start a worker process: {program} no longer exists; restart threadline, or \
             choose another --mode"
        )
    } else {
        format!(
            "cannot start a worker process from {program}: {error}; lower --threads or choose \
             another --mode"
        )
    })
}

/// Returns the failure for a process whose output ended.
async fn exit_failure(child: &mut Child) -> Failure {
    let pid = child.id();
    worker_failure(match exit_status(child).await {
        Some(status) => format!("worker process {pid} {}", status_text(status)),
        None => format!("worker process {pid} closed its output"),
    })
}

/// Waits briefly for the exit status. Returns `None` if the process is still running.
async fn exit_status(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..MAX_EXIT_POLLS {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

fn status_text(status: ExitStatus) -> String {
    match (status.code(), signal(status)) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => format!("exited ({status})"),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
const fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Kills the process and its process group, and reaps it.
fn kill(child: &mut Child) {
    // The process group of an exited child may already belong to another process.
    if matches!(child.try_wait(), Ok(None)) {
        kill_group(child);
        _ = child.kill();
    }
    _ = child.wait();
}

#[cfg(unix)]
fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
const fn kill_group(_: &Child) {}
