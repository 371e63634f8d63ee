//! Has a sitting recorded while it goes on, where `--record` says so, or compared with a recording.

use std::path::Path;

use super::CommandError;
use crate::app::Session;
use crate::exit::Exit;
use crate::headless::{Streams, print_error};
use crate::recording::{self, ReadRecordingError, Recorder, WriteRecordingError};

/// What records a sitting, if anything does.
pub(super) struct RecordingGuard(Option<Recorder>);

/// Has what happens in the session recorded from now on.
pub(super) fn start_recording(
    path: Option<&Path>,
    session: Session,
) -> Result<(Session, RecordingGuard), WriteRecordingError> {
    let Some(path) = path else { return Ok((session, RecordingGuard(None))) };
    let (recorder, tape) = Recorder::create(path, session.setup())?;
    Ok((session.with_log_sink(tape), RecordingGuard(Some(recorder))))
}

/// Has the runs of a recording to compare with, if there is one.
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
    /// Ends the recording, and says what became of it. However the runs went, what is recorded of
    /// them is kept; one that is cut off is worse than whole runs.
    pub(super) fn finish_recording(
        self,
        done: Result<Exit, CommandError>,
        streams: &mut Streams<'_>,
    ) -> Result<Exit, CommandError> {
        let Some(recorder) = self.0 else { return done };
        let name = recorder.name();
        match (recorder.finish_file(), done) {
            (Ok(lines), done) => {
                // If stderr takes nothing, there is nobody to tell.
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
