//! The output of a command that runs something: the screen or a report, files, and the recording.

use std::path::PathBuf;

use clap::Args;

use super::display::{DisplayArgs, DisplayOptions, Progress};
use super::environment::{Environment, Terminals, find_variable};
use super::usage::UsageError;
use crate::model::ExportKind;

/// The heading of the options that write files.
pub(super) const FILES: &str = "Files";

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Write a trace for Perfetto and other viewers; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the picture as SVG, light or dark as --theme; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a Markdown report; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// The files to write.
pub type ExportPaths = Vec<(ExportKind, PathBuf)>;

/// The output of a command that runs something.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    /// The output mode.
    pub mode: OutputMode,
    /// The files to export.
    pub exports: ExportPaths,
    /// The path of the recording.
    pub record: Option<PathBuf>,
    /// The appearance of the screen.
    pub display: DisplayOptions,
}

/// The output mode, which follows from the options, the environment and the terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// The screen.
    Screen,
    /// The times and a short report. It goes to stderr if an export goes to stdout.
    Plain(Progress),
    /// One JSON document.
    Json(Progress),
}

impl ExportArgs {
    /// Combines the files with the target of the followers.
    pub(super) fn paths(self, followers: Option<PathBuf>) -> ExportPaths {
        let given = [
            (ExportKind::Trace, self.trace),
            (ExportKind::Picture, self.svg),
            (ExportKind::Report, self.report),
            (ExportKind::Followers, followers),
        ];
        given.into_iter().filter_map(|(kind, path)| Some((kind, path?))).collect()
    }
}

impl OutputMode {
    /// Returns the mode. If anything goes to stdout, or there is no terminal, there is no screen.
    pub(super) fn resolve(
        display: &DisplayArgs,
        exports: &ExportPaths,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<Self, UsageError> {
        let mut to_stdout = display.json.then_some("--json").into_iter().chain(
            exports
                .iter()
                .filter(|(_, path)| path.as_os_str() == "-")
                .map(|(kind, _)| kind.option()),
        );
        let taken = to_stdout.next();
        if let (Some(one), Some(two)) = (taken, to_stdout.next()) {
            return Err(UsageError::StdoutTwice { one, two });
        }
        let progress = display.progress(terminals);
        let is_dumb = find_variable(environment, "TERM").is_some_and(|term| term == "dumb");
        let has_screen = terminals.stdin && terminals.stdout && !is_dumb;
        Ok(if display.json {
            Self::Json(progress)
        } else if display.is_plain() || taken.is_some() || !has_screen {
            Self::Plain(progress)
        } else {
            Self::Screen
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, parse};

    const ALL: Terminals = Terminals { stdin: true, stdout: true, stderr: true };

    fn mode(args: &str, variables: &[(&str, &str)], terminals: Terminals) -> OutputMode {
        let args = format!("threadline {args}");
        let variable = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        match parse(args.split_whitespace().map(OsString::from), &variable, terminals).unwrap() {
            Command::Followers(followers) => followers.output.mode,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_screen_needs_a_terminal_and_no_report() {
        assert_eq!(mode("", &[], ALL), OutputMode::Screen);
        for (args, variables, terminals) in [
            ("--plain", &[][..], ALL),
            ("--report -", &[], ALL),
            ("", &[("TERM", "dumb")], ALL),
            ("", &[], Terminals { stdin: false, ..ALL }),
            ("", &[], Terminals { stdout: false, ..ALL }),
        ] {
            assert_eq!(
                mode(args, variables, terminals),
                OutputMode::Plain(Progress::Line),
                "{args}"
            );
        }
        assert_eq!(mode("--json", &[], ALL), OutputMode::Json(Progress::Line));
    }

    #[test]
    fn sentences_are_for_those_who_ask_and_accessible_ones_for_a_terminal() {
        let accessible = [("ACCESSIBLE", "1")];
        let files = Terminals::default();
        for (args, variables, terminals, progress) in [
            ("--narrate", &[][..], files, Progress::Sentences),
            ("", &accessible, ALL, Progress::Sentences),
            ("", &accessible, files, Progress::None),
            ("", &[("ACCESSIBLE", "0")], files, Progress::None),
        ] {
            assert_eq!(mode(args, variables, terminals), OutputMode::Plain(progress), "{args}");
        }
        assert_eq!(mode("--json --narrate", &[], ALL), OutputMode::Json(Progress::Sentences));
    }
}
