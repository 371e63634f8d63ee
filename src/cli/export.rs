//! The files to export: options of every command that runs something.

use std::path::PathBuf;

use clap::Args;

use super::display::OutputMode;
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

impl ExportArgs {
    /// Combines the files with the target of the followers, and adjusts the output mode: if anything
    /// goes to stdout, there is no screen.
    pub(super) fn resolve(
        self,
        followers: Option<PathBuf>,
        output_mode: OutputMode,
    ) -> Result<(ExportPaths, OutputMode), UsageError> {
        let given = [
            (ExportKind::Trace, self.trace),
            (ExportKind::Picture, self.svg),
            (ExportKind::Report, self.report),
            (ExportKind::Followers, followers),
        ];
        let exports: ExportPaths =
            given.into_iter().filter_map(|(kind, path)| Some((kind, path?))).collect();
        let to_stdout = exports.iter().filter(|(_, path)| path.as_os_str() == "-");
        let mut to_stdout = (output_mode == OutputMode::Json)
            .then_some("--json")
            .into_iter()
            .chain(to_stdout.map(|(kind, _)| kind.option()));
        let output_mode = match (to_stdout.next(), to_stdout.next(), output_mode) {
            (Some(one), Some(two), _) => return Err(UsageError::StdoutTwice { one, two }),
            (Some(_), None, OutputMode::Screen) => OutputMode::Plain,
            (_, _, output_mode) => output_mode,
        };
        Ok((exports, output_mode))
    }
}
