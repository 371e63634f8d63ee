//! What comes from the terminal: keys, sizes, its background.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use ratatui::crossterm::event;
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use crate::app::Background;

/// How long a terminal may take to tell its background: a slow line's round trip. Nearly every
/// terminal answers, or says at once that it does not.
const ANSWER: Duration = Duration::from_secs(1);

/// Inputs that wait to be taken: beyond, the terminal has to wait, so that a huge paste costs no
/// memory.
const WAITING: usize = 256;

/// What came from the keyboard's side.
pub(super) enum Input {
    /// A key, a new size, a paste.
    Terminal(event::Event),
    /// The terminal's answer to the question for its background.
    Background(Background),
}

/// A question that the terminal has still to answer, perhaps.
pub(super) struct Question(Receiver<()>);

impl Question {
    /// Waits until it is answered, or the time for it is over.
    pub(super) fn wait(&self) {
        // Nothing is ever sent: the channel closes.
        _ = self.0.recv();
    }
}

/// Reads the terminal from now on, on a thread of its own; first asks it for its background, if
/// `ask` says so.
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

fn read(inputs: &Sender<Input>) {
    // An error means that the terminal is gone.
    while let Ok(input) = event::read() {
        if inputs.send(Input::Terminal(input)).is_err() {
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
