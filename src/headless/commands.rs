//! Commands without a screen: runs them, and says on stdout and stderr what came of it.

use std::io;

use super::{Exports, Saved, Shape, Streams, complain, drive, progress_line, told};
use crate::app::Session;
use crate::engine::Launcher;
use crate::exit::Exit;
use crate::export::commands::{self, failures, json};
use crate::model::{Run, Selection};
use crate::signals::Signals;

/// stderr names no more commands that failed; the report has all.
const MOST_NAMED: usize = 20;

/// Runs the selection, then tells. Fails only if stdout does.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (shape, exports): (Shape, Exports),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut progress = progress_line(streams);
    let received = signals.received();
    let came =
        drive::to_end(&mut session, selection, launcher, received, &mut progress, streams.err);
    progress.clear();
    progress.tell_lanes(session.runs(selection));
    let (aside, runs) = (exports.have_stdout(), session.runs(selection));
    let (came, saved) =
        exports.save(&session, (runs, None), std::iter::empty(), streams.out, (signals, came));
    tell(runs, (shape, aside), saved, streams, came)
}

/// Names what failed, and writes the report. Whoever reads it may take nothing for ever, so a signal
/// must be able to end the program by now. Fails only if stdout does.
pub(crate) fn tell(
    runs: &[Run],
    (shape, aside): (Shape, bool),
    saved: io::Result<Vec<Saved>>,
    streams: &mut Streams<'_>,
    came: Option<i32>,
) -> io::Result<Exit> {
    let failures = failures(runs);
    for failure in failures.iter().take(MOST_NAMED) {
        complain(streams.err, failure);
    }
    if let Some(more) = failures.len().checked_sub(MOST_NAMED).filter(|&more| more > 0) {
        complain(streams.err, &format!("{more} more commands failed: the report has them all"));
    }
    let exit = saved.map(|saved| told(Exit::of_commands(runs), saved, streams.err));
    let written = match shape {
        Shape::Json => json::Report::of(runs).write(streams.out),
        Shape::Plain if aside => commands::write(streams.err, runs).or(Ok(())),
        Shape::Plain => commands::write(streams.out, runs),
    };
    let written = written.and_then(|()| streams.out.flush());
    match came {
        // A terminal that goes away fails the writing, too: the signal is the better word.
        Some(signal) => Ok(Exit::Signal(signal)),
        None => written.and(exit),
    }
}
