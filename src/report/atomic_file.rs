//! A file that is replaced atomically: the content is written to a temporary file in the same
//! directory, which is renamed to the target once it is complete and synced to disk.

use std::env;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// A function that writes the content of an export.
pub(super) type WriteContent<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// A file that is written at the end of a run. Until then its directory contains no trace of it, so
/// that no other program can remove it and a killed threadline leaves no temporary file behind.
#[derive(Debug)]
pub(super) struct AtomicFile {
    target: PathBuf,
    /// An unnamed file in the target's directory. It proves that files can be created there and
    /// reserves a file descriptor, because the run may use up all others.
    reserve: File,
}

impl AtomicFile {
    /// Checks that the file at `path` can be written. `existing` is the metadata of the current file.
    pub(super) fn prepare(path: &Path, existing: Option<&Metadata>) -> io::Result<Self> {
        let target = if existing.is_some() {
            // A rename needs write permission for the directory only, so the file is checked too.
            OpenOptions::new().write(true).open(path)?;
            fs::canonicalize(path)?
        } else {
            resolve_symlinks(path)?
        };
        let reserve = tempfile::tempfile_in(directory(&target)).map_err(strip_temporary_name)?;
        Ok(Self { target, reserve })
    }

    /// Writes the content and renames it to the target. If that fails, saves the content to a new
    /// file whose name begins with `prefix`: see [`Misplaced::kept`].
    pub(super) fn write(self, prefix: &str, content: WriteContent<'_>) -> Result<(), Misplaced> {
        let Self { target, reserve } = self;
        drop(reserve);
        let replaced = persist_file(&target, content);
        replaced.map_err(|source| Misplaced { source, kept: keep(&target, prefix, content) })
    }
}

/// Replaces the content of a file, or creates it in a directory that exists.
///
/// # Errors
///
/// Fails if the file cannot be written. It then is as it was.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let AtomicFile { target, reserve } =
        AtomicFile::prepare(path, fs::metadata(path).ok().as_ref())?;
    drop(reserve);
    persist_file(&target, &|out| out.write_all(content))
}

/// The error for content that could not be written to its target.
pub(super) struct Misplaced {
    /// The underlying I/O error.
    pub(super) source: io::Error,
    /// The file that has the content instead: in the target's directory, the working directory or
    /// the directory for temporary files, in this order. `None` if no directory is writable.
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
        // The directory may have been removed meanwhile.
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
    // Without a sync, a power failure after the rename could leave an incomplete file.
    file.sync_all()
}

fn directory(target: &Path) -> &Path {
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// Removes the name of the temporary file from an error message; it is of no use to the user.
fn strip_temporary_name(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said),
        None => error,
    }
}

/// Returns the path at which a new file will be created: the target of a link, not the link.
fn resolve_symlinks(path: &Path) -> io::Result<PathBuf> {
    /// More than any supported system follows.
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
    Err(io::Error::other("too many levels of symbolic links"))
}

/// Returns `true` if the path can only name a directory: `followers.csv/`.
fn is_directory_name(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b"/") || name.ends_with(b"/.")
}
