//! The file that a recording is written to. It must have no other writer, which is checked when the
//! recording ends.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::WriteRecordingError;

/// The file of a recording that is being written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    path: PathBuf,
    file: File,
    written: u64,
    /// `true` for a regular file: the check for other writers does not apply to devices and
    /// pipes.
    is_regular: bool,
}

impl RecordingFile {
    /// Creates or truncates the file, unless another program is recording to it.
    pub(super) fn create(path: &Path) -> Result<Self, WriteRecordingError> {
        let unwritable = |source| WriteRecordingError::Unwritable { path: path.to_owned(), source };
        // In append mode, truncation by another program does not leave a hole.
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(unwritable)?;
        let is_regular = file.metadata().map_err(unwritable)?.is_file();
        if is_regular {
            if is_locked_elsewhere(&file) {
                return Err(WriteRecordingError::InUse(path.to_owned()));
            }
            file.set_len(0).map_err(unwritable)?;
        }
        Ok(Self { path: path.to_owned(), file, written: 0, is_regular })
    }

    /// Checks that the path still names this file and that the file contains what was written, as
    /// far as the system accepted it.
    pub(super) fn check(&self) -> Result<(), WriteRecordingError> {
        if !self.is_regular {
            return Ok(());
        }
        let at_path = fs::metadata(&self.path);
        let (Ok(at_path), Ok(ours)) = (at_path, self.file.metadata()) else {
            return Err(WriteRecordingError::Gone(self.path.clone()));
        };
        if !is_same(&at_path, &ours) {
            return Err(WriteRecordingError::Gone(self.path.clone()));
        }
        if ours.len() == self.written {
            Ok(())
        } else {
            Err(WriteRecordingError::Changed(self.path.clone()))
        }
    }
}

impl Write for RecordingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Locks the file until it is closed. Returns whether another program holds the lock. On a file
/// system without locks the answer is `false`.
#[cfg(unix)]
fn is_locked_elsewhere(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK)
}

#[cfg(not(unix))]
const fn is_locked_elsewhere(_: &File) -> bool {
    false
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
const fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}
