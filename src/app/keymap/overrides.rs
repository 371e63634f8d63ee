//! User-defined key bindings that override the defaults.

use std::fmt;

use thiserror::Error;

use super::{Action, DEFAULT_BINDINGS, Key, KeyBinding, Keymap};

/// An invalid set of key bindings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeymapError {
    /// A key is bound to two actions.
    #[error("{key} is bound to both {first} and {second}; bind one of them to another key")]
    DuplicateKey {
        /// The key.
        key: Key,
        /// The name of one action.
        first: &'static str,
        /// The name of the other action.
        second: &'static str,
    },
    /// Ctrl-C is not bound to interrupt, or is bound to another action. The user could not quit.
    #[error(
        "{} is reserved for interrupt; keep it among the keys of that action and of no other",
        Key::INTERRUPT
    )]
    ReservedKey,
}

impl Keymap {
    /// Creates a keymap from the default bindings and these overrides. An empty list leaves an
    /// action without keys. An overriding key is taken away from any action that is not overridden
    /// itself.
    ///
    /// # Errors
    ///
    /// Returns the action and the error if two overrides bind the same key in the same context, or
    /// if Ctrl-C would not be bound to interrupt alone.
    pub fn with_overrides(keys: &[(Action, Vec<Key>)]) -> Result<Self, (Action, KeymapError)> {
        let mut bindings = DEFAULT_BINDINGS.to_vec();
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
            check_interrupt_key(&own).map_err(|error| (*action, error))?;
            for other in &mut bindings {
                let shared = own.keys.iter().find(|key| other.keys.contains(key));
                let Some(&key) = shared.filter(|_| is_conflict(&own, other)) else { continue };
                if named(other.action) {
                    let twice =
                        KeymapError::DuplicateKey { key, first: other.name, second: own.name };
                    return Err((*action, twice));
                }
                other.keys.to_mut().retain(|key| !own.keys.contains(key));
            }
        }
        Ok(Self { bindings })
    }

    /// The action with this name in a configuration file.
    pub fn action_named(name: &str) -> Option<Action> {
        DEFAULT_BINDINGS.iter().find(|binding| binding.name == name).map(|binding| binding.action)
    }
}

/// Returns `true` if two actions cannot share a key. Actions of different contexts can: the
/// bindings of the table or a recording take precedence over those of the timeline.
fn is_conflict(one: &KeyBinding, other: &KeyBinding) -> bool {
    one.action != other.action && one.context == other.context
}

fn check_interrupt_key(binding: &KeyBinding) -> Result<(), KeymapError> {
    let quits = binding.action == Action::Interrupt;
    if quits == binding.keys.contains(&Key::INTERRUPT) {
        Ok(())
    } else {
        Err(KeymapError::ReservedKey)
    }
}

/// Formats the keymap as a configuration file with one action per line.
impl fmt::Display for Keymap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[keys]")?;
        for KeyBinding { name, keys, help, .. } in self.bindings() {
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

    use super::*;
    use crate::app::keymap::KeyContext;

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
}
