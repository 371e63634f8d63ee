//! The terminal: input, output, signals, and giving it back.

#[cfg(unix)]
pub mod decoder;
pub mod input;
pub mod screen;
pub mod signals;
pub(crate) mod writer;

use ratatui::crossterm::event::KeyEvent;

use crate::app::Gesture;
use crate::model::Background;

/// An input from the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalInput {
    /// A key.
    Key(KeyEvent),
    /// A mouse gesture.
    Mouse(MouseEvent),
    /// The terminal's background: the answer to OSC 11.
    Background(Background),
    /// The terminal's attributes: the answer to DA1, which arrives after all others.
    Attributes,
}

/// A mouse gesture, and its cell on the screen, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MouseEvent {
    /// The gesture.
    pub gesture: Gesture,
    /// The cell's column.
    pub column: u16,
    /// The cell's row.
    pub row: u16,
}
