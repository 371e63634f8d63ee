//! Recordings: a session in a file, one line per event, and the session that is rebuilt from it.
//!
//! A recording is text with one JSON object per line ([JSON lines](https://jsonlines.org)):
//!
//! - The first is the header: `format`, `version`, the version of the `events`, and the `setup` that
//!   the session began with ([`Setup`]). It never contains a token.
//! - One with `begin` starts a selection, with the `setup` at that time and the number of `pages` then
//!   known ([`SelectionStart`]).
//! - Every other one is an [`Event`](crate::model::Event) of an active run, with the index of the `run`
//!   among those of the selection. Several runs may be active at once.
//!
//! A reader ignores unknown keys. A change that an old reader would misread raises one of the
//! versions.

mod read;
mod write;

use std::path::PathBuf;
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{LogEntry, Nanos, Selection, SelectionStart, Setup};
pub use read::{open, read};
pub use write::{Recorder, write};

/// The value of `format` in the header.
pub const FORMAT: &str = "threadline.recording";

/// The version of everything except the events.
pub const VERSION: u32 = 3;

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
            LogEntry::Event { .. } => None,
        })
    }

    /// The time of the last event, on the clock of its run.
    pub fn end_time(&self) -> Nanos {
        match self.entries.last() {
            Some(LogEntry::Event { event, .. }) => event.at,
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

/// An error that prevents a recording from being opened.
#[derive(Debug, Error)]
pub enum ReadRecordingError {
    /// The file cannot be read.
    #[error("cannot read {name}: {source}; give a file that --record wrote")]
    Unreadable {
        /// The name of the file.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// The file is empty.
    #[error("{0} is empty; record it again")]
    Empty(String),
    /// The file contains no run that has started.
    #[error("{name} contains no runs{why}")]
    NoRuns {
        /// The name of the file.
        name: String,
        /// The defect in the first line after the header, or an empty string.
        why: String,
    },
    /// The file is not a recording.
    #[error("{0} is not a threadline recording; give a file that --record wrote")]
    NotARecording(String),
    /// The recording has another version.
    #[error(
        "{name} is a recording of version {version} with events of version {events}, but this \
         threadline reads {known}; replay it with the threadline that recorded it"
    )]
    Version {
        /// The name of the file.
        name: String,
        /// The version of the recording.
        version: u32,
        /// The version of its events.
        events: u32,
        /// The versions that this program reads.
        known: String,
    },
    /// The header is incomplete or invalid.
    #[error("cannot use the header of {name}: {reason}; record it again")]
    Header {
        /// The name of the file.
        name: String,
        /// The defect.
        reason: String,
    },
}

/// The place at which a recording becomes unreadable, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingDefect {
    /// The line, counted from 1.
    pub line: u64,
    /// The reason.
    pub why: DefectKind,
}

/// The reason why a recording cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// The last line is incomplete.
    Truncated,
    /// The line is not JSON.
    InvalidJson,
    /// The line is neither an event nor the start of a selection.
    Unknown,
    /// An event is earlier than the previous event of its lane.
    TimeReversed,
    /// An event is later than the maximum run time.
    TooLate,
    /// The last run has no end, or the next one never started. Contains the stage that was reached.
    Unfinished(String),
    /// Another recording starts here.
    SecondHeader,
    /// An event precedes the first selection.
    EventBeforeSelection,
    /// An event of a run precedes the start of that run.
    NotStarted,
    /// A selection starts with numbers that are out of range.
    Impossible,
    /// The line is longer than any that threadline writes.
    TooLong,
    /// The recording is too large to keep in memory.
    TooLarge,
    /// The system's error while reading.
    System(String),
}

impl RecordingDefect {
    /// Returns the line and its defect.
    fn describe(&self) -> String {
        let line = self.line;
        match &self.why {
            DefectKind::Truncated => format!("line {line} was cut off"),
            DefectKind::InvalidJson => format!("line {line} is not JSON"),
            DefectKind::Unknown => format!("line {line} is not a known event"),
            DefectKind::TimeReversed => {
                format!("line {line}: its time is before the lane's previous event")
            }
            DefectKind::TooLate => format!("line {line}: its time exceeds the maximum run time"),
            DefectKind::Unfinished(stage) => format!("the recording ends here, {stage}"),
            DefectKind::SecondHeader => format!("line {line} starts another recording"),
            DefectKind::EventBeforeSelection => {
                format!("line {line} comes before the first run")
            }
            DefectKind::NotStarted => format!("line {line} belongs to a run that never started"),
            DefectKind::Impossible => format!("line {line} has a number that is out of range"),
            DefectKind::TooLong => format!("line {line} is too long"),
            DefectKind::TooLarge => format!("from line {line} on, the recording is too large"),
            DefectKind::System(error) => format!("line {line} cannot be read: {error}"),
        }
    }
}

/// The defect, and a note that the part before it is shown.
impl fmt::Display for RecordingDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())?;
        if matches!(self.why, DefectKind::Unfinished(_)) {
            return Ok(());
        }
        f.write_str("; showing what comes before it")
    }
}

/// An error that prevents a session from being recorded, or recorded to its end.
#[derive(Debug, Error)]
pub enum WriteRecordingError {
    /// stdout carries the report or the screen.
    #[error("--record -: stdout already carries the report; name a file")]
    Stdout,
    /// The file cannot be written to.
    #[error("cannot write {}: {source}; choose another path for --record", path.display())]
    Unwritable {
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Another program is recording to the file.
    #[error("{} is being recorded by another program; choose another file with --record", .0.display())]
    InUse(PathBuf),
    /// The path no longer names the file that was written.
    #[error("{} was removed or replaced by another program; the recording is lost", .0.display())]
    Gone(PathBuf),
    /// The content of the file is not what was written.
    #[error("{} was changed by another program; record again, to another file", .0.display())]
    Changed(PathBuf),
    /// A write failed.
    #[error("{} is cut off: {source}; what was written can still be replayed", path.display())]
    CutOff {
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Writes take too long.
    #[error(
        "{} is cut off: writing it takes too long; choose another path for --record",
        .0.display()
    )]
    Slow(PathBuf),
}

impl WriteRecordingError {
    /// Returns `true` if the argument is wrong whatever the file system contains.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Stdout)
    }
}
