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

use super::input::{MouseEvent, TerminalInput};
use super::partial_char::PartialChar;
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
    state: DecoderState,
    /// Between the marks of a bracketed paste.
    paste: bool,
    /// The last byte was Ctrl-C.
    interrupt: bool,
    answers: AnswerState,
}

/// The answers to what the terminal was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AnswerState {
    /// All have come.
    #[default]
    Complete,
    /// Some are to come.
    Pending,
    /// Some are to come, and nothing has followed ESC for [`MAX_GAP`]: it is a key, or one begins.
    Held,
}

/// What the bytes so far have begun.
#[derive(Debug, Default)]
enum DecoderState {
    /// Nothing.
    #[default]
    Ground,
    /// ESC: the Escape key, if nothing follows.
    Escape,
    /// CSI: ESC [.
    Control(CsiParameters),
    /// SS3: ESC O, a key in the application's keypad mode.
    Function,
    /// A string, from the byte that introduces it, until BEL or ESC \: the answer to a query.
    String(Vec<u8>),
    /// ESC in a string: its end begins.
    StringEnd,
    /// So many bytes that belong to what came before.
    Skip(u8),
    /// A character of several bytes in UTF-8, of which some have come.
    Character(PartialChar),
}

/// The parameters of a control sequence, of which keys have two at most, and the mouse's reports three.
#[derive(Debug, Default)]
struct CsiParameters {
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
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<TerminalInput> {
        let mut inputs = Vec::new();
        for &byte in bytes {
            inputs.extend(self.held_escape(byte));
            inputs.extend(self.decode_byte(byte));
        }
        inputs
    }

    /// Expects answers from now on: they may come in pieces.
    pub const fn expect_answers(&mut self) {
        self.answers = AnswerState::Pending;
    }

    /// Returns how long to wait for more before [`Self::flush`], or `None` if more makes no
    /// difference to the bytes so far.
    pub const fn timeout(&self) -> Option<Duration> {
        match (self.is_ambiguous(), self.answers) {
            (false, _) => None,
            (true, AnswerState::Held) => Some(MAX_GAP_IN_ANSWER),
            (true, AnswerState::Pending | AnswerState::Complete) => Some(MAX_GAP),
        }
    }

    const fn is_ambiguous(&self) -> bool {
        if self.paste {
            return self.interrupt;
        }
        match &self.state {
            DecoderState::Escape => true,
            DecoderState::String(text) => text.len() == 1,
            _ => false,
        }
    }

    /// Decides that nothing more follows: a lone ESC is a key, ESC and ] is another with Alt, and
    /// Ctrl-C that ends a paste is a person's. A paste whose end never comes must not take the
    /// keyboard away. While an answer is expected, the first call only holds ESC back, and the second
    /// decides.
    pub fn flush(&mut self) -> Option<TerminalInput> {
        if !self.is_ambiguous() {
            return None;
        }
        match self.answers {
            AnswerState::Pending if !self.paste => {
                self.answers = AnswerState::Held;
                return None;
            }
            // It would have come.
            AnswerState::Held => self.answers = AnswerState::Complete,
            AnswerState::Pending | AnswerState::Complete => {}
        }
        self.paste = false;
        match mem::take(&mut self.state) {
            DecoderState::Escape => Some(plain_key(KeyCode::Esc)),
            DecoderState::String(_) => None,
            _ => control_key(INTERRUPT),
        }
        .map(TerminalInput::Key)
    }

    /// Returns the Escape key if ESC was held for an answer, and `byte` does not continue one.
    fn held_escape(&mut self, byte: u8) -> Option<TerminalInput> {
        if self.answers != AnswerState::Held {
            return None;
        }
        self.answers = AnswerState::Pending;
        let continues = !matches!(state_after_escape(byte), DecoderState::Ground);
        if continues || !matches!(self.state, DecoderState::Escape) {
            return None;
        }
        self.state = DecoderState::Ground;
        Some(TerminalInput::Key(plain_key(KeyCode::Esc)))
    }

    fn decode_byte(&mut self, byte: u8) -> Option<TerminalInput> {
        self.interrupt = byte == INTERRUPT;
        let input = self.step(byte).filter(|_| !self.paste)?;
        if input == TerminalInput::Attributes {
            self.answers = AnswerState::Complete;
        }
        Some(input)
    }

    fn step(&mut self, byte: u8) -> Option<TerminalInput> {
        let (next, pressed) = match (mem::take(&mut self.state), byte) {
            (DecoderState::Escape, ESC) => (DecoderState::Escape, Some(plain_key(KeyCode::Esc))),
            // Some terminals send ESC alone as the end.
            (DecoderState::String(text), ESC) => {
                self.state = DecoderState::StringEnd;
                return parse_background(&text).map(TerminalInput::Background);
            }
            (DecoderState::String(text), BEL) => {
                return parse_background(&text).map(TerminalInput::Background);
            }
            (_, ESC) => (DecoderState::Escape, None),
            // A control character within a sequence: what has begun is over.
            (_, ..0x20) => (DecoderState::Ground, control_key(byte)),
            (DecoderState::Skip(count), _) => (skip_bytes(count - 1), None),
            (DecoderState::Character(partial), 0x80..0xc0) => match partial.push_byte(byte) {
                Ok(partial) => (DecoderState::Character(partial), None),
                Err(whole) => (DecoderState::Ground, whole.map(KeyCode::Char).map(plain_key)),
            },
            (DecoderState::String(mut text), _) => {
                if text.len() < MAX_STRING {
                    text.push(byte);
                }
                (DecoderState::String(text), None)
            }
            (DecoderState::Ground | DecoderState::Character(_), _) => character(byte),
            (DecoderState::Escape | DecoderState::StringEnd, _) => (state_after_escape(byte), None),
            (DecoderState::Function, _) => (DecoderState::Ground, cursor_key(byte).map(plain_key)),
            (DecoderState::Control(parameters), _) => {
                return self.control_sequence(parameters, byte);
            }
        };
        self.state = next;
        pressed.map(TerminalInput::Key)
    }

    fn control_sequence(
        &mut self,
        mut parameters: CsiParameters,
        byte: u8,
    ) -> Option<TerminalInput> {
        let first = !mem::replace(&mut parameters.seen, true);
        match (byte, parameters.marker, parameters.numbers) {
            (b'<'..=b'?', ..) if first => {
                parameters.marker = Some(byte);
                self.state = DecoderState::Control(parameters);
            }
            (0x20..0x40, ..) => {
                parameters.add(byte);
                self.state = DecoderState::Control(parameters);
            }
            // Function keys of the Linux console: one byte more.
            (b'[', ..) if first => self.state = DecoderState::Skip(1),
            // A mouse report of the oldest kind: three bytes more.
            (b'M', ..) if first => self.state = DecoderState::Skip(3),
            (b'c', ATTRIBUTES, _) => return Some(TerminalInput::Attributes),
            (0x40..0x7f, ..) if parameters.foreign => {}
            (b'M' | b'm', MOUSE, numbers) => {
                return mouse_event(numbers, byte == b'M').map(TerminalInput::Mouse);
            }
            (_, Some(_), _) => {}
            (b'~', None, [200, ..]) => self.paste = true,
            (b'~', None, [201, ..]) => self.paste = false,
            (b'~', None, [number, held, _]) => {
                return Some(TerminalInput::Key(key_with(held, numbered_key(number)?)));
            }
            (_, None, [_, held, _]) => {
                return Some(TerminalInput::Key(key_with(held, cursor_key(byte)?)));
            }
        }
        None
    }
}

impl CsiParameters {
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
fn parse_background(text: &[u8]) -> Option<Background> {
    // The parser cuts at bytes: other characters would make it panic.
    let color = text.strip_prefix(b"]11;").filter(|color| color.is_ascii())?;
    let is_light = Color::parse(color).ok()?.perceived_lightness() > 0.5;
    Some(if is_light { Background::Light } else { Background::Dark })
}

/// Returns the sequence that the byte after ESC introduces. Any other byte is a key with Alt, which
/// has no meaning here.
fn state_after_escape(byte: u8) -> DecoderState {
    match byte {
        b'[' => DecoderState::Control(CsiParameters::default()),
        b'O' => DecoderState::Function,
        b']' | b'P' | b'^' | b'_' | b'X' => DecoderState::String(vec![byte]),
        _ => DecoderState::Ground,
    }
}

const fn skip_bytes(count: u8) -> DecoderState {
    if count == 0 { DecoderState::Ground } else { DecoderState::Skip(count) }
}

/// A character, or what the first byte of one begins.
fn character(byte: u8) -> (DecoderState, Option<KeyEvent>) {
    match byte {
        0x20..0x7f => (DecoderState::Ground, Some(plain_key(KeyCode::Char(char::from(byte))))),
        0x7f => (DecoderState::Ground, Some(plain_key(KeyCode::Backspace))),
        _ => (PartialChar::start(byte).map_or(DecoderState::Ground, DecoderState::Character), None),
    }
}

fn control_key(byte: u8) -> Option<KeyEvent> {
    match byte {
        b'\t' => Some(plain_key(KeyCode::Tab)),
        b'\r' => Some(plain_key(KeyCode::Enter)),
        1..=26 => {
            let letter = char::from(b'a' + byte - 1);
            Some(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
        }
        _ => None,
    }
}

fn cursor_key(byte: u8) -> Option<KeyCode> {
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

const fn numbered_key(number: u16) -> Option<KeyCode> {
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
fn mouse_event([button, column, row]: [u16; 3], down: bool) -> Option<MouseEvent> {
    const HELD: u16 = 4 | 8 | 16;
    let gesture = match (button & !HELD, down) {
        (0, true) => Gesture::Press,
        (0, false) => Gesture::Release,
        (32, true) => Gesture::Drag,
        (64, true) => Gesture::ScrollUp,
        (65, true) => Gesture::ScrollDown,
        _ => return None,
    };
    Some(MouseEvent { gesture, column: column.checked_sub(1)?, row: row.checked_sub(1)? })
}

/// A key with what was held down: 1 and the sum of 1 for Shift, 2 for Alt, 4 for Ctrl.
fn key_with(held: u16, code: KeyCode) -> KeyEvent {
    let bits = held.saturating_sub(1);
    let modifiers = [(2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let modifiers = modifiers.into_iter().filter(|(bit, _)| bits & bit != 0);
    KeyEvent::new(code, modifiers.map(|(_, modifier)| modifier).collect())
}

const fn plain_key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

#[cfg(test)]
mod tests;
