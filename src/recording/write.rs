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
use super::{FORMAT, Header, RecordError, VERSION};
use crate::app::session::{Entry, Setup, Tape};
use crate::export::ascii;
use crate::model::event;

/// So many may wait for a disk that hangs, some 100 MB; then the recording ends.
const MOST_WAITING: usize = 1 << 20;

/// How long somebody who leaves waits for the disk.
const GRACE: Duration = Duration::from_secs(10);

/// Writes a sitting down while it goes on.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// Nothing for the end.
    entries: Sender<Option<Entry>>,
    over: Receiver<Result<u64, RecordError>>,
    late: Arc<AtomicBool>,
}

/// Hands entries over to the recorder's thread.
#[derive(Debug)]
struct Line {
    entries: Sender<Option<Entry>>,
    /// Whether the disk did not keep up: what was left out then has nothing after it.
    late: Arc<AtomicBool>,
}

impl Tape for Line {
    fn note(&mut self, entry: Entry) {
        if self.entries.len() > MOST_WAITING {
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
    pub fn create(path: &Path, setup: &Setup) -> Result<(Self, Box<dyn Tape>), RecordError> {
        if path.as_os_str() == "-" {
            return Err(RecordError::Stdout);
        }
        let unwritable = |source| RecordError::Unwritable { path: path.to_owned(), source };
        let mut out = BufWriter::with_capacity(1 << 16, RecordingFile::create(path)?);
        begin(&mut out, setup).and_then(|()| out.flush()).map_err(unwritable)?;
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
        let tape = Line { entries: entries.clone(), late: Arc::clone(&late) };
        Ok((Self { path: path.to_owned(), entries, over, late }, Box::new(tape)))
    }

    /// Writes what is left, and ends the file. Returns how many lines it has after the header.
    pub fn finish(self) -> Result<u64, RecordError> {
        let Self { path, entries, over, late } = self;
        // Without its thread, there is an error to come.
        _ = entries.send(None);
        match over.recv_timeout(GRACE) {
            Ok(Ok(_)) if late.load(Ordering::Relaxed) => Err(RecordError::Slow(path)),
            Ok(recorded) => recorded,
            Err(RecvTimeoutError::Timeout) => Err(RecordError::Slow(path)),
            Err(RecvTimeoutError::Disconnected) => {
                Err(RecordError::CutOff { path, source: io::ErrorKind::BrokenPipe.into() })
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
    waiting: &Receiver<Option<Entry>>,
    path: PathBuf,
) -> Result<u64, RecordError> {
    let lines = take_down(&mut out, waiting);
    match (out.get_ref().check(), lines) {
        (Err(gone @ RecordError::Gone(_)), _) => Err(gone),
        (_, Err(source)) => Err(RecordError::CutOff { path, source }),
        (checked, Ok(lines)) => checked.map(|()| lines),
    }
}

/// Writes entries until the end is said; whenever none waits, all are with the system.
fn take_down(mut out: impl Write, waiting: &Receiver<Option<Entry>>) -> io::Result<u64> {
    let mut lines = 0;
    for entry in waiting {
        let Some(entry) = entry else { break };
        line(&mut out, &entry)?;
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
pub fn write(setup: &Setup, entries: &[Entry], mut out: impl Write) -> io::Result<u64> {
    begin(&mut out, setup)?;
    entries.iter().try_for_each(|entry| line(&mut out, entry))?;
    out.flush()?;
    Ok(entries.len() as u64)
}

fn begin(out: &mut impl Write, setup: &Setup) -> io::Result<()> {
    let (format, version, events) = (FORMAT, VERSION, event::VERSION);
    line(out, &Header { format, version, events, setup: setup.clone() })
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    ascii::compact(out, value)?;
    out.write_all(b"\n")
}
