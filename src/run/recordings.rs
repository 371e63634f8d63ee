//! Reads recordings (`threadline replay`, `--compare`) and records a session (`--record`).

use std::io::{BufRead, Write};
use std::path::Path;

use super::exit::Exit;
use super::{CommandError, print_error};
use crate::app::Session;
use crate::model::Run;
use crate::source::recording::{
    self, ReadRecordingError, Recorder, Recording, WriteRecordingError,
};

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

/// Returns the defect of a recording as a message, if it has one.
pub(super) fn defect_message(recording: &Recording) -> Option<String> {
    recording.defect().map(|defect| format!("{}: {defect}", recording.name()))
}

/// Loads the runs of a recording as the baseline of a session.
pub(super) fn load_baseline(
    path: &Path,
    session: &mut Session,
    err: &mut dyn Write,
) -> Result<(), ReadRecordingError> {
    let recording = open(path)?;
    if let Some(defect) = defect_message(&recording) {
        print_error(err, &defect);
    }
    let recorded = Session::from_log(recording.setup(), recording.entries());
    let runs = recorded.runs(recording.last_selection()).to_vec();
    session.set_external_baseline(runs, recording.name().to_owned());
    Ok(())
}

/// The recorder of a session, if it is recorded.
#[derive(Default)]
pub(super) struct RecordingGuard(Option<Recorder>);

impl RecordingGuard {
    /// Records the session from now on, if a path is given.
    pub(super) fn start(
        path: Option<&Path>,
        session: Session,
    ) -> Result<(Session, Self), WriteRecordingError> {
        let Some(path) = path else { return Ok((session, Self(None))) };
        let (recorder, sink) = Recorder::create(path, session.setup())?;
        Ok((session.with_log_sink(sink), Self(Some(recorder))))
    }

    /// Finishes the recording and reports the result. If the recording is incomplete, a successful or
    /// partial exit becomes a failure; other exits of the runs take precedence.
    pub(super) fn finish(
        self,
        done: Result<Exit, CommandError>,
        err: &mut dyn Write,
    ) -> Result<Exit, CommandError> {
        let Some(recorder) = self.0 else { return done };
        let name = recorder.name();
        match (recorder.finish_file(), done) {
            (Ok(lines), done) => {
                // An error is ignored: there is no other stream to report it on.
                _ = writeln!(err, "{lines} lines recorded in {name}");
                done
            }
            (Err(error), done) => {
                print_error(err, &error.to_string());
                done.map(|exit| match exit {
                    Exit::Success | Exit::Partial => Exit::Failed,
                    exit => exit,
                })
            }
        }
    }
}
