//! Failures of worker processes as errors for the user, and the killing of processes.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;
use std::{fmt, io};

use super::wire::WireError;
use crate::http::system_limits;
use crate::model::printable::printable;
use crate::model::{Failure, FailureKind};

/// The number of times, 1 ms apart, that the exit status of a process that has closed its pipe is
/// polled: the system closes the pipes of a dying process slightly before its status is available.
const MAX_EXIT_POLLS: u32 = 200;

pub(super) fn worker_failure(message: String) -> Failure {
    Failure::new(FailureKind::Worker, message)
}

/// Returns the failure of starting `program` as a worker process.
pub(super) fn spawn_failure(program: &Path, error: &io::Error) -> Failure {
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

/// Returns the failure for a program that does not know its own path.
pub(super) fn no_program_failure() -> Failure {
    worker_failure(
        "cannot start a worker process: the path of the threadline executable is unknown; choose \
         another --mode"
            .to_owned(),
    )
}

/// Returns the failure for a worker process of another version.
pub(super) fn version_failure(program: &Path) -> Failure {
    let program = printable(&program.display().to_string());
    worker_failure(format!(
        "cannot use a worker process: {program} is a different version; restart threadline"
    ))
}

/// Returns the failure for a process whose handshake did not arrive in time.
pub(super) fn start_timeout_failure(pid: u32, waited: Duration) -> Failure {
    worker_failure(format!(
        "worker process {pid} was not ready within {} s; lower --threads",
        waited.as_secs()
    ))
}

/// Returns the failure for a process that sent no heartbeat in the middle of a task.
pub(super) fn unresponsive_failure(pid: u32, silence: Duration) -> Failure {
    worker_failure(format!("worker process {pid} did not respond for {} s", silence.as_secs()))
}

/// Returns the failure for a process whose output violates the protocol.
pub(super) fn protocol_failure(pid: u32, what: impl fmt::Display) -> Failure {
    let what = printable(&what.to_string());
    worker_failure(format!("worker process {pid} sent invalid output ({what})"))
}

/// Returns the failure for a process whose output ended or, with an error, could not be read.
pub(super) async fn exit_failure(child: &mut Child, message: Option<WireError>) -> Failure {
    let pid = child.id();
    if let Some(error) = message {
        return protocol_failure(pid, error);
    }
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
pub(super) fn kill(child: &mut Child) {
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
