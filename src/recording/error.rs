//! What is wrong with a recording, or with the place for one, in a person's words.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file is not opened.
#[derive(Debug, Error)]
pub enum ReadRecordingError {
    /// The system does not let it be read.
    #[error("cannot read {name}: {source}; give a file that --record wrote")]
    Unreadable {
        /// Which file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("{0} is empty; record it again")]
    Empty(String),
    /// Nothing was begun in it, or none of it can be read.
    #[error("{name} contains no runs{why}")]
    NoRuns {
        /// Which file.
        name: String,
        /// What is wrong with the first line after the header, if there is one.
        why: String,
    },
    /// It is something else.
    #[error("{0} is not a threadline recording; give a file that --record wrote")]
    NotARecording(String),
    /// Another threadline wrote it.
    #[error(
        "{name} is a recording of version {version} with events of version {events}, but this \
         threadline reads {known}; replay it with the threadline that recorded it"
    )]
    Version {
        /// Which file.
        name: String,
        /// Its version.
        version: u32,
        /// That of its events.
        events: u32,
        /// Those that can be read.
        known: String,
    },
    /// Its header is not whole, or says what cannot be.
    #[error("cannot use the header of {name}: {reason}; record it again")]
    Header {
        /// Which file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Where a recording can be read no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingDefect {
    /// The line, counted from 1.
    pub line: u64,
    /// Why.
    pub why: DefectKind,
}

/// Why a recording can be read no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// The last line ends in the middle.
    Truncated,
    /// The line is no JSON.
    InvalidJson,
    /// The line is neither an event nor a beginning.
    Unknown,
    /// A lane does something before what it did on the line before.
    TimeReversed,
    /// Something happens later than any run can last.
    TooLate,
    /// The last run has no end, or the next never began: how far it was.
    Unfinished(String),
    /// Another recording begins.
    SecondHeader,
    /// Something happens before anything was begun.
    EventBeforeSelection,
    /// Something happens in a run before it has started.
    NotStarted,
    /// A selection was begun with numbers that are beyond all bounds.
    Impossible,
    /// The line is longer than any that is written.
    TooLong,
    /// There is more than is kept in memory.
    TooLarge,
    /// The system does not let it be read on.
    System(String),
}

impl RecordingDefect {
    /// What is wrong with which line.
    pub(super) fn describe(&self) -> String {
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
            DefectKind::System(said) => format!("line {line} cannot be read: {said}"),
        }
    }
}

/// A sentence.
impl fmt::Display for RecordingDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())?;
        if matches!(self.why, DefectKind::Unfinished(_)) {
            return Ok(());
        }
        f.write_str("; showing what comes before it")
    }
}

/// Why a sitting is not recorded, or not to its end.
#[derive(Debug, Error)]
pub enum WriteRecordingError {
    /// stdout has the report, or the screen.
    #[error("--record -: stdout already carries the report; name a file")]
    Stdout,
    /// The place is not to be written to.
    #[error("cannot write {}: {source}; choose another path for --record", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another program records to the file.
    #[error("{} is being recorded by another program; choose another file with --record", .0.display())]
    InUse(PathBuf),
    /// The path leads to another file in the end, or to none.
    #[error("{} was removed or replaced by another program; the recording is lost", .0.display())]
    Gone(PathBuf),
    /// The file does not have what was written to it.
    #[error("{} was changed by another program; record again, to another file", .0.display())]
    Changed(PathBuf),
    /// The system took no more.
    #[error("{} is cut off: {source}; what was written can still be replayed", path.display())]
    CutOff {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system takes it too slowly.
    #[error(
        "{} is cut off: writing it takes too long; choose another path for --record",
        .0.display()
    )]
    Slow(PathBuf),
}

impl WriteRecordingError {
    /// Whether the argument itself is wrong, whatever the file system holds.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Stdout)
    }
}
