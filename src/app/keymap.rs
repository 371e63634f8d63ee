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
    /// The span before on the lane chosen; the command before.
    PreviousSpan,
    /// The next span on the lane chosen; the next command.
    NextSpan,
    /// The cursor a cell earlier.
    CursorLeft,
    /// The cursor a cell later.
    CursorRight,
    /// The span under the cursor, closely; what a command wrote.
    Inspect,
    /// A range from the cursor on, or no longer.
    Range,
    /// See just the range, else the span.
    FitSelection,
    /// Undo the last change of the view.
    Undo,
    /// Find a page, a login, a status or an error.
    Find,
    /// The next that was found.
    NextFound,
    /// The one found before.
    PreviousFound,
    /// All tasks in a table.
    Table,
    /// Sort the table by the next column.
    NextColumn,
    /// Sort the table by the column before.
    PreviousColumn,
    /// Sort the table the other way round.
    Invert,
    /// Another run beneath this one.
    Compare,
    /// Take the runs along.
    Export,
    /// A recording: one event back.
    StepBack,
    /// A recording: one event on.
    StepForward,
    /// A recording: a twentieth back.
    ScrubBack,
    /// A recording: a twentieth on.
    ScrubForward,
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

/// Where a key counts. What is bound in the picture counts everywhere, unless the key does something
/// else there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The picture of runs.
    Picture,
    /// The picture of a recording.
    Replay,
    /// The table of tasks.
    Table,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// Where.
    pub context: Context,
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
    Binding { action, context: Context::Picture, keys, help }
}

const fn bind_in(
    context: Context,
    action: Action,
    keys: &'static [Key],
    help: &'static str,
) -> Binding {
    Binding { action, context, keys, help }
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
    bind(Action::Mode(5), &[char('6')], "sweep: over thread counts"),
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
    bind(Action::PreviousSpan, &[char(',')], "span before on the lane"),
    bind(Action::NextSpan, &[char('.')], "next span on the lane"),
    bind(Action::CursorLeft, &[char('{')], "cursor a cell earlier"),
    bind(Action::CursorRight, &[char('}')], "cursor a cell later"),
    bind(Action::Inspect, &[key(KeyCode::Enter)], "look closely; what a command wrote"),
    bind(Action::Range, &[char('v')], "a range from the cursor on"),
    bind(Action::FitSelection, &[char('f')], "fit the range, else the span"),
    bind(Action::Undo, &[char('u')], "undo a change of the view"),
    bind(Action::Find, &[char('/')], "find a page, login, status or error"),
    bind(Action::NextFound, &[char('n')], "next that was found"),
    bind(Action::PreviousFound, &[char('N')], "found before"),
    bind(Action::Table, &[char('T')], "all tasks in a table"),
    bind_in(Context::Table, Action::PreviousColumn, &[char('<')], "table: sort by column before"),
    bind_in(Context::Table, Action::NextColumn, &[char('>')], "table: sort by next column"),
    bind_in(Context::Table, Action::Invert, &[char('I')], "table: the other way round"),
    bind(Action::Compare, &[char('c')], "another run beneath this one"),
    bind(Action::Export, &[char('e')], "take along: trace, picture, ..."),
    bind_in(Context::Replay, Action::StepBack, &[char('[')], "recording: one event back"),
    bind_in(Context::Replay, Action::StepForward, &[char(']')], "recording: one event on"),
    bind_in(Context::Replay, Action::ScrubBack, &[char('(')], "recording: a twentieth back"),
    bind_in(Context::Replay, Action::ScrubForward, &[char(')')], "recording: a twentieth on"),
    bind(Action::Theme, &[char('t')], "dark or light"),
    bind(Action::Help, &[char('?')], "these keys"),
    bind(Action::Back, &[key(KeyCode::Esc)], "one step back, never quits"),
    bind(Action::Quit, &[char('q')], "quit; asks once while a run goes"),
    bind(Action::Interrupt, &[control('c')], "quit at once"),
    bind(Action::Suspend, &[control('z')], "to the shell; fg comes back"),
];

/// Which keys do what in this sitting.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { bindings: BINDINGS.to_vec() }
    }
}

impl Keymap {
    /// The table, in its order.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What a pressed key does, if anything.
    pub fn action(&self, event: &KeyEvent, context: Context) -> Option<Action> {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let pressed = Key { code: event.code, control };
        let bound = |context| {
            let mut bindings = self.bindings.iter();
            bindings.find(|one| one.context == context && one.keys.contains(&pressed))
        };
        bound(context).or_else(|| bound(Context::Picture)).map(|binding| binding.action)
    }

    /// The key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        let binding = self.bindings.iter().find(|binding| binding.action == action);
        binding.and_then(|binding| binding.keys.first()).map(Key::to_string).unwrap_or_default()
    }
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
        for context in [Context::Picture, Context::Replay, Context::Table] {
            let bound = BINDINGS.iter().filter(|binding| binding.context == context);
            let keys: Vec<Key> = bound.flat_map(|binding| binding.keys).copied().collect();
            for (index, key) in keys.iter().enumerate() {
                assert!(!keys[index + 1..].contains(key), "{key} is bound twice");
            }
        }
    }
}
