//! Checks that each file is written only once, and that no written file is also read.

use std::fs;
use std::path::{Path, PathBuf};

use super::output::ExportPaths;
use super::usage::UsageError;

/// The name of the configuration in messages; it may come from no option.
pub(super) const CONFIGURATION: &str = "the configuration";

/// The path of a file, if there is one, and the argument that names it.
#[derive(Clone, Copy)]
pub(super) struct NamedPath<'a> {
    pub(super) name: &'static str,
    pub(super) path: Option<&'a Path>,
}

/// Returns an error if a file to be written is named twice, however its path is spelled. Files that are
/// only read may be the same. `-` means stdin when read, and no file when written.
pub(super) fn check_conflicts(
    read: &[NamedPath<'_>],
    exports: &ExportPaths,
    record: Option<&Path>,
) -> Result<(), UsageError> {
    let exports =
        exports.iter().map(|(kind, path)| NamedPath { name: kind.option(), path: Some(path) });
    let mut known: Vec<(&'static str, FileIdentity)> = read
        .iter()
        .copied()
        .filter_map(|named| stdin(named).or_else(|| file_identity(named)))
        .collect();
    for named in exports.chain([NamedPath { name: "--record", path: record }]) {
        let Some((two, file)) = file_identity(named) else { continue };
        if let Some((one, _)) = known.iter().find(|(_, other)| other.is_same_file(&file)) {
            return Err(UsageError::FileTwice { one, two });
        }
        known.push((two, file));
    }
    Ok(())
}

fn file_identity(named: NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    let NamedPath { name, path } = named;
    path.filter(|path| path.as_os_str() != "-").map(|path| (name, FileIdentity::from_path(path)))
}

/// Returns the regular file that stdin is redirected from, if the path is `-`.
fn stdin(named: NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    let NamedPath { name, path } = named;
    let inode = stdin_inode().filter(|_| path.is_some_and(|path| path.as_os_str() == "-"));
    // No canonical path is a dash.
    inode.map(|inode| (name, FileIdentity { path: PathBuf::from("-"), inode: Some(inode) }))
}

/// The identity of a file.
struct FileIdentity {
    path: PathBuf,
    /// The device and inode of an existing file, to which several names may be hard links.
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

/// Returns the identity of the file at a path: of a new file, its directory and name.
fn canonical_path(path: &Path) -> PathBuf {
    /// The maximum number of symbolic links, above the system's own.
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
