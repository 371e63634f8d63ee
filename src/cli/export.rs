//! What is to be taken along, and where to: options of every command that runs something.

use std::path::PathBuf;

use clap::Args;

use super::picture::Way;
use super::usage::UsageError;
use crate::model::ExportKind;

/// Options that write files.
pub(super) const EXPORT: &str = "Export";

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Write a trace to FILE, for ui.perfetto.dev and other viewers; - for stdout
    #[arg(long, help_heading = EXPORT, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the picture to FILE as SVG, light unless --theme dark; - for stdout
    #[arg(long, help_heading = EXPORT, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a report in Markdown to FILE; - for stdout
    #[arg(long, help_heading = EXPORT, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What is to be written, and where.
pub type Exports = Vec<(ExportKind, PathBuf)>;

impl ExportArgs {
    /// With where the followers go, and what there is to see then: where something goes to stdout,
    /// there is no screen.
    pub(super) fn resolve(
        self,
        followers: Option<PathBuf>,
        way: Way,
    ) -> Result<(Exports, Way), UsageError> {
        let given = [
            (ExportKind::Trace, self.trace),
            (ExportKind::Picture, self.svg),
            (ExportKind::Report, self.report),
            (ExportKind::Followers, followers),
        ];
        let exports: Exports =
            given.into_iter().filter_map(|(kind, path)| Some((kind, path?))).collect();
        for (place, (kind, path)) in exports.iter().enumerate() {
            let same = exports.iter().take(place).find(|(_, other)| other == path);
            if let Some((other, _)) = same {
                let [one, two] = [other.option(), kind.option()];
                return Err(if path.as_os_str() == "-" {
                    UsageError::StdoutTwice { one, two }
                } else {
                    UsageError::FileTwice { one, two }
                });
            }
        }
        let to_stdout = exports.iter().find(|(_, path)| path.as_os_str() == "-");
        let way = match (to_stdout, way) {
            (Some((kind, _)), Way::Json) => {
                return Err(UsageError::StdoutTwice { one: "--json", two: kind.option() });
            }
            (Some(_), Way::Screen) => Way::Plain,
            (_, way) => way,
        };
        Ok((exports, way))
    }
}
