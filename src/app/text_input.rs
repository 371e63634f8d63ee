//! A single-line text input.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The maximum length of the text. It is kept in memory and drawn in every frame.
const MAX_INPUT_BYTES: usize = 1_000;

/// A line of text, split at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextInput {
    before: String,
    after: String,
}

/// The effect of a key on the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputOutcome {
    /// Input continues.
    Pending,
    /// The text was submitted.
    Submitted,
    /// The input was cancelled.
    Cancelled,
}

impl TextInput {
    /// The text before and after the cursor.
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        [self.before.as_str(), &self.after].concat()
    }

    /// Handles a key. Ctrl keys work as in the shell: U deletes to the start, W deletes a word, A
    /// and E go to the start and the end.
    pub(super) fn handle_key(&mut self, key: &KeyEvent) -> InputOutcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return InputOutcome::Submitted,
            KeyCode::Esc => return InputOutcome::Cancelled,
            KeyCode::Char('u') if control => self.before.clear(),
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Char('a') if control => self.go_to_start(),
            KeyCode::Char('e') if control => self.go_to_end(),
            KeyCode::Char('h') if control => _ = self.before.pop(),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert_char(c);
            }
            // As in less, deleting from an empty line cancels the input.
            KeyCode::Backspace if self.text().is_empty() => return InputOutcome::Cancelled,
            KeyCode::Backspace => _ = self.before.pop(),
            KeyCode::Delete => _ = self.remove_next(),
            KeyCode::Left => {
                if let Some(c) = self.before.pop() {
                    self.after.insert(0, c);
                }
            }
            KeyCode::Right => {
                let next = self.remove_next();
                self.before.extend(next);
            }
            KeyCode::Home => self.go_to_start(),
            KeyCode::End => self.go_to_end(),
            _ => {}
        }
        InputOutcome::Pending
    }

    fn insert_char(&mut self, c: char) {
        if !c.is_control() && self.before.len() + self.after.len() < MAX_INPUT_BYTES {
            self.before.push(c);
        }
    }

    fn remove_next(&mut self) -> Option<char> {
        (!self.after.is_empty()).then(|| self.after.remove(0))
    }

    fn delete_word(&mut self) {
        let kept = self.before.trim_end();
        let end = kept.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        self.before.truncate(end);
    }

    fn go_to_start(&mut self) {
        self.after.insert_str(0, &std::mem::take(&mut self.before));
    }

    fn go_to_end(&mut self) {
        self.before.push_str(&std::mem::take(&mut self.after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[KeyCode]) -> (String, String) {
        let mut input = TextInput::default();
        for &code in keys {
            assert_eq!(input.handle_key(&KeyEvent::from(code)), InputOutcome::Pending);
        }
        (input.before, input.after)
    }

    fn chars(text: &str) -> impl Iterator<Item = KeyCode> {
        text.chars().map(KeyCode::Char)
    }

    #[test]
    fn multibyte_characters_are_inserted_and_deleted() {
        let mut keys: Vec<KeyCode> = chars("aß日🦀").collect();
        assert_eq!(typed(&keys), ("aß日🦀".to_owned(), String::new()));
        keys.extend([KeyCode::Left, KeyCode::Left, KeyCode::Backspace, KeyCode::Char('x')]);
        assert_eq!(typed(&keys), ("ax".to_owned(), "日🦀".to_owned()));
        keys.extend([KeyCode::Delete, KeyCode::Home, KeyCode::Delete, KeyCode::Right]);
        assert_eq!(typed(&keys), ("x".to_owned(), "🦀".to_owned()));
    }

    #[test]
    fn control_keys_edit_as_in_the_shell() {
        let mut input = TextInput::default();
        for key in chars("one two  ") {
            input.handle_key(&key.into());
        }
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        for (key, left) in [
            ('w', ("one ", "")),
            ('h', ("one", "")),
            ('a', ("", "one")),
            ('e', ("one", "")),
            ('u', ("", "")),
        ] {
            input.handle_key(&control(key));
            assert_eq!(input.parts(), left, "Ctrl-{key}");
        }
    }

    #[test]
    fn input_length_is_limited() {
        let mut input = TextInput::default();
        for _ in 0..3 * MAX_INPUT_BYTES {
            input.handle_key(&KeyCode::Char('x').into());
        }
        assert_eq!(input.text().len(), MAX_INPUT_BYTES);
    }
}
