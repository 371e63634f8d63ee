//! Checks that every written file is a file of its own: none is read, configured or written twice.

use std::fs;
use std::path::{Path, PathBuf};

use super::export::ExportPaths;
use super::usage::UsageError;

/// The name of the configuration in messages: it has no option.
pub(super) const CONFIGURATION: &str = "the configuration";

/// A file, and the argument that names it.
type NamedPath<'a> = (&'static str, Option<&'a Path>);

/// Refuses files that are written and named twice, in whatever words; those that are only read may
/// be one. `-` is what stdin is where it is read, and no file where it is written.
pub(super) fn check_conflicts(
    read: &[NamedPath<'_>],
    exports: &ExportPaths,
    record: Option<&Path>,
) -> Result<(), UsageError> {
    let exports = exports.iter().map(|(kind, path)| (kind.option(), Some(path.as_path())));
    let mut known: Vec<(&'static str, FileIdentity)> = read
        .iter()
        .copied()
        .filter_map(|named| stdin(named).or_else(|| file_identity(named)))
        .collect();
    for named in exports.chain([("--record", record)]) {
        let Some((two, file)) = file_identity(named) else { continue };
        if let Some((one, _)) = known.iter().find(|(_, other)| other.is_same_file(&file)) {
            return Err(UsageError::FileTwice { one, two });
        }
        known.push((two, file));
    }
    Ok(())
}

fn file_identity((name, path): NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    path.filter(|path| path.as_os_str() != "-").map(|path| (name, FileIdentity::from_path(path)))
}

/// The regular file that stdin is, if the path stands for it.
fn stdin((name, path): NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    let inode = stdin_inode().filter(|_| path.is_some_and(|path| path.as_os_str() == "-"));
    // No other path is a dash once it is made canonical.
    inode.map(|inode| (name, FileIdentity { path: PathBuf::from("-"), inode: Some(inode) }))
}

/// Which file a path leads to.
struct FileIdentity {
    path: PathBuf,
    /// Device and inode, where there is one already: two names may be hard links to it.
    inode: Option<(u64, u64)>,
}

impl FileIdentity {
    fn from_path(path: &Path) -> Self {
        Self { path: canonical_path(path), inode: inode(path) }
    }

    fn is_same_file(&self, other: &Self) -> bool {
        self.path == other.path || (self.inode.is_some() && self.inode == other.inode)
    }
}

/// Returns the file that a path leads to. If it does not exist yet, its directory and name decide.
fn canonical_path(path: &Path) -> PathBuf {
    /// More than the system itself follows.
    const MAX_SYMLINKS: usize = 64;
    let mut path = path.to_owned();
    for _ in 0..MAX_SYMLINKS {
        if let Ok(found) = fs::canonicalize(&path) {
            return found;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if let Ok(end) = fs::read_link(&path) {
            path = folder.join(end);
            continue;
        }
        let whole = fs::canonicalize(folder).ok().zip(path.file_name());
        return whole.map_or_else(|| path.clone(), |(folder, name)| folder.join(name));
    }
    path
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(unix)]
fn stdin_inode() -> Option<(u64, u64)> {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let stdin = fs::File::from(std::io::stdin().as_fd().try_clone_to_owned().ok()?);
    let found = stdin.metadata().ok().filter(fs::Metadata::is_file)?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
const fn stdin_inode() -> Option<(u64, u64)> {
    None
}

#[cfg(not(unix))]
const fn inode(_: &Path) -> Option<(u64, u64)> {
    None
}
