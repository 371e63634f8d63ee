//! Records a session to a file (`--record`) and loads a recording to compare with (`--compare`).

use std::path::Path;

use super::CommandError;
use crate::app::Session;
use crate::exit::Exit;
use crate::headless::{Streams, print_error};
use crate::recording::{self, ReadRecordingError, Recorder, WriteRecordingError};

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
    let recording = recording::open(path)?;
    if let Some(defect) = recording.defect() {
        print_error(streams.err, &format!("{}: {defect}", recording.name()));
    }
    session.set_external_baseline(recording.last_runs(), recording.name().to_owned());
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
