//! The options of a screen.

use super::keymap::Keymap;
use super::playback::{DEFAULT_SLOWDOWN, PlaybackSpeed};
use crate::model::Background;

/// The options of a screen.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key bindings.
    pub keymap: Keymap,
    /// The terminal's background, as far as known.
    pub background: Background,
    /// The view jumps by half a screen instead of scrolling.
    pub reduced_motion: bool,
    /// The speed of any player, which keys change.
    pub speed: PlaybackSpeed,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keymap: Keymap::default(),
            background: Background::default(),
            reduced_motion: false,
            speed: PlaybackSpeed::from_slowdown(DEFAULT_SLOWDOWN),
        }
    }
}
