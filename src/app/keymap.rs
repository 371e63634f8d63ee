//! The table of key bindings. The footer, the help and the documentation are generated from it.

mod key;
mod overrides;

use std::borrow::Cow;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use key::{Key, ParseKeyError};
pub use overrides::KeymapError;

/// An action that keys are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Shows the mode with this index.
    Mode(usize),
    /// Shows the next mode.
    NextMode,
    /// Shows the previous mode.
    PreviousMode,
    /// Shows the next workload.
    NextWorkload,
    /// Removes a worker from the next run on.
    FewerWorkers,
    /// Adds a worker from the next run on.
    MoreWorkers,
    /// Runs the mode shown again.
    Run,
    /// Stops the active run.
    Stop,
    /// Switches CPU work between simulated and real.
    Simulate,
    /// Slows down the playback.
    Slower,
    /// Speeds up the playback.
    Faster,
    /// Pauses or resumes the view; in a recording or a simulation, the playback.
    Pause,
    /// Shows less time in more detail.
    ZoomIn,
    /// Shows more time in less detail.
    ZoomOut,
    /// Fits the whole run into the view.
    Fit,
    /// Pans to earlier times.
    PanLeft,
    /// Pans to later times.
    PanRight,
    /// Goes to the start of the run.
    Start,
    /// Goes to the latest time and follows it.
    Follow,
    /// Selects the next lane.
    NextLane,
    /// Selects the previous lane.
    PreviousLane,
    /// Moves the selection ten lanes down.
    NextLanes,
    /// Moves the selection ten lanes up.
    PreviousLanes,
    /// Goes to the previous span of the selected lane; in the output, to the previous command.
    PreviousSpan,
    /// Goes to the next span of the selected lane; in the output, to the next command.
    NextSpan,
    /// Moves the cursor one cell earlier.
    CursorLeft,
    /// Moves the cursor one cell later.
    CursorRight,
    /// Inspects the span under the cursor, or shows the output of a command.
    Inspect,
    /// Starts or ends a range at the cursor.
    Range,
    /// Fits the range, or else the span, into the view.
    FitSelection,
    /// Searches for a page, a login, a status or an error.
    Find,
    /// Goes to the next match.
    NextFound,
    /// Goes to the previous match.
    PreviousFound,
    /// Opens or closes the table of all tasks.
    Table,
    /// Sorts the table by the next column.
    NextColumn,
    /// Sorts the table by the previous column.
    PreviousColumn,
    /// Compares with the next baseline.
    Compare,
    /// Opens the export menu.
    Export,
    /// Steps the playback back by one event.
    StepBack,
    /// Steps the playback forward by one event.
    StepForward,
    /// Moves the playback back by a twentieth of its duration.
    ScrubBack,
    /// Moves the playback forward by a twentieth of its duration.
    ScrubForward,
    /// Switches between the dark and the light theme.
    Theme,
    /// Shows the key bindings.
    Help,
    /// Closes what is open, one step at a time; never quits.
    Back,
    /// Quits; asks for confirmation during a run.
    Quit,
    /// Quits immediately.
    Interrupt,
    /// Suspends the program and returns to the shell.
    Suspend,
}

/// The context in which a key is bound. The bindings of the timeline apply in every context that
/// does not bind the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyContext {
    /// The timeline of live runs.
    Timeline,
    /// The timeline of a recording.
    Replay,
    /// The timeline of a simulated run that is played. The keys of a recording apply, unless the
    /// timeline of live runs binds them.
    Simulation,
    /// The table of tasks.
    Table,
}

/// An entry of the table: an action, its keys and its help text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// The action.
    pub action: Action,
    /// The name of the action in a configuration file. Never changes.
    pub name: &'static str,
    /// The context.
    pub context: KeyContext,
    /// The keys; the first one is shown in hints.
    pub keys: Cow<'static, [Key]>,
    /// The description in the help and the documentation.
    pub help: &'static str,
}

const fn char(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn control(c: char) -> Key {
    Key { control: true, ..key(KeyCode::Char(c)) }
}

const fn shift(code: KeyCode) -> Key {
    Key { shift: true, ..key(code) }
}

const fn key(code: KeyCode) -> Key {
    Key::plain(code)
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

/// The default bindings of all actions.
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
    bind(Action::Pause, "pause", &[char(' ')], "pause the playback, or the view"),
    bind(Action::ZoomIn, "zoom-in", &[char('+'), char('=')], "zoom in"),
    bind(Action::ZoomOut, "zoom-out", &[char('-'), char('_')], "zoom out"),
    bind(Action::Fit, "fit", &[char('0')], "fit the whole run"),
    bind(Action::PanLeft, "pan-left", &[key(KeyCode::Left), char('h')], "pan earlier"),
    bind(Action::PanRight, "pan-right", &[key(KeyCode::Right), char('l')], "pan later"),
    bind(Action::Start, "start", &[key(KeyCode::Home)], "go to the start"),
    bind(Action::Follow, "follow", &[key(KeyCode::End)], "follow the latest"),
    bind(Action::NextLane, "next-lane", &[char('j'), key(KeyCode::Down)], "next lane"),
    bind(Action::PreviousLane, "previous-lane", &[char('k'), key(KeyCode::Up)], "previous lane"),
    bind(Action::NextLanes, "next-lanes", &[key(KeyCode::PageDown)], "ten lanes down"),
    bind(Action::PreviousLanes, "previous-lanes", &[key(KeyCode::PageUp)], "ten lanes up"),
    bind(Action::PreviousSpan, "previous-span", &[char(',')], "previous span"),
    bind(Action::NextSpan, "next-span", &[char('.')], "next span"),
    bind(Action::CursorLeft, "cursor-left", &[shift(KeyCode::Left)], "cursor one cell earlier"),
    bind(Action::CursorRight, "cursor-right", &[shift(KeyCode::Right)], "cursor one cell later"),
    bind(
        Action::Inspect,
        "inspect",
        &[key(KeyCode::Enter)],
        "inspect the span; read command output",
    ),
    bind(Action::Range, "range", &[char('v')], "mark a range from the cursor"),
    bind(Action::FitSelection, "fit-selection", &[char('f')], "fit the range or the span"),
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
    bind(Action::Compare, "compare", &[char('c')], "compare with another run"),
    bind(Action::Export, "export", &[char('e')], "export: trace, SVG, report, ..."),
    bind_in_replay(
        Action::StepBack,
        "step-back",
        &[char('['), char('{')],
        "simulation, recording: step back",
    ),
    bind_in_replay(
        Action::StepForward,
        "step-forward",
        &[char(']'), char('}')],
        "simulation, recording: step forward",
    ),
    bind_in_replay(
        Action::ScrubBack,
        "scrub-back",
        &[char('(')],
        "simulation, recording: 5 % back",
    ),
    bind_in_replay(
        Action::ScrubForward,
        "scrub-forward",
        &[char(')')],
        "simulation, recording: 5 % forward",
    ),
    bind(Action::Theme, "theme", &[char('t')], "dark or light theme"),
    bind(Action::Help, "help", &[char('?')], "show these keys"),
    bind(Action::Back, "back", &[key(KeyCode::Esc)], "go back one step; never quits"),
    bind(Action::Quit, "quit", &[char('q')], "quit; asks first during a run"),
    bind(Action::Interrupt, "interrupt", &[control('c')], "quit immediately"),
    bind(Action::Suspend, "suspend", &[control('z')], "suspend to the shell; fg resumes"),
];

/// The key bindings of a session.
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
    /// All bindings, in the order of the help.
    pub fn bindings(&self) -> &[KeyBinding] {
        &self.bindings
    }

    /// The action bound to a key in a context.
    pub fn action_for(&self, event: &KeyEvent, context: KeyContext) -> Option<Action> {
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let pressed = Key {
            code: event.code,
            control: event.modifiers.contains(KeyModifiers::CONTROL),
            shift: event.modifiers.contains(KeyModifiers::SHIFT),
        };
        let bound = |key, context| {
            let mut bindings = self.bindings.iter();
            bindings.find(|one| one.context == context && one.keys.contains(&key))
        };
        let [first, second] = match context {
            KeyContext::Simulation => [KeyContext::Timeline, KeyContext::Replay],
            context => [context, KeyContext::Timeline],
        };
        // A key that is not bound with Shift acts as without.
        let binding = [pressed, Key { shift: false, ..pressed }]
            .into_iter()
            .find_map(|key| bound(key, first).or_else(|| bound(key, second)));
        binding.map(|binding| binding.action)
    }

    /// The name of the key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        self.first_key(action).map_or_else(|| "(no key)".to_owned(), Key::to_string)
    }

    /// Returns `true` if any key is bound to the action.
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
