//! Where the followers go: a file that is written whole or not at all, or something to write into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;

use super::followers::{Format, best};
use crate::model::Run;

/// A place for the followers, made ready before they are fetched. Dropping it unwritten leaves
/// everything as it was.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    format: Format,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Stdout,
    /// Beside the target, which it replaces when it is whole.
    File {
        target: PathBuf,
        temporary: NamedTempFile,
    },
    /// A device or a pipe, which cannot be replaced.
    Direct(File),
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing was fetched, so nothing was touched.
    Nothing,
    /// All followers.
    Whole {
        /// How many.
        followers: u64,
    },
    /// Those of the pages that came.
    Partial {
        /// How many.
        followers: u64,
        /// How many pages came.
        pages: u32,
        /// How many there are.
        of: u32,
    },
}

/// Why the followers cannot be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The ending says nothing of how.
    #[error(
        "--output {}: end its name in .csv, .json or .ndjson, or give - for stdout",
        .0.display()
    )]
    UnknownFormat(PathBuf),
    /// It names a directory.
    #[error("--output {}: this names a directory; name a file in it", .0.display())]
    Directory(PathBuf),
    /// The place is not to be written to.
    #[error("cannot write {}: {source}; choose another place for --output", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The list is whole, but the system does not let it replace what is there: a file that is a
    /// mount of its own, or somebody else's in a folder like /tmp.
    #[error("cannot replace {}: {source}; the followers are in {}", path.display(), kept.display())]
    Irreplaceable {
        /// What is there.
        path: PathBuf,
        /// Where the list stays.
        kept: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// stdout takes no more; whoever read it may have had enough.
    #[error("cannot write the followers to stdout: {0}")]
    Stdout(io::Error),
}

impl OutputError {
    /// Whether the argument itself is wrong, whatever the file system holds.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownFormat(_))
    }
}

impl Output {
    /// Makes the place ready, so that one that cannot be written to is known before the run.
    pub fn prepare(path: &Path) -> Result<Self, OutputError> {
        if path.as_os_str() == "-" {
            return Ok(Self::new(path, Format::Ndjson, Place::Stdout));
        }
        let existing = fs::metadata(path).ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(OutputError::Directory(path.to_owned()));
        }
        let special = existing.as_ref().is_some_and(|existing| !existing.is_file());
        let format = Format::of(path).or(special.then_some(Format::Ndjson));
        let format = format.ok_or_else(|| OutputError::UnknownFormat(path.to_owned()))?;
        let place = if special {
            OpenOptions::new().write(true).open(path).map(Place::Direct)
        } else {
            beside(path, existing.as_ref())
        };
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::IsADirectory => OutputError::Directory(path.to_owned()),
            _ => OutputError::Unwritable { path: path.to_owned(), source },
        };
        Ok(Self::new(path, format, place.map_err(unwritable)?))
    }

    fn new(path: &Path, format: Format, place: Place) -> Self {
        Self { path: path.to_owned(), format, place }
    }

    /// Writes the followers of the best of the runs, `stdout` being what - stands for.
    pub fn write<'a>(
        self,
        runs: impl IntoIterator<Item = &'a Run>,
        stdout: &mut dyn Write,
    ) -> Result<Written, OutputError> {
        let Some(run) = best(runs) else {
            return Ok(Written::Nothing);
        };
        let Self { path, format, place } = self;
        let unwritable = |path, source| OutputError::Unwritable { path, source };
        match place {
            Place::Stdout => {
                let written = format.write(run, stdout).and_then(|()| stdout.flush());
                written.map_err(OutputError::Stdout)?;
            }
            Place::Direct(file) => {
                buffered(format, run, &file).map_err(|source| unwritable(path, source))?;
            }
            Place::File { target, temporary } => {
                if let Err(source) = on_disk(format, run, temporary.as_file()) {
                    return Err(unwritable(path, source));
                }
                replace(&target, temporary, path)?;
            }
        }
        let followers = run.follower_count();
        Ok(if run.is_whole() {
            Written::Whole { followers }
        } else {
            Written::Partial { followers, pages: run.done_tasks(), of: run.known_tasks() }
        })
    }

    /// Where it goes, in words.
    pub fn name(&self) -> String {
        match self.place {
            Place::Stdout => "stdout".to_owned(),
            _ => self.path.display().to_string(),
        }
    }

    /// Whether the followers go to a file, which never keeps a writer waiting.
    pub const fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    /// Whether the followers go to stdout.
    pub const fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout)
    }
}

fn buffered(format: Format, run: &Run, file: &File) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    format.write(run, &mut out)?;
    out.flush()
}

fn on_disk(format: Format, run: &Run, file: &File) -> io::Result<()> {
    buffered(format, run, file)?;
    // After a power cut, too, the name must not stand for half a list.
    file.sync_all()
}

/// Gives the whole list its name. What cannot have it is not thrown away after a long run.
fn replace(target: &Path, temporary: NamedTempFile, path: PathBuf) -> Result<(), OutputError> {
    let Err(refused) = temporary.persist(target) else { return Ok(()) };
    Err(match refused.file.keep() {
        Ok((_, kept)) => OutputError::Irreplaceable { path, kept, source: refused.error },
        Err(_) => OutputError::Unwritable { path, source: refused.error },
    })
}

/// Whether only a directory may have this name: `followers.csv/`.
fn names_a_directory(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b"/") || name.ends_with(b"/.")
}

/// A temporary file where the target is or will be, with the permissions that it is to have.
fn beside(path: &Path, existing: Option<&fs::Metadata>) -> io::Result<Place> {
    let target = if existing.is_some() {
        // Replacing a file needs leave to write to the directory only: ask the file too.
        OpenOptions::new().write(true).open(path)?;
        fs::canonicalize(path)?
    } else {
        resolve(path)?
    };
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".threadline-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary =
        builder.tempfile_in(directory.unwrap_or(Path::new("."))).map_err(without_its_name)?;
    if let Some(existing) = existing {
        temporary.as_file().set_permissions(existing.permissions())?;
    }
    Ok(Place::File { target, temporary })
}

/// What the system said, without the temporary file's name, which tells a person nothing.
fn without_its_name(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said),
        None => error,
    }
}

/// Where a file will be that does not exist yet: a link's end, not the link.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    /// More than the system itself follows.
    const MOST_LINKS: usize = 64;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(end) => path = path.parent().unwrap_or(Path::new("")).join(end),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) if names_a_directory(&path) => return Err(io::ErrorKind::IsADirectory.into()),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links go round in a circle"))
}
