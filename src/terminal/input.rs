//! Input from the terminal: keys, the mouse, and answers to queries.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, select};

use super::TerminalInput;
#[cfg(unix)]
use super::decoder;
use crate::model::Nanos;

/// The maximum number of inputs in the channel. When it is full the terminal has to wait, so that a
/// huge paste takes no memory.
pub(crate) const MAX_PENDING_INPUTS: usize = 256;

/// The query for the background (OSC 11), followed by one for the device attributes (DA1). Every
/// terminal answers DA1, so its answer marks the end. OSC 11 ends with BEL, because urxvt would
/// otherwise end its answer with half a terminator. There is no passthrough, because tmux answers
/// itself.
pub(crate) const QUERY: &[u8] = b"\x1b]11;?\x07\x1b[c";

/// The maximum time to wait for answers before the terminal is returned to the shell: twice the round
/// trip of a slow line. Nothing else waits for the answers.
const MAX_ROUND_TRIP: Duration = Duration::from_millis(500);

/// The latest query.
#[derive(Debug, Default)]
pub(crate) struct BackgroundQuery {
    /// The time at which it was sent, or `None` if no answer is pending.
    sent_at: Option<Nanos>,
    expected: AnswerFlag,
}

/// A flag that makes the reading thread expect the answers to a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerFlag(Arc<AtomicBool>);

impl BackgroundQuery {
    /// Records that the query is sent now.
    pub(crate) fn send(&mut self, now: Nanos) {
        self.sent_at = Some(now);
        self.expected.0.store(true, Ordering::SeqCst);
    }

    /// Records that the terminal has answered, or that the answer is no longer needed.
    pub(crate) const fn close(&mut self) {
        self.sent_at = None;
    }

    /// Returns the remaining time to wait for answers, or `None` if none is pending.
    pub(crate) fn remaining(&self, now: Nanos) -> Option<Duration> {
        let elapsed = Duration::from(now.since(self.sent_at?));
        MAX_ROUND_TRIP.checked_sub(elapsed)
    }

    /// Returns the flag for the reading thread.
    pub(crate) fn expected(&self) -> AnswerFlag {
        self.expected.clone()
    }
}

impl AnswerFlag {
    /// Returns whether a query was sent since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// Starts a thread that reads the terminal until that is closed, which closes the channel.
pub(crate) fn spawn_reader(inputs: Sender<TerminalInput>, expected: AnswerFlag) -> io::Result<()> {
    let read = move || read(&inputs, &expected);
    Builder::new().name("keys".to_owned()).spawn(read).map(drop)
}

/// Discards all input until the terminal has answered or was closed, or `wait` has passed.
pub(crate) fn discard_answers(inputs: &Receiver<TerminalInput>, wait: Duration) {
    let late = after(wait);
    loop {
        select! {
            recv(inputs) -> input => if matches!(input, Ok(TerminalInput::Attributes) | Err(_)) { return },
            recv(late) -> _ => return,
        }
    }
}

/// Reads and decodes input. crossterm's own reader stalls when more than a kilobyte arrives at once,
/// and never ends after the terminal was closed:
/// <https://github.com/crossterm-rs/crossterm/pull/1057>.
#[cfg(unix)]
fn read(inputs: &Sender<TerminalInput>, expected: &AnswerFlag) {
    let mut decoder = decoder::Decoder::default();
    let mut bytes = [0; 4096];
    loop {
        let received = match decoder.timeout() {
            Some(timeout) if !unix::is_readable_within(timeout) => {
                decoder.flush().into_iter().collect()
            }
            _ => match unix::read(&mut bytes) {
                Ok(count @ 1..) => {
                    if expected.take() {
                        decoder.expect_answers();
                    }
                    decoder.decode(bytes.get(..count).unwrap_or_default())
                }
                // End of file or an error: the terminal was closed.
                _ => return,
            },
        };
        for input in received {
            if inputs.send(input).is_err() {
                return;
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::time::Duration;

    use crossbeam_channel::after;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    /// The time between two reads if an earlier program has left the terminal non-blocking.
    const RETRY_DELAY: Duration = Duration::from_millis(20);

    pub(crate) fn read(bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(io::stdin(), &mut *bytes) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => _ = after(RETRY_DELAY).recv(),
                outcome => return Ok(outcome?),
            }
        }
    }

    pub(crate) fn is_readable_within(time: Duration) -> bool {
        let stdin = io::stdin();
        let mut terminal = [PollFd::new(&stdin, PollFlags::IN)];
        let time = Timespec::try_from(time).ok();
        let ready = poll(&mut terminal, time.as_ref());
        ready.is_ok() && terminal.iter().any(|it| it.revents().contains(PollFlags::IN))
    }
}

/// Reads keys with crossterm, because this platform's terminal does not send bytes.
#[cfg(not(unix))]
fn read(inputs: &Sender<TerminalInput>, _: &AnswerFlag) {
    use ratatui::crossterm::event::{Event, KeyEventKind, read};

    while let Ok(event) = read() {
        if let Event::Key(key) = event
            && key.kind != KeyEventKind::Release
            && inputs.send(TerminalInput::Key(key)).is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;
    use ratatui::crossterm::event::KeyCode;

    use super::*;
    use crate::model::Background;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn input_is_discarded_up_to_the_last_answer() {
        let (sender, inputs) = unbounded();
        let key = |c| TerminalInput::Key(KeyCode::Char(c).into());
        for input in [
            key('a'),
            TerminalInput::Background(Background::Light),
            TerminalInput::Attributes,
            key('b'),
        ] {
            sender.send(input).unwrap();
        }
        discard_answers(&inputs, LONG);
        assert_eq!(inputs.try_iter().collect::<Vec<_>>(), [key('b')]);
    }

    #[test]
    fn closed_or_late_terminal_does_not_block() {
        let (sender, inputs) = unbounded();
        discard_answers(&inputs, Duration::ZERO);
        drop(sender);
        discard_answers(&inputs, LONG);
    }
}
