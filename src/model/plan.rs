//! What to run: `Work`, `Mode`, `Plan`, and the `Selection` that a person makes.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::TaskId;
use super::text::printable;
use super::time::Nanos;

/// No run has more tasks: no listing of GitHub's has as many pages, and a server that claims more is
/// not believed.
pub const MOST_TASKS: u32 = 400_000;

/// Whose followers, and where they are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The user's login.
    pub user: String,
    /// Where: an API's host, or [`Self::BUILT_IN`].
    pub api: String,
    /// Followers a page, 1 to 100.
    pub per_page: u8,
    /// Whether its requests are counted against somebody's quota: not so on this machine.
    pub costs_quota: bool,
}

impl Target {
    /// What stands in an API's place where the built-in server is asked.
    pub const BUILT_IN: &str = "built-in server";

    /// Whether the built-in server is asked.
    pub fn is_built_in(&self) -> bool {
        self.api == Self::BUILT_IN
    }
}

/// A list of tasks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// The preparing request: the user's profile, one task.
    Profile,
    /// The pages of the user's followers, a task each: I/O.
    Followers,
    /// CPU work that needs the GIL, as pure Python does.
    Cpu,
    /// CPU work of an extension, which releases the GIL around the heavy part, as hashlib does.
    Native,
    /// A page is fetched without the GIL, then worked on under it.
    Mixed,
    /// Commands of a person's own, a task each.
    Commands,
}

impl Workload {
    /// What a person may choose from, in the order of the key; commands have a sitting of their own.
    pub const CHOICES: [Self; 4] = [Self::Followers, Self::Cpu, Self::Native, Self::Mixed];

    /// Whether its tasks are computed on this machine, so that the GIL matters, and nobody's quota.
    pub const fn is_computed(self) -> bool {
        matches!(self, Self::Cpu | Self::Native | Self::Mixed)
    }

    /// The modes that belong to it, in the order that a race runs them.
    pub const fn raced(self) -> &'static [Mode] {
        match self {
            Self::Cpu | Self::Native | Self::Mixed => &Mode::ALL,
            Self::Profile | Self::Followers | Self::Commands => &[Mode::Sequential, Mode::Threads],
        }
    }

    /// What it can be run in, in the order of the keys. A command is a process of its own anyhow.
    pub const fn choices(self) -> &'static [Choice] {
        match self {
            Self::Commands => {
                &[Choice::Race, Choice::Only(Mode::Sequential), Choice::Only(Mode::Threads)]
            }
            _ => &Choice::ALL,
        }
    }
}

/// How tasks are given to workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One after another, on one thread.
    Sequential,
    /// From a queue, to several threads.
    Threads,
    /// The same, but the threads share one GIL.
    Gil,
    /// From a queue, to several processes, each with a GIL of its own.
    Processes,
}

impl Mode {
    /// Every mode, in the order of the keys.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Threads, Self::Gil, Self::Processes];
}

/// What the tasks of a run are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "workload", rename_all = "snake_case")]
pub enum Work {
    /// [`Workload::Profile`].
    Profile(Target),
    /// [`Workload::Followers`].
    Followers(Target),
    /// [`Workload::Cpu`].
    Cpu(Compute),
    /// [`Workload::Native`].
    Native(Compute),
    /// [`Workload::Mixed`].
    Mixed(Compute),
    /// [`Workload::Commands`]: task 1 is the first.
    Commands {
        /// For the shell.
        commands: Arc<[String]>,
    },
}

/// What tasks of CPU work are: an amount of work, never a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compute {
    /// How long a task takes alone, about: its amount is calibrated by this.
    pub size: Nanos,
    /// The turns of CPU work that are as long on this machine; 0 until it was measured.
    pub turns: u64,
    /// [`Workload::Mixed`]: the percentage of a task that is CPU work, 0 to 100.
    pub share: u8,
    /// CPython's switch interval: how long a thread waits for the GIL before it asks for it.
    pub switch_interval: Nanos,
    /// Computed in virtual time instead of run.
    pub simulation: Option<Simulation>,
}

/// A machine that is only computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// Decides what is chance on a real machine; equal seeds give equal runs.
    pub seed: u64,
    /// How many cores it has.
    pub cores: u16,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { seed: 1, cores: 2 }
    }
}

impl Compute {
    /// CPython's: <https://docs.python.org/3/library/sys.html#sys.setswitchinterval>.
    pub const SWITCH_INTERVAL: Nanos = Nanos::from_millis(5);
}

impl Default for Compute {
    fn default() -> Self {
        Self {
            size: Nanos::from_millis(150),
            turns: 0,
            share: 30,
            switch_interval: Self::SWITCH_INTERVAL,
            simulation: None,
        }
    }
}

impl Work {
    /// What kind of tasks they are.
    pub const fn workload(&self) -> Workload {
        match self {
            Self::Profile(_) => Workload::Profile,
            Self::Followers(_) => Workload::Followers,
            Self::Cpu(_) => Workload::Cpu,
            Self::Native(_) => Workload::Native,
            Self::Mixed(_) => Workload::Mixed,
            Self::Commands { .. } => Workload::Commands,
        }
    }

    /// Whose followers, where it is about followers.
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Profile(target) | Self::Followers(target) => Some(target),
            _ => None,
        }
    }

    /// What is computed, where something is.
    pub const fn compute(&self) -> Option<&Compute> {
        match self {
            Self::Cpu(compute) | Self::Native(compute) | Self::Mixed(compute) => Some(compute),
            _ => None,
        }
    }
}

/// One run: a workload in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the tasks are about.
    pub work: Work,
    /// How they are given to workers.
    pub mode: Mode,
    /// How many workers; 1 in sequential mode.
    pub workers: u16,
    /// Whether it is found while fetching how many of them are to be at work.
    #[serde(default)]
    pub auto: bool,
    /// How many tasks, as far as is known beforehand.
    pub tasks: u32,
    /// How many tasks the queue holds at most; nothing for no bound.
    pub queue: Option<u32>,
}

impl Plan {
    /// A plan without a bound on the queue.
    pub const fn new(work: Work, mode: Mode, workers: u16, tasks: u32) -> Self {
        Self { work, mode, workers, auto: false, tasks, queue: None }
    }

    /// What kind of tasks.
    pub const fn workload(&self) -> Workload {
        self.work.workload()
    }

    /// The selection that runs it alone.
    pub const fn selection(&self) -> Selection {
        Selection::only(self.workload(), self.mode)
    }

    /// The mode as a person reads it, with the number of workers where there are several:
    /// `sequential`, `threads x5`, `threads auto`.
    pub fn name(&self) -> String {
        match self.mode {
            Mode::Sequential => self.selection().to_string(),
            _ if self.auto => format!("{} auto", self.selection()),
            _ => format!("{} x{}", self.selection(), self.workers),
        }
    }

    /// The name of the worker on a lane: its thread's name, and its row's.
    pub fn worker_name(&self, lane: u16) -> String {
        match self.mode {
            Mode::Sequential => "main".to_owned(),
            _ => format!("worker-{}", u32::from(lane) + 1),
        }
    }

    /// What a person knows a task by, safe to print: `p3` for page 3, `t3` for the third that is
    /// computed, a command as it was given.
    pub fn label(&self, task: TaskId) -> String {
        match &self.work {
            Work::Profile(_) | Work::Followers(_) => task.to_string(),
            Work::Cpu(_) | Work::Native(_) | Work::Mixed(_) => format!("t{}", task.0),
            Work::Commands { .. } => printable(self.command(task).unwrap_or_default()),
        }
    }

    /// A task's command, as it was given.
    pub fn command(&self, task: TaskId) -> Option<&str> {
        let Work::Commands { commands } = &self.work else { return None };
        commands.get((task.0 as usize).checked_sub(1)?).map(String::as_str)
    }
}

/// One mode, several on one axis, or one over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The modes that belong to the workload, one after the other, on one axis.
    Race,
    /// One mode alone.
    Only(Mode),
    /// Threads alone, over several counts of them.
    Sweep,
}

impl Choice {
    /// Every choice, in the order of the keys.
    pub const ALL: [Self; 6] = [
        Self::Race,
        Self::Only(Mode::Sequential),
        Self::Only(Mode::Threads),
        Self::Only(Mode::Gil),
        Self::Only(Mode::Processes),
        Self::Sweep,
    ];
}

/// What a person chose to see and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Selection {
    /// What is done.
    pub workload: Workload,
    /// How.
    pub choice: Choice,
}

impl Selection {
    /// The modes that belong to a workload, on one axis.
    pub const fn race(workload: Workload) -> Self {
        Self { workload, choice: Choice::Race }
    }

    /// A workload in one mode alone.
    pub const fn only(workload: Workload, mode: Mode) -> Self {
        Self { workload, choice: Choice::Only(mode) }
    }

    /// A workload on threads, over several counts of them.
    pub const fn sweep(workload: Workload) -> Self {
        Self { workload, choice: Choice::Sweep }
    }

    /// Whether it is a sweep.
    pub const fn is_sweep(self) -> bool {
        matches!(self.choice, Choice::Sweep)
    }

    /// Everything that a workload can be run in, in the order of the keys.
    pub fn all(workload: Workload) -> impl Iterator<Item = Self> {
        workload.choices().iter().map(move |&choice| Self { workload, choice })
    }

    /// The modes that it runs, one after the other.
    pub fn modes(self) -> &'static [Mode] {
        match self.choice {
            Choice::Race => self.workload.raced(),
            Choice::Sweep => &[Mode::Threads],
            Choice::Only(mode) => match Mode::ALL.iter().position(|&other| other == mode) {
                Some(at) => Mode::ALL.get(at..=at).unwrap_or(&[]),
                None => &[],
            },
        }
    }

    /// Its place among the workload's choices.
    pub fn index(self) -> usize {
        self.workload.choices().iter().position(|&other| other == self.choice).unwrap_or(0)
    }

    /// Its name in a sentence about both: with the workload where that differs.
    pub fn beside(self, other: Self) -> String {
        if self.workload == other.workload {
            self.to_string()
        } else {
            format!("{self} of {}", self.workload)
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Profile => "profile",
            Self::Followers => "followers",
            Self::Cpu => "cpu",
            Self::Native => "native",
            Self::Mixed => "mixed",
            Self::Commands => "commands",
        })
    }
}

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

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.choice, self.workload) {
            (Choice::Race, _) => f.pad("race"),
            (Choice::Sweep, _) => f.pad("sweep"),
            (Choice::Only(Mode::Threads), Workload::Commands) => f.pad("parallel"),
            (Choice::Only(mode), _) => mode.fmt(f),
        }
    }
}
