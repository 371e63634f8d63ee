//! Commands without a screen: runs them, and says on stdout and stderr what came of it.

use std::io;

use super::{Shape, Streams, complain, drive, progress_line};
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
    shape: Shape,
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut progress = progress_line(streams);
    let received = signals.received();
    let came =
        drive::to_end(&mut session, selection, launcher, received, &mut progress, streams.err);
    progress.clear();
    progress.tell_lanes(session.runs(selection));
    tell(session.runs(selection), shape, streams, (signals, came))
}

/// Names what failed, and writes the report. Whoever reads it may take nothing for ever: a signal
/// ends the program now. Fails only if stdout does.
pub(crate) fn tell(
    runs: &[Run],
    shape: Shape,
    streams: &mut Streams<'_>,
    (signals, came): (&Signals, Option<i32>),
) -> io::Result<Exit> {
    let came = signals.last_words(came);
    let failures = failures(runs);
    for failure in failures.iter().take(MOST_NAMED) {
        complain(streams.err, failure);
    }
    if let Some(more) = failures.len().checked_sub(MOST_NAMED).filter(|&more| more > 0) {
        complain(streams.err, &format!("{more} more commands failed: the report has them all"));
    }
    let written = match shape {
        Shape::Json => json::Report::of(runs).write(streams.out),
        Shape::Plain => commands::write(streams.out, runs),
    };
    let written = written.and_then(|()| streams.out.flush());
    match came {
        // A terminal that goes away fails the writing, too: the signal is the better word.
        Some(signal) => Ok(Exit::Signal(signal)),
        None => written.map(|()| Exit::of_commands(runs)),
    }
}
