//! What a person can take along, and how its files are named.

use std::fmt;

use super::plan::{Selection, Target, Workload};

/// What a person can take along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportKind {
    /// Every lane, state and request over time, for viewers of traces.
    Trace,
    /// The picture, as vectors.
    Picture,
    /// What was run and what came of it, in Markdown.
    Report,
    /// The followers.
    Followers,
    /// All that happened in the sitting.
    Recording,
}

impl ExportKind {
    /// Every kind, in the order of the menu.
    pub const ALL: [Self; 5] =
        [Self::Trace, Self::Picture, Self::Report, Self::Followers, Self::Recording];

    /// Those that a sitting has: without followers to fetch, there are none to take along.
    pub fn of(workload: Workload) -> impl Iterator<Item = Self> {
        let followers = workload == Workload::Followers;
        Self::ALL.into_iter().filter(move |&kind| kind != Self::Followers || followers)
    }

    /// The ending of its files' names.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Trace => "json",
            Self::Picture => "svg",
            Self::Report => "md",
            Self::Followers => "csv",
            Self::Recording => "jsonl",
        }
    }

    /// What it is for, in a few words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Trace => "for ui.perfetto.dev, Firefox Profiler, speedscope",
            Self::Picture => "SVG, for a page or a slide",
            Self::Report => "Markdown: times, errors, slowest tasks",
            Self::Followers => "CSV: id, login, address",
            Self::Recording => "for threadline replay",
        }
    }

    /// The option that writes it.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Trace => "--trace",
            Self::Picture => "--svg",
            Self::Report => "--report",
            Self::Followers => "--output",
            Self::Recording => "--record",
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
            Self::Recording => "recording",
        })
    }
}

/// How the files of a selection's runs are called, but for the ending: `threadline-octocat-race`.
/// Only what is a name on every system is in it.
pub fn stem(selection: Selection, target: Option<&Target>) -> String {
    let about = match (selection.workload, target) {
        (Workload::Profile | Workload::Followers, Some(target)) => target.user.clone(),
        (workload, _) => workload.to_string(),
    };
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let about: String = about.chars().take(40).map(safe).collect();
    format!("threadline-{about}-{selection}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::Mode;

    #[test]
    fn a_name_is_a_name_on_every_system() {
        let target = |user: &str| Target {
            user: user.to_owned(),
            api: String::new(),
            per_page: 30,
            costs_quota: false,
        };
        let race = Selection::race(Workload::Followers);
        assert_eq!(stem(race, Some(&target("Octo-Cat"))), "threadline-octo-cat-race");
        assert_eq!(stem(race, Some(&target("../\u{1b}[2J/é"))), "threadline------2j---race");
        let gil = Selection::only(Workload::Cpu, Mode::Gil);
        assert_eq!(stem(gil, Some(&target("octocat"))), "threadline-cpu-gil");
    }
}
