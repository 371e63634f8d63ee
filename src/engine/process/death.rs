//! Failures of worker processes as errors for the user, and the killing of processes.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;
use std::{fmt, io};

use super::wire::WireError;
use crate::model::text::printable;
use crate::model::{Failure, FailureKind};
use crate::resources;

/// The number of times, 1 ms apart, that the exit status of a process that has closed its pipe is
/// polled: the system closes the pipes of a dying process slightly before its status is available.
const LOOKS: u32 = 200;

pub(super) fn failure(message: String) -> Failure {
    Failure::new(FailureKind::Worker, message)
}

/// Returns the failure of starting `program` as a worker process.
pub(super) fn not_started(program: &Path, error: &io::Error) -> Failure {
    if let Some(shortage) = resources::spawn_shortage(error) {
        let message = format!(
            "cannot start a worker process: {shortage}; lower --threads or raise the limit"
        );
        return Failure::new(FailureKind::Exhausted, message);
    }
    let program = printable(&program.display().to_string());
    failure(if error.kind() == io::ErrorKind::NotFound {
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
pub(super) fn no_program() -> Failure {
    failure(
        "cannot start a worker process: the path of the threadline executable is unknown; choose \
         another --mode"
            .to_owned(),
    )
}

/// Returns the failure for a worker process of another version.
pub(super) fn other_version(program: &Path) -> Failure {
    let program = printable(&program.display().to_string());
    failure(format!(
        "cannot use a worker process: {program} is a different version; restart threadline"
    ))
}

/// Returns the failure for a process whose handshake did not arrive in time.
pub(super) fn not_ready(pid: u32, waited: Duration) -> Failure {
    failure(format!(
        "worker process {pid} was not ready within {} s; lower --threads",
        waited.as_secs()
    ))
}

/// Returns the failure for a process that sent no heartbeat in the middle of a task.
pub(super) fn unresponsive(pid: u32, silence: Duration) -> Failure {
    failure(format!("worker process {pid} did not respond for {} s", silence.as_secs()))
}

/// Returns the failure for a process whose output violates the protocol.
pub(super) fn nonsense(pid: u32, what: impl fmt::Display) -> Failure {
    let what = printable(&what.to_string());
    failure(format!("worker process {pid} sent invalid output ({what})"))
}

/// Returns the failure for a process whose output ended or, with an error, could not be read.
pub(super) async fn silence(child: &mut Child, said: Option<WireError>) -> Failure {
    let pid = child.id();
    if let Some(error) = said {
        return nonsense(pid, error);
    }
    failure(match status(child).await {
        Some(status) => format!("worker process {pid} {}", words(status)),
        None => format!("worker process {pid} closed its output"),
    })
}

/// Waits briefly for the exit status. Returns `None` if the process is still running.
async fn status(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..LOOKS {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

fn words(status: ExitStatus) -> String {
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
