//! The way without a screen: drives a session to its end, and says on stdout and stderr what came.

pub mod commands;
mod consent;
mod drive;
mod progress;
pub mod serve;

use std::io::{self, Write};

use crossbeam_channel::Receiver;

use crate::app::Session;
use crate::engine::Launcher;
use crate::exit::Exit;
use crate::export::json::Report;
use crate::export::{Output, OutputError, Written, plain};
use crate::model::{Mode, Run, Selection};
use crate::signals::Signals;
use crate::writer::Writer;
use consent::Consent;
use progress::Progress;

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The times and a short report; to stderr, where stdout takes the followers.
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
    /// Whether a person watches stderr, and wants to see how far it is.
    pub progress: bool,
}

/// Runs the selection, then writes the followers if they have a place to go, what a person must be
/// told, and the report. Fails only if stdout does.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (shape, output): (Shape, Option<Output>),
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
    let aside = output.as_ref().is_some_and(Output::is_stdout);
    let (came, saved) = save(output, session.runs(selection), streams.out, (signals, came));
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
    came
}

fn progress_line(streams: &Streams<'_>) -> Progress {
    // Without a thread for it, there is none.
    Progress::new(streams.progress.then(|| Writer::start(io::stderr()).ok()).flatten())
}

/// The report comes last: a pipe that breaks in it must not cost the file.
fn tell(
    session: &Session,
    selection: Selection,
    (shape, aside): (Shape, bool),
    saved: io::Result<Option<Saved>>,
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

/// How the followers came to their place.
pub(crate) struct Saved {
    exit: Exit,
    words: Option<String>,
}

/// Writes the followers of the best of the runs, if they have a place to go. After that, or before
/// it if the place may take nothing for ever, a signal ends the program: returns the one that came.
/// Fails only if stdout does.
pub(crate) fn save<'a>(
    output: Option<Output>,
    runs: impl IntoIterator<Item = &'a Run>,
    out: &mut dyn Write,
    (signals, mut came): (&Signals, Option<i32>),
) -> (Option<i32>, io::Result<Option<Saved>>) {
    let hangs = !output.as_ref().is_some_and(Output::is_file);
    if hangs {
        came = signals.last_words(came);
    }
    let saved = output.map(|output| write_followers(output, runs, out)).transpose();
    if !hangs {
        came = signals.last_words(came);
    }
    (came, saved)
}

/// Says what was written, and what exit code the runs and that deserve.
pub(crate) fn told(run: Exit, saved: Option<Saved>, err: &mut dyn Write) -> Exit {
    let Some(Saved { exit, words }) = saved else { return run };
    match (words, exit) {
        (Some(words), Exit::Whole) => _ = writeln!(err, "{words}"),
        (Some(words), _) => complain(err, &words),
        (None, _) => {}
    }
    worst(run, exit)
}

fn write_followers<'a>(
    output: Output,
    runs: impl IntoIterator<Item = &'a Run>,
    out: &mut dyn Write,
) -> io::Result<Saved> {
    let (place, is_stdout) = (output.name(), output.is_stdout());
    let (exit, words) = match output.write(runs, out) {
        Ok(Written::Whole { .. }) if is_stdout => (Exit::Whole, None),
        Ok(Written::Whole { followers }) => {
            (Exit::Whole, Some(format!("{followers} followers written to {place}")))
        }
        Ok(Written::Partial { followers, pages, of }) => {
            let words = format!("{place} is partial: {followers} followers, {pages} of {of} pages");
            (Exit::Partial, Some(words))
        }
        Ok(Written::Nothing) => {
            (Exit::Failed, Some(format!("nothing was fetched, so {place} was not written")))
        }
        Err(OutputError::Stdout(error)) => return Err(error),
        Err(error) => (Exit::Failed, Some(error.to_string())),
    };
    Ok(Saved { exit, words })
}

/// Says what went wrong, in one line.
pub fn complain(err: &mut dyn Write, sentence: &str) {
    // If stderr takes nothing, there is nobody to tell.
    _ = writeln!(err, "threadline: {sentence}");
}

/// The run's own reason, if it has one, tells more than what came of the writing after it; a file
/// that could not be written is worse than a whole run.
const fn worst(run: Exit, written: Exit) -> Exit {
    match (run, written) {
        (Exit::Whole | Exit::Partial, Exit::Failed) => Exit::Failed,
        (Exit::Whole, written) => written,
        (run, _) => run,
    }
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
