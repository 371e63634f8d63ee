//! One table: key, action, help. The footer, `?` and the README come from it.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The mode by its place, counted from 0.
    Mode(usize),
    /// The mode after the one shown.
    NextMode,
    /// The mode before the one shown.
    PreviousMode,
    /// The workload after the one shown.
    NextWorkload,
    /// One worker fewer, from the next run on.
    FewerWorkers,
    /// One worker more, from the next run on.
    MoreWorkers,
    /// Run the mode shown, again.
    Run,
    /// Stop the run that goes on.
    Stop,
    /// Simulate what is shown, or run it really.
    Simulate,
    /// Show what is simulated slower.
    Slower,
    /// Show what is simulated faster.
    Faster,
    /// Hold the view still, or let it go on.
    Pause,
    /// See less time, closer.
    ZoomIn,
    /// See more time.
    ZoomOut,
    /// See the whole run.
    Fit,
    /// Earlier.
    PanLeft,
    /// Later.
    PanRight,
    /// A whole view earlier.
    PageLeft,
    /// A whole view later.
    PageRight,
    /// The run's start.
    Start,
    /// The newest moment, and stay there.
    Follow,
    /// The lane below.
    NextLane,
    /// The lane above.
    PreviousLane,
    /// Ten lanes down.
    NextLanes,
    /// Ten lanes up.
    PreviousLanes,
    /// What the command on the lane chosen wrote.
    Output,
    /// The next command's output.
    NextCommand,
    /// The output of the command before.
    PreviousCommand,
    /// Dark or light.
    Theme,
    /// The keys.
    Help,
    /// One step back; never quits.
    Back,
    /// Quit; asks once while a run goes.
    Quit,
    /// Quit at once.
    Interrupt,
    /// To the shell, until it calls back.
    Suspend,
}

/// A key, as a person presses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// The keys that do it, the one to show first.
    pub keys: &'static [Key],
    /// For `?` and the README.
    pub help: &'static str,
}

const fn char(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: false }
}

const fn control(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: true }
}

const fn key(code: KeyCode) -> Key {
    Key { code, control: false }
}

const fn bind(action: Action, keys: &'static [Key], help: &'static str) -> Binding {
    Binding { action, keys, help }
}

/// Every key.
pub const BINDINGS: &[Binding] = &[
    bind(Action::NextMode, &[key(KeyCode::Tab)], "next mode"),
    bind(Action::PreviousMode, &[key(KeyCode::BackTab)], "previous mode"),
    bind(Action::NextWorkload, &[char('w')], "next workload"),
    bind(Action::Mode(0), &[char('1')], "race: its modes, one after the other"),
    bind(Action::Mode(1), &[char('2')], "sequential alone"),
    bind(Action::Mode(2), &[char('3')], "threads alone"),
    bind(Action::Mode(3), &[char('4')], "gil: threads under one GIL, alone"),
    bind(Action::Mode(4), &[char('5')], "processes alone"),
    bind(Action::Run, &[char('r')], "run this mode, again"),
    bind(Action::Stop, &[char('x')], "stop the run"),
    bind(Action::FewerWorkers, &[char('[')], "one worker fewer (next run)"),
    bind(Action::MoreWorkers, &[char(']')], "one worker more (next run)"),
    bind(Action::Simulate, &[char('s')], "simulated or real, to compute"),
    bind(Action::Slower, &[char('<')], "simulated: slower"),
    bind(Action::Faster, &[char('>')], "simulated: faster"),
    bind(Action::Pause, &[char(' ')], "pause the view, never the run"),
    bind(Action::ZoomIn, &[char('+'), char('=')], "zoom in"),
    bind(Action::ZoomOut, &[char('-'), char('_')], "zoom out"),
    bind(Action::Fit, &[char('0')], "fit the whole run"),
    bind(Action::PanLeft, &[key(KeyCode::Left), char('h')], "earlier"),
    bind(Action::PanRight, &[key(KeyCode::Right), char('l')], "later"),
    bind(Action::PageLeft, &[char('H')], "a whole view earlier"),
    bind(Action::PageRight, &[char('L')], "a whole view later"),
    bind(Action::Start, &[key(KeyCode::Home)], "to the start"),
    bind(Action::Follow, &[key(KeyCode::End)], "follow the newest"),
    bind(Action::NextLane, &[char('j'), key(KeyCode::Down)], "lane below"),
    bind(Action::PreviousLane, &[char('k'), key(KeyCode::Up)], "lane above"),
    bind(Action::NextLanes, &[key(KeyCode::PageDown)], "ten lanes down"),
    bind(Action::PreviousLanes, &[key(KeyCode::PageUp)], "ten lanes up"),
    bind(Action::Output, &[key(KeyCode::Enter)], "what the lane's command wrote"),
    bind(Action::NextCommand, &[char('.')], "output of the next command"),
    bind(Action::PreviousCommand, &[char(',')], "output of the command before"),
    bind(Action::Theme, &[char('t')], "dark or light"),
    bind(Action::Help, &[char('?')], "these keys"),
    bind(Action::Back, &[key(KeyCode::Esc)], "one step back, never quits"),
    bind(Action::Quit, &[char('q')], "quit; asks once while a run goes"),
    bind(Action::Interrupt, &[control('c')], "quit at once"),
    bind(Action::Suspend, &[control('z')], "to the shell; fg comes back"),
];

/// What a pressed key does, if anything.
pub fn action(event: &KeyEvent) -> Option<Action> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    if event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let pressed = Key { code: event.code, control };
    let binding = BINDINGS.iter().find(|binding| binding.keys.contains(&pressed))?;
    Some(binding.action)
}

/// The key to show for an action.
pub fn key_of(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map(Key::to_string).unwrap_or_default()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.control => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            // Arrows by name: not every terminal's font has the signs.
            code => write!(f, "{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{key} is bound twice");
        }
    }
}
