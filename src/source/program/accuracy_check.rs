//! The accuracy with which a program can be watched here, found by starting to.

use super::held_program::{HeldProgram, ProgramLaunch};
use super::launch_error::LaunchError;
use super::observer::{AttachError, Observer};
use super::program_access::{AccessRow, program_access};
use crate::model::{Accuracy, EventKind};
use crate::source::Clock;

/// The parts of a program that can be seen here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramCheck {
    /// Its accuracy, or `None` if it ended meanwhile.
    pub accuracy: Option<Accuracy>,
    /// Each kind of information, with the reason why it may not be seen.
    pub access: Vec<AccessRow>,
}

impl ProgramLaunch {
    /// Returns what can be seen of the program here, without running it.
    ///
    /// # Errors
    ///
    /// Fails if not even its holder can be started.
    pub fn check_program(&self, clock: &Clock) -> Result<ProgramCheck, LaunchError> {
        let (streams, _terminal) = self.streams.open()?;
        let held = HeldProgram::start(self, streams)?;
        let access = program_access(held.id()).map_err(|_ended| LaunchError::Holder)?;
        let accuracy = first_accuracy(Observer::held(held.id(), clock));
        Ok(ProgramCheck { accuracy, access })
    }
}

/// Returns what can be seen of a process that runs already.
///
/// # Errors
///
/// Fails if it cannot be watched at all.
pub fn check_process(pid: u32, clock: &Clock) -> Result<ProgramCheck, AttachError> {
    let access = program_access(pid)?;
    let accuracy = first_accuracy(Observer::attached(pid, clock)?);
    Ok(ProgramCheck { accuracy, access })
}

/// Returns the accuracy with which an observer begins.
fn first_accuracy(mut observer: Observer) -> Option<Accuracy> {
    let mut found = None;
    observer.poll(&mut |event| {
        if let EventKind::AccuracyChanged(accuracy) = event.kind {
            found = Some(accuracy);
        }
    });
    found
}
