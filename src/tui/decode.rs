//! Keys, and what the mouse does, from the bytes that a terminal sends. What is neither is dropped
//! whole: pastes, answers, sequences that nobody knows. No byte of those may press a key.
//!
//! Sequences are ECMA-48's; which are keys, <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>
//! tells. Nothing is kept but the state, however much comes.

use std::mem;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::input::Mouse;
use super::utf8::Partial;
use crate::app::Gesture;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Ctrl-C, as a terminal sends it.
const INTERRUPT: u8 = 0x03;

/// What a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Pressed a key.
    Key(KeyEvent),
    /// Did something with the mouse.
    Mouse(Mouse),
}

/// Decodes what comes, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// Between the marks of a bracketed paste.
    paste: bool,
    /// The last byte was Ctrl-C.
    interrupt: bool,
}

/// What the bytes so far have begun.
#[derive(Debug, Default)]
enum State {
    /// Nothing.
    #[default]
    Ground,
    /// ESC: the Escape key, if nothing follows.
    Escape,
    /// CSI: ESC [.
    Control(Parameters),
    /// SS3: ESC O, a key in the application's keypad mode.
    Function,
    /// A string that ends with BEL or ESC \: the answer to a question.
    String {
        /// Nothing of it has come.
        empty: bool,
    },
    /// So many bytes that belong to what came before.
    Skip(u8),
    /// A character of several bytes in UTF-8, of which some have come.
    Character(Partial),
}

/// The parameters of a control sequence, of which keys have two at most, and the mouse's reports three.
#[derive(Debug, Default)]
struct Parameters {
    numbers: [u16; 3],
    index: usize,
    /// It is a report of the mouse: SGR's begin with `<`.
    mouse: bool,
    /// No byte has come.
    seen: bool,
    /// It is private to a terminal or has intermediate bytes: no key.
    foreign: bool,
}

impl Decoder {
    /// The keys and what the mouse did in `bytes`.
    pub(super) fn typed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        bytes.iter().filter_map(|&byte| self.take(byte)).collect()
    }

    /// Whether what came last may be a key or not, which depends on whether more follows at once.
    pub(super) const fn is_unsure(&self) -> bool {
        if self.paste {
            return self.interrupt;
        }
        matches!(self.state, State::Escape | State::String { empty: true })
    }

    /// Nothing more follows: a lone ESC is a key, ESC and ] is another with Alt, and Ctrl-C that ends
    /// a paste is a person's. A paste whose end never comes must not take the keyboard away.
    pub(super) fn settle(&mut self) -> Option<Typed> {
        if !self.is_unsure() {
            return None;
        }
        self.paste = false;
        match mem::take(&mut self.state) {
            State::Escape => Some(key(KeyCode::Esc)),
            State::String { .. } => None,
            _ => control(INTERRUPT),
        }
        .map(Typed::Key)
    }

    fn take(&mut self, byte: u8) -> Option<Typed> {
        self.interrupt = byte == INTERRUPT;
        let pressed = self.step(byte);
        pressed.filter(|_| !self.paste)
    }

    fn step(&mut self, byte: u8) -> Option<Typed> {
        let (next, pressed) = match (mem::take(&mut self.state), byte) {
            (State::Escape, ESC) => (State::Escape, Some(key(KeyCode::Esc))),
            (State::String { .. }, BEL) => (State::Ground, None),
            (_, ESC) => (State::Escape, None),
            // A control character within a sequence: what has begun is over.
            (_, ..0x20) => (State::Ground, control(byte)),
            (State::Skip(count), _) => (skip(count - 1), None),
            (State::Character(partial), 0x80..0xc0) => match partial.take(byte) {
                Ok(partial) => (State::Character(partial), None),
                Err(whole) => (State::Ground, whole.map(KeyCode::Char).map(key)),
            },
            (State::String { .. }, _) => (State::String { empty: false }, None),
            (State::Ground | State::Character(_), _) => character(byte),
            (State::Escape, _) => (begun(byte), None),
            (State::Function, _) => (State::Ground, cursor(byte).map(key)),
            (State::Control(parameters), _) => return self.control_sequence(parameters, byte),
        };
        self.state = next;
        pressed.map(Typed::Key)
    }

    fn control_sequence(&mut self, mut parameters: Parameters, byte: u8) -> Option<Typed> {
        let first = !mem::replace(&mut parameters.seen, true);
        match (byte, parameters.numbers) {
            (0x20..0x40, _) => {
                parameters.add(byte);
                self.state = State::Control(parameters);
            }
            // Function keys of the Linux console: one byte more.
            (b'[', _) if first => self.state = State::Skip(1),
            // A mouse report of the oldest kind: three bytes more.
            (b'M', _) if first => self.state = State::Skip(3),
            (0x40..0x7f, _) if parameters.foreign => {}
            (b'M' | b'm', numbers) if parameters.mouse => {
                return mouse(numbers, byte == b'M').map(Typed::Mouse);
            }
            _ if parameters.mouse => {}
            (b'~', [200, ..]) => self.paste = true,
            (b'~', [201, ..]) => self.paste = false,
            (b'~', [number, held, _]) => {
                return Some(Typed::Key(with(held, numbered(number)?)));
            }
            (_, [_, held, _]) => return Some(Typed::Key(with(held, cursor(byte)?))),
        }
        None
    }
}

impl Parameters {
    fn add(&mut self, byte: u8) {
        let is_first = self.index == 0 && self.numbers == [0; 3];
        let most = if self.mouse { 3 } else { 2 };
        match (byte, self.numbers.iter_mut().take(most).nth(self.index)) {
            (b'<', _) if is_first && !self.mouse => self.mouse = true,
            (b'0'..=b'9', Some(number)) => {
                *number = number.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
            }
            (b';', Some(_)) => self.index += 1,
            _ => self.foreign = true,
        }
    }
}

/// What the byte after ESC begins; with any other it is a key with Alt, and none of ours.
fn begun(byte: u8) -> State {
    match byte {
        b'[' => State::Control(Parameters::default()),
        b'O' => State::Function,
        b']' | b'P' | b'^' | b'_' | b'X' => State::String { empty: true },
        _ => State::Ground,
    }
}

const fn skip(count: u8) -> State {
    if count == 0 { State::Ground } else { State::Skip(count) }
}

/// A character, or what the first byte of one begins.
fn character(byte: u8) -> (State, Option<KeyEvent>) {
    match byte {
        0x20..0x7f => (State::Ground, Some(key(KeyCode::Char(char::from(byte))))),
        0x7f => (State::Ground, Some(key(KeyCode::Backspace))),
        _ => (Partial::begun(byte).map_or(State::Ground, State::Character), None),
    }
}

fn control(byte: u8) -> Option<KeyEvent> {
    match byte {
        b'\t' => Some(key(KeyCode::Tab)),
        b'\r' => Some(key(KeyCode::Enter)),
        1..=26 => {
            let letter = char::from(b'a' + byte - 1);
            Some(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
        }
        _ => None,
    }
}

fn cursor(byte: u8) -> Option<KeyCode> {
    match byte {
        b'A' => Some(KeyCode::Up),
        b'B' => Some(KeyCode::Down),
        b'C' => Some(KeyCode::Right),
        b'D' => Some(KeyCode::Left),
        b'F' => Some(KeyCode::End),
        b'H' => Some(KeyCode::Home),
        b'Z' => Some(KeyCode::BackTab),
        _ => None,
    }
}

const fn numbered(number: u16) -> Option<KeyCode> {
    match number {
        1 | 7 => Some(KeyCode::Home),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        _ => None,
    }
}

/// A report of the mouse, with a button's number, a column and a row from 1: the left button, or the
/// wheel. 4, 8 and 16 more are for what is held down, 32 more for a move.
fn mouse([button, column, row]: [u16; 3], down: bool) -> Option<Mouse> {
    const HELD: u16 = 4 | 8 | 16;
    let gesture = match (button & !HELD, down) {
        (0, true) => Gesture::Press,
        (0, false) => Gesture::Release,
        (32, true) => Gesture::Drag,
        (64, true) => Gesture::Closer,
        (65, true) => Gesture::Farther,
        _ => return None,
    };
    Some(Mouse { gesture, column: column.checked_sub(1)?, row: row.checked_sub(1)? })
}

/// A key with what was held down: 1 and the sum of 1 for Shift, 2 for Alt, 4 for Ctrl.
fn with(held: u16, code: KeyCode) -> KeyEvent {
    let bits = held.saturating_sub(1);
    let modifiers = [(2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let modifiers = modifiers.into_iter().filter(|(bit, _)| bits & bit != 0);
    KeyEvent::new(code, modifiers.map(|(_, modifier)| modifier).collect())
}

const fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

#[cfg(test)]
mod tests;
