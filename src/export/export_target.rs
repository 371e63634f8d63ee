//! Where a thing that a person takes along goes: a file that is written whole or not at all, or
//! something to write into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic_file::{self, AtomicFile, Misplaced, write_buffered};
use super::followers::FollowerFormat;
use super::{ReportSubject, markdown, plural, svg, trace};
use crate::model::{ExportKind, Run};

/// A place for something that a person takes along, made ready before the run. Dropping it unwritten
/// leaves everything as it was.
#[derive(Debug)]
pub struct ExportTarget {
    path: PathBuf,
    content: ExportContent,
    place: Destination,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExportContent {
    Trace,
    Picture,
    Report,
    Followers(FollowerFormat),
    /// Not of runs, but of what they are a fold of: see [`ExportTarget::write_recording`].
    Recording,
}

#[derive(Debug)]
enum Destination {
    Stdout,
    File(AtomicFile),
    /// A device or a pipe, which cannot be replaced.
    Direct(File),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportOutcome {
    /// There was nothing, so nothing was touched.
    Nothing {
        /// What did not happen: `fetched`.
        was: &'static str,
    },
    /// All of it.
    Whole {
        /// What: `127 followers`.
        what: String,
    },
    /// Followers, but not of every page.
    Partial {
        /// What: `60 followers, 2 of 3 pages`.
        what: String,
    },
}

/// Why something cannot be written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The ending says nothing of how.
    #[error(
        "--output {}: end its name in .csv, .json or .ndjson, or give - for stdout",
        .0.display()
    )]
    UnknownFormat(PathBuf),
    /// It names a directory.
    #[error("{} {}: this names a directory; name a file in it", kind.option(), path.display())]
    Directory {
        /// What was to go there.
        kind: ExportKind,
        /// Where.
        path: PathBuf,
    },
    /// The place is not to be written to.
    #[error(
        "cannot write {}: {source}; choose another place for {}",
        path.display(),
        kind.option()
    )]
    Unwritable {
        /// What was to go there.
        kind: ExportKind,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not take it there: its directory is gone, the disk is full, or what is there
    /// is a mount of its own, or somebody else's in a directory like /tmp.
    #[error("cannot write {}: {source}; the {kind} {} in {}", path.display(), be(*kind), kept.display())]
    ForeignServer {
        /// What was to go there.
        kind: ExportKind,
        /// Where.
        path: PathBuf,
        /// The file that has it instead.
        kept: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system takes it neither there nor elsewhere.
    #[error(
        "cannot write {}: {source}; the {kind} {} lost: run again with another place for {}",
        path.display(),
        be(*kind),
        kind.option()
    )]
    Lost {
        /// What was to go there.
        kind: ExportKind,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// stdout takes no more; whoever read it may have had enough.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
}

/// The verb after it in a sentence.
fn be(kind: ExportKind) -> &'static str {
    if kind == ExportKind::Followers { "are" } else { "is" }
}

impl ExportError {
    /// Whether the argument itself is wrong, whatever the file system holds.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownFormat(_))
    }
}

impl ExportContent {
    const fn kind(self) -> ExportKind {
        match self {
            Self::Trace => ExportKind::Trace,
            Self::Picture => ExportKind::Picture,
            Self::Report => ExportKind::Report,
            Self::Followers(_) => ExportKind::Followers,
            Self::Recording => ExportKind::Recording,
        }
    }

    /// Writes it; nothing, without a byte, if there is none.
    fn write(self, subject: &ReportSubject<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Trace => trace::write(out, subject.runs),
            Self::Picture => svg::write(out, subject),
            Self::Report => markdown::write(out, subject),
            Self::Followers(format) => {
                subject.followers.map_or(Ok(()), |run| format.write(run, out))
            }
            Self::Recording => Ok(()),
        }
    }

    /// What there is of it.
    fn outcome(self, subject: &ReportSubject<'_>) -> ExportOutcome {
        match (self, subject.followers) {
            (Self::Followers(_), None) => ExportOutcome::Nothing { was: "fetched" },
            (Self::Recording, _) => ExportOutcome::Nothing { was: "recorded" },
            (Self::Followers(_), Some(run)) => {
                let what = plural(run.follower_count(), "follower");
                if run.is_complete() {
                    return ExportOutcome::Whole { what };
                }
                let (pages, of) = (run.done_tasks(), run.known_tasks());
                ExportOutcome::Partial { what: format!("{what}, {pages} of {of} pages") }
            }
            _ if !subject.runs.iter().any(Run::has_started) => {
                ExportOutcome::Nothing { was: "run" }
            }
            _ => ExportOutcome::Whole { what: self.kind().to_string() },
        }
    }
}

impl ExportTarget {
    /// Makes the place ready, so that one that cannot be written to is known before the run.
    pub fn prepare(kind: ExportKind, path: &Path) -> Result<Self, ExportError> {
        let is_stdout = path.as_os_str() == "-";
        let existing = fs::metadata(path).ok().filter(|_| !is_stdout);
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(ExportError::Directory { kind, path: path.to_owned() });
        }
        let special = existing.as_ref().is_some_and(|existing| !existing.is_file());
        let content = match kind {
            ExportKind::Trace => ExportContent::Trace,
            ExportKind::Picture => ExportContent::Picture,
            ExportKind::Report => ExportContent::Report,
            ExportKind::Recording => ExportContent::Recording,
            ExportKind::Followers => {
                let stream = (is_stdout || special).then_some(FollowerFormat::Ndjson);
                let format = FollowerFormat::from_path(path).or(stream);
                ExportContent::Followers(
                    format.ok_or_else(|| ExportError::UnknownFormat(path.to_owned()))?,
                )
            }
        };
        let place = match existing.as_ref() {
            _ if is_stdout => Ok(Destination::Stdout),
            _ if special => OpenOptions::new().write(true).open(path).map(Destination::Direct),
            existing => AtomicFile::prepare(path, existing).map(Destination::File),
        };
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::IsADirectory => ExportError::Directory { kind, path: path.to_owned() },
            _ => ExportError::Unwritable { kind, path: path.to_owned(), source },
        };
        Ok(Self { path: path.to_owned(), content, place: place.map_err(unwritable)? })
    }

    /// Writes what there is, `stdout` being what - stands for.
    pub fn write(
        self,
        subject: &ReportSubject<'_>,
        stdout: &mut dyn Write,
    ) -> Result<ExportOutcome, ExportError> {
        let (content, found) = (self.content, self.content.outcome(subject));
        if !matches!(found, ExportOutcome::Nothing { .. }) {
            self.write_content(&|out| content.write(subject, out), stdout)?;
        }
        Ok(found)
    }

    /// Writes a recording's lines, so many of them.
    pub fn write_recording(
        self,
        count: u64,
        lines: impl Fn(&mut dyn Write) -> io::Result<()>,
    ) -> Result<ExportOutcome, ExportError> {
        self.write_content(&lines, &mut io::sink())?;
        Ok(ExportOutcome::Whole { what: plural(count, "line") })
    }

    fn write_content(
        self,
        content: atomic_file::WriteContent<'_>,
        stdout: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let kind = self.content.kind();
        let Self { path, place, .. } = self;
        match place {
            Destination::Stdout => {
                let written = content(stdout).and_then(|()| stdout.flush());
                written.map_err(ExportError::Stdout)
            }
            Destination::Direct(file) => write_buffered(content, &file)
                .map_err(|source| ExportError::Lost { kind, path, source }),
            Destination::File(file) => {
                let written = file.write(&format!("threadline-{kind}-"), content);
                written.map_err(|Misplaced { source, kept }| match kept {
                    Some(kept) => ExportError::ForeignServer { kind, path, kept, source },
                    None => ExportError::Lost { kind, path, source },
                })
            }
        }
    }

    /// Where it goes, in words.
    pub fn display_name(&self) -> String {
        match self.place {
            Destination::Stdout => "stdout".to_owned(),
            _ => self.path.display().to_string(),
        }
    }

    /// Whether it goes to a file, which never keeps a writer waiting.
    pub const fn is_file(&self) -> bool {
        matches!(self.place, Destination::File(_))
    }

    /// Whether it goes to stdout.
    pub const fn is_stdout(&self) -> bool {
        matches!(self.place, Destination::Stdout)
    }
}

impl ExportOutcome {
    /// What a person is told of it, where `place` is where it was to go.
    pub fn describe(&self, place: &str) -> String {
        match self {
            Self::Nothing { was } => format!("nothing was {was}, so {place} was not written"),
            Self::Whole { what } => format!("{what} written to {place}"),
            Self::Partial { what } => format!("{place} is partial: {what}"),
        }
    }
}
