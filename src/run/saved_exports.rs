//! Exports that were written, and the messages and the exit code that report them.

use std::io::{self, Write};

use super::exit::Exit;
use super::print_error;
use crate::report::{ExportError, ExportOutcome, ExportTarget, ReportSubject};

/// The exports after they were written.
pub(super) struct SavedExports {
    pub(super) results: io::Result<Vec<SavedExport>>,
    /// An export went to stdout, so no report does.
    pub(super) stdout_taken: bool,
    /// The signal that arrived by now.
    pub(super) signal: Option<i32>,
}

impl SavedExports {
    /// Reports the written exports, and returns the exit code for the runs and the exports together.
    /// Fails only if stdout did.
    pub(super) fn report(self, run: Exit, err: &mut dyn Write) -> io::Result<Exit> {
        Ok(self.results?.into_iter().fold(run, |run, SavedExport { exit, words }| {
            match (words, exit) {
                (Some(words), Exit::Success) => _ = writeln!(err, "{words}"),
                (Some(words), _) => print_error(err, &words),
                (None, _) => {}
            }
            worst_exit(run, exit)
        }))
    }
}

/// The result of writing an export.
pub(super) struct SavedExport {
    exit: Exit,
    words: Option<String>,
}

impl SavedExport {
    /// Writes an export. Fails only if stdout does.
    pub(super) fn write(
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

/// Returns the worse of two exit codes. The reason of a failed run takes precedence over the result
/// of the exports; a failed export takes precedence over a partial run.
const fn worst_exit(run: Exit, written: Exit) -> Exit {
    match (run, written) {
        (Exit::Success | Exit::Partial, Exit::Failed) => Exit::Failed,
        (Exit::Success, written) => written,
        (run, _) => run,
    }
}
