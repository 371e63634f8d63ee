//! The way without a screen: drives a session to its end, and says on stdout and stderr what came.

pub mod commands;
mod consent;
mod drive;
mod exports;
mod narrate;
mod progress;
pub mod replay;
pub mod serve;

use std::io::{self, Write};

use crossbeam_channel::Receiver;

use crate::app::Session;
use crate::engine::Launcher;
use crate::exit::Exit;
use crate::export::json::Report;
use crate::export::plain;
use crate::model::{Mode, Run, Selection};
use crate::signals::Signals;
use crate::writer::Writer;
use consent::Consent;
pub use exports::Exports;
pub(crate) use exports::{Saved, told};
use progress::Progress;

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The times and a short report; to stderr, where stdout takes something else.
    Plain,
    /// One JSON document.
    Json,
}

/// Where text goes.
pub struct Streams<'a> {
    /// Data.
    pub out: &'a mut dyn Write,
    /// Everything else. If it takes nothing, there is nobody to tell, and nothing else changes.
    pub err: &'a mut dyn Write,
    /// How far it is.
    pub follow: Follow,
}

/// How stderr says how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Not at all.
    Nothing,
    /// In a line that is drawn over itself, as a person watches.
    Line,
    /// In sentences, for a screen reader.
    Sentences,
}

/// Runs the selection, then writes what is taken along, what a person must be told, and the report.
/// Fails only if stdout does.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (shape, exports): (Shape, Exports),
    streams: &mut Streams<'_>,
    signals: &Signals,
) -> io::Result<Exit> {
    let mut came = sit(&mut session, selection, launcher, streams, signals.received());
    if came.is_none() && session.asks(selection) {
        match consent::ask(&session, selection, signals.received(), streams) {
            Consent::Given => {
                came = sit(&mut session, selection, launcher, streams, signals.received());
            }
            Consent::Refused => return Ok(Exit::Usage),
            Consent::Signal(signal) => came = Some(signal),
        }
    }
    let (aside, shown) =
        (exports.have_stdout(), (session.runs(selection), session.sweep(selection)));
    let (came, saved) =
        exports.save(&session, shown, std::iter::empty(), streams.out, (signals, came));
    let told = tell(&session, selection, (shape, aside), saved, streams);
    // A terminal that goes away fails the writing, too: the signal is the better word.
    came.map_or(told, |signal| Ok(Exit::Signal(signal)))
}

/// Runs the selection to its end, or until a signal comes: returns that.
fn sit(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    streams: &mut Streams<'_>,
    signals: &Receiver<i32>,
) -> Option<i32> {
    let mut progress = progress_line(streams);
    let came = drive::to_end(session, selection, launcher, signals, &mut progress, streams.err);
    progress.clear();
    // Of a sweep, the runs are its last trial alone.
    match session.sweep(selection) {
        Some(sweep) => progress.tell_advice(sweep, selection.workload),
        None => progress.tell_lanes(session.runs(selection)),
    }
    came
}

fn progress_line(streams: &Streams<'_>) -> Progress {
    // Without a thread for it, there is none.
    let writer = || Writer::start(io::stderr()).ok();
    match streams.follow {
        Follow::Nothing => Progress::new(None),
        Follow::Line => Progress::new(writer()),
        Follow::Sentences => Progress::sentences(writer()),
    }
}

/// The report comes last: a pipe that breaks in it must not cost the file.
fn tell(
    session: &Session,
    selection: Selection,
    (shape, aside): (Shape, bool),
    saved: io::Result<Vec<Saved>>,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let (profile, runs) = (session.profile(), session.runs(selection));
    if let Some(trouble) = trouble(profile, runs) {
        complain(streams.err, &(trial(session, selection).unwrap_or_default() + &trouble));
    }
    let exit = match (Exit::of(profile, runs), session.sweep(selection)) {
        // The trials before the one that brought nothing are there.
        (Exit::Failed, Some(sweep)) if !sweep.trials().is_empty() => Exit::Partial,
        (exit, _) => exit,
    };
    let exit = told(exit, saved?, streams.err);
    match shape {
        Shape::Json => json(session, selection, streams.out)?,
        Shape::Plain if aside => _ = plain(session, selection, streams.err),
        Shape::Plain => plain(session, selection, streams.out)?,
    }
    streams.out.flush()?;
    Ok(exit)
}

/// Which trial of a sweep is not whole: `trial 3 of 15 ended the sweep: `.
fn trial(session: &Session, selection: Selection) -> Option<String> {
    let sweep = session.sweep(selection)?;
    session.runs(selection).first().filter(|run| run.has_begun())?;
    Some(format!("trial {} of {} ended the sweep: ", sweep.trials().len() + 1, sweep.planned()))
}

fn json(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let (profile, runs) = (session.profile(), session.runs(selection));
    let report = Report::of(session.target(), profile, runs, session.setup().cores());
    match session.sweep(selection) {
        Some(sweep) => report.with_sweep(sweep, selection.workload, Mode::Threads).write(out),
        None => report.write(out),
    }
}

fn plain(session: &Session, selection: Selection, out: &mut dyn Write) -> io::Result<()> {
    let (profile, runs) = (session.profile(), session.runs(selection));
    match session.sweep(selection) {
        Some(sweep) => plain::sweep::write(out, sweep, selection.workload, Mode::Threads),
        None => plain::write(out, session.target(), profile, runs, session.setup().cores()),
    }
}

/// Says what went wrong, in one line.
pub fn complain(err: &mut dyn Write, sentence: &str) {
    // If stderr takes nothing, there is nobody to tell.
    _ = writeln!(err, "threadline: {sentence}");
}

/// What is missing, and why, of the first run that is not whole.
pub fn trouble(profile: Option<&Run>, runs: &[Run]) -> Option<String> {
    let mut begun = profile.into_iter().chain(runs).filter(|run| run.has_begun());
    let run = begun.find(|run| !run.is_whole())?;
    let nothing = runs.iter().all(|run| run.done_tasks() == 0);
    Some(match run.failure() {
        Some(failure) if nothing => failure.to_string(),
        None if nothing && run.plan().workload().is_computed() => {
            "stopped before any task was done".to_owned()
        }
        None if nothing => "stopped before anything was fetched".to_owned(),
        _ => format!("{}: {}", run.plan().mode, plain::trouble(run)),
    })
}
