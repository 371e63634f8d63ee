//! Writes a recording while it happens, on a thread of its own: neither events nor keys ever wait for
//! the disk, and a program that is killed leaves what happened until then.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use serde::Serialize;

use super::file::RecordingFile;
use super::{FORMAT, RecordingHeader, VERSION, WriteRecordingError};
use crate::app::session::{LogEntry, LogSink, Setup};
use crate::export::ascii_json;
use crate::model::event;

/// So many may wait for a disk that hangs, some 100 MB; then the recording ends.
const MAX_PENDING_ENTRIES: usize = 1 << 20;

/// How long somebody who leaves waits for the disk.
const GRACE: Duration = Duration::from_secs(10);

/// Writes a sitting down while it goes on.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// Nothing for the end.
    entries: Sender<Option<LogEntry>>,
    over: Receiver<Result<u64, WriteRecordingError>>,
    late: Arc<AtomicBool>,
}

/// Hands entries over to the recorder's thread.
#[derive(Debug)]
struct RecorderHandle {
    entries: Sender<Option<LogEntry>>,
    /// Whether the disk did not keep up: what was left out then has nothing after it.
    late: Arc<AtomicBool>,
}

impl LogSink for RecorderHandle {
    fn record(&mut self, entry: LogEntry) {
        if self.entries.len() > MAX_PENDING_ENTRIES {
            self.late.store(true, Ordering::Relaxed);
        }
        if !self.late.load(Ordering::Relaxed) {
            // Where nobody takes it, the recorder says why in the end.
            _ = self.entries.send(Some(entry));
        }
    }
}

impl Recorder {
    /// Begins the file, so that one that cannot be written is known before the run; what it held is
    /// gone. Fails if it cannot be written to, another program records to it, or the system has no
    /// thread for it.
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
                // Whoever left without waiting does not want to know.
                _ = end.send(record(out, &waiting, path));
            }
        });
        thread.map_err(unwritable)?;
        let late = Arc::<AtomicBool>::default();
        let tape = RecorderHandle { entries: entries.clone(), late: Arc::clone(&late) };
        Ok((Self { path: path.to_owned(), entries, over, late }, Box::new(tape)))
    }

    /// Writes what is left, and ends the file. Returns how many lines it has after the header.
    pub fn finish_file(self) -> Result<u64, WriteRecordingError> {
        let Self { path, entries, over, late } = self;
        // Without its thread, there is an error to come.
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

    /// Where it goes, in words.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Writes entries until the end is said, and checks that the file has them. Returns how many.
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

/// Writes entries until the end is said; whenever none waits, all are with the system.
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

/// Writes what was kept of a sitting that began with `setup`, all at once. Returns how many lines
/// there are after the header.
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
    ascii_json::write_compact(out, value)?;
    out.write_all(b"\n")
}
