//! One table: key, action, help. The footer, `?` and the README come from it.

mod key;
mod overrides;

use std::borrow::Cow;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use key::{Key, ParseKeyError};
pub use overrides::KeymapError;

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

/// Where a key counts. What is bound in the picture counts everywhere, unless the key does something
/// else there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyContext {
    /// The picture of runs.
    Timeline,
    /// The picture of a recording.
    Replay,
    /// The table of tasks.
    Table,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// What is done.
    pub action: Action,
    /// Its name in a configuration file, which stays as it is.
    pub name: &'static str,
    /// Where.
    pub context: KeyContext,
    /// The keys that do it, the one to show first.
    pub keys: Cow<'static, [Key]>,
    /// For `?` and the README.
    pub help: &'static str,
}

const fn char(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn control(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: true }
}

const fn key(code: KeyCode) -> Key {
    Key { code, control: false }
}

const fn bind(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
) -> KeyBinding {
    KeyBinding { action, name, context: KeyContext::Timeline, keys: Cow::Borrowed(keys), help }
}

const fn bind_in_table(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
) -> KeyBinding {
    KeyBinding { action, name, context: KeyContext::Table, keys: Cow::Borrowed(keys), help }
}

const fn bind_in_replay(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
) -> KeyBinding {
    KeyBinding { action, name, context: KeyContext::Replay, keys: Cow::Borrowed(keys), help }
}

/// Every key.
pub const DEFAULT_BINDINGS: &[KeyBinding] = &[
    bind(Action::NextMode, "next-mode", &[key(KeyCode::Tab)], "next mode"),
    bind(Action::PreviousMode, "previous-mode", &[key(KeyCode::BackTab)], "previous mode"),
    bind(Action::NextWorkload, "next-workload", &[char('w')], "next workload"),
    bind(Action::Mode(0), "mode-race", &[char('1')], "race: each mode in turn"),
    bind(Action::Mode(1), "mode-sequential", &[char('2')], "sequential only"),
    bind(Action::Mode(2), "mode-threads", &[char('3')], "threads only"),
    bind(Action::Mode(3), "mode-gil", &[char('4')], "gil: threads sharing a GIL"),
    bind(Action::Mode(4), "mode-processes", &[char('5')], "processes only"),
    bind(Action::Mode(5), "mode-sweep", &[char('6')], "sweep over thread counts"),
    bind(Action::Run, "run", &[char('r')], "run this mode again"),
    bind(Action::Stop, "stop", &[char('x')], "stop the run"),
    bind(Action::FewerWorkers, "fewer-workers", &[char('[')], "one fewer worker (next run)"),
    bind(Action::MoreWorkers, "more-workers", &[char(']')], "one more worker (next run)"),
    bind(Action::Simulate, "simulate", &[char('s')], "CPU work: simulated or real"),
    bind(Action::Slower, "slower", &[char('<')], "simulation, recording: slower"),
    bind(Action::Faster, "faster", &[char('>')], "simulation, recording: faster"),
    bind(Action::Pause, "pause", &[char(' ')], "pause the view, not the run"),
    bind(Action::ZoomIn, "zoom-in", &[char('+'), char('=')], "zoom in"),
    bind(Action::ZoomOut, "zoom-out", &[char('-'), char('_')], "zoom out"),
    bind(Action::Fit, "fit", &[char('0')], "fit the whole run"),
    bind(Action::PanLeft, "pan-left", &[key(KeyCode::Left), char('h')], "pan earlier"),
    bind(Action::PanRight, "pan-right", &[key(KeyCode::Right), char('l')], "pan later"),
    bind(Action::PageLeft, "page-left", &[char('H')], "one screen earlier"),
    bind(Action::PageRight, "page-right", &[char('L')], "one screen later"),
    bind(Action::Start, "start", &[key(KeyCode::Home)], "go to the start"),
    bind(Action::Follow, "follow", &[key(KeyCode::End)], "follow the latest"),
    bind(Action::NextLane, "next-lane", &[char('j'), key(KeyCode::Down)], "next lane"),
    bind(Action::PreviousLane, "previous-lane", &[char('k'), key(KeyCode::Up)], "previous lane"),
    bind(Action::NextLanes, "next-lanes", &[key(KeyCode::PageDown)], "ten lanes down"),
    bind(Action::PreviousLanes, "previous-lanes", &[key(KeyCode::PageUp)], "ten lanes up"),
    bind(Action::PreviousSpan, "previous-span", &[char(',')], "previous span"),
    bind(Action::NextSpan, "next-span", &[char('.')], "next span"),
    bind(Action::CursorLeft, "cursor-left", &[char('{')], "cursor one cell earlier"),
    bind(Action::CursorRight, "cursor-right", &[char('}')], "cursor one cell later"),
    bind(Action::Inspect, "inspect", &[key(KeyCode::Enter)], "inspect the span; read command output"),
    bind(Action::Range, "range", &[char('v')], "mark a range from the cursor"),
    bind(Action::FitSelection, "fit-selection", &[char('f')], "fit the range or the span"),
    bind(Action::Undo, "undo", &[char('u')], "undo a view change"),
    bind(Action::Find, "find", &[char('/')], "find a page, login, status or error"),
    bind(Action::NextFound, "next-found", &[char('n')], "next match"),
    bind(Action::PreviousFound, "previous-found", &[char('N')], "previous match"),
    bind(Action::Table, "table", &[char('T')], "table of all tasks"),
    bind_in_table(
        Action::PreviousColumn,
        "previous-column",
        &[char('<')],
        "table: sort by previous column",
    ),
    bind_in_table(Action::NextColumn, "next-column", &[char('>')], "table: sort by next column"),
    bind_in_table(Action::Invert, "invert", &[char('I')], "table: reverse sort"),
    bind(Action::Compare, "compare", &[char('c')], "compare with another run"),
    bind(Action::Export, "export", &[char('e')], "export: trace, SVG, report, ..."),
    bind_in_replay(Action::StepBack, "step-back", &[char('[')], "recording: one event back"),
    bind_in_replay(Action::StepForward, "step-forward", &[char(']')], "recording: one event forward"),
    bind_in_replay(Action::ScrubBack, "scrub-back", &[char('(')], "recording: 5 % back"),
    bind_in_replay(
        Action::ScrubForward,
        "scrub-forward",
        &[char(')')],
        "recording: 5 % forward",
    ),
    bind(Action::Theme, "theme", &[char('t')], "dark or light theme"),
    bind(Action::Help, "help", &[char('?')], "show these keys"),
    bind(Action::Back, "back", &[key(KeyCode::Esc)], "go back one step; never quits"),
    bind(Action::Quit, "quit", &[char('q')], "quit; asks first during a run"),
    bind(Action::Interrupt, "interrupt", &[control('c')], "quit immediately"),
    bind(Action::Suspend, "suspend", &[control('z')], "suspend to the shell; fg resumes"),
];

/// Which keys do what in this sitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<KeyBinding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { bindings: DEFAULT_BINDINGS.to_vec() }
    }
}

impl Keymap {
    /// The table, in its order.
    pub fn bindings(&self) -> &[KeyBinding] {
        &self.bindings
    }

    /// What a pressed key does, if anything.
    pub fn action_for(&self, event: &KeyEvent, context: KeyContext) -> Option<Action> {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let pressed = Key { code: event.code, control };
        let bound = |context| {
            let mut bindings = self.bindings.iter();
            bindings.find(|one| one.context == context && one.keys.contains(&pressed))
        };
        bound(context).or_else(|| bound(KeyContext::Timeline)).map(|binding| binding.action)
    }

    /// The key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        self.first_key(action).map_or_else(|| "(no key)".to_owned(), Key::to_string)
    }

    /// Whether any key does it.
    pub fn is_bound(&self, action: Action) -> bool {
        self.first_key(action).is_some()
    }

    fn first_key(&self, action: Action) -> Option<&Key> {
        self.bindings.iter().find(|binding| binding.action == action)?.keys.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice_in_a_context() {
        for context in [KeyContext::Timeline, KeyContext::Replay, KeyContext::Table] {
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
}
