//! A hint of the key bar: keys with a word.

use super::text;
use super::theme::Theme;
use crate::app::{Action, App};

/// The gap between a hint and the next, and before a message.
pub(super) const GAP: usize = 2;

/// The actions of a hint, and its label.
pub(super) struct Hint(pub(super) &'static [Action], pub(super) &'static str);

impl Hint {
    /// Returns the number of cells of the hint, with the gap after it.
    pub(super) fn width(&self, app: &App, theme: Theme) -> usize {
        let Self(actions, word) = self;
        text::width(&keys_label(app, actions, theme)) + 1 + text::width(word) + GAP
    }
}

/// Returns the keys of a hint. Arrow keys are drawn as arrows on Unicode terminals.
pub(super) fn keys_label(app: &App, actions: &[Action], theme: Theme) -> String {
    const SHIFT: &str = "Shift-";
    let arrows = [("Left", "←"), ("Right", "→")];
    let name = |&action: &Action| {
        let key = app.key_of(action);
        let plain = key.strip_prefix(SHIFT).unwrap_or(&key);
        match arrows.iter().find(|(word, _)| *word == plain) {
            Some((word, arrow)) => key.replace(word, theme.pick(arrow, word)),
            None => key,
        }
    };
    let mut names: Vec<String> = actions.iter().map(name).collect();
    if let [first, second] = names.as_mut_slice()
        && first.starts_with(SHIFT)
        && let Some(plain) = second.strip_prefix(SHIFT)
    {
        // Said once for both.
        *second = plain.to_owned();
    }
    names.join(if names.iter().any(|name| name.len() > 3) { "/" } else { " " })
}
