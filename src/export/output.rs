//! Where a thing that a person takes along goes: a file that is written whole or not at all, or
//! something to write into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic_file::{self, AtomicFile, Misplaced, buffered};
use super::followers::Format;
use super::{Subject, markdown, plural, svg, trace};
use crate::model::{ExportKind, Run};

/// A place for something that a person takes along, made ready before the run. Dropping it unwritten
/// leaves everything as it was.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    content: Content,
    place: Place,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Trace,
    Picture,
    Report,
    Followers(Format),
    /// Not of runs, but of what they are a fold of: see [`Output::write_recording`].
    Recording,
}

#[derive(Debug)]
enum Place {
    Stdout,
    File(AtomicFile),
    /// A device or a pipe, which cannot be replaced.
    Direct(File),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
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
pub enum OutputError {
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
    Elsewhere {
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

impl OutputError {
    /// Whether the argument itself is wrong, whatever the file system holds.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownFormat(_))
    }
}

impl Content {
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
    fn write(self, subject: &Subject<'_>, out: &mut dyn Write) -> io::Result<()> {
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
    fn found(self, subject: &Subject<'_>) -> Written {
        match (self, subject.followers) {
            (Self::Followers(_), None) => Written::Nothing { was: "fetched" },
            (Self::Recording, _) => Written::Nothing { was: "recorded" },
            (Self::Followers(_), Some(run)) => {
                let what = plural(run.follower_count(), "follower");
                if run.is_whole() {
                    return Written::Whole { what };
                }
                let (pages, of) = (run.done_tasks(), run.known_tasks());
                Written::Partial { what: format!("{what}, {pages} of {of} pages") }
            }
            _ if !subject.runs.iter().any(Run::has_begun) => Written::Nothing { was: "run" },
            _ => Written::Whole { what: self.kind().to_string() },
        }
    }
}

impl Output {
    /// Makes the place ready, so that one that cannot be written to is known before the run.
    pub fn prepare(kind: ExportKind, path: &Path) -> Result<Self, OutputError> {
        let is_stdout = path.as_os_str() == "-";
        let existing = fs::metadata(path).ok().filter(|_| !is_stdout);
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(OutputError::Directory { kind, path: path.to_owned() });
        }
        let special = existing.as_ref().is_some_and(|existing| !existing.is_file());
        let content = match kind {
            ExportKind::Trace => Content::Trace,
            ExportKind::Picture => Content::Picture,
            ExportKind::Report => Content::Report,
            ExportKind::Recording => Content::Recording,
            ExportKind::Followers => {
                let stream = (is_stdout || special).then_some(Format::Ndjson);
                let format = Format::of(path).or(stream);
                Content::Followers(
                    format.ok_or_else(|| OutputError::UnknownFormat(path.to_owned()))?,
                )
            }
        };
        let place = match existing.as_ref() {
            _ if is_stdout => Ok(Place::Stdout),
            _ if special => OpenOptions::new().write(true).open(path).map(Place::Direct),
            existing => AtomicFile::prepare(path, existing).map(Place::File),
        };
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::IsADirectory => OutputError::Directory { kind, path: path.to_owned() },
            _ => OutputError::Unwritable { kind, path: path.to_owned(), source },
        };
        Ok(Self { path: path.to_owned(), content, place: place.map_err(unwritable)? })
    }

    /// Writes what there is, `stdout` being what - stands for.
    pub fn write(
        self,
        subject: &Subject<'_>,
        stdout: &mut dyn Write,
    ) -> Result<Written, OutputError> {
        let (content, found) = (self.content, self.content.found(subject));
        if !matches!(found, Written::Nothing { .. }) {
            self.put(&|out| content.write(subject, out), stdout)?;
        }
        Ok(found)
    }

    /// Writes a recording's lines, so many of them.
    pub fn write_recording(
        self,
        count: u64,
        lines: impl Fn(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Written, OutputError> {
        self.put(&lines, &mut io::sink())?;
        Ok(Written::Whole { what: plural(count, "line") })
    }

    fn put(
        self,
        content: atomic_file::Content<'_>,
        stdout: &mut dyn Write,
    ) -> Result<(), OutputError> {
        let kind = self.content.kind();
        let Self { path, place, .. } = self;
        match place {
            Place::Stdout => {
                let written = content(stdout).and_then(|()| stdout.flush());
                written.map_err(OutputError::Stdout)
            }
            Place::Direct(file) => {
                buffered(content, &file).map_err(|source| OutputError::Lost { kind, path, source })
            }
            Place::File(file) => {
                let written = file.write(&format!("threadline-{kind}-"), content);
                written.map_err(|Misplaced { source, kept }| match kept {
                    Some(kept) => OutputError::Elsewhere { kind, path, kept, source },
                    None => OutputError::Lost { kind, path, source },
                })
            }
        }
    }

    /// Where it goes, in words.
    pub fn name(&self) -> String {
        match self.place {
            Place::Stdout => "stdout".to_owned(),
            _ => self.path.display().to_string(),
        }
    }

    /// Whether it goes to a file, which never keeps a writer waiting.
    pub const fn is_file(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Whether it goes to stdout.
    pub const fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout)
    }
}

impl Written {
    /// What a person is told of it, where `place` is where it was to go.
    pub fn words(&self, place: &str) -> String {
        match self {
            Self::Nothing { was } => format!("nothing was {was}, so {place} was not written"),
            Self::Whole { what } => format!("{what} written to {place}"),
            Self::Partial { what } => format!("{place} is partial: {what}"),
        }
    }
}
