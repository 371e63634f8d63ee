//! A recording without a screen: the report of what ran last in it.

use std::io;

use super::{Exports, Shape, Streams, commands, complain, tell};
use crate::exit::Exit;
use crate::model::{End, Event, Failure, FailureKind, Kind, LaneId, Run, Workload};
use crate::recording::Recording;
use crate::signals::Signals;

/// Takes along and tells what the selection that was begun last came to, as it was told then. Fails only if stdout
/// does.
pub fn report(
    recording: &Recording,
    (shape, exports): (Shape, Exports),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut session = recording.session();
    let ends_early = session.active().is_some();
    if session.active_run().is_some_and(Run::has_begun) {
        // What became of it is nowhere.
        let message = "the recording ends here".to_owned();
        let failure = Failure { kind: FailureKind::Unrecorded, message };
        let kind = Kind::RunFinished { end: End::Failed(failure) };
        session.apply(&Event { at: recording.latest(), lane: LaneId(0), kind });
    }
    let selection = recording.last();
    let others = recording.begun().filter(|begun| begun.selection != selection).count();
    if others > 0 {
        let name = recording.name();
        complain(
            streams.err,
            &format!("{name}: {selection} ran last, and is told; the screen shows what ran before"),
        );
    }
    let (shape, runs) = ((shape, exports.have_stdout()), session.runs(selection));
    let (came, saved) = exports.save(
        &session,
        (runs, session.sweep(selection)),
        session.all_runs(),
        streams.out,
        (signals, None),
    );
    let exit = if selection.workload == Workload::Commands {
        commands::tell(runs, shape, saved, streams, came)?
    } else {
        let told = tell(&session, selection, shape, saved, streams);
        came.map_or(told, |signal| Ok(Exit::Signal(signal)))?
    };
    // The runs that there are may be whole: others are missing.
    Ok(if ends_early && exit == Exit::Whole { Exit::Partial } else { exit })
}
