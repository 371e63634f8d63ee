//! Decodes keys, mouse gestures and answers from the bytes that a terminal sends. Pastes, other
//! answers and unknown sequences are dropped as a whole, so that none of their bytes counts as a
//! key.
//!
//! The syntax of sequences is ECMA-48's; their meaning is xterm's:
//! <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>. Memory is bounded for any input.
//!
//! crossterm's reader stalls after a kilobyte, swallows all keys after an unterminated paste, and
//! spins once the terminal is closed (crossterm-rs/crossterm, 1057, 1060 and 1116). Of the parsers
//! tried instead, termina 0.4 swallows all keys, Ctrl-C included, after an unterminated paste or
//! answer, and decodes APC strings as keys; vte 0.15 and vt-push-parser 0.16 swallow Ctrl-C in a
//! string, and the latter hangs on a mouse report of the oldest encoding in two pieces.

use std::mem;
use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use xterm_color::Color;

use super::{MouseEvent, TerminalInput};
use crate::app::Gesture;
use crate::model::Background;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Ctrl-C, as a terminal sends it.
const INTERRUPT: u8 = 0x03;

/// The maximum time between ESC and the rest of a sequence.
const MAX_GAP: Duration = Duration::from_millis(25);

/// The additional time while an answer is expected: if a slow line splits it after the first byte,
/// the rest must not count as keys.
const MAX_GAP_IN_ANSWER: Duration = Duration::from_millis(250);

/// The maximum number of bytes kept of a string, which suffices for every colour.
const MAX_STRING: usize = 64;

/// A decoder of terminal input, in pieces of any length.
#[derive(Debug, Default)]
pub struct Decoder {
    state: DecoderState,
    /// If set, the input is within a bracketed paste.
    paste: bool,
    /// If set, the last byte was Ctrl-C.
    interrupt: bool,
    answers: AnswerState,
}

/// The state of the answers to the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AnswerState {
    /// All have arrived.
    #[default]
    Complete,
    /// Some are missing.
    Pending,
    /// Some are missing, and no byte has followed ESC for [`MAX_GAP`]: it is the Escape key, or the
    /// start of an answer.
    Held,
}

/// The state of the decoder: the sequence that the bytes so far have started.
#[derive(Debug, Default)]
enum DecoderState {
    /// No sequence.
    #[default]
    Ground,
    /// ESC: the Escape key if no other byte follows.
    Escape,
    /// CSI: ESC [.
    Control(CsiParameters),
    /// SS3: ESC O, a key in application keypad mode.
    Function,
    /// A string, from the byte that introduces it, until BEL or ESC \: the answer to a query.
    String(Vec<u8>),
    /// ESC in a string: the first byte of its terminator.
    StringEnd,
    /// The number of remaining bytes of a sequence to skip.
    Skip(u8),
    /// The first bytes of a multi-byte UTF-8 character.
    Character(Vec<u8>),
}

/// The parameters of a control sequence: at most two for keys, three for mouse reports.
#[derive(Debug, Default)]
struct CsiParameters {
    numbers: [u16; 3],
    index: usize,
    /// The byte before the numbers, if it is one of `<=>?`.
    marker: Option<u8>,
    /// If set, a byte has been received.
    seen: bool,
    /// If set, the sequence is neither a key nor a mouse report.
    foreign: bool,
}

/// The marker of mouse reports (SGR 1006).
const MOUSE: Option<u8> = Some(b'<');

/// The marker of the answer to DA1.
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

    /// Expects answers from now on, which may arrive in pieces.
    pub const fn expect_answers(&mut self) {
        self.answers = AnswerState::Pending;
    }

    /// Returns the time to wait for more bytes before [`Self::flush`], or `None` if the bytes so far
    /// are unambiguous.
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

    /// Resolves ambiguous input after a timeout: a lone ESC is the Escape key, ESC and `]` are a key
    /// with Alt, and Ctrl-C at the end of a paste was typed, because an unterminated paste must not
    /// block the keyboard. While an answer is expected, the first call only holds ESC back, and the
    /// second resolves it.
    pub fn flush(&mut self) -> Option<TerminalInput> {
        if !self.is_ambiguous() {
            return None;
        }
        match self.answers {
            AnswerState::Pending if !self.paste => {
                self.answers = AnswerState::Held;
                return None;
            }
            // The answer would have arrived by now.
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
            // Some terminals end a string with ESC alone.
            (DecoderState::String(text), ESC) => {
                self.state = DecoderState::StringEnd;
                return parse_background(&text).map(TerminalInput::Background);
            }
            (DecoderState::String(text), BEL) => {
                return parse_background(&text).map(TerminalInput::Background);
            }
            (_, ESC) => (DecoderState::Escape, None),
            // A control character aborts a sequence.
            (_, ..0x20) => (DecoderState::Ground, control_key(byte)),
            (DecoderState::Skip(count), _) => (skip_bytes(count - 1), None),
            (DecoderState::Character(bytes), 0x80..0xc0) => extend_character(bytes, byte),
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
            // A function key of the Linux console: one more byte.
            (b'[', ..) if first => self.state = DecoderState::Skip(1),
            // A mouse report in the oldest encoding: three more bytes.
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

/// Returns the background from an answer to OSC 11, which is a colour in X11 syntax.
fn parse_background(text: &[u8]) -> Option<Background> {
    // The parser slices by bytes and would panic on non-ASCII text.
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

/// Returns the key of an ASCII byte, or the state after the first byte of another character.
fn character(byte: u8) -> (DecoderState, Option<KeyEvent>) {
    match byte {
        0x20..0x7f => (DecoderState::Ground, Some(plain_key(KeyCode::Char(char::from(byte))))),
        0x7f => (DecoderState::Ground, Some(plain_key(KeyCode::Backspace))),
        _ => extend_character(Vec::new(), byte),
    }
}

/// Adds a byte to a multi-byte character. Invalid UTF-8 and control characters are dropped.
fn extend_character(mut bytes: Vec<u8>, byte: u8) -> (DecoderState, Option<KeyEvent>) {
    bytes.push(byte);
    match str::from_utf8(&bytes) {
        Ok(text) => {
            let whole = text.chars().find(|c| !c.is_control());
            (DecoderState::Ground, whole.map(KeyCode::Char).map(plain_key))
        }
        Err(error) if error.error_len().is_none() => (DecoderState::Character(bytes), None),
        Err(_) => (DecoderState::Ground, None),
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

/// Returns the gesture of a mouse report with a button, a column and a row from 1, for the left
/// button and the wheel. The button number adds 4, 8 and 16 for modifiers, and 32 for a move.
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

/// Returns a key with modifiers, encoded as 1 plus the sum of 1 for Shift, 2 for Alt and 4 for Ctrl.
fn key_with(held: u16, code: KeyCode) -> KeyEvent {
    let bits = held.saturating_sub(1);
    let modifiers = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let modifiers = modifiers.into_iter().filter(|(bit, _)| bits & bit != 0);
    KeyEvent::new(code, modifiers.map(|(_, modifier)| modifier).collect())
}

const fn plain_key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}
