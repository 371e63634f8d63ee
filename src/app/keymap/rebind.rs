//! A person's own keys in place of the table's.

use std::fmt;

use thiserror::Error;

use super::{Action, BINDINGS, Binding, Key, Keymap};

/// Why keys cannot be bound so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeysError {
    /// One key for two actions.
    #[error("{key} is given to both {first} and {second}: one of them needs another key")]
    Twice {
        /// Which key.
        key: Key,
        /// The name of an action.
        first: &'static str,
        /// The name of the other.
        second: &'static str,
    },
    /// Nobody could leave.
    #[error(
        "{} always quits at once: keep it among the keys of interrupt, and of no other action",
        Key::INTERRUPT
    )]
    NoWayOut,
}

impl Keymap {
    /// The table with these actions' keys in place of their own, without any where the list is
    /// empty. An action that is not named loses a key that is given to another one, as a person
    /// expects who says what a key is to do. Two actions that are named cannot have the same key
    /// where both count, and Ctrl-C always quits.
    pub fn with(keys: &[(Action, Vec<Key>)]) -> Result<Self, (Action, KeysError)> {
        let mut bindings = BINDINGS.to_vec();
        for binding in &mut bindings {
            if let Some((_, keys)) = keys.iter().find(|(action, _)| *action == binding.action) {
                binding.keys = keys.clone().into();
            }
        }
        let named = |action| keys.iter().any(|(named, _)| *named == action);
        for (action, _) in keys {
            let Some(own) = bindings.iter().find(|binding| binding.action == *action).cloned()
            else {
                continue;
            };
            check_way_out(&own).map_err(|error| (*action, error))?;
            for other in &mut bindings {
                let shared = own.keys.iter().find(|key| other.keys.contains(key));
                let Some(&key) = shared.filter(|_| is_rival(&own, other)) else { continue };
                if named(other.action) {
                    let twice = KeysError::Twice { key, first: other.name, second: own.name };
                    return Err((*action, twice));
                }
                other.keys.to_mut().retain(|key| !own.keys.contains(key));
            }
        }
        Ok(Self { bindings })
    }

    /// The action that a configuration file calls so.
    pub fn named(name: &str) -> Option<Action> {
        BINDINGS.iter().find(|binding| binding.name == name).map(|binding| binding.action)
    }
}

/// Whether two actions cannot have the same key: one in the table or a recording comes before the
/// picture's there, and is meant to.
fn is_rival(one: &Binding, other: &Binding) -> bool {
    one.action != other.action && one.context == other.context
}

fn check_way_out(binding: &Binding) -> Result<(), KeysError> {
    let quits = binding.action == Action::Interrupt;
    if quits == binding.keys.contains(&Key::INTERRUPT) { Ok(()) } else { Err(KeysError::NoWayOut) }
}

/// As a configuration file has it, an action a line, so that it can be pasted there.
impl fmt::Display for Keymap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[keys]")?;
        for Binding { name, keys, help, .. } in self.bindings() {
            let quoted = |key: &Key| toml::Value::from(key.to_string()).to_string();
            let keys = match &**keys {
                [key] => quoted(key),
                keys => format!("[{}]", keys.iter().map(quoted).collect::<Vec<_>>().join(", ")),
            };
            writeln!(f, "{:<36} # {help}", format!("{name} = {keys}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::super::Context;
    use super::*;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn does(keymap: &Keymap, key: char) -> Option<Action> {
        let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        keymap.action(&event, Context::Picture)
    }

    #[test]
    fn a_key_does_what_a_person_says() {
        let keymap = Keymap::with(&[(Action::Quit, keys(&["Q"]))]).unwrap();
        assert_eq!((does(&keymap, 'Q'), does(&keymap, 'q')), (Some(Action::Quit), None));
        assert_eq!(keymap.key_of(Action::Quit), "Q");
    }

    #[test]
    fn who_is_not_named_loses_a_key_to_who_is() {
        let keymap = Keymap::with(&[(Action::Pause, keys(&["l", "r"]))]).unwrap();
        assert_eq!(
            (does(&keymap, 'l'), does(&keymap, 'r')),
            (Some(Action::Pause), Some(Action::Pause))
        );
        assert_eq!(keymap.key_of(Action::PanRight), "Right", "its other key is still its own");
        assert_eq!((keymap.key_of(Action::Run), does(&keymap, ' ')), ("(no key)".to_owned(), None));
    }

    #[test]
    fn two_who_are_named_cannot_share_a_key() {
        let twice = Keymap::with(&[(Action::Run, keys(&["x"])), (Action::Stop, keys(&["x"]))]);
        let (first, second) = ("stop", "run");
        let key = "x".parse().unwrap();
        assert_eq!(twice, Err((Action::Run, KeysError::Twice { key, first, second })));
        let swapped = Keymap::with(&[(Action::Run, keys(&["x"])), (Action::Stop, keys(&["r"]))]);
        assert_eq!(does(&swapped.unwrap(), 'r'), Some(Action::Stop));
    }

    #[test]
    fn a_key_of_the_table_may_do_something_else_elsewhere() {
        let keymap = Keymap::with(&[(Action::Invert, keys(&["r"]))]).unwrap();
        let event = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
        assert_eq!(keymap.action(&event, Context::Table), Some(Action::Invert));
        assert_eq!(does(&keymap, 'r'), Some(Action::Run));
    }

    #[test]
    fn there_is_always_a_way_out() {
        assert!(Keymap::with(&[(Action::Quit, Vec::new())]).is_ok());
        for (action, names) in [
            (Action::Interrupt, &[][..]),
            (Action::Interrupt, &["Ctrl-X"]),
            (Action::Run, &["r", "Ctrl-C"]),
            (Action::Invert, &["Ctrl-C"]),
        ] {
            let error = Keymap::with(&[(action, keys(names))]).unwrap_err();
            assert_eq!(error, (action, KeysError::NoWayOut));
        }
        let more = Keymap::with(&[(Action::Interrupt, keys(&["Ctrl-X", "Ctrl-C"]))]);
        assert_eq!(more.unwrap().key_of(Action::Interrupt), "Ctrl-X");
    }
}
