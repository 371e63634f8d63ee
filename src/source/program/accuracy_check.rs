//! The accuracy with which a program can be watched here, found by starting to.

use super::held_program::{HeldProgram, ProgramLaunch};
use super::launch_error::LaunchError;
use super::observer::{AttachError, Observer};
use crate::model::{Accuracy, EventKind};
use crate::source::Clock;

impl ProgramLaunch {
    /// Returns how exactly the program can be watched here, without running it.
    ///
    /// # Errors
    ///
    /// Fails if not even its holder can be started.
    pub fn check_accuracy(&self, clock: &Clock) -> Result<Option<Accuracy>, LaunchError> {
        let (streams, _terminal) = self.streams.open()?;
        let held = HeldProgram::start(self, streams)?;
        Ok(first_accuracy(Observer::held(held.id(), clock)))
    }
}

/// Returns how exactly a process that runs already can be watched here.
///
/// # Errors
///
/// Fails if it cannot be watched at all.
pub fn check_attached_accuracy(pid: u32, clock: &Clock) -> Result<Option<Accuracy>, AttachError> {
    Ok(first_accuracy(Observer::attached(pid, clock)?))
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
