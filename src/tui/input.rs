//! What comes from the terminal: keys, sizes, its background.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use ratatui::crossterm::event::{self, KeyCode, KeyModifiers};
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use crate::app::Background;

/// How long a terminal may take to tell its background: a slow line's round trip. Nearly every
/// terminal answers, or says at once that it does not. Keys pressed meanwhile are lost.
const ANSWER: Duration = Duration::from_millis(300);

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
    let mut late = LateAnswer::default();
    // An error means that the terminal is gone.
    while let Ok(input) = event::read() {
        if !late.swallows(&input) && inputs.send(Input::Terminal(input)).is_err() {
            return;
        }
    }
}

/// Tells keys from an answer that comes after its time, which reads like keys: `ESC ] 11;rgb:..` up
/// to BEL or `ESC \`. Taken for keys it would change the mode and begin a run.
#[derive(Default)]
struct LateAnswer {
    comes: bool,
}

impl LateAnswer {
    fn swallows(&mut self, input: &event::Event) -> bool {
        let event::Event::Key(key) = input else { return false };
        let part = self.comes;
        match (key.code, key.modifiers) {
            (KeyCode::Char(']'), KeyModifiers::ALT) => self.comes = true,
            (KeyCode::Char('\\'), KeyModifiers::ALT)
            | (KeyCode::Char('g'), KeyModifiers::CONTROL) => self.comes = false,
            // Nothing else is in an answer: a person is typing.
            (KeyCode::Char('0'..='9' | 'a'..='z' | ';' | ':' | '/'), KeyModifiers::NONE) => {}
            _ => {
                self.comes = false;
                return false;
            }
        }
        part || self.comes
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

#[cfg(test)]
mod tests {
    use super::*;

    fn swallowed(late: &mut LateAnswer, code: char, modifiers: KeyModifiers) -> bool {
        let key = event::KeyEvent::new(KeyCode::Char(code), modifiers);
        late.swallows(&event::Event::Key(key))
    }

    #[test]
    fn an_answer_that_comes_late_is_no_typing() {
        for (end, modifiers) in [('g', KeyModifiers::CONTROL), ('\\', KeyModifiers::ALT)] {
            let mut late = LateAnswer::default();
            assert!(swallowed(&mut late, ']', KeyModifiers::ALT));
            for c in "11;rgb:1e1e/1e1e/1e1e".chars() {
                assert!(swallowed(&mut late, c, KeyModifiers::NONE), "{c}");
            }
            assert!(swallowed(&mut late, end, modifiers));
            assert!(!swallowed(&mut late, 'r', KeyModifiers::NONE));
        }
    }

    #[test]
    fn what_is_typed_is_typing() {
        let mut late = LateAnswer::default();
        assert!(!swallowed(&mut late, 'q', KeyModifiers::NONE));
        assert!(!swallowed(&mut late, ']', KeyModifiers::NONE));
        assert!(swallowed(&mut late, ']', KeyModifiers::ALT));
        assert!(!swallowed(&mut late, 'c', KeyModifiers::CONTROL), "half an answer ends here");
        assert!(!swallowed(&mut late, '1', KeyModifiers::NONE));
    }
}
