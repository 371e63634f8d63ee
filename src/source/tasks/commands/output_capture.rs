//! The output of a command, captured in an unnamed file of which the beginning and the end are kept, and
//! the thread that trims these files while they are written.

use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, Sender, unbounded};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::model::{CommandOutput, ExitStatus};

/// The maximum number of bytes that are kept. Shorter output is kept whole.
const MAX_KEPT: u64 = 1 << 20;

/// The number of bytes kept from the beginning and from the end of longer output.
const KEPT_HEAD: u64 = MAX_KEPT / 4;
const KEPT_TAIL: u64 = MAX_KEPT - KEPT_HEAD;

/// The maximum number of bytes on disk beyond those that are kept.
const MAX_SPARE: u64 = 3 << 20;

/// The same on file systems that cannot punch a hole into a file.
const MAX_SPARE_WITHOUT_HOLES: u64 = 64 << 20;

/// A file that a command writes to. A pipe would not do: it ends only with the last process that holds
/// it, which the command may have left in the background, and it would block the command while this
/// program is suspended.
pub(super) struct OutputFile {
    file: File,
    /// The length at the last poll.
    len: u64,
    /// The end of the hole, which begins after the head.
    hole_end: u64,
    /// The content before the file was emptied, if no hole can be punched.
    earlier: Option<EarlierOutput>,
}

/// The content of a file before it was last emptied.
struct EarlierOutput {
    head: Vec<u8>,
    tail: Vec<u8>,
    /// The total number of bytes before that. Bytes written in the instant before the file is emptied
    /// are not counted.
    bytes: u64,
}

impl OutputFile {
    pub(super) fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        // With O_APPEND, a process that reopens and truncates /dev/stderr leaves no gap of zeros for
        // the others.
        fcntl_setfl(&file, fcntl_getfl(&file)? | OFlags::APPEND)?;
        Ok(Self { file, len: 0, hole_end: 0, earlier: None })
    }

    /// Returns stdout and stderr for the command. Both write to the same file, so that their order is
    /// kept.
    pub(super) fn stdio_pair(&self) -> io::Result<[Stdio; 2]> {
        Ok([self.file.try_clone()?.into(), self.file.try_clone()?.into()])
    }

    /// Frees disk space that is not needed, if it is much. Returns the number of bytes written since
    /// the last call.
    fn trim(&mut self) -> io::Result<u64> {
        let len = self.len()?;
        let written = len.saturating_sub(mem::replace(&mut self.len, len));
        // A process that reopened /dev/stderr may have truncated the file.
        self.hole_end = self.hole_end.min(len);
        let spare = len.saturating_sub(self.hole_end.max(KEPT_HEAD) + KEPT_TAIL);
        if spare > MAX_SPARE
            && punch_hole(&self.file, KEPT_HEAD, len - KEPT_TAIL - KEPT_HEAD).is_ok()
        {
            self.hole_end = len - KEPT_TAIL;
        } else if spare > MAX_SPARE_WITHOUT_HOLES {
            self.save_and_truncate()?;
        }
        Ok(written)
    }

    /// Empties the file, and keeps its beginning and its end in memory.
    fn save_and_truncate(&mut self) -> io::Result<()> {
        let tail = self.read_range(self.len()?.saturating_sub(KEPT_TAIL), KEPT_TAIL)?;
        let (head, before) = match self.earlier.take() {
            Some(EarlierOutput { head, bytes, .. }) => (head, bytes),
            None => (self.read_range(0, KEPT_HEAD)?, 0),
        };
        let bytes = before + self.len()?;
        self.file.set_len(0)?;
        self.len = 0;
        self.earlier = Some(EarlierOutput { head, tail, bytes });
        Ok(())
    }

    /// Reads the present output of a command that ended with `status`.
    pub(super) fn read(&self, status: ExitStatus) -> io::Result<CommandOutput> {
        let len = self.len()?;
        if let Some(earlier) = &self.earlier {
            return self.read_with_earlier(earlier, len, status);
        }
        let omitted = len.saturating_sub(MAX_KEPT);
        let text = if omitted == 0 {
            lossy_text(self.read_range(0, len)?)
        } else {
            let (head, tail) = (
                lossy_text(self.read_range(0, KEPT_HEAD)?),
                lossy_text(self.read_range(len - KEPT_TAIL, KEPT_TAIL)?),
            );
            format!("{head}\n[threadline: {omitted} bytes left out here]\n{tail}")
        };
        Ok(CommandOutput { text: text.into(), bytes: len, omitted, status })
    }

    /// Reads the output of a file that was emptied and now has `len` bytes.
    fn read_with_earlier(
        &self,
        earlier: &EarlierOutput,
        len: u64,
        status: ExitStatus,
    ) -> io::Result<CommandOutput> {
        let last = self.read_range(len.saturating_sub(KEPT_TAIL), KEPT_TAIL)?;
        let missing = (KEPT_TAIL as usize).saturating_sub(last.len());
        let start = earlier.tail.len().saturating_sub(missing);
        let before_last = earlier.tail.get(start..).unwrap_or_default();
        let kept = earlier.head.len() + before_last.len() + last.len();
        let bytes = earlier.bytes + len;
        let omitted = bytes.saturating_sub(kept as u64);
        let before_last = match before_last {
            [] => String::new(),
            some => lossy_text(some.to_vec()) + "\n[threadline: some bytes may be left out here]\n",
        };
        let (head, last) = (lossy_text(earlier.head.clone()), lossy_text(last));
        let note = format!("\n[threadline: at least {omitted} bytes left out here]\n");
        let text = [head, note, before_last, last].concat();
        Ok(CommandOutput { text: text.into(), bytes, omitted, status })
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_range(&self, from: u64, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count as usize];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, from + filled as u64) {
                // A background process has truncated the file meanwhile.
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

/// Locks the file of a command, which is shared with the thread that trims it.
pub(super) fn lock(output: &Mutex<OutputFile>) -> MutexGuard<'_, OutputFile> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lossy_text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes);
    text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Deallocates a part of a file, which then reads as zeros and takes no space.
#[cfg(target_os = "linux")]
fn punch_hole(file: &File, from: u64, count: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, from, count)?)
}

/// Fails: macOS can punch holes (`F_PUNCHHOLE`), but there is no safe call for it.
#[cfg(not(target_os = "linux"))]
fn punch_hole(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The bounds of the polling interval. The disk holds what a command writes within one interval.
const MIN_INTERVAL: Duration = Duration::from_millis(1);
const MAX_INTERVAL: Duration = Duration::from_millis(10);

/// The growth of a file, in bytes per interval, above which files are polled at the minimum interval;
/// below it, the interval doubles.
const MIN_FAST_GROWTH: u64 = 128 << 10;

/// Passes files to the thread, which ends with the last clone.
#[derive(Clone)]
pub(super) struct Trimmer {
    files: Sender<Weak<Mutex<OutputFile>>>,
}

impl Trimmer {
    /// Starts the thread. If the system has none to give, files are not trimmed.
    pub(super) fn start() -> Self {
        let (files, arriving) = unbounded();
        _ = Builder::new().name("trimmer".to_owned()).spawn(move || trim_files(&arriving));
        Self { files }
    }

    /// Adds a file, which is trimmed until it is dropped.
    pub(super) fn add(&self, output: &Arc<Mutex<OutputFile>>) {
        // Fails without the thread; the file is then not trimmed.
        _ = self.files.send(Arc::downgrade(output));
    }
}

fn trim_files(arriving: &Receiver<Weak<Mutex<OutputFile>>>) {
    let mut files: Vec<Weak<Mutex<OutputFile>>> = Vec::new();
    let mut interval = MIN_INTERVAL;
    loop {
        let arrived = if files.is_empty() {
            arriving.recv().map_err(|RecvError| RecvTimeoutError::Disconnected)
        } else {
            arriving.recv_timeout(interval)
        };
        match arrived {
            Ok(file) => {
                files.push(file);
                interval = MIN_INTERVAL;
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let mut is_growing = false;
                files.retain(|file| {
                    let Some(file) = file.upgrade() else { return false };
                    // A file that cannot be trimmed grows.
                    is_growing |= lock(&file).trim().is_ok_and(|written| written > MIN_FAST_GROWTH);
                    true
                });
                interval = if is_growing { MIN_INTERVAL } else { MAX_INTERVAL.min(interval * 2) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn captured(bytes: &[u8]) -> CommandOutput {
        let output = OutputFile::new().unwrap();
        (&output.file).write_all(bytes).unwrap();
        output.read(ExitStatus::Code(0)).unwrap()
    }

    /// `count` numbered lines of 16 bytes.
    fn lines(count: usize) -> String {
        (0..count).fold(String::new(), |text, line| text + &format!("{line:015}\n"))
    }

    #[test]
    fn trimming_does_not_change_the_captured_text() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 20));
        for part in all.as_bytes().chunks(1 << 20) {
            (&output.file).write_all(part).unwrap();
            output.trim().unwrap();
            if cfg!(target_os = "linux") {
                let on_disk = output.file.metadata().unwrap().blocks() * 512;
                assert!(on_disk <= MAX_KEPT + MAX_SPARE + (1 << 20), "{on_disk}");
            }
        }
        let (trimmed, whole) =
            (output.read(ExitStatus::Code(0)).unwrap(), captured(all.as_bytes()));
        assert_eq!((trimmed.bytes, trimmed.omitted), (whole.bytes, whole.omitted));
        assert!(trimmed.text == whole.text, "the captured text differs");
    }

    #[test]
    fn file_truncated_by_a_command_is_trimmed_again() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 19));
        for _ in 0..2 {
            output.file.set_len(0).unwrap();
            (&output.file).write_all(all.as_bytes()).unwrap();
            output.trim().unwrap();
            assert_eq!(output.read(ExitStatus::Code(0)).unwrap().bytes, 8 << 20);
            if cfg!(target_os = "linux") {
                assert!(output.file.metadata().unwrap().blocks() * 512 < 2 << 20);
            }
            output.file.set_len(0).unwrap();
            (&output.file).write_all(b"short").unwrap();
            output.trim().unwrap();
            assert_eq!(&*output.read(ExitStatus::Code(0)).unwrap().text, "short");
        }
    }

    /// The fallback of systems that cannot punch holes.
    #[test]
    fn emptied_file_keeps_its_beginning_and_end() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 17));
        for _ in 0..2 {
            (&output.file).write_all(all.as_bytes()).unwrap();
            output.save_and_truncate().unwrap();
            assert_eq!(output.len().unwrap(), 0);
        }
        (&output.file).write_all(b"the end").unwrap();
        let captured = output.read(ExitStatus::Code(0)).unwrap();
        assert_eq!(captured.bytes, (4 << 20) + 7);
        assert_eq!(captured.omitted, captured.bytes - MAX_KEPT);
        let end = |count: u64| all.split_at(all.len() - count as usize).1;
        let rest = captured.text.strip_prefix(all.split_at(KEPT_HEAD as usize).0).unwrap();
        let note = format!("\n[threadline: at least {} bytes left out here]\n", captured.omitted);
        let tail = rest.strip_prefix(&note).unwrap();
        let tail = tail.strip_suffix("\n[threadline: some bytes may be left out here]\nthe end");
        assert_eq!(tail, Some(end(KEPT_TAIL - 7)));
        // Once enough is written after it, only the beginning of the former content is kept.
        (&output.file).write_all(all.as_bytes()).unwrap();
        let captured = output.read(ExitStatus::Code(0)).unwrap();
        assert!(captured.text.ends_with(end(KEPT_TAIL)));
        assert_eq!(captured.text.matches("[threadline: ").count(), 1);
    }
}
