//! The table of key bindings, and the user's own in place of it. The footer, the help and the
//! documentation are generated from it.

mod action;
mod group;
mod key;

use std::borrow::Cow;
use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use thiserror::Error;

pub use action::Action;
pub use group::KeyGroup;
pub use key::{Key, ParseKeyError};

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
    /// A lesson. Its keys come before those of any timeline.
    Lesson,
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
    bind_in(KeyContext::Timeline, action, name, keys, help)
}

const fn bind_in(
    context: KeyContext,
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
) -> KeyBinding {
    KeyBinding { action, name, context, keys: Cow::Borrowed(keys), help }
}

/// The default bindings of all actions.
pub const DEFAULT_BINDINGS: &[KeyBinding] = &[
    bind(Action::NextMode, "next-mode", &[key(KeyCode::Tab)], "next mode"),
    bind(Action::PreviousMode, "previous-mode", &[key(KeyCode::BackTab)], "previous mode"),
    bind(Action::NextWorkload, "next-workload", &[char('w')], "next workload"),
    bind(Action::Mode(0), "mode-race", &[char('1')], "race: compare the modes"),
    bind(Action::Mode(1), "mode-sequential", &[char('2')], "sequential only"),
    bind(Action::Mode(2), "mode-threads", &[char('3')], "threads only"),
    bind(Action::Mode(3), "mode-gil", &[char('4')], "gil: threads sharing a GIL"),
    bind(Action::Mode(4), "mode-processes", &[char('5')], "processes only"),
    bind(Action::Mode(5), "mode-sweep", &[char('6')], "sweep over thread counts"),
    bind(Action::Run, "run", &[char('r')], "run this mode again"),
    bind(Action::Stop, "stop", &[char('x')], "stop the run"),
    bind(Action::LetGo, "let-go", &[char('d')], "watch: let the program go on"),
    bind(Action::FewerWorkers, "fewer-workers", &[char('[')], "fewer workers (next run)"),
    bind(Action::MoreWorkers, "more-workers", &[char(']')], "more workers (next run)"),
    bind(Action::Simulate, "simulate", &[char('s')], "CPU work: slow motion, or real time"),
    bind(Action::ShowGil, "show-gil", &[char('g')], "show the switches of the GIL, and back"),
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
        "inspect the span; output; open a group",
    ),
    bind(Action::HideWaiting, "hide-waiting", &[char('i')], "program: hide what only waited"),
    bind(Action::Order, "order", &[char('o')], "program: order by work, name or age"),
    bind(Action::Range, "range", &[char('v')], "mark a range from the cursor"),
    bind(Action::FitSelection, "fit-selection", &[char('f')], "fit the range or the span"),
    bind(Action::Find, "find", &[char('/')], "find a page, login, status or error"),
    bind(Action::NextFound, "next-found", &[char('n')], "next match"),
    bind(Action::PreviousFound, "previous-found", &[char('N')], "previous match"),
    bind(Action::Table, "table", &[char('T')], "table of all tasks"),
    bind_in(
        KeyContext::Table,
        Action::PreviousColumn,
        "previous-column",
        &[char('<')],
        "table: sort by previous column",
    ),
    bind_in(
        KeyContext::Table,
        Action::NextColumn,
        "next-column",
        &[char('>')],
        "table: sort by next column",
    ),
    bind(Action::Compare, "compare", &[char('c')], "compare with another run"),
    bind(Action::Export, "export", &[char('e')], "export: trace, SVG, report, ..."),
    bind_in(
        KeyContext::Replay,
        Action::StepBack,
        "step-back",
        &[char('['), char('{')],
        "simulation, recording: step back",
    ),
    bind_in(
        KeyContext::Replay,
        Action::StepForward,
        "step-forward",
        &[char(']'), char('}')],
        "simulation, recording: step forward",
    ),
    bind_in(
        KeyContext::Replay,
        Action::ScrubBack,
        "scrub-back",
        &[char('(')],
        "simulation, recording: 5 % back",
    ),
    bind_in(
        KeyContext::Replay,
        Action::ScrubForward,
        "scrub-forward",
        &[char(')')],
        "simulation, recording: 5 % forward",
    ),
    bind_in(
        KeyContext::Lesson,
        Action::LessonNext,
        "lesson-next",
        &[key(KeyCode::Enter)],
        "lesson: confirm, next step",
    ),
    bind_in(
        KeyContext::Lesson,
        Action::LessonBack,
        "lesson-back",
        &[key(KeyCode::Backspace)],
        "lesson: previous step",
    ),
    bind_in(
        KeyContext::Lesson,
        Action::PauseAtSwitch,
        "pause-at-switch",
        &[char('p')],
        "lesson: pause at the next switch of the GIL",
    ),
    bind(Action::Theme, "theme", &[char('t')], "dark or light theme"),
    bind(Action::Help, "help", &[char('?')], "show these keys"),
    bind(Action::Back, "back", &[key(KeyCode::Esc)], "go back one step; never quits"),
    bind(Action::Quit, "quit", &[char('q')], "quit; asks first during a run"),
    bind(Action::Interrupt, "interrupt", &[control('c')], "quit immediately"),
    bind(Action::Suspend, "suspend", &[control('z')], "suspend to the shell; fg resumes"),
];

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
        self.action_of(Key::pressed(event)?, context)
    }

    /// The action that a key is bound to in a lesson, before any timeline.
    pub fn lesson_action(&self, pressed: Key) -> Option<Action> {
        let mut bindings = self.bindings.iter();
        let is_bound =
            |one: &&KeyBinding| one.context == KeyContext::Lesson && one.keys.contains(&pressed);
        bindings.find(is_bound).map(|binding| binding.action)
    }

    /// The action of a key in a context.
    pub fn action_of(&self, pressed: Key, context: KeyContext) -> Option<Action> {
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
