//! Keys and their names.

use std::fmt;
use std::str::FromStr;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use thiserror::Error;

use unicode_width::UnicodeWidthChar as _;

use crate::model::printable::escape_controls;

/// A key, with or without Ctrl or Shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) code: KeyCode,
    pub(super) control: bool,
    /// Only for keys without a character, which Shift would change.
    pub(super) shift: bool,
}

/// A text does not name a key that terminals can report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseKeyError {
    /// The text is not the name of a key.
    #[error(
        "{0:?} is not a key; use a character, Space, Tab, Shift-Tab, Enter, Esc, Backspace, \
         Delete, Left, Right, Up, Down, Home, End, Page Up, Page Down, Ctrl- with a letter or \
         one of the last eight, or Shift- with an arrow (function keys, Insert and Alt cannot be \
         bound)"
    )]
    Unknown(String),
    /// The text resembles the name of a key.
    #[error("{0:?} is not a key; did you mean {1}?")]
    Misspelled(String, Key),
    /// Terminals report the key as another one.
    #[error("terminals cannot distinguish {0} from {1}; bind {1} instead")]
    Indistinguishable(Key, Key),
}

/// The keys with a name, other than Space.
const NAMED_KEYS: [KeyCode; 14] = [
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Backspace,
    KeyCode::Delete,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::PageUp,
    KeyCode::PageDown,
];

impl Key {
    /// Returns the key that was pressed, or `None` with Alt, to which nothing is bound.
    pub fn pressed(event: &KeyEvent) -> Option<Self> {
        let has = |modifier| event.modifiers.contains(modifier);
        let (control, shift) = (has(KeyModifiers::CONTROL), has(KeyModifiers::SHIFT));
        (!has(KeyModifiers::ALT)).then_some(Self { code: event.code, control, shift })
    }

    /// Ctrl-C.
    pub(super) const INTERRUPT: Self = Self { control: true, ..Self::plain(KeyCode::Char('c')) };

    pub(super) const fn plain(code: KeyCode) -> Self {
        Self { code, control: false, shift: false }
    }

    /// The key that terminals report for this one. A different key only if they cannot distinguish
    /// the two.
    fn canonical(self) -> Self {
        match self {
            Self { code: KeyCode::Char('i'), control: true, .. } => Self::plain(KeyCode::Tab),
            Self { code: KeyCode::Char('m'), control: true, .. } => Self::plain(KeyCode::Enter),
            key => key,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        if self.shift {
            f.write_str("Shift-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.control => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            // crossterm's names differ between systems, but configuration files are shared.
            KeyCode::Enter => f.write_str("Enter"),
            KeyCode::Backspace => f.write_str("Backspace"),
            KeyCode::Delete => f.write_str("Delete"),
            // Arrows by name: not every terminal font has the symbols.
            code => write!(f, "{code}"),
        }
    }
}

/// Parses the names that [`fmt::Display`] writes. Names of more than one character are
/// case-insensitive.
impl FromStr for Key {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && is_visible(c)
        {
            return Ok(Self::plain(KeyCode::Char(c)));
        }
        let matches_name = |key: &Self| key.to_string().eq_ignore_ascii_case(text);
        let resembles = |key: &Self| normalized(&key.to_string()) == normalized(text);
        let named = || NAMED_KEYS.into_iter().map(Self::plain);
        let is_arrow = |key: &Self| {
            matches!(key.code, KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down)
        };
        let shift = named().filter(is_arrow).map(|key| Self { shift: true, ..key });
        let controllable = named().filter(|key| {
            is_arrow(key)
                || matches!(key.code, KeyCode::Home | KeyCode::End)
                || matches!(key.code, KeyCode::PageUp | KeyCode::PageDown)
        });
        let letters = ('a'..='z').map(KeyCode::Char).map(Self::plain);
        let control = controllable.chain(letters).map(|key| Self { control: true, ..key });
        let space = std::iter::once(Self::plain(KeyCode::Char(' ')));
        let mut keys = space.chain(named()).chain(shift).chain(control);
        let Some(key) = keys.clone().find(matches_name) else {
            let similar = keys.find(resembles);
            let text = text.to_owned();
            return Err(similar.map_or(ParseKeyError::Unknown(text.clone()), |key| {
                ParseKeyError::Misspelled(text, key)
            }));
        };
        if key.canonical() == key {
            Ok(key)
        } else {
            Err(ParseKeyError::Indistinguishable(key, key.canonical()))
        }
    }
}

/// Returns `true` if a character is visible when drawn alone.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && c.width().is_some_and(|width| width > 0)
        && escape_controls(c.encode_utf8(&mut [0; 4])).chars().eq([c])
}

/// A name in lower case and without separators.
fn normalized(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '+'));
    kept.collect::<String>().to_ascii_lowercase()
}
