//! A recording without a screen: the report of what ran last in it.

use std::io;

use super::{Exports, Shape, Streams, commands, complain, tell};
use crate::exit::Exit;
use crate::model::{End, Event, Kind, LaneId, Workload};
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
    if session.active().is_some() {
        // Whoever recorded it was ended in the middle, and so is the run.
        let kind = Kind::RunFinished { end: End::Stopped };
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
    if selection.workload == Workload::Commands {
        return commands::tell(runs, shape, saved, streams, came);
    }
    let told = tell(&session, selection, shape, saved, streams);
    came.map_or(told, |signal| Ok(Exit::Signal(signal)))
}
