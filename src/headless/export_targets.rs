//! What a person takes along: made ready before the run, written after it, and said.

use std::io::{self, Write};
use std::path::PathBuf;

use super::print_error;
use crate::app::Session;
use crate::exit::Exit;
use crate::export::followers::best_run;
use crate::export::{ExportError, ExportOutcome, ExportTarget, ReportSubject};
use crate::model::{Background, ExportKind, Nanos, Run, Sweep};
use crate::signals::Signals;

/// What is to be taken along.
#[derive(Debug)]
pub struct ExportTargets {
    outputs: Vec<ExportTarget>,
    background: Background,
    command: String,
}

impl ExportTargets {
    /// Makes every place ready, so that one that cannot be written to is known before the run.
    /// `command` is what began the sitting.
    pub fn prepare(
        places: &[(ExportKind, PathBuf)],
        background: Background,
        command: String,
    ) -> Result<Self, ExportError> {
        let outputs = places.iter().map(|(kind, path)| ExportTarget::prepare(*kind, path));
        Ok(Self { outputs: outputs.collect::<Result<_, _>>()?, background, command })
    }

    /// Whether something goes to stdout.
    pub fn has_stdout_target(&self) -> bool {
        self.outputs.iter().any(ExportTarget::is_stdout)
    }

    /// The command that began the sitting.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Writes all of it, after `runs`; the followers of the best of `others`, too. A signal ends the
    /// program after what goes to files, and before what may take nothing for ever: returns the one
    /// that came. Fails only if stdout does.
    pub(crate) fn save_all<'a>(
        self,
        session: &'a Session,
        (runs, sweep): (&'a [Run], Option<&'a Sweep>),
        others: impl Iterator<Item = &'a Run>,
        out: &mut dyn Write,
        (signals, received_signal): (&Signals, Option<i32>),
    ) -> (Option<i32>, io::Result<Vec<SavedExport>>) {
        let subject = ReportSubject {
            target: session.target(),
            profile: session.profile(),
            runs,
            sweep,
            followers: best_run(runs.iter().chain(others)),
            // None goes on any more.
            now: Nanos::ZERO,
            cores: session.setup().cores(),
            background: self.background,
            command: &self.command,
        };
        let (files, hang): (Vec<ExportTarget>, Vec<ExportTarget>) =
            self.outputs.into_iter().partition(ExportTarget::is_file);
        let mut write = |outputs: Vec<ExportTarget>| {
            let saved = outputs.into_iter().map(|output| SavedExport::write(output, &subject, out));
            saved.collect::<io::Result<Vec<SavedExport>>>()
        };
        let files = write(files);
        let received_signal = signals.enter_shutdown(received_signal);
        let saved = files.and_then(|mut saved| {
            saved.extend(write(hang)?);
            Ok(saved)
        });
        (received_signal, saved)
    }
}

/// How something came to its place.
pub(crate) struct SavedExport {
    exit: Exit,
    words: Option<String>,
}

impl SavedExport {
    fn write(
        output: ExportTarget,
        subject: &ReportSubject<'_>,
        out: &mut dyn Write,
    ) -> io::Result<Self> {
        let (place, is_stdout) = (output.display_name(), output.is_stdout());
        let (exit, words) = match output.write(subject, out) {
            Ok(ExportOutcome::Whole { .. }) if is_stdout => (Exit::Success, None),
            Ok(written) => {
                let exit = match written {
                    ExportOutcome::Whole { .. } => Exit::Success,
                    ExportOutcome::Partial { .. } => Exit::Partial,
                    ExportOutcome::Nothing { .. } => Exit::Failed,
                };
                (exit, Some(written.describe(&place)))
            }
            Err(ExportError::Stdout(error)) => return Err(error),
            Err(error) => (Exit::Failed, Some(error.to_string())),
        };
        Ok(Self { exit, words })
    }
}

/// Says what was written, and what exit code the runs and that deserve.
pub(crate) fn report_exports(run: Exit, saved: Vec<SavedExport>, err: &mut dyn Write) -> Exit {
    saved.into_iter().fold(run, |run, SavedExport { exit, words }| {
        match (words, exit) {
            (Some(words), Exit::Success) => _ = writeln!(err, "{words}"),
            (Some(words), _) => print_error(err, &words),
            (None, _) => {}
        }
        worst_exit(run, exit)
    })
}

/// The run's own reason, if it has one, tells more than what came of the writing after it; a file
/// that could not be written is worse than a whole run.
const fn worst_exit(run: Exit, written: Exit) -> Exit {
    match (run, written) {
        (Exit::Success | Exit::Partial, Exit::Failed) => Exit::Failed,
        (Exit::Success, written) => written,
        (run, _) => run,
    }
}
