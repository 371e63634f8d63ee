//! The kinds of exports, and the names of their files.

use std::fmt;

use super::selection::Selection;
use super::setup::Setup;
use super::workload::{ModeChoice, Workload};

/// A kind of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportKind {
    /// All lanes, states and requests over time, for trace viewers.
    Trace,
    /// The timeline as a vector graphic.
    Picture,
    /// A Markdown report of the runs and their results.
    Report,
    /// The list of followers.
    Followers,
    /// The items of a list.
    Items,
}

impl ExportKind {
    /// All kinds, in the order of the menu.
    pub const ALL: [Self; 5] =
        [Self::Trace, Self::Picture, Self::Report, Self::Followers, Self::Items];

    /// Returns the kinds that a workload offers.
    pub fn for_workload(workload: Workload) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |&kind| match kind {
            Self::Followers => workload.has_accounts(),
            Self::Items => workload.is_fetched() && !workload.has_accounts(),
            Self::Trace | Self::Picture | Self::Report => true,
        })
    }

    /// Returns `true` if this is the data that was fetched.
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Followers | Self::Items)
    }

    /// The file extension.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Trace => "json",
            Self::Picture => "svg",
            Self::Report => "md",
            Self::Followers => "csv",
            Self::Items => "ndjson",
        }
    }

    /// The purpose in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Trace => "for ui.perfetto.dev, Firefox Profiler, speedscope",
            Self::Picture => "SVG, for documents and slides",
            Self::Report => "Markdown: times, errors, slowest tasks",
            Self::Followers => "CSV: id, login, URL",
            Self::Items => "one JSON value per line, as the server wrote it",
        }
    }

    /// The command-line option for this export.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Trace => "--trace",
            Self::Picture => "--svg",
            Self::Report => "--report",
            Self::Followers | Self::Items => "--output",
        }
    }
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "trace",
            Self::Picture => "picture",
            Self::Report => "report",
            Self::Followers => "followers",
            Self::Items => "items",
        })
    }
}

/// Returns the file name of a selection's exports without the extension: `threadline-octocat-race`.
/// It contains only characters that are valid on every system.
pub fn file_stem(selection: Selection, setup: &Setup) -> String {
    let workload = selection.workload;
    let user = setup.target.as_ref().map(|target| &target.user);
    let about = user.or(setup.list.as_ref().map(|list| &list.api));
    let about = about.filter(|_| workload.is_fetched()).cloned();
    let about = about.unwrap_or_else(|| workload.to_string());
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let about: String = about.chars().take(40).map(safe).collect();
    let modes = match selection.choice {
        ModeChoice::Only(mode) if !selection.workload.is_command() => mode.to_string(),
        _ => selection.to_string(),
    };
    format!("threadline-{about}-{modes}")
}
