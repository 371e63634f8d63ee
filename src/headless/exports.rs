//! What a person takes along: made ready before the run, written after it, and said.

use std::io::{self, Write};
use std::path::PathBuf;

use super::complain;
use crate::app::Session;
use crate::exit::Exit;
use crate::export::followers::best;
use crate::export::{Output, OutputError, Subject, Written};
use crate::model::{Background, ExportKind, Nanos, Run, Sweep};
use crate::signals::Signals;

/// What is to be taken along.
#[derive(Debug)]
pub struct Exports {
    outputs: Vec<Output>,
    background: Background,
    command: String,
}

impl Exports {
    /// Makes every place ready, so that one that cannot be written to is known before the run.
    /// `command` is what began the sitting.
    pub fn prepare(
        places: &[(ExportKind, PathBuf)],
        background: Background,
        command: String,
    ) -> Result<Self, OutputError> {
        let outputs = places.iter().map(|(kind, path)| Output::prepare(*kind, path));
        Ok(Self { outputs: outputs.collect::<Result<_, _>>()?, background, command })
    }

    /// Whether something goes to stdout.
    pub fn have_stdout(&self) -> bool {
        self.outputs.iter().any(Output::is_stdout)
    }

    /// The command that began the sitting.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Writes all of it, after `runs`; the followers of the best of `others`, too. A signal ends the
    /// program after what goes to files, and before what may take nothing for ever: returns the one
    /// that came. Fails only if stdout does.
    pub(crate) fn save<'a>(
        self,
        session: &'a Session,
        (runs, sweep): (&'a [Run], Option<&'a Sweep>),
        others: impl Iterator<Item = &'a Run>,
        out: &mut dyn Write,
        (signals, came): (&Signals, Option<i32>),
    ) -> (Option<i32>, io::Result<Vec<Saved>>) {
        let subject = Subject {
            target: session.target(),
            profile: session.profile(),
            runs,
            sweep,
            followers: best(runs.iter().chain(others)),
            // None goes on any more.
            now: Nanos::ZERO,
            cores: session.setup().cores(),
            background: self.background,
            command: &self.command,
        };
        let (files, hang): (Vec<Output>, Vec<Output>) =
            self.outputs.into_iter().partition(Output::is_file);
        let mut write = |outputs: Vec<Output>| {
            let saved = outputs.into_iter().map(|output| Saved::write(output, &subject, out));
            saved.collect::<io::Result<Vec<Saved>>>()
        };
        let files = write(files);
        let came = signals.last_words(came);
        let saved = files.and_then(|mut saved| {
            saved.extend(write(hang)?);
            Ok(saved)
        });
        (came, saved)
    }
}

/// How something came to its place.
pub(crate) struct Saved {
    exit: Exit,
    words: Option<String>,
}

impl Saved {
    fn write(output: Output, subject: &Subject<'_>, out: &mut dyn Write) -> io::Result<Self> {
        let (place, is_stdout) = (output.name(), output.is_stdout());
        let (exit, words) = match output.write(subject, out) {
            Ok(Written::Whole { .. }) if is_stdout => (Exit::Whole, None),
            Ok(written) => {
                let exit = match written {
                    Written::Whole { .. } => Exit::Whole,
                    Written::Partial { .. } => Exit::Partial,
                    Written::Nothing { .. } => Exit::Failed,
                };
                (exit, Some(written.words(&place)))
            }
            Err(OutputError::Stdout(error)) => return Err(error),
            Err(error) => (Exit::Failed, Some(error.to_string())),
        };
        Ok(Self { exit, words })
    }
}

/// Says what was written, and what exit code the runs and that deserve.
pub(crate) fn told(run: Exit, saved: Vec<Saved>, err: &mut dyn Write) -> Exit {
    saved.into_iter().fold(run, |run, Saved { exit, words }| {
        match (words, exit) {
            (Some(words), Exit::Whole) => _ = writeln!(err, "{words}"),
            (Some(words), _) => complain(err, &words),
            (None, _) => {}
        }
        worst(run, exit)
    })
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
