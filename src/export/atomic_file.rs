//! A file that is replaced as a whole: its content is written beside it under another name, which
//! takes the file's place once all of it is on the disk.

use std::env;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// Writes the content.
pub(super) type WriteContent<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// A file that is written at the end of a run. Nothing of it is in its directory until then, so
/// that no one can remove it meanwhile, and a program that is killed leaves nothing behind.
#[derive(Debug)]
pub(super) struct AtomicFile {
    target: PathBuf,
    /// An unnamed file in the target's directory. It proves that files can be created there, and
    /// keeps a descriptor: the run may use up all others.
    reserve: File,
}

impl AtomicFile {
    /// Checks that the file at `path` can be written, of which `existing` is what is there now.
    pub(super) fn prepare(path: &Path, existing: Option<&Metadata>) -> io::Result<Self> {
        let target = if existing.is_some() {
            // Replacing a file needs leave to write to the directory only: ask the file too.
            OpenOptions::new().write(true).open(path)?;
            fs::canonicalize(path)?
        } else {
            resolve_symlinks(path)?
        };
        let reserve = tempfile::tempfile_in(directory(&target)).map_err(strip_temporary_name)?;
        Ok(Self { target, reserve })
    }

    /// Writes the content and gives it the file's name. If that fails, the content goes to a new
    /// file whose name begins with `prefix`: see [`Misplaced::kept`].
    pub(super) fn write(self, prefix: &str, content: WriteContent<'_>) -> Result<(), Misplaced> {
        let Self { target, reserve } = self;
        drop(reserve);
        let replaced = persist_file(&target, content);
        replaced.map_err(|source| Misplaced { source, kept: keep(&target, prefix, content) })
    }
}

/// Content that is not in its file.
pub(super) struct Misplaced {
    /// What the system said.
    pub(super) source: io::Error,
    /// The file that it is in: in the target's directory, else in the working directory, else in
    /// the one for temporary files. `None` if none of them took it.
    pub(super) kept: Option<PathBuf>,
}

/// Writes the content to a new file that only this user can read, and returns its path.
fn keep(target: &Path, prefix: &str, content: WriteContent<'_>) -> Option<PathBuf> {
    let ending = target.extension().unwrap_or_default().to_string_lossy();
    let suffix = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let write = |directory: PathBuf| -> io::Result<PathBuf> {
        let file = Builder::new().prefix(prefix).suffix(&suffix).tempfile_in(directory)?;
        write_synced(content, file.as_file())?;
        let (_, path) = file.keep().map_err(|refused| refused.error)?;
        // Its directory may be gone by now.
        fs::metadata(&path).map(|_| path)
    };
    let near = Some(directory(target).to_owned());
    let places = [near, env::current_dir().ok(), Some(env::temp_dir())];
    places.into_iter().flatten().find_map(|directory| write(directory).ok())
}

fn persist_file(target: &Path, content: WriteContent<'_>) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.prefix(".threadline-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(directory(target)).map_err(strip_temporary_name)?;
    if let Ok(existing) = fs::metadata(target) {
        temporary.as_file().set_permissions(existing.permissions())?;
    }
    write_synced(content, temporary.as_file())?;
    temporary.persist(target)?;
    Ok(())
}

/// Writes the content through a buffer.
pub(super) fn write_buffered(content: WriteContent<'_>, file: &File) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
    out.flush()
}

fn write_synced(content: WriteContent<'_>, file: &File) -> io::Result<()> {
    write_buffered(content, file)?;
    // After a power cut, too, the name must not stand for half a file.
    file.sync_all()
}

fn directory(target: &Path) -> &Path {
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// What the system said, without the temporary file's name, which tells a person nothing.
fn strip_temporary_name(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said),
        None => error,
    }
}

/// Where a file will be that does not exist yet: a link's end, not the link.
fn resolve_symlinks(path: &Path) -> io::Result<PathBuf> {
    /// More than the system itself follows.
    const MAX_LINKS: usize = 64;
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(end) => path = path.parent().unwrap_or(Path::new("")).join(end),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) if is_directory_name(&path) => return Err(io::ErrorKind::IsADirectory.into()),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links go round in a circle"))
}

/// Whether only a directory may have this name: `followers.csv/`.
fn is_directory_name(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b"/") || name.ends_with(b"/.")
}
