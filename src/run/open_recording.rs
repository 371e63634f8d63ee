//! Opens a recording and checks that it contains whole runs.

use std::io::BufRead;
use std::path::Path;

use crate::app::Session;
use crate::model::Run;
use crate::source::recording::{self, ReadRecordingError, Recording};

/// Opens a recording; `-` is stdin.
///
/// # Errors
///
/// Fails if the file cannot be read, is not a recording, or contains no run that has started.
pub fn open(path: &Path) -> Result<Recording, ReadRecordingError> {
    check(recording::open(path)?)
}

/// Reads a recording as [`open`] does. `name` is used in errors.
///
/// # Errors
///
/// As [`open`].
pub fn read(name: &str, reader: impl BufRead) -> Result<Recording, ReadRecordingError> {
    check(recording::read(name, reader)?)
}

/// Marks a recording without another defect as unfinished if its last run has no end.
fn check(mut recording: Recording) -> Result<Recording, ReadRecordingError> {
    if recording.defect().is_some() {
        return Ok(recording);
    }
    let session = Session::from_log(recording.setup(), recording.entries());
    if session.active().is_none() && !session.all_runs().any(Run::has_started) {
        let name = recording.name().to_owned();
        return Err(ReadRecordingError::NoRuns { name, why: String::new() });
    }
    if let Some(stage) = session.stage() {
        recording.mark_unfinished(stage);
    }
    Ok(recording)
}
