//! Recordings: a session in a file, one line per event, and the session that is rebuilt from it.
//!
//! A recording is text with one JSON object per line ([JSON lines](https://jsonlines.org)):
//!
//! - The first is the header: `format`, `version`, the version of the `events`, and the `setup` that
//!   the session began with ([`Setup`]). It never contains a token.
//! - One with `begin` starts a selection, with the `setup` at that time and the number of `pages` then
//!   known ([`SelectionStart`]).
//! - Every other one is an [`Event`](crate::model::Event) of the active run.
//!
//! A reader ignores unknown keys. A change that an old reader would misread raises one of the
//! versions.

mod error;
mod file;
mod read;
mod sanitize;
mod write;

use serde::{Deserialize, Serialize};

use crate::model::{LogEntry, Nanos, Selection, SelectionStart, Setup};
pub use error::{DefectKind, ReadRecordingError, RecordingDefect, WriteRecordingError};
pub use read::{open, read};
pub use write::{Recorder, write};

/// The value of `format` in the header.
pub const FORMAT: &str = "threadline.recording";

/// The version of everything except the events.
pub const VERSION: u32 = 2;

/// The first line of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RecordingHeader<'a> {
    format: &'a str,
    version: u32,
    events: u32,
    setup: Setup,
}

/// A recorded session, as far as its file can be read.
#[derive(Clone, Debug)]
pub struct Recording {
    name: String,
    setup: Setup,
    entries: Vec<LogEntry>,
    /// The selection that was started last.
    last_selection: Selection,
    /// The number of lines, including the header.
    line_count: u64,
    defect: Option<RecordingDefect>,
}

impl Recording {
    /// The name of the recording's file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The setup that the session began with.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The entries in the order in which they were recorded.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// The defect that ends the readable part of the file, if it has one.
    pub const fn defect(&self) -> Option<&RecordingDefect> {
        self.defect.as_ref()
    }

    /// The selection that was started last.
    pub const fn last_selection(&self) -> Selection {
        self.last_selection
    }

    /// The selections in the order in which they were started.
    pub fn selection_starts(&self) -> impl Iterator<Item = &SelectionStart> {
        self.entries.iter().filter_map(|entry| match entry {
            LogEntry::Start(start) => Some(&**start),
            LogEntry::Event(_) => None,
        })
    }

    /// The time of the last event, on the clock of its run.
    pub fn end_time(&self) -> Nanos {
        match self.entries.last() {
            Some(LogEntry::Event(event)) => event.at,
            _ => Nanos::ZERO,
        }
    }

    /// Marks the recording as unfinished: it ends at this stage of a session.
    pub fn mark_unfinished(&mut self, stage: String) {
        let why = DefectKind::Unfinished(stage);
        self.defect = Some(RecordingDefect { line: self.line_count, why });
    }

    /// Returns the setup and the entries.
    pub fn into_parts(self) -> (Setup, Vec<LogEntry>) {
        (self.setup, self.entries)
    }
}
