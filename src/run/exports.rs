//! The exports of a command: prepared before its run, written after it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use super::ended_session::EndedSession;
use super::saved_exports::{SavedExport, SavedExports};
use crate::cli::{OutputOptions, ThemeArg};
use crate::model::{Background, Nanos};
use crate::report::followers::best_run;
use crate::report::{ExportError, ExportTarget, ReportSubject};
use crate::terminal::signals::Signals;

/// The exports to write.
#[derive(Debug)]
pub struct ExportTargets {
    outputs: Vec<ExportTarget>,
    background: Background,
    command: String,
}

impl ExportTargets {
    /// Prepares all destinations, so that errors appear before the run. A picture is for a page, so
    /// its background is light unless an option says otherwise.
    pub fn prepare(output: &OutputOptions) -> Result<Self, ExportError> {
        let outputs = output.exports.iter().map(|(kind, path)| ExportTarget::prepare(*kind, path));
        Ok(Self {
            outputs: outputs.collect::<Result<_, _>>()?,
            background: match output.display.theme {
                ThemeArg::Dark => Background::Dark,
                ThemeArg::Auto | ThemeArg::Light => Background::Light,
            },
            command: command_line(std::env::args_os()),
        })
    }

    /// The command line that started the session.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// Writes all exports of the runs. Followers are those of the best run of the session. Files are
    /// written first; then shutdown begins, because a write to a pipe may block forever and a signal
    /// must be able to end it.
    pub(super) fn save_all(
        self,
        ended: &EndedSession,
        signals: &Signals,
        out: &mut dyn Write,
    ) -> SavedExports {
        let (session, runs) = (ended.session(), ended.runs());
        let subject = ReportSubject {
            target: session.target(),
            runs,
            sweep: ended.sweep(),
            // The runs on the screen come before the others.
            followers: best_run(runs.iter().chain(session.all_runs())),
            // No run is active, so the current time is not used.
            now: Nanos::ZERO,
            cores: session.setup().cores(),
            background: self.background,
            command: &self.command,
        };
        let stdout_taken = self.outputs.iter().any(ExportTarget::is_stdout);
        let (files, hang): (Vec<ExportTarget>, Vec<ExportTarget>) =
            self.outputs.into_iter().partition(ExportTarget::is_file);
        let mut write = |outputs: Vec<ExportTarget>| {
            let saved = outputs.into_iter().map(|output| SavedExport::write(output, &subject, out));
            saved.collect::<io::Result<Vec<SavedExport>>>()
        };
        let files = write(files);
        let signal = signals.enter_shutdown(ended.signal);
        let results = files.and_then(|mut saved| {
            saved.extend(write(hang)?);
            Ok(saved)
        });
        SavedExports { results, stdout_taken, signal }
    }
}

/// Joins the arguments, the program's name first, quoted for a shell.
fn command_line(arguments: impl IntoIterator<Item = OsString>) -> String {
    let mut arguments = arguments.into_iter();
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
    let mut words = vec![shell_quoted(&program)];
    words.extend(arguments.map(|argument| shell_quoted(&argument.to_string_lossy())));
    words.join(" ")
}

/// Quotes one word for a shell:
/// <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html>.
fn shell_quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_can_be_pasted_into_a_shell() {
        let typed = ["/usr/bin/threadline", "exec", "--", "echo 'a' | cat", "", "x=1"];
        assert_eq!(
            command_line(typed.map(OsString::from)),
            r"threadline exec -- 'echo '\''a'\'' | cat' '' x=1"
        );
    }
}
