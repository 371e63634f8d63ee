//! Writes a recording while the session runs, on a thread of its own: events and keys never wait
//! for the disk, and if the program is killed, the recording contains everything up to then.
//! The file must have no other writer, which is checked when the recording ends.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use serde::Serialize;

use super::{FORMAT, RecordingHeader, VERSION, WriteRecordingError};
use crate::model::{LogEntry, LogSink, Setup, event};
use crate::report::json::write_compact;

/// The maximum number of entries that wait for a slow disk, about 100 MB. Beyond it, the recording
/// ends.
const MAX_PENDING_ENTRIES: usize = 1 << 20;

/// The maximum time to wait for the disk at the end.
const GRACE: Duration = Duration::from_secs(10);

/// Records a session while it runs.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// `None` ends the recording.
    entries: Sender<Option<LogEntry>>,
    over: Receiver<Result<u64, WriteRecordingError>>,
    late: Arc<AtomicBool>,
}

/// Passes entries to the recorder's thread.
#[derive(Debug)]
struct RecorderHandle {
    entries: Sender<Option<LogEntry>>,
    /// Set when the disk is too slow: once an entry was dropped, no later one is written.
    late: Arc<AtomicBool>,
}

impl LogSink for RecorderHandle {
    fn record(&mut self, entry: LogEntry) {
        if self.entries.len() > MAX_PENDING_ENTRIES {
            self.late.store(true, Ordering::Relaxed);
        }
        if !self.late.load(Ordering::Relaxed) {
            // If the thread has ended, `finish_file` returns its error.
            _ = self.entries.send(Some(entry));
        }
    }
}

impl Recorder {
    /// Creates or truncates the file and starts the thread, so that errors appear before the run.
    /// Fails if the file cannot be written to, if another program is recording to it, or if the
    /// system cannot start a thread.
    pub fn create(
        path: &Path,
        setup: &Setup,
    ) -> Result<(Self, Box<dyn LogSink>), WriteRecordingError> {
        if path.as_os_str() == "-" {
            return Err(WriteRecordingError::Stdout);
        }
        let unwritable = |source| WriteRecordingError::Unwritable { path: path.to_owned(), source };
        let mut out = BufWriter::with_capacity(1 << 16, RecordingFile::create(path)?);
        write_header(&mut out, setup).and_then(|()| out.flush()).map_err(unwritable)?;
        let (entries, waiting) = unbounded();
        let (end, over) = bounded(1);
        let thread = Builder::new().name("recorder".to_owned()).spawn({
            let path = path.to_owned();
            move || {
                // The receiver is gone if the program exits without waiting.
                _ = end.send(record(out, &waiting, path));
            }
        });
        thread.map_err(unwritable)?;
        let late = Arc::<AtomicBool>::default();
        let tape = RecorderHandle { entries: entries.clone(), late: Arc::clone(&late) };
        Ok((Self { path: path.to_owned(), entries, over, late }, Box::new(tape)))
    }

    /// Writes the remaining entries and ends the file. Returns the number of lines after the
    /// header.
    pub fn finish_file(self) -> Result<u64, WriteRecordingError> {
        let Self { path, entries, over, late } = self;
        // If the thread has ended, its error is received below.
        _ = entries.send(None);
        match over.recv_timeout(GRACE) {
            Ok(Ok(_)) if late.load(Ordering::Relaxed) => Err(WriteRecordingError::Slow(path)),
            Ok(recorded) => recorded,
            Err(RecvTimeoutError::Timeout) => Err(WriteRecordingError::Slow(path)),
            Err(RecvTimeoutError::Disconnected) => {
                Err(WriteRecordingError::CutOff { path, source: io::ErrorKind::BrokenPipe.into() })
            }
        }
    }

    /// The path, for messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Writes entries until `None` arrives, then checks the file. Returns the number of entries.
fn record(
    mut out: BufWriter<RecordingFile>,
    waiting: &Receiver<Option<LogEntry>>,
    path: PathBuf,
) -> Result<u64, WriteRecordingError> {
    let lines = write_pending(&mut out, waiting);
    match (out.get_ref().check(), lines) {
        (Err(gone @ WriteRecordingError::Gone(_)), _) => Err(gone),
        (_, Err(source)) => Err(WriteRecordingError::CutOff { path, source }),
        (checked, Ok(lines)) => checked.map(|()| lines),
    }
}

/// Writes entries until `None` arrives. Flushes whenever no entry is waiting.
fn write_pending(mut out: impl Write, waiting: &Receiver<Option<LogEntry>>) -> io::Result<u64> {
    let mut lines = 0;
    for entry in waiting {
        let Some(entry) = entry else { break };
        write_entry(&mut out, &entry)?;
        lines += 1;
        if waiting.is_empty() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(lines)
}

/// Writes a whole recording of a session that began with `setup`. Returns the number of lines after
/// the header.
pub fn write(setup: &Setup, entries: &[LogEntry], mut out: impl Write) -> io::Result<u64> {
    write_header(&mut out, setup)?;
    entries.iter().try_for_each(|entry| write_entry(&mut out, entry))?;
    out.flush()?;
    Ok(entries.len() as u64)
}

fn write_header(out: &mut impl Write, setup: &Setup) -> io::Result<()> {
    let (format, version, events) = (FORMAT, VERSION, event::VERSION);
    write_entry(out, &RecordingHeader { format, version, events, setup: setup.clone() })
}

fn write_entry(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    write_compact(out, value)?;
    out.write_all(b"\n")
}

/// The file of a recording that is being written.
#[derive(Debug)]
struct RecordingFile {
    path: PathBuf,
    file: File,
    written: u64,
    /// `true` for a regular file: the check for other writers does not apply to devices and
    /// pipes.
    is_regular: bool,
}

impl RecordingFile {
    /// Creates or truncates the file, unless another program is recording to it.
    fn create(path: &Path) -> Result<Self, WriteRecordingError> {
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
    fn check(&self) -> Result<(), WriteRecordingError> {
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
