//! Keys, gestures of the mouse and answers, decoded from the bytes that a terminal sends. Everything
//! else is dropped whole: pastes, other answers, unknown sequences. No byte of those may press a key.
//!
//! Sequences are ECMA-48's; their meanings are xterm's:
//! <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>. The memory needed has a bound, however
//! much comes.

use std::mem;
use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use xterm_color::Color;

use super::input::{Input, Mouse};
use super::utf8::Partial;
use crate::app::{Background, Gesture};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Ctrl-C, as a terminal sends it.
const INTERRUPT: u8 = 0x03;

/// The maximum time between ESC and the rest of a sequence.
const MAX_GAP: Duration = Duration::from_millis(25);

/// The additional time while an answer is expected: where a slow line cuts it after its first byte,
/// the rest would be taken for keys.
const MAX_GAP_IN_ANSWER: Duration = Duration::from_millis(250);

/// The maximum number of bytes kept of a string: enough for every colour.
const MAX_STRING: usize = 64;

/// Decodes a terminal's bytes, in pieces of any length.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Between the marks of a bracketed paste.
    paste: bool,
    /// The last byte was Ctrl-C.
    interrupt: bool,
    answers: Answers,
}

/// The answers to what the terminal was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    /// All have come.
    #[default]
    Complete,
    /// Some are to come.
    Expected,
    /// Some are to come, and nothing has followed ESC for [`MAX_GAP`]: it is a key, or one begins.
    Held,
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
    /// A string, from the byte that introduces it, until BEL or ESC \: the answer to a query.
    String(Vec<u8>),
    /// ESC in a string: its end begins.
    StringEnd,
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
    /// The byte before the numbers, if it is one of `<=>?`.
    marker: Option<u8>,
    /// A byte has come.
    seen: bool,
    /// It has more or other bytes than a key or a report of the mouse.
    foreign: bool,
}

/// The marker of the mouse's reports (SGR 1006), and the one of the answer to DA1.
const MOUSE: Option<u8> = Some(b'<');
const ATTRIBUTES: Option<u8> = Some(b'?');

impl Decoder {
    /// Returns the inputs that `bytes` complete.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for &byte in bytes {
            inputs.extend(self.held_escape(byte));
            inputs.extend(self.take(byte));
        }
        inputs
    }

    /// Expects answers from now on: they may come in pieces.
    pub const fn expect_answers(&mut self) {
        self.answers = Answers::Expected;
    }

    /// Returns how long to wait for more before [`Self::settle`], or `None` if more makes no
    /// difference to the bytes so far.
    pub const fn patience(&self) -> Option<Duration> {
        match (self.is_unsure(), self.answers) {
            (false, _) => None,
            (true, Answers::Held) => Some(MAX_GAP_IN_ANSWER),
            (true, Answers::Expected | Answers::Complete) => Some(MAX_GAP),
        }
    }

    const fn is_unsure(&self) -> bool {
        if self.paste {
            return self.interrupt;
        }
        match &self.state {
            State::Escape => true,
            State::String(text) => text.len() == 1,
            _ => false,
        }
    }

    /// Decides that nothing more follows: a lone ESC is a key, ESC and ] is another with Alt, and
    /// Ctrl-C that ends a paste is a person's. A paste whose end never comes must not take the
    /// keyboard away. While an answer is expected, the first call only holds ESC back, and the second
    /// decides.
    pub fn settle(&mut self) -> Option<Input> {
        if !self.is_unsure() {
            return None;
        }
        match self.answers {
            Answers::Expected if !self.paste => {
                self.answers = Answers::Held;
                return None;
            }
            // It would have come.
            Answers::Held => self.answers = Answers::Complete,
            Answers::Expected | Answers::Complete => {}
        }
        self.paste = false;
        match mem::take(&mut self.state) {
            State::Escape => Some(key(KeyCode::Esc)),
            State::String(_) => None,
            _ => control(INTERRUPT),
        }
        .map(Input::Key)
    }

    /// Returns the Escape key if ESC was held for an answer, and `byte` does not continue one.
    fn held_escape(&mut self, byte: u8) -> Option<Input> {
        if self.answers != Answers::Held {
            return None;
        }
        self.answers = Answers::Expected;
        let continues = !matches!(introduced(byte), State::Ground);
        if continues || !matches!(self.state, State::Escape) {
            return None;
        }
        self.state = State::Ground;
        Some(Input::Key(key(KeyCode::Esc)))
    }

    fn take(&mut self, byte: u8) -> Option<Input> {
        self.interrupt = byte == INTERRUPT;
        let input = self.step(byte).filter(|_| !self.paste)?;
        if input == Input::Attributes {
            self.answers = Answers::Complete;
        }
        Some(input)
    }

    fn step(&mut self, byte: u8) -> Option<Input> {
        let (next, pressed) = match (mem::take(&mut self.state), byte) {
            (State::Escape, ESC) => (State::Escape, Some(key(KeyCode::Esc))),
            // Some terminals send ESC alone as the end.
            (State::String(text), ESC) => {
                self.state = State::StringEnd;
                return background(&text).map(Input::Background);
            }
            (State::String(text), BEL) => return background(&text).map(Input::Background),
            (_, ESC) => (State::Escape, None),
            // A control character within a sequence: what has begun is over.
            (_, ..0x20) => (State::Ground, control(byte)),
            (State::Skip(count), _) => (skip(count - 1), None),
            (State::Character(partial), 0x80..0xc0) => match partial.take(byte) {
                Ok(partial) => (State::Character(partial), None),
                Err(whole) => (State::Ground, whole.map(KeyCode::Char).map(key)),
            },
            (State::String(mut text), _) => {
                if text.len() < MAX_STRING {
                    text.push(byte);
                }
                (State::String(text), None)
            }
            (State::Ground | State::Character(_), _) => character(byte),
            (State::Escape | State::StringEnd, _) => (introduced(byte), None),
            (State::Function, _) => (State::Ground, cursor(byte).map(key)),
            (State::Control(parameters), _) => return self.control_sequence(parameters, byte),
        };
        self.state = next;
        pressed.map(Input::Key)
    }

    fn control_sequence(&mut self, mut parameters: Parameters, byte: u8) -> Option<Input> {
        let first = !mem::replace(&mut parameters.seen, true);
        match (byte, parameters.marker, parameters.numbers) {
            (b'<'..=b'?', ..) if first => {
                parameters.marker = Some(byte);
                self.state = State::Control(parameters);
            }
            (0x20..0x40, ..) => {
                parameters.add(byte);
                self.state = State::Control(parameters);
            }
            // Function keys of the Linux console: one byte more.
            (b'[', ..) if first => self.state = State::Skip(1),
            // A mouse report of the oldest kind: three bytes more.
            (b'M', ..) if first => self.state = State::Skip(3),
            (b'c', ATTRIBUTES, _) => return Some(Input::Attributes),
            (0x40..0x7f, ..) if parameters.foreign => {}
            (b'M' | b'm', MOUSE, numbers) => return mouse(numbers, byte == b'M').map(Input::Mouse),
            (_, Some(_), _) => {}
            (b'~', None, [200, ..]) => self.paste = true,
            (b'~', None, [201, ..]) => self.paste = false,
            (b'~', None, [number, held, _]) => {
                return Some(Input::Key(with(held, numbered(number)?)));
            }
            (_, None, [_, held, _]) => return Some(Input::Key(with(held, cursor(byte)?))),
        }
        None
    }
}

impl Parameters {
    fn add(&mut self, byte: u8) {
        let most = if self.marker == MOUSE { 3 } else { 2 };
        match (byte, self.numbers.iter_mut().take(most).nth(self.index)) {
            (b'0'..=b'9', Some(number)) => {
                *number = number.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
            }
            (b';', Some(_)) => self.index += 1,
            _ => self.foreign = true,
        }
    }
}

/// Returns the background that the answer to OSC 11 has, a colour as X11 writes it.
fn background(text: &[u8]) -> Option<Background> {
    // The parser cuts at bytes: other characters would make it panic.
    let color = text.strip_prefix(b"]11;").filter(|color| color.is_ascii())?;
    let is_light = Color::parse(color).ok()?.perceived_lightness() > 0.5;
    Some(if is_light { Background::Light } else { Background::Dark })
}

/// Returns the sequence that the byte after ESC introduces. Any other byte is a key with Alt, which
/// has no meaning here.
fn introduced(byte: u8) -> State {
    match byte {
        b'[' => State::Control(Parameters::default()),
        b'O' => State::Function,
        b']' | b'P' | b'^' | b'_' | b'X' => State::String(vec![byte]),
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
