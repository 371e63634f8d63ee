//! Recordings: a sitting in a file, a line for each thing that happened, and the same sitting again.
//!
//! A recording is text, a JSON object a line ([JSON lines](https://jsonlines.org)):
//!
//! - the first is the header: `format`, `version`, the version of the `events`, and the `setup` that
//!   the sitting began with ([`Setup`]); no token is ever in it;
//! - one with `begin` says that a selection was begun, with the `setup` as it stood then, and how many
//!   `pages` were known ([`SelectionStart`]);
//! - every other one is an [`Event`](crate::model::Event) of the run that goes on.
//!
//! A reader leaves out keys that it does not know. What it would misread raises one of the versions.

mod error;
mod file;
mod read;
mod sanitize;
mod write;

use serde::{Deserialize, Serialize};

use crate::app::Session;
use crate::app::session::{LogEntry, SelectionStart, Setup};
use crate::model::{Nanos, Run, Selection};
pub use error::{DefectKind, ReadRecordingError, RecordingDefect, WriteRecordingError};
pub use read::{open, read};
pub use write::{Recorder, write};

/// What the header's `format` is.
pub const FORMAT: &str = "threadline.recording";

/// The version of what is around the events.
pub const VERSION: u32 = 1;

/// A recording's first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RecordingHeader<'a> {
    format: &'a str,
    version: u32,
    events: u32,
    setup: Setup,
}

/// A sitting that was recorded, as far as its file can be read.
#[derive(Clone, Debug)]
pub struct Recording {
    name: String,
    setup: Setup,
    entries: Vec<LogEntry>,
    /// The selection that was begun last.
    last_selection: Selection,
    defect: Option<RecordingDefect>,
}

impl Recording {
    /// What its file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the sitting had to run when it began.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What happened in it.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Why there is no more of it, if the file has more.
    pub const fn defect(&self) -> Option<&RecordingDefect> {
        self.defect.as_ref()
    }

    /// The sitting as it was in the end.
    pub fn replay_session(&self) -> Session {
        let mut session = Session::new(self.setup.clone());
        self.entries.iter().for_each(|entry| session.replay_entry(entry));
        session
    }

    /// The selection that was begun last.
    pub const fn last_selection(&self) -> Selection {
        self.last_selection
    }

    /// The selections in the order in which they were begun.
    pub fn selection_starts(&self) -> impl Iterator<Item = &SelectionStart> {
        self.entries.iter().filter_map(|entry| match entry {
            LogEntry::Start(begun) => Some(&**begun),
            LogEntry::Event(_) => None,
        })
    }

    /// When what it ends with happened, on the clock of its run.
    pub fn end_time(&self) -> Nanos {
        match self.entries.last() {
            Some(LogEntry::Event(event)) => event.at,
            _ => Nanos::ZERO,
        }
    }

    /// The runs of the selection that was begun last, in the order of its modes.
    pub fn last_runs(&self) -> Vec<Run> {
        self.replay_session().runs(self.last_selection).to_vec()
    }

    /// What the sitting had to run, and what happened in it.
    pub fn into_parts(self) -> (Setup, Vec<LogEntry>) {
        (self.setup, self.entries)
    }
}
