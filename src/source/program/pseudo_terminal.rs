//! The terminal of a watched program: a pseudo-terminal whose output becomes events, so that nothing in
//! it reaches the real terminal. When the program is let go, a keeper process holds it open.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::setsid;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// The command with which this program starts itself as a keeper.
pub(crate) const KEEP_COMMAND: &str = "keep";

/// The signal of a keeper that it keeps the terminal open.
const KEPT: &[u8] = b"k";

/// The number of bytes that are read at once, and the maximum size of a piece of output.
const MAX_PIECE: usize = 16 << 10;

/// The maximum number of pieces that are read after the program has ended: a process that it left behind
/// may write for ever.
const MAX_LAST_PIECES: usize = 64;

/// The size of a terminal in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// The number of columns.
    pub columns: u16,
    /// The number of rows.
    pub rows: u16,
}

/// The side of a pseudo-terminal that reads the program's output. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct PseudoTerminal(Arc<OwnedFd>);

impl PseudoTerminal {
    /// Opens a pseudo-terminal, and returns it with the program's side.
    pub(super) fn open(size: TerminalSize) -> io::Result<(Self, OwnedFd)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let program_side = ioctl_tiocgptpeer(&master, flags)?;
        // The output is taken as the program writes it, without a carriage return at each line's end.
        let mut settings = tcgetattr(&program_side)?;
        settings.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&program_side, OptionalActions::Now, &settings)?;
        let terminal = Self(Arc::new(master));
        terminal.resize(size);
        Ok((terminal, program_side))
    }

    /// Resizes the program's terminal. A size that the system refuses leaves the one before.
    pub(super) fn resize(&self, TerminalSize { columns, rows }: TerminalSize) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        _ = tcsetwinsize(&*self.0, size);
    }

    /// Starts a thread that passes the output to `send`, in pieces of valid text.
    pub(super) fn read_output(
        &self,
        mut send: impl FnMut(String) + Send + 'static,
    ) -> io::Result<OutputReader> {
        let (stop, stopped) = UnixStream::pair()?;
        let terminal = self.clone();
        let thread = Builder::new().name("output".to_owned()).spawn(move || {
            let mut pieces = TextPieces::default();
            terminal.read_pieces(&stopped, |bytes| {
                let text = pieces.push(bytes);
                if !text.is_empty() {
                    send(text);
                }
            });
            let rest = pieces.into_rest();
            if !rest.is_empty() {
                send(rest);
            }
        })?;
        Ok(OutputReader { stop, thread })
    }

    /// Reads until every process has closed the terminal, or until nothing is left once the other end of
    /// `stopped` is written to.
    fn read_pieces(&self, stopped: &UnixStream, mut take: impl FnMut(&[u8])) {
        let mut buffer = vec![0; MAX_PIECE];
        let mut left = usize::MAX;
        while left > 0 {
            let mut ready =
                [PollFd::new(&*self.0, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
            let no_wait = Timespec { tv_sec: 0, tv_nsec: 0 };
            let wait = (left != usize::MAX).then_some(&no_wait);
            match poll(&mut ready, wait) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            let [output, stop] = ready.map(|one| one.revents());
            if !stop.is_empty() && left == usize::MAX {
                left = MAX_LAST_PIECES;
            }
            if output.is_empty() {
                if left == usize::MAX {
                    continue;
                }
                return;
            }
            match read(&*self.0, &mut buffer) {
                Ok(count) if count > 0 => take(buffer.get(..count).unwrap_or_default()),
                Err(Errno::INTR | Errno::AGAIN) => {}
                // EIO: no process has the terminal open any more.
                Ok(_) | Err(_) => return,
            }
            if left != usize::MAX {
                left -= 1;
            }
        }
    }

    /// Starts a keeper, which holds the terminal open after this program has ended.
    pub(super) fn hand_over(&self, program: &Path) -> io::Result<()> {
        let terminal = self.0.as_fd().try_clone_to_owned()?;
        let mut command = Command::new(program);
        command.arg(KEEP_COMMAND).stdin(terminal).stdout(Stdio::piped()).stderr(Stdio::null());
        let keeper = command.spawn()?;
        // Until it has a session of its own, the end of this one would end it, too.
        match keeper.stdout.map(|mut out| out.read(&mut [0])) {
            Some(Ok(1)) => Ok(()),
            _ => Err(io::Error::other("its terminal cannot be kept open")),
        }
    }
}

/// The thread that reads a program's output.
pub(super) struct OutputReader {
    stop: UnixStream,
    thread: JoinHandle<()>,
}

impl OutputReader {
    /// Reads what has been written so far, and ends the thread.
    pub(super) fn finish(mut self) {
        // Fails if the thread has ended already.
        _ = self.stop.write_all(b"x");
        // A panic on that thread has been reported already.
        _ = self.thread.join();
    }
}

/// Carries out the hidden command: reads and discards what is written to the terminal on stdin, until
/// its last process has closed it.
pub fn keep() {
    // A signal to the group of the program that was left would end this process, too.
    _ = setsid();
    // Fails if this program's end was faster.
    _ = io::stdout().write_all(KEPT).and_then(|()| io::stdout().flush());
    let mut buffer = vec![0; MAX_PIECE];
    let mut terminal = io::stdin().lock();
    loop {
        match terminal.read(&mut buffer) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// Text from bytes that may be cut within a character.
#[derive(Default)]
struct TextPieces {
    /// The beginning of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl TextPieces {
    /// Returns the text up to the last whole character, with U+FFFD in place of invalid UTF-8.
    fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let invalid = self.rest.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
        let is_cut = str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        let end = self.rest.len() - if is_cut { invalid.len() } else { 0 };
        let whole: Vec<u8> = self.rest.drain(..end).collect();
        String::from_utf8_lossy(&whole).into_owned()
    }

    fn into_rest(self) -> String {
        String::from_utf8_lossy(&self.rest).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn character_cut_between_two_pieces_stays_whole() {
        let mut pieces = TextPieces::default();
        let [head, tail] = ["né".as_bytes().get(..2).unwrap(), "né".as_bytes().get(2..).unwrap()];
        assert_eq!(pieces.push(head), "n");
        assert_eq!(pieces.push(tail), "é");
        assert_eq!(pieces.push(b"\xff\xfea"), "\u{fffd}\u{fffd}a");
        assert_eq!(pieces.push(b"\xe2\x82"), "");
        assert_eq!(pieces.into_rest(), "\u{fffd}");
    }

    #[test]
    fn output_is_read_as_it_was_written_up_to_the_stop() {
        let size = TerminalSize { columns: 80, rows: 24 };
        let (terminal, program_side) = PseudoTerminal::open(size).unwrap();
        let (sender, pieces) = channel();
        let reader = terminal.read_output(move |text| sender.send(text).unwrap()).unwrap();
        let mut program = File::from(program_side);
        program.write_all(b"\x1b[31mred\x1b[0m\r\none\ntwo").unwrap();
        // The program's side stays open, as a process in the background would keep it.
        reader.finish();
        let text: String = pieces.iter().collect();
        assert_eq!(text, "\x1b[31mred\x1b[0m\r\none\ntwo");
    }

    #[test]
    fn program_sees_the_size_of_its_terminal() {
        let size = TerminalSize { columns: 80, rows: 24 };
        let (terminal, program_side) = PseudoTerminal::open(size).unwrap();
        terminal.resize(TerminalSize { columns: 100, rows: 7 });
        let seen = rustix::termios::tcgetwinsize(&program_side).unwrap();
        assert_eq!((seen.ws_col, seen.ws_row), (100, 7));
    }
}
