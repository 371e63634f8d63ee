//! The file that a recording is written to: this program alone writes it, and in the end it is
//! looked whether that was so.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::WriteRecordingError;

/// A recording's file while it is written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    path: PathBuf,
    file: File,
    written: u64,
    /// Whether it is a regular file: nobody else's business touches a device or a pipe.
    is_regular: bool,
}

impl RecordingFile {
    /// Creates the file, or empties it unless another program is recording to it.
    pub(super) fn create(path: &Path) -> Result<Self, WriteRecordingError> {
        let unwritable = |source| WriteRecordingError::Unwritable { path: path.to_owned(), source };
        // Appending leaves no hole where another program truncates it.
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

    /// Checks that the path still names this file, and that it holds what was written to it, as far
    /// as the system took that.
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

/// Locks the file until it is closed, and returns whether another program has done so. A file
/// system without locks has no answer: then nobody is held up.
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
