//! Has a sitting recorded while it goes on, where `--record` says so, or compared with a recording.

use std::path::Path;

use super::CommandError;
use crate::app::Session;
use crate::exit::Exit;
use crate::headless::{Streams, complain};
use crate::recording::{self, RecordError, Recorder, RecordingError};

/// What records a sitting, if anything does.
pub(super) struct Taping(Option<Recorder>);

/// Has what happens in the session recorded from now on.
pub(super) fn begin(
    path: Option<&Path>,
    session: Session,
) -> Result<(Session, Taping), RecordError> {
    let Some(path) = path else { return Ok((session, Taping(None))) };
    let (recorder, tape) = Recorder::create(path, session.setup())?;
    Ok((session.on_tape(tape), Taping(Some(recorder))))
}

/// Has the runs of a recording to compare with, if there is one.
pub(super) fn compare(
    path: Option<&Path>,
    session: &mut Session,
    streams: &mut Streams<'_>,
) -> Result<(), RecordingError> {
    let Some(path) = path else { return Ok(()) };
    let recording = recording::open(path)?;
    if let Some(flaw) = recording.flaw() {
        complain(streams.err, &format!("{}: {flaw}", recording.name()));
    }
    session.compare_with(recording.runs(), recording.name().to_owned());
    Ok(())
}

impl Taping {
    /// Ends the recording, and says what became of it. However the runs went, what is recorded of
    /// them is kept; one that is cut off is worse than whole runs.
    pub(super) fn finish(
        self,
        done: Result<Exit, CommandError>,
        streams: &mut Streams<'_>,
    ) -> Result<Exit, CommandError> {
        let Some(recorder) = self.0 else { return done };
        let name = recorder.name();
        match (recorder.finish(), done) {
            (Ok(lines), done) => {
                // If stderr takes nothing, there is nobody to tell.
                _ = writeln!(streams.err, "{lines} lines recorded in {name}");
                done
            }
            (Err(error), done) => {
                complain(streams.err, &error.to_string());
                done.map(|exit| match exit {
                    Exit::Whole | Exit::Partial => Exit::Failed,
                    exit => exit,
                })
            }
        }
    }
}
