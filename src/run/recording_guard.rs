//! Records a session to a file (`--record`) and loads a recording to compare with (`--compare`).

use std::path::Path;

use super::exit::Exit;
use super::headless::{Streams, print_error};
use super::{CommandError, open_recording};
use crate::app::Session;
use crate::source::recording::{ReadRecordingError, Recorder, WriteRecordingError};

/// The recorder of a session, if it is recorded.
pub(super) struct RecordingGuard(Option<Recorder>);

/// Records the session from now on, if a path is given.
pub(super) fn start_recording(
    path: Option<&Path>,
    session: Session,
) -> Result<(Session, RecordingGuard), WriteRecordingError> {
    let Some(path) = path else { return Ok((session, RecordingGuard(None))) };
    let (recorder, tape) = Recorder::create(path, session.setup())?;
    Ok((session.with_log_sink(tape), RecordingGuard(Some(recorder))))
}

/// Loads the runs of a recording as the baseline, if a path is given.
pub(super) fn load_baseline(
    path: Option<&Path>,
    session: &mut Session,
    streams: &mut Streams<'_>,
) -> Result<(), ReadRecordingError> {
    let Some(path) = path else { return Ok(()) };
    let recording = open_recording::open(path)?;
    if let Some(defect) = recording.defect() {
        print_error(streams.err, &format!("{}: {defect}", recording.name()));
    }
    let recorded = Session::from_log(recording.setup(), recording.entries());
    let runs = recorded.runs(recording.last_selection()).to_vec();
    session.set_external_baseline(runs, recording.name().to_owned());
    Ok(())
}

impl RecordingGuard {
    /// Finishes the recording and reports the result. If the recording is incomplete, a successful or
    /// partial exit becomes a failure; other exits of the runs take precedence.
    pub(super) fn finish_recording(
        self,
        done: Result<Exit, CommandError>,
        streams: &mut Streams<'_>,
    ) -> Result<Exit, CommandError> {
        let Some(recorder) = self.0 else { return done };
        let name = recorder.name();
        match (recorder.finish_file(), done) {
            (Ok(lines), done) => {
                // An error is ignored: there is no other stream to report it on.
                _ = writeln!(streams.err, "{lines} lines recorded in {name}");
                done
            }
            (Err(error), done) => {
                print_error(streams.err, &error.to_string());
                done.map(|exit| match exit {
                    Exit::Success | Exit::Partial => Exit::Failed,
                    exit => exit,
                })
            }
        }
    }
}
