//! The destination of an export: a file that is written completely or not at all, standard output,
//! or a device or pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic_file::{self, AtomicFile, Misplaced, write_buffered};
use super::followers::FollowerFormat;
use super::items::ItemFormat;
use super::{ReportSubject, markdown, svg, trace};
use crate::analysis::plural;
use crate::model::{ExportKind, Run};

/// The maximum number of unused names tried. The last one is returned without a check.
const MAX_TRIED_NAMES: u32 = 10_000;

/// The destination of an export, prepared before the run. Dropping it without writing changes
/// nothing.
#[derive(Debug)]
pub struct ExportTarget {
    path: PathBuf,
    content: ExportContent,
    place: Destination,
}

/// The content of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExportContent {
    Trace,
    Picture,
    Report,
    Followers(FollowerFormat),
    Items(ItemFormat),
}

#[derive(Debug)]
enum Destination {
    Stdout,
    File(AtomicFile),
    /// A device or a pipe, which is written in place because it cannot be replaced.
    Direct(File),
}

/// The result of writing an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportOutcome {
    /// There was no content, so the destination is unchanged.
    Nothing {
        /// The missing step: `fetched`.
        was: &'static str,
    },
    /// The complete content.
    Whole {
        /// A description of the content: `127 followers`.
        what: String,
    },
    /// Followers, with pages missing.
    Partial {
        /// A description of the content: `60 followers, 2 of 3 pages`.
        what: String,
    },
}

/// An error while preparing or writing an export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file extension does not determine a format.
    #[error(
        "--output {}: unknown file extension; use {} or .ndjson, or - for stdout",
        path.display(),
        if *kind == ExportKind::Items { ".json" } else { ".csv, .json" }
    )]
    UnknownFormat {
        /// The kind of export.
        kind: ExportKind,
        /// The requested path.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("{} {}: this is a directory; name a file in it", kind.option(), path.display())]
    Directory {
        /// The kind of export.
        kind: ExportKind,
        /// The requested path.
        path: PathBuf,
    },
    /// The path is not writable.
    #[error(
        "cannot write {}: {source}; choose another path with {}",
        path.display(),
        kind.option()
    )]
    Unwritable {
        /// The kind of export.
        kind: ExportKind,
        /// The requested path.
        path: PathBuf,
        /// The underlying I/O error.
        source: io::Error,
    },
    /// The content cannot be written to the path and was saved elsewhere. The directory was removed,
    /// the disk is full, the file is a mount point, or it belongs to another user in a sticky
    /// directory such as /tmp.
    #[error("cannot write {}: {source}; the {kind} {} saved to {}", path.display(), be(*kind), kept.display())]
    SavedElsewhere {
        /// The kind of export.
        kind: ExportKind,
        /// The requested path.
        path: PathBuf,
        /// The file that has the content instead.
        kept: PathBuf,
        /// The underlying I/O error.
        source: io::Error,
    },
    /// The content can be written neither to the path nor elsewhere.
    #[error(
        "cannot write {}: {source}, so the {kind} {} lost; run again with another path for {}",
        path.display(),
        be(*kind),
        kind.option()
    )]
    Lost {
        /// The kind of export.
        kind: ExportKind,
        /// The requested path.
        path: PathBuf,
        /// The underlying I/O error.
        source: io::Error,
    },
    /// Standard output does not accept more data, for example because its reader has exited.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
}

/// Returns the verb that agrees with the kind of export.
fn be(kind: ExportKind) -> &'static str {
    if kind.is_data() { "were" } else { "was" }
}

impl ExportError {
    /// Returns `true` if the argument itself is invalid, independent of the file system.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownFormat { .. })
    }
}

impl ExportContent {
    const fn kind(self) -> ExportKind {
        match self {
            Self::Trace => ExportKind::Trace,
            Self::Picture => ExportKind::Picture,
            Self::Report => ExportKind::Report,
            Self::Followers(_) => ExportKind::Followers,
            Self::Items(_) => ExportKind::Items,
        }
    }

    /// Writes the content, or no bytes if there is none.
    fn write(self, subject: &ReportSubject<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Trace => trace::write(out, subject.runs),
            Self::Picture => svg::write(out, subject),
            Self::Report => markdown::write(out, subject),
            Self::Followers(format) => subject.fetched.map_or(Ok(()), |run| format.write(run, out)),
            Self::Items(format) => subject.fetched.map_or(Ok(()), |run| format.write(run, out)),
        }
    }

    /// Returns the outcome of writing the content.
    fn outcome(self, subject: &ReportSubject<'_>) -> ExportOutcome {
        match (self, subject.fetched) {
            _ if self.kind().is_data() && subject.fetched.is_none() => {
                ExportOutcome::Nothing { was: "fetched" }
            }
            (Self::Items(_), Some(run)) if run.progress().counts_bytes() => {
                ExportOutcome::Nothing { was: "fetched as JSON" }
            }
            (Self::Followers(_) | Self::Items(_), Some(run)) => {
                let result = run.plan().workload().spec().result;
                let what = plural::count(run.progress().result_count(), result);
                if run.is_complete() {
                    return ExportOutcome::Whole { what };
                }
                let (pages, of) = (run.progress().done_tasks(), run.progress().known_tasks());
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
    /// Checks and prepares the destination, so that an unwritable one is reported before the run.
    pub fn prepare(kind: ExportKind, path: &Path) -> Result<Self, ExportError> {
        let is_stdout = path.as_os_str() == "-";
        let existing = fs::metadata(path).ok().filter(|_| !is_stdout);
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(ExportError::Directory { kind, path: path.to_owned() });
        }
        let special = existing.as_ref().is_some_and(|existing| !existing.is_file());
        let stream = is_stdout || special;
        let unknown = || ExportError::UnknownFormat { kind, path: path.to_owned() };
        let content = match kind {
            ExportKind::Trace => ExportContent::Trace,
            ExportKind::Picture => ExportContent::Picture,
            ExportKind::Report => ExportContent::Report,
            ExportKind::Followers => {
                let usual = stream.then_some(FollowerFormat::Ndjson);
                let format = FollowerFormat::from_path(path).or(usual);
                ExportContent::Followers(format.ok_or_else(unknown)?)
            }
            ExportKind::Items => {
                let usual = stream.then_some(ItemFormat::Ndjson);
                let format = ItemFormat::from_path(path).or(usual);
                ExportContent::Items(format.ok_or_else(unknown)?)
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

    /// Writes the available content; `stdout` is the writer that `-` stands for.
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
                    Some(kept) => ExportError::SavedElsewhere { kind, path, kept, source },
                    None => ExportError::Lost { kind, path, source },
                })
            }
        }
    }

    /// Returns the path, or `stdout`.
    pub fn display_name(&self) -> String {
        match self.place {
            Destination::Stdout => "stdout".to_owned(),
            _ => self.path.display().to_string(),
        }
    }

    /// Returns `true` if the destination is a regular file. Writing to one never blocks on a reader.
    pub const fn is_file(&self) -> bool {
        matches!(self.place, Destination::File(_))
    }

    /// Returns `true` if the destination is standard output.
    pub const fn is_stdout(&self) -> bool {
        matches!(self.place, Destination::Stdout)
    }
}

impl ExportOutcome {
    /// Returns a notice for the user; `place` is the display name of the destination.
    pub fn describe(&self, place: &str) -> String {
        match self {
            Self::Nothing { was } => format!("nothing was {was}, so {place} was not written"),
            Self::Whole { what } => format!("{what} written to {place}"),
            Self::Partial { what } => format!("{place} is partial: {what}"),
        }
    }
}

/// Returns the first of `stem.ending`, `stem-2.ending`, ... that does not exist in the working
/// directory.
pub fn free_path(stem: &str, ending: &str) -> PathBuf {
    let name = |number: u32| match number {
        1 => PathBuf::from(format!("{stem}.{ending}")),
        _ => PathBuf::from(format!("{stem}-{number}.{ending}")),
    };
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    (1..MAX_TRIED_NAMES).map(name).find(is_free).unwrap_or_else(|| name(MAX_TRIED_NAMES))
}
