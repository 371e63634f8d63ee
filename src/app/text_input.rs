//! The keys and the bounds of a single-line text input.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// The maximum length of the text. It is kept in memory and drawn in every frame.
const MAX_INPUT_BYTES: usize = 1_000;

/// Edits the text. Ctrl keys work as in the shell: U and K delete to the start and the end, W deletes
/// a word, A and E go to the start and the end, the arrows go to the next word.
pub(super) fn handle_key(input: &mut Input, key: &KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let request = match key.code {
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('h') if control => InputRequest::DeletePrevChar,
        KeyCode::Left if control => InputRequest::GoToPrevWord,
        KeyCode::Right if control => InputRequest::GoToNextWord,
        KeyCode::Char(c) if !control && !alt && !c.is_control() => {
            if input.value().len() >= MAX_INPUT_BYTES {
                return;
            }
            InputRequest::InsertChar(c)
        }
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    input.handle(request);
}

/// Returns the text before and after the cursor.
pub(super) fn split_at_cursor(input: &Input) -> (&str, &str) {
    let text = input.value();
    let cursor = text.char_indices().nth(input.cursor());
    cursor.and_then(|(at, _)| text.split_at_checked(at)).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[KeyCode]) -> (String, String) {
        let mut input = Input::default();
        for &code in keys {
            handle_key(&mut input, &KeyEvent::from(code));
        }
        let (before, after) = split_at_cursor(&input);
        (before.to_owned(), after.to_owned())
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
        let mut input = Input::from("one two  ");
        let control = |code| KeyEvent::new(code, KeyModifiers::CONTROL);
        for (key, left) in [
            (KeyCode::Char('w'), ("one ", "")),
            (KeyCode::Char('h'), ("one", "")),
            (KeyCode::Char('a'), ("", "one")),
            (KeyCode::Char('e'), ("one", "")),
            (KeyCode::Left, ("", "one")),
            (KeyCode::Right, ("one", "")),
            (KeyCode::Char('u'), ("", "")),
            (KeyCode::Char('q'), ("", "")),
        ] {
            handle_key(&mut input, &control(key));
            assert_eq!(split_at_cursor(&input), left, "Ctrl-{key}");
        }
    }

    #[test]
    fn input_length_is_limited() {
        let mut input = Input::default();
        for _ in 0..3 * MAX_INPUT_BYTES {
            handle_key(&mut input, &KeyCode::Char('x').into());
        }
        assert_eq!(input.value().len(), MAX_INPUT_BYTES);
    }
}
