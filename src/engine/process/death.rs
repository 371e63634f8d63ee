//! How worker processes end, in a person's words, and how they are made to.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;
use std::{fmt, io};

use super::wire::WireError;
use crate::model::text::printable;
use crate::model::{Failure, FailureKind};
use crate::resources;

/// How often, and how many milliseconds apart, a process that has closed its pipe is looked at: the
/// system closes the pipes of one that dies a little before it tells of its death.
const LOOKS: u32 = 200;

pub(super) fn failure(message: String) -> Failure {
    Failure::new(FailureKind::Worker, message)
}

/// This program cannot be started again.
pub(super) fn not_started(program: &Path, error: &io::Error) -> Failure {
    if let Some(shortage) = resources::spawn_shortage(error) {
        let message = format!(
            "cannot start a worker process: {shortage}; ask for fewer with --threads, or raise the \
             limit"
        );
        return Failure::new(FailureKind::Exhausted, message);
    }
    let program = printable(&program.display().to_string());
    failure(if error.kind() == io::ErrorKind::NotFound {
        format!(
            "no worker process can be started, as {program} is not there any more: start threadline \
             again, or choose another --mode"
        )
    } else {
        format!(
            "no worker process can be started from {program} ({error}): ask for fewer with \
             --threads, or choose another --mode"
        )
    })
}

/// Its file is not known.
pub(super) fn no_program() -> Failure {
    failure(
        "no worker process can be started, as the system does not say where threadline's own file \
         is: choose another --mode"
            .to_owned(),
    )
}

/// Another version of this program answers.
pub(super) fn other_version(program: &Path) -> Failure {
    let program = printable(&program.display().to_string());
    failure(format!(
        "no worker process can be used, as {program} is another version than this one: start \
         threadline again"
    ))
}

/// It does not say that it is ready.
pub(super) fn not_ready(pid: u32, waited: Duration) -> Failure {
    failure(format!(
        "worker process {pid} was not ready within {} s: ask for fewer with --threads",
        waited.as_secs()
    ))
}

/// It sends no heartbeat in the middle of a task.
pub(super) fn unresponsive(pid: u32, silence: Duration) -> Failure {
    failure(format!("worker process {pid} gave no sign of life for {} s", silence.as_secs()))
}

/// It says what no worker says.
pub(super) fn nonsense(pid: u32, what: impl fmt::Display) -> Failure {
    let what = printable(&what.to_string());
    failure(format!("worker process {pid} did not speak as workers do ({what})"))
}

/// It says nothing more, or something that cannot be read.
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

/// How it ended; nothing if it goes on.
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
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => format!("ended ({status})"),
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

/// Ends it, whatever it does, and all that it started; leaves no zombie.
pub(super) fn kill(child: &mut Child) {
    // One that has ended has a number that others may have by now.
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
