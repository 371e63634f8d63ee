//! The table of key bindings, and the user's own key bindings.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::keymap::{
    Action, DEFAULT_BINDINGS, Key, KeyBinding, KeyContext, Keymap, KeymapError, ParseKeyError,
};

#[test]
fn no_key_is_bound_twice_in_a_context() {
    let contexts =
        [KeyContext::Timeline, KeyContext::Replay, KeyContext::Table, KeyContext::Lesson];
    for context in contexts {
        let bound = DEFAULT_BINDINGS.iter().filter(|binding| binding.context == context);
        let keys: Vec<Key> = bound.flat_map(|binding| binding.keys.iter()).copied().collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{key} is bound twice");
        }
    }
}

#[test]
fn configuration_name_matches_the_action() {
    for KeyBinding { action, name, .. } in DEFAULT_BINDINGS {
        let code = format!("{action:?}");
        let words = code.chars().fold(String::new(), |words, c| match c {
            'A'..='Z' if words.is_empty() => c.to_ascii_lowercase().to_string(),
            'A'..='Z' => format!("{words}-{}", c.to_ascii_lowercase()),
            c => format!("{words}{c}"),
        });
        let is_mode = name.starts_with("mode-") && matches!(action, Action::Mode(_));
        assert!(is_mode || *name == words, "{action:?} is called {name}");
        let same = DEFAULT_BINDINGS.iter().filter(|binding| binding.name == *name);
        assert_eq!(same.count(), 1, "{name}");
    }
}

fn keys(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn action_of(keymap: &Keymap, key: char) -> Option<Action> {
    let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    keymap.action_for(&event, KeyContext::Timeline)
}

#[test]
fn override_rebinds_a_key() {
    let keymap = Keymap::with_overrides(&[(Action::Quit, keys(&["Q"]))]).unwrap();
    assert_eq!((action_of(&keymap, 'Q'), action_of(&keymap, 'q')), (Some(Action::Quit), None));
    assert_eq!(keymap.key_of(Action::Quit), "Q");
}

#[test]
fn override_takes_a_key_from_another_action() {
    let keymap = Keymap::with_overrides(&[(Action::Pause, keys(&["l", "r"]))]).unwrap();
    assert_eq!(
        (action_of(&keymap, 'l'), action_of(&keymap, 'r')),
        (Some(Action::Pause), Some(Action::Pause))
    );
    assert_eq!(keymap.key_of(Action::PanRight), "Right", "its other key stays bound");
    assert_eq!(
        (keymap.key_of(Action::Run), action_of(&keymap, ' ')),
        ("(no key)".to_owned(), None)
    );
}

#[test]
fn two_overrides_cannot_share_a_key() {
    let twice =
        Keymap::with_overrides(&[(Action::Run, keys(&["x"])), (Action::Stop, keys(&["x"]))]);
    let (first, second) = ("stop", "run");
    let key = "x".parse().unwrap();
    assert_eq!(twice, Err((Action::Run, KeymapError::DuplicateKey { key, first, second })));
    let swapped =
        Keymap::with_overrides(&[(Action::Run, keys(&["x"])), (Action::Stop, keys(&["r"]))]);
    assert_eq!(action_of(&swapped.unwrap(), 'r'), Some(Action::Stop));
}

#[test]
fn table_key_may_be_bound_to_another_action_elsewhere() {
    let keymap = Keymap::with_overrides(&[(Action::NextColumn, keys(&["r"]))]).unwrap();
    let event = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
    assert_eq!(keymap.action_for(&event, KeyContext::Table), Some(Action::NextColumn));
    assert_eq!(action_of(&keymap, 'r'), Some(Action::Run));
}

#[test]
fn ctrl_c_always_interrupts() {
    assert!(Keymap::with_overrides(&[(Action::Quit, Vec::new())]).is_ok());
    for (action, names) in [
        (Action::Interrupt, &[][..]),
        (Action::Interrupt, &["Ctrl-X"]),
        (Action::Run, &["r", "Ctrl-C"]),
        (Action::NextColumn, &["Ctrl-C"]),
    ] {
        let error = Keymap::with_overrides(&[(action, keys(names))]).unwrap_err();
        assert_eq!(error, (action, KeymapError::ReservedKey));
    }
    let more = Keymap::with_overrides(&[(Action::Interrupt, keys(&["Ctrl-X", "Ctrl-C"]))]);
    assert_eq!(more.unwrap().key_of(Action::Interrupt), "Ctrl-X");
}

/// The names of all keys that terminals report and that can be bound.
fn key_names() -> Vec<String> {
    let chars = ('!'..='~').map(String::from);
    let named = [
        "Space",
        "Tab",
        "Shift-Tab",
        "Enter",
        "Esc",
        "Backspace",
        "Delete",
        "Left",
        "Right",
        "Up",
        "Down",
        "Home",
        "End",
        "Page Up",
        "Page Down",
        "Shift-Left",
        "Ctrl-Left",
        "Ctrl-Page Down",
    ];
    // Terminals report Ctrl-I as Tab and Ctrl-M as Enter.
    let letters = ('A'..='Z').filter(|letter| !matches!(letter, 'I' | 'M'));
    let control = letters.map(|letter| format!("Ctrl-{letter}"));
    chars.chain(named.map(str::to_owned)).chain(control).collect()
}

#[test]
fn parsed_keys_are_displayed_by_their_names() {
    let keys: Vec<Key> = key_names().iter().map(|name| name.parse().unwrap()).collect();
    for (index, (key, name)) in keys.iter().zip(key_names()).enumerate() {
        assert_eq!(key.to_string(), name);
        assert!(!keys[index + 1..].contains(key), "{name} is another key, too");
    }
}

#[test]
fn characters_of_any_script_are_keys() {
    for text in ["é", "ü", "Ж", "語", "€"] {
        assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
    }
}

#[test]
fn error_suggests_the_name_of_a_misspelled_key() {
    for (text, name) in [
        ("PageUp", "Page Up"),
        ("shift+tab", "Shift-Tab"),
        ("shift+left", "Shift-Left"),
        ("ctrl+x", "Ctrl-X"),
    ] {
        let error = text.parse::<Key>().unwrap_err().to_string();
        assert!(error.ends_with(&format!("did you mean {name}?")), "{error}");
    }
}

#[test]
fn long_names_parse_in_any_case() {
    for (text, name) in [("space", "Space"), ("PAGE UP", "Page Up"), ("ctrl-c", "Ctrl-C")] {
        assert_eq!(text.parse::<Key>().unwrap().to_string(), name);
    }
    assert_ne!("q".parse::<Key>(), "Q".parse::<Key>());
}

#[test]
fn keys_that_terminals_do_not_report_are_rejected() {
    for text in [
        "",
        " ",
        "qq",
        "F1",
        "Ctrl-",
        "Ctrl-1",
        "Ctrl-Tab",
        "Shift-Home",
        "Alt-x",
        "Insert",
        "\u{301}",
        "\u{1b}",
        "\u{200b}",
    ] {
        let unknown = ParseKeyError::Unknown(text.to_owned());
        assert_eq!(text.parse::<Key>(), Err(unknown), "{text:?}");
    }
    let same = "Ctrl-I".parse::<Key>().unwrap_err().to_string();
    assert_eq!(same, "terminals cannot distinguish Ctrl-I from Tab; bind Tab instead");
}
