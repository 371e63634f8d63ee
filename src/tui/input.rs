//! What comes from the terminal: keys, the mouse, its background.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use ratatui::crossterm::event::KeyEvent;
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

#[cfg(unix)]
use super::decode;
use crate::app::{Background, Gesture};

/// How long a terminal may take to tell its background: a slow line's round trip. Nearly every
/// terminal answers, or says at once that it does not. Keys pressed meanwhile are lost.
const ANSWER: Duration = Duration::from_millis(300);

/// Inputs that wait to be taken: beyond, the terminal has to wait, so that a huge paste costs no
/// memory.
const WAITING: usize = 256;

/// What came from the keyboard's side.
pub(super) enum Input {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal's answer to the question for its background.
    Background(Background),
}

/// What was done with the mouse, and in which cell of the screen, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mouse {
    pub(super) gesture: Gesture,
    pub(super) column: u16,
    pub(super) row: u16,
}

/// A question that the terminal has still to answer, perhaps.
pub(super) struct Question(Receiver<()>);

impl Question {
    /// Waits until it is answered, or the time for it is over.
    pub(super) fn wait(&self) {
        // Nothing is ever sent: the channel closes. A terminal that takes nothing is not even asked.
        _ = self.0.recv_timeout(ANSWER);
    }
}

/// Reads the terminal from now on, on a thread of its own, until the channel closes because the
/// terminal is gone; first asks it for its background, if `ask` says so.
pub(super) fn keys(ask: bool) -> io::Result<(Receiver<Input>, Question)> {
    let (inputs, receiver) = bounded(WAITING);
    let (asking, answered) = bounded(0);
    Builder::new().name("keys".to_owned()).spawn(move || {
        if ask && let Some(background) = background() {
            // The loop may have ended meanwhile.
            _ = inputs.send(Input::Background(background));
        }
        drop(asking);
        read(&inputs);
    })?;
    Ok((receiver, Question(answered)))
}

/// crossterm's own reader keeps waiting where more than a kilobyte comes at once, and never ends
/// where the terminal is gone: <https://github.com/crossterm-rs/crossterm/pull/1057>.
#[cfg(unix)]
fn read(inputs: &Sender<Input>) {
    let mut decoder = decode::Decoder::default();
    let mut bytes = [0; 4096];
    // An end or an error means that the terminal is gone.
    while let Ok(count @ 1..) = unix::read(&mut bytes) {
        let mut typed = decoder.typed(bytes.get(..count).unwrap_or_default());
        if decoder.is_unsure() && !unix::more_comes() {
            typed.extend(decoder.settle());
        }
        for typed in typed {
            let input = match typed {
                decode::Typed::Key(key) => Input::Key(key),
                decode::Typed::Mouse(mouse) => Input::Mouse(mouse),
            };
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

    /// After an ESC that is no key of its own, the rest comes within this time.
    const REST: Timespec = Timespec { tv_sec: 0, tv_nsec: 25_000_000 };

    /// How long to wait with the next try where the terminal was made non-blocking, by a program
    /// that had it before.
    const EMPTY: Duration = Duration::from_millis(20);

    pub(super) fn read(bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(io::stdin(), &mut *bytes) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => _ = after(EMPTY).recv(),
                outcome => return Ok(outcome?),
            }
        }
    }

    pub(super) fn more_comes() -> bool {
        let stdin = io::stdin();
        let mut terminal = [PollFd::new(&stdin, PollFlags::IN)];
        let ready = poll(&mut terminal, Some(&REST));
        ready.is_ok() && terminal.iter().any(|it| it.revents().contains(PollFlags::IN))
    }
}

/// Without a terminal that sends bytes, crossterm knows the keys.
#[cfg(not(unix))]
fn read(inputs: &Sender<Input>) {
    use ratatui::crossterm::event::{Event, KeyEventKind, read};

    while let Ok(event) = read() {
        if let Event::Key(key) = event
            && key.kind != KeyEventKind::Release
            && inputs.send(Input::Key(key)).is_err()
        {
            return;
        }
    }
}

fn background() -> Option<Background> {
    let mut options = QueryOptions::default();
    options.timeout = ANSWER;
    match theme_mode(options).ok()? {
        ThemeMode::Dark => Some(Background::Dark),
        ThemeMode::Light => Some(Background::Light),
    }
}
