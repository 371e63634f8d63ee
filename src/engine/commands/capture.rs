//! What a command writes: into a file without a name, from which its beginning and its end are kept.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;
use std::sync::Arc;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// So many bytes are kept whole.
const WHOLE: u64 = 1 << 20;

/// Of more, so many from the beginning, and the rest from the end.
const HEAD: u64 = WHOLE / 4;

/// Where a command writes to. A pipe would have an end only when the last process that holds it is
/// gone, and that may be one that the command left in the background.
pub(super) struct Capture(File);

/// What was written, as far as it is kept.
pub(super) struct Captured {
    pub(super) text: Arc<str>,
    pub(super) bytes: u64,
    pub(super) left_out: u64,
}

impl Capture {
    pub(super) fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        // Who opens /dev/stderr anew and cuts it leaves no gap for those who still have it open.
        fcntl_setfl(&file, fcntl_getfl(&file)? | OFlags::APPEND)?;
        Ok(Self(file))
    }

    /// One place for both outputs, so that their order is kept.
    pub(super) fn outputs(&self) -> io::Result<[Stdio; 2]> {
        Ok([self.0.try_clone()?.into(), self.0.try_clone()?.into()])
    }

    /// What is in it now.
    pub(super) fn read(&self) -> io::Result<Captured> {
        let bytes = self.0.metadata()?.len();
        let left_out = bytes.saturating_sub(WHOLE);
        let text = if left_out == 0 {
            self.part(0, bytes)?
        } else {
            let tail = WHOLE - HEAD;
            let (head, tail) = (self.part(0, HEAD)?, self.part(bytes - tail, tail)?);
            format!("{head}\n[threadline: {left_out} bytes left out here]\n{tail}")
        };
        Ok(Captured { text: text.into(), bytes, left_out })
    }

    fn part(&self, from: u64, count: u64) -> io::Result<String> {
        let mut bytes = vec![0; count as usize];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.0.read_at(room, from + filled as u64) {
                // A process in the background has cut it meanwhile.
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        let text = String::from_utf8(bytes);
        Ok(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn captured(bytes: &[u8]) -> Captured {
        let capture = Capture::new().unwrap();
        (&capture.0).write_all(bytes).unwrap();
        capture.read().unwrap()
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

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let captured = captured(b"a\xff\0b");
        assert_eq!((&*captured.text, captured.bytes), ("a\u{fffd}\0b", 4));
    }
}
