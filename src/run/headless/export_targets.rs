//! Exports of a headless run: prepared before the run, written and reported after it.

use std::io::{self, Write};
use std::path::PathBuf;

use super::print_error;
use crate::analysis::Sweep;
use crate::app::Session;
use crate::model::{Background, ExportKind, Nanos, Run};
use crate::report::followers::best_run;
use crate::report::{ExportError, ExportOutcome, ExportTarget, ReportSubject};
use crate::run::exit::Exit;
use crate::terminal::signals::Signals;

/// The exports to write.
#[derive(Debug)]
pub struct ExportTargets {
    outputs: Vec<ExportTarget>,
    background: Background,
    command: String,
}

impl ExportTargets {
    /// Prepares all destinations, so that errors appear before the run. `command` is the command
    /// line that started the session.
    pub fn prepare(
        places: &[(ExportKind, PathBuf)],
        background: Background,
        command: String,
    ) -> Result<Self, ExportError> {
        let outputs = places.iter().map(|(kind, path)| ExportTarget::prepare(*kind, path));
        Ok(Self { outputs: outputs.collect::<Result<_, _>>()?, background, command })
    }

    /// Returns `true` if an export goes to stdout.
    pub fn has_stdout_target(&self) -> bool {
        self.outputs.iter().any(ExportTarget::is_stdout)
    }

    /// The command line that started the session.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Writes all exports of `runs`. Followers are those of the best run, `others` included. Files
    /// are written first; then shutdown begins, because a write to a pipe may block forever and a
    /// signal must be able to end it. Returns the signal that arrived, if any. Fails only if stdout
    /// does.
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
            runs,
            sweep,
            followers: best_run(runs.iter().chain(others)),
            // No run is active, so the current time is not used.
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

/// The result of writing an export.
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

/// Reports the written exports, and returns the exit code for the runs and the exports together.
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

/// Returns the worse of two exit codes. The reason of a failed run takes precedence over the result
/// of the exports; a failed export takes precedence over a partial run.
const fn worst_exit(run: Exit, written: Exit) -> Exit {
    match (run, written) {
        (Exit::Success | Exit::Partial, Exit::Failed) => Exit::Failed,
        (Exit::Success, written) => written,
        (run, _) => run,
    }
}
