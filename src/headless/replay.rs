//! A recording without a screen: the report of what ran last in it.

use std::io;

use super::{Exports, Follow, Shape, Streams, commands, complain, progress_line, tell};
use crate::app::Session;
use crate::app::session::Entry;
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
    let mut session = told_again(recording, streams);
    let ends_early = session.active().is_some();
    if session.active_run().is_some_and(Run::has_begun) {
        // What became of it is nowhere.
        let message = "the recording ends here".to_owned();
        let failure = Failure::new(FailureKind::Unrecorded, message);
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

/// The sitting as it was in the end. What ran last in it is told in sentences on the way, where they are
/// wanted.
fn told_again(recording: &Recording, streams: &Streams<'_>) -> Session {
    if streams.follow != Follow::Sentences {
        return recording.session();
    }
    let mut progress = progress_line(streams);
    let mut session = Session::new(recording.setup().clone());
    let begun = |entry: &Entry| matches!(entry, Entry::Begun(_));
    let last = recording.entries().iter().rposition(begun).unwrap_or(0);
    for (place, entry) in recording.entries().iter().enumerate() {
        session.replay(entry);
        if let (Entry::Event(event), true) = (entry, place > last) {
            progress.tell(&session, event);
        }
    }
    if session.sweep(recording.last()).is_none() {
        progress.tell_lanes(session.runs(recording.last()));
    }
    progress.clear();
    session
}
