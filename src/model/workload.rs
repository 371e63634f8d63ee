//! The kinds of tasks, and all that is known of each kind in advance: one row of [`WorkloadSpec`]
//! per [`Workload`]; and the modes in which they run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::state::State;

/// A list of tasks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// The pages of the user's followers, one task per page: I/O.
    Followers,
    /// The pages of a list of any API, one task per page: I/O.
    Pages,
    /// CPU work that needs the GIL, as in pure Python.
    Cpu,
    /// CPU work of an extension that releases the GIL around the heavy part, as hashlib does.
    Native,
    /// Fetching a page without the GIL, then processing it under the GIL.
    Mixed,
    /// The user's own commands, one task per command.
    Commands,
    /// A program of the user that is watched, one task per thread of it.
    Program,
}

/// The kind of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// Fetches a page from the target's server.
    Page,
    /// Computes on this machine: the GIL matters, and no quota is used.
    Computation,
    /// Runs a command of the user.
    Command,
    /// The life of a thread of a watched program.
    Thread,
}

/// The properties of a workload.
#[derive(Debug)]
pub struct WorkloadSpec {
    /// The name, as on the command line: `followers`.
    pub name: &'static str,
    /// The description on the command line.
    pub help: &'static str,
    /// The heading of a report.
    pub heading: &'static str,
    /// The heading in a few words, for a list.
    pub short_heading: &'static str,
    /// The kind of a task.
    pub kind: TaskKind,
    /// The noun of a task: `page`.
    pub task: &'static str,
    /// Its plural: `pages`.
    pub tasks: &'static str,
    /// The letter before the number of a task in its label: `p` of `p3`.
    pub label_prefix: &'static str,
    /// The unit of the speed: `pages/s`.
    pub rate: &'static str,
    /// The participle for completed tasks: `fetched`.
    pub done: &'static str,
    /// The noun of a result: `follower`.
    pub result: &'static str,
    /// Its plural, if results are counted: `followers`.
    pub results: Option<&'static str>,
    /// The noun of a worker and its plural, unless it is a thread or a process.
    pub worker: Option<(&'static str, &'static str)>,
    /// The resource that a further worker consumes, unless it is the worker itself: `connections`.
    pub cost: Option<&'static str>,
    /// The modes of a race, in their order.
    pub race_modes: &'static [Mode],
    /// The modes of a race on the built-in server, where a request costs nothing.
    pub built_in_race_modes: &'static [Mode],
    /// The choices among modes, in the order of the keys.
    pub mode_choices: &'static [ModeChoice],
    /// The name of [`Mode::Threads`] by its meaning.
    pub threads_name: &'static str,
    /// The states that a task can have in every mode.
    pub states: &'static [State],
    /// `true` if each task waits for a page before it computes.
    pub has_io_share: bool,
}

/// The properties that all lists of pages have in common.
const LISTS: WorkloadSpec = WorkloadSpec {
    name: "followers",
    help: "Fetch the pages of a user's followers: I/O without the GIL",
    heading: "followers",
    short_heading: "followers",
    kind: TaskKind::Page,
    task: "page",
    tasks: "pages",
    label_prefix: "p",
    rate: "pages/s",
    done: "fetched",
    result: "follower",
    results: Some("followers"),
    worker: None,
    cost: Some("connections"),
    race_modes: &[Mode::Sequential, Mode::Threads],
    built_in_race_modes: &[Mode::Sequential, Mode::Threads, Mode::Gil],
    mode_choices: &ModeChoice::ALL,
    threads_name: "threads (no GIL)",
    states: &[
        State::Connecting,
        State::Waiting,
        State::Receiving,
        State::Computing,
        State::RetryWait,
        State::Throttled,
        State::Error,
    ],
    has_io_share: false,
};

static FOLLOWERS: WorkloadSpec = LISTS;

static PAGES: WorkloadSpec = WorkloadSpec {
    name: "pages",
    help: "Fetch the pages of a list: I/O without the GIL",
    heading: "Pages of a list",
    short_heading: "pages",
    result: "item",
    results: Some("items"),
    built_in_race_modes: LISTS.race_modes,
    ..LISTS
};

/// The properties that all CPU work has in common.
const COMPUTATIONS: WorkloadSpec = WorkloadSpec {
    name: "cpu",
    help: "CPU work that needs the GIL, like pure Python",
    heading: "CPU work that needs the GIL",
    short_heading: "CPU work",
    kind: TaskKind::Computation,
    task: "task",
    tasks: "tasks",
    label_prefix: "t",
    rate: "tasks/s",
    done: "done",
    result: "result",
    results: None,
    worker: None,
    cost: None,
    race_modes: &Mode::ALL,
    built_in_race_modes: &Mode::ALL,
    mode_choices: &ModeChoice::ALL,
    threads_name: "threads (no GIL)",
    states: &[State::Computing],
    has_io_share: false,
};

static CPU: WorkloadSpec = COMPUTATIONS;

static NATIVE: WorkloadSpec = WorkloadSpec {
    name: "native",
    help: "CPU work that releases the GIL, like hashlib and zlib",
    heading: "CPU work of native code",
    short_heading: "native code",
    states: &[State::Computing, State::Native],
    ..COMPUTATIONS
};

static MIXED: WorkloadSpec = WorkloadSpec {
    name: "mixed",
    help: "Fetch a page without the GIL, then process it under the GIL",
    heading: "Pages, then CPU work",
    short_heading: "mixed work",
    states: &[State::Connecting, State::Waiting, State::Receiving, State::Computing, State::Error],
    has_io_share: true,
    ..COMPUTATIONS
};

/// A command is a process of its own, so the GIL and process modes do not apply to it.
static COMMANDS: WorkloadSpec = WorkloadSpec {
    name: "commands",
    help: "Run commands",
    heading: "Commands",
    short_heading: "commands",
    kind: TaskKind::Command,
    task: "command",
    tasks: "commands",
    label_prefix: "",
    rate: "commands/s",
    done: "run",
    result: "result",
    results: None,
    worker: Some(("job", "jobs")),
    cost: None,
    race_modes: &[Mode::Sequential, Mode::Threads],
    built_in_race_modes: &[Mode::Sequential, Mode::Threads],
    mode_choices: &[
        ModeChoice::Race,
        ModeChoice::Only(Mode::Sequential),
        ModeChoice::Only(Mode::Threads),
    ],
    threads_name: "parallel",
    states: &[State::Running, State::Error],
    has_io_share: false,
};

/// The threads of a program run as the program likes: there is no mode to choose.
static PROGRAM: WorkloadSpec = WorkloadSpec {
    name: "program",
    help: "Watch the threads of a program",
    heading: "Threads of a program",
    short_heading: "program",
    kind: TaskKind::Thread,
    task: "thread",
    tasks: "threads",
    label_prefix: "thread ",
    rate: "threads/s",
    done: "ended",
    result: "result",
    results: None,
    worker: None,
    cost: None,
    race_modes: &[Mode::Threads],
    built_in_race_modes: &[Mode::Threads],
    mode_choices: &[ModeChoice::Only(Mode::Threads)],
    threads_name: "threads",
    states: &[
        State::Parked,
        State::Sleeping,
        State::Events,
        State::Waiting,
        State::Blocked,
        State::Stopped,
        State::NoCore,
        State::OnCpu,
        State::Computing,
        State::Native,
        State::LockWait,
    ],
    has_io_share: false,
};

impl Workload {
    /// The workloads that `w` cycles through. A session of the user's own commands or list has no
    /// other workload.
    pub const SELECTABLE: [Self; 4] = [Self::Followers, Self::Cpu, Self::Native, Self::Mixed];

    /// The properties of the workload.
    pub const fn spec(self) -> &'static WorkloadSpec {
        match self {
            Self::Followers => &FOLLOWERS,
            Self::Pages => &PAGES,
            Self::Cpu => &CPU,
            Self::Native => &NATIVE,
            Self::Mixed => &MIXED,
            Self::Commands => &COMMANDS,
            Self::Program => &PROGRAM,
        }
    }

    /// The kind of a task.
    pub const fn kind(self) -> TaskKind {
        self.spec().kind
    }

    /// Returns `true` if the tasks fetch pages of the target, whose number is found by fetching.
    pub const fn is_fetched(self) -> bool {
        matches!(self.kind(), TaskKind::Page)
    }

    /// Returns `true` if the results are accounts, which have numbers.
    pub const fn has_accounts(self) -> bool {
        matches!(self, Self::Followers)
    }

    /// Returns `true` if the tasks are CPU work on this machine.
    pub const fn is_computed(self) -> bool {
        matches!(self.kind(), TaskKind::Computation)
    }

    /// Returns `true` if the tasks are CPU work and nothing else: no worker waits for a server.
    pub const fn only_computes(self) -> bool {
        self.is_computed() && !self.spec().has_io_share
    }

    /// Returns `true` if the tasks are the threads of a watched program.
    pub const fn is_program(self) -> bool {
        matches!(self.kind(), TaskKind::Thread)
    }

    /// Returns `true` if the tasks are the user's commands.
    pub const fn is_command(self) -> bool {
        matches!(self.kind(), TaskKind::Command)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spec().name)
    }
}

/// The way in which tasks are distributed to workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One task after another, on one thread.
    Sequential,
    /// Several threads that share a queue.
    Threads,
    /// Several threads that share a queue and one GIL.
    Gil,
    /// Several processes that share a queue, each with its own GIL.
    Processes,
}

impl Mode {
    /// All modes, in the order of the keys.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Threads, Self::Gil, Self::Processes];
}

/// The name on the command line and in JSON. A [`super::Selection`] has the name for a reader.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Gil => "gil",
            Self::Processes => "processes",
        })
    }
}

/// A choice among the modes: all, one, or a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeChoice {
    /// All modes of the workload, on one time axis.
    Race,
    /// One mode.
    Only(Mode),
    /// Threads, with several numbers of workers.
    Sweep,
}

impl ModeChoice {
    /// All choices, in the order of the keys.
    pub const ALL: [Self; 6] = [
        Self::Race,
        Self::Only(Mode::Sequential),
        Self::Only(Mode::Threads),
        Self::Only(Mode::Gil),
        Self::Only(Mode::Processes),
        Self::Sweep,
    ];
}
