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
mod tests {
    use super::*;

    fn keys(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
        decoder.typed(bytes).into_iter().filter_map(only_key).collect()
    }

    fn only_key(typed: Typed) -> Option<KeyEvent> {
        if let Typed::Key(key) = typed { Some(key) } else { None }
    }

    #[test]
    fn the_mouse_is_understood() {
        let done = |bytes: &[u8]| {
            let typed = Decoder::default().typed(bytes).into_iter();
            let done = typed.map(|typed| match typed {
                Typed::Mouse(Mouse { gesture, column, row }) => (gesture, column, row),
                Typed::Key(key) => panic!("{key:?}"),
            });
            done.collect::<Vec<_>>()
        };
        let pressed = b"\x1b[<0;1;1M\x1b[<32;300;200M\x1b[<0;300;200m\x1b[<64;5;6M\x1b[<65;5;6M";
        let gestures = [
            (Gesture::Press, 0, 0),
            (Gesture::Drag, 299, 199),
            (Gesture::Release, 299, 199),
            (Gesture::Closer, 4, 5),
            (Gesture::Farther, 4, 5),
        ];
        assert_eq!(done(pressed), gestures);
        assert_eq!(done(b"\x1b[<16;2;2M"), [(Gesture::Press, 1, 1)], "with Ctrl");
        for other in
            ["2;2;2M", "35;2;2M", "66;2;2M", "0;0;2M", "0;2M", "0;2;2;2M", "0;2;2q", "<0;2;2M"]
        {
            assert_eq!(done(format!("\x1b[<{other}").as_bytes()), [], "{other}");
        }
        assert_eq!(done(b"\x1b[0;<2;2M\x1b[200~\x1b[<0;2;2M\x1b[201~"), [], "and in a paste");
    }

    /// What is pressed, a byte at a time and all at once.
    fn pressed(bytes: &[u8]) -> Vec<KeyCode> {
        let mut decoder = Decoder::default();
        let single = bytes.iter().flat_map(|byte| keys(&mut decoder, &[*byte]));
        let single: Vec<KeyEvent> = single.collect();
        let whole = keys(&mut Decoder::default(), bytes);
        assert_eq!(single, whole, "{:?}", String::from_utf8_lossy(bytes));
        whole.into_iter().map(|key| key.code).collect()
    }

    /// What is pressed if nothing follows.
    fn typed(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
        let mut pressed = keys(decoder, bytes);
        pressed.extend(decoder.settle().and_then(only_key));
        pressed
    }

    fn chars(text: &str) -> Vec<KeyCode> {
        text.chars().map(KeyCode::Char).collect()
    }

    #[test]
    fn keys_are_keys() {
        assert_eq!(pressed(b"qH 0[]~"), chars("qH 0[]~"));
        assert_eq!(pressed(b"\t\r"), [KeyCode::Tab, KeyCode::Enter]);
        let arrows = [KeyCode::Up, KeyCode::Down, KeyCode::Right, KeyCode::Left];
        assert_eq!(pressed(b"\x1b[A\x1b[B\x1b[C\x1b[D"), arrows);
        assert_eq!(pressed(b"\x1bOA\x1bOB\x1bOC\x1bOD"), arrows);
        assert_eq!(pressed(b"\x1b[1;2A\x1b[Z"), [KeyCode::Up, KeyCode::BackTab]);
        for home in [b"\x1b[H".as_slice(), b"\x1bOH", b"\x1b[1~", b"\x1b[7~"] {
            assert_eq!(pressed(home), [KeyCode::Home]);
        }
        for end in [b"\x1b[F".as_slice(), b"\x1bOF", b"\x1b[4~", b"\x1b[8~"] {
            assert_eq!(pressed(end), [KeyCode::End]);
        }
        assert_eq!(pressed(b"\x1b[5~\x1b[6~"), [KeyCode::PageUp, KeyCode::PageDown]);
        assert_eq!(pressed(b"\x7f\x1b[3~"), [KeyCode::Backspace, KeyCode::Delete]);
        let text = "a\u{e9}\u{65e5}\u{1f600}";
        assert_eq!(pressed(text.as_bytes()), chars(text));
        let held = keys(&mut Decoder::default(), b"\x03\x1b[1;5A\x1b[6;3~");
        let held = held.into_iter().map(|key| (key.code, key.modifiers));
        let expected = [
            (KeyCode::Char('c'), KeyModifiers::CONTROL),
            (KeyCode::Up, KeyModifiers::CONTROL),
            (KeyCode::PageDown, KeyModifiers::ALT),
        ];
        assert_eq!(held.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn escape_is_a_key_where_nothing_follows() {
        let mut decoder = Decoder::default();
        assert_eq!(typed(&mut decoder, b"\x1b"), [key(KeyCode::Esc)]);
        assert_eq!(typed(&mut decoder, b"q"), [key(KeyCode::Char('q'))]);
        assert_eq!(pressed(b"\x1b\x1bq"), [KeyCode::Esc], "and q with Alt");
    }

    /// Each is followed by a key, which is one.
    #[test]
    fn what_is_no_key_presses_none() {
        for bytes in [
            b"\x1bq".as_slice(),
            b"\x1b[200~q\x03x\r\x1b[A\x1b]q\x1b\x1b[201~",
            b"\x1b[200~\x1b[M\x1b[201~",
            b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
            b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
            b"\x1b]0;q\x1b[?62;c",
            b"\x1bPq\x1b\\\x1b_q\x1b\\\x1b^q\x1b\\\x1bXq\x1b\\",
            b"\x1b[<0;10;10M\x1b[<0;10;10m\x1b[Mqqq\x1b[M\xff\x7fq",
            b"\x1b[?62;22c\x1b[10;10R\x1b[I\x1b[O\x1b[?1u\x1b[8;36;120t",
            b"\x1b[[A\x1b[15~\x1b[3$\x1bOq\x1b[97;5u\x1b[1;2;3;4q",
            b"\x1b[99999999999999999999;99999999999999999999q",
            b"\x9b\xff\x00\x1c\xa9",
            // Cut off, too long for what it is, a surrogate, too large, a control.
            b"\xe6\x97\xc0\xb1\xe0\x81\xb1\xed\xa0\x80\xf4\x90\x80\x80\xc2\x9b\xe6",
        ] {
            let bytes = [bytes, b"?"].concat();
            assert_eq!(pressed(&bytes), chars("?"), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn an_end_that_never_comes_takes_nothing_away() {
        let mut decoder = Decoder::default();
        let mut typed = |bytes: &[u8]| typed(&mut decoder, bytes).len();
        assert_eq!(typed(b"\x1b[200~q\x03q\x1b"), 0);
        assert_eq!(typed(b"[A"), 0, "still in the paste");
        assert_eq!(typed(b"q\x03"), 1, "Ctrl-C, and nothing after it");
        assert_eq!(typed(b"q"), 1);
        assert_eq!(typed(b"\x1b]"), 0, "Alt and ]");
        assert_eq!(typed(b"q"), 1);
        assert_eq!(typed(b"\x1b]11;q"), 0, "an answer, up to here");
        assert_eq!(typed(b"q\x03"), 1, "Ctrl-C ends it");
        assert_eq!(typed(b"\x1b[12;"), 0);
        assert_eq!(typed(b"\x1b"), 1);
    }
}
