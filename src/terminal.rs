//! The terminal: input, output, signals, and giving it back.

pub mod background_query;
#[cfg(unix)]
pub mod decoder;
pub mod input;
pub mod screen;
pub mod signals;
mod terminal_input;
pub(crate) mod writer;

pub use terminal_input::{MouseEvent, TerminalInput};
