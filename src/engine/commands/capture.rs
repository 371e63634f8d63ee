//! What a command writes: into a file without a name, from which its beginning and its end are kept.

use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// So many bytes are kept whole.
const WHOLE: u64 = 1 << 20;

/// Of more, so many from the beginning, and the rest from the end.
const HEAD: u64 = WHOLE / 4;
const TAIL: u64 = WHOLE - HEAD;

/// The maximum number of bytes that a file may have on the disk besides what is kept.
const MAX_SPARE: u64 = 3 << 20;

/// The same where no hole can be punched into a file.
const MAX_SPARE_WITHOUT_HOLES: u64 = 64 << 20;

/// What a command writes, shared with the thread that trims it.
pub(super) struct Capture(Mutex<OutputFile>);

/// A file that a command writes to. A pipe would have an end only when the last process that holds
/// it is gone, and that may be one that the command left in the background; it would also hold a
/// command up while this program sleeps.
struct OutputFile {
    file: File,
    /// How long it was at the last look.
    len: u64,
    /// Where the hole ends that begins behind the head.
    hole_end: u64,
    /// What it had before it was emptied, where no hole can be punched.
    former: Option<Former>,
}

/// What a file had before it was emptied for the last time.
struct Former {
    head: Vec<u8>,
    tail: Vec<u8>,
    /// How much it had, all times together, as far as that is known: what a command writes in the
    /// instant before its file is emptied is not counted.
    bytes: u64,
}

/// What was written, as far as it is kept.
pub(super) struct Captured {
    pub(super) text: Arc<str>,
    pub(super) bytes: u64,
    pub(super) left_out: u64,
}

impl Capture {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Mutex::new(OutputFile::new()?)))
    }

    /// One place for both outputs, so that their order is kept.
    pub(super) fn outputs(&self) -> io::Result<[Stdio; 2]> {
        let copy = || self.file().file.try_clone();
        Ok([copy()?.into(), copy()?.into()])
    }

    /// Gives back what is not kept, if that is much. Returns how many bytes were written since the
    /// last time.
    pub(super) fn trim(&self) -> io::Result<u64> {
        self.file().trim()
    }

    /// What is in it now.
    pub(super) fn read(&self) -> io::Result<Captured> {
        self.file().read()
    }

    fn file(&self) -> MutexGuard<'_, OutputFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutputFile {
    fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        // Who opens /dev/stderr anew and cuts it leaves no gap for those who still have it open.
        fcntl_setfl(&file, fcntl_getfl(&file)? | OFlags::APPEND)?;
        Ok(Self { file, len: 0, hole_end: 0, former: None })
    }

    fn trim(&mut self) -> io::Result<u64> {
        let len = self.len()?;
        let written = len.saturating_sub(mem::replace(&mut self.len, len));
        // Who opened /dev/stderr anew may have cut the file.
        self.hole_end = self.hole_end.min(len);
        let spare = len.saturating_sub(self.hole_end.max(HEAD) + TAIL);
        if spare > MAX_SPARE && punch_hole(&self.file, HEAD, len - TAIL - HEAD).is_ok() {
            self.hole_end = len - TAIL;
        } else if spare > MAX_SPARE_WITHOUT_HOLES {
            self.empty()?;
        }
        Ok(written)
    }

    /// Empties the file, and keeps its beginning and its end.
    fn empty(&mut self) -> io::Result<()> {
        let tail = self.part(self.len()?.saturating_sub(TAIL), TAIL)?;
        let (head, before) = match self.former.take() {
            Some(Former { head, bytes, .. }) => (head, bytes),
            None => (self.part(0, HEAD)?, 0),
        };
        let bytes = before + self.len()?;
        self.file.set_len(0)?;
        self.len = 0;
        self.former = Some(Former { head, tail, bytes });
        Ok(())
    }

    fn read(&self) -> io::Result<Captured> {
        let len = self.len()?;
        if let Some(former) = &self.former {
            return self.read_after(former, len);
        }
        let left_out = len.saturating_sub(WHOLE);
        let text = if left_out == 0 {
            text(self.part(0, len)?)
        } else {
            let (head, tail) = (text(self.part(0, HEAD)?), text(self.part(len - TAIL, TAIL)?));
            format!("{head}\n[threadline: {left_out} bytes left out here]\n{tail}")
        };
        Ok(Captured { text: text.into(), bytes: len, left_out })
    }

    /// What was written, of which the file has the last `len` bytes.
    fn read_after(&self, former: &Former, len: u64) -> io::Result<Captured> {
        let last = self.part(len.saturating_sub(TAIL), TAIL)?;
        let missing = (TAIL as usize).saturating_sub(last.len());
        let start = former.tail.len().saturating_sub(missing);
        let before_last = former.tail.get(start..).unwrap_or_default();
        let kept = former.head.len() + before_last.len() + last.len();
        let bytes = former.bytes + len;
        let left_out = bytes.saturating_sub(kept as u64);
        let before_last = match before_last {
            [] => String::new(),
            some => text(some.to_vec()) + "\n[threadline: some bytes may be left out here]\n",
        };
        let (head, last) = (text(former.head.clone()), text(last));
        let note = format!("\n[threadline: at least {left_out} bytes left out here]\n");
        let text = [head, note, before_last, last].concat();
        Ok(Captured { text: text.into(), bytes, left_out })
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn part(&self, from: u64, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count as usize];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, from + filled as u64) {
                // A process in the background has cut it meanwhile.
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

fn text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes);
    text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Gives a part of a file back to the system: it reads as zeros then, and takes no room.
#[cfg(target_os = "linux")]
fn punch_hole(file: &File, from: u64, count: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, from, count)?)
}

/// macOS can do it (`F_PUNCHHOLE`), but there is no safe call for it.
#[cfg(not(target_os = "linux"))]
fn punch_hole(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn captured(bytes: &[u8]) -> Captured {
        let output = OutputFile::new().unwrap();
        (&output.file).write_all(bytes).unwrap();
        output.read().unwrap()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        for bytes in [&b""[..], b"one\ntwo\n", &vec![b'x'; WHOLE as usize]] {
            let captured = captured(bytes);
            assert_eq!(captured.text.as_bytes(), bytes);
            assert_eq!((captured.bytes, captured.left_out), (bytes.len() as u64, 0));
        }
    }

    #[test]
    fn of_more_the_middle_is_left_out_and_counted() {
        let mut bytes = vec![b'a'; HEAD as usize];
        bytes.extend(vec![b'-'; 7]);
        bytes.extend(vec![b'z'; (WHOLE - HEAD) as usize]);
        let captured = captured(&bytes);
        assert_eq!((captured.bytes, captured.left_out), (WHOLE + 7, 7));
        let (head, tail) =
            captured.text.split_once("\n[threadline: 7 bytes left out here]\n").unwrap();
        assert!(head.len() == HEAD as usize && head.bytes().all(|byte| byte == b'a'));
        assert!(tail.len() == (WHOLE - HEAD) as usize && tail.bytes().all(|byte| byte == b'z'));
    }

    /// `count` numbered lines of 16 bytes.
    fn lines(count: usize) -> String {
        (0..count).fold(String::new(), |text, line| text + &format!("{line:015}\n"))
    }

    #[test]
    fn what_is_trimmed_meanwhile_is_what_is_left_out() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 20));
        for part in all.as_bytes().chunks(1 << 20) {
            (&output.file).write_all(part).unwrap();
            output.trim().unwrap();
            if cfg!(target_os = "linux") {
                let on_disk = output.file.metadata().unwrap().blocks() * 512;
                assert!(on_disk <= WHOLE + MAX_SPARE + (1 << 20), "{on_disk}");
            }
        }
        let (trimmed, whole) = (output.read().unwrap(), captured(all.as_bytes()));
        assert_eq!((trimmed.bytes, trimmed.left_out), (whole.bytes, whole.left_out));
        assert!(trimmed.text == whole.text, "what is kept is not the same");
    }

    #[test]
    fn a_file_that_is_cut_by_a_command_is_trimmed_anew() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 19));
        for _ in 0..2 {
            output.file.set_len(0).unwrap();
            (&output.file).write_all(all.as_bytes()).unwrap();
            output.trim().unwrap();
            assert_eq!(output.read().unwrap().bytes, 8 << 20);
            if cfg!(target_os = "linux") {
                assert!(output.file.metadata().unwrap().blocks() * 512 < 2 << 20);
            }
            output.file.set_len(0).unwrap();
            (&output.file).write_all(b"short").unwrap();
            output.trim().unwrap();
            assert_eq!(&*output.read().unwrap().text, "short");
        }
    }

    /// As on a system that can punch no holes.
    #[test]
    fn a_file_that_is_emptied_keeps_its_beginning_and_its_end() {
        let (mut output, all) = (OutputFile::new().unwrap(), lines(1 << 17));
        for _ in 0..2 {
            (&output.file).write_all(all.as_bytes()).unwrap();
            output.empty().unwrap();
            assert_eq!(output.len().unwrap(), 0);
        }
        (&output.file).write_all(b"the end").unwrap();
        let captured = output.read().unwrap();
        assert_eq!(captured.bytes, (4 << 20) + 7);
        assert_eq!(captured.left_out, captured.bytes - WHOLE);
        let end = |count: u64| all.split_at(all.len() - count as usize).1;
        let rest = captured.text.strip_prefix(all.split_at(HEAD as usize).0).unwrap();
        let note = format!("\n[threadline: at least {} bytes left out here]\n", captured.left_out);
        let tail = rest.strip_prefix(&note).unwrap();
        let tail = tail.strip_suffix("\n[threadline: some bytes may be left out here]\nthe end");
        assert_eq!(tail, Some(end(TAIL - 7)));
        // With enough after it, nothing of what came before is kept but the beginning.
        (&output.file).write_all(all.as_bytes()).unwrap();
        let captured = output.read().unwrap();
        assert!(captured.text.ends_with(end(TAIL)));
        assert_eq!(captured.text.matches("[threadline: ").count(), 1);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let captured = captured(b"a\xff\0b");
        assert_eq!((&*captured.text, captured.bytes), ("a\u{fffd}\0b", 4));
    }
}
