//! The way without a screen: drives a session to its end, and says on stdout and stderr what came.

mod drive;
mod progress;
pub mod serve;

use std::io::{self, Write};

use crate::app::Session;
use crate::engine::Launcher;
use crate::exit::Exit;
use crate::export::json::Report;
use crate::export::{Output, OutputError, Written, plain};
use crate::model::{Run, Selection};
use crate::signals::Signals;
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
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// Whether a person watches `err`, and wants to see how far it is.
    pub progress: bool,
}

/// Runs the selection, then writes the report, the followers if they have a place to go, and what a
/// person must be told. Fails only if the streams do.
pub fn run(
    mut session: Session,
    selection: Selection,
    launcher: &Launcher,
    (shape, output): (Shape, Option<Output>),
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let signals = Signals::that_end()?;
    let mut progress = Progress::new(&mut *streams.err, streams.progress);
    let signal =
        drive::to_end(&mut session, selection, launcher, signals.received(), &mut progress);
    progress.clear();
    if signal.is_none() {
        signals.end_at_once();
    }
    let (profile, runs) = (session.profile(), session.runs(selection));
    let exit = signal.map_or_else(|| Exit::of(profile, runs), Exit::Signal);
    if let Some(trouble) = trouble(profile, runs) {
        complain(streams.err, &trouble)?;
    }
    let aside = output.as_ref().is_some_and(Output::is_stdout);
    // The report comes last: a pipe that breaks in it must not cost the file.
    let exit = match output {
        Some(output) => worst(exit, write_followers(output, runs, streams)?),
        None => exit,
    };
    match shape {
        Shape::Json => Report::of(session.target(), profile, runs).write(streams.out)?,
        Shape::Plain => {
            let out = if aside { &mut *streams.err } else { &mut *streams.out };
            plain::write(out, session.target(), profile, runs)?;
        }
    }
    streams.out.flush()?;
    Ok(exit)
}

/// Writes the followers of the best of the runs to their place, and says what was written; a failure
/// to do so is told here too. Fails only if the streams do.
pub fn write_followers<'a>(
    output: Output,
    runs: impl IntoIterator<Item = &'a Run>,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let (place, is_stdout) = (output.name(), output.is_stdout());
    match output.write(runs, streams.out) {
        Ok(Written::Whole { followers }) => {
            if !is_stdout {
                writeln!(streams.err, "{followers} followers written to {place}")?;
            }
            Ok(Exit::Whole)
        }
        Ok(Written::Partial { followers, pages, of }) => {
            let text = format!("{place} is partial: {followers} followers, {pages} of {of} pages");
            complain(streams.err, &text)?;
            Ok(Exit::Partial)
        }
        Ok(Written::Nothing) => {
            complain(streams.err, &format!("nothing was fetched, so {place} was not written"))?;
            Ok(Exit::Failed)
        }
        Err(OutputError::Stdout(error)) => Err(error),
        Err(error) => {
            complain(streams.err, &error.to_string())?;
            Ok(Exit::Failed)
        }
    }
}

/// Says what went wrong, in one line.
pub fn complain(err: &mut dyn Write, sentence: &str) -> io::Result<()> {
    writeln!(err, "threadline: {sentence}")
}

/// The run's own reason, if it has one, tells more than what came of the writing after it; a file
/// that could not be written is worse than a whole run.
pub const fn worst(run: Exit, written: Exit) -> Exit {
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
        None if nothing => "stopped before anything was fetched".to_owned(),
        _ => format!("{}: {}", run.plan().mode, plain::trouble(run)),
    })
}
