//! The plan of a run: its work with all parameters, its mode, its lanes, and the waves of its tasks.

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exactness::Exactness;
use super::identifiers::{LaneId, RunId, TaskId};
use super::paged_list::PagedList;
use super::printable::printable;
use super::quota::QuotaCheck;
use super::selection::Selection;
use super::time::Nanos;
use super::watched_program::WatchedProgram;
use super::workload::{Mode, Workload};

/// The maximum number of tasks per run. No list on GitHub has as many pages; a server that claims
/// more is not trusted.
pub const MAX_TASKS: u32 = 1_000_000;

/// A user's followers on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The user's login.
    pub user: String,
    /// The server: an API's host, or [`Self::BUILT_IN`].
    pub api: String,
    /// The number of followers per page, 1 to 100.
    pub per_page: u8,
    /// `true` if requests count against a rate limit quota. Requests to this machine do not.
    pub costs_quota: bool,
}

impl Target {
    /// The value of [`Self::api`] for the built-in server.
    pub const BUILT_IN: &str = "built-in server";

    /// Returns `true` if the server is the built-in one.
    pub fn is_built_in(&self) -> bool {
        self.api == Self::BUILT_IN
    }
}

/// The workload of a run with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "workload", rename_all = "snake_case")]
pub enum WorkSpec {
    /// [`Workload::Followers`].
    Followers(Target),
    /// [`Workload::Pages`].
    Pages(PagedList),
    /// [`Workload::Cpu`].
    Cpu(ComputeSpec),
    /// [`Workload::Native`].
    Native(ComputeSpec),
    /// [`Workload::Mixed`].
    Mixed(ComputeSpec),
    /// [`Workload::Commands`]. Task 1 is the first command.
    Commands {
        /// The shell commands.
        commands: Arc<[String]>,
    },
    /// [`Workload::Program`].
    Program(WatchedProgram),
}

/// The parameters of CPU work. A task is a fixed amount of work, not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeSpec {
    /// The approximate duration of a single task, from which the amount of work is calibrated.
    pub size: Nanos,
    /// The calibrated number of iterations per task on this machine; 0 before the calibration.
    pub turns: u64,
    /// [`Workload::Mixed`]: the percentage of a task that is CPU work, 0 to 100.
    pub share: u8,
    /// CPython's switch interval: the time that a thread waits for the GIL before it requests the
    /// GIL's release.
    pub switch_interval: Nanos,
    /// The simulated machine, if the run is simulated in virtual time.
    pub simulation: Option<Simulation>,
}

/// A simulated machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// The seed of the random numbers. Equal seeds give equal runs.
    pub seed: u64,
    /// The number of cores.
    pub cores: u16,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { seed: 1, cores: 2 }
    }
}

impl ComputeSpec {
    /// The default of CPython: <https://docs.python.org/3/library/sys.html#sys.setswitchinterval>.
    pub const SWITCH_INTERVAL: Nanos = Nanos::from_millis(5);
}

impl Default for ComputeSpec {
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

impl WorkSpec {
    /// The kind of task.
    pub const fn workload(&self) -> Workload {
        match self {
            Self::Followers(_) => Workload::Followers,
            Self::Pages(_) => Workload::Pages,
            Self::Cpu(_) => Workload::Cpu,
            Self::Native(_) => Workload::Native,
            Self::Mixed(_) => Workload::Mixed,
            Self::Commands { .. } => Workload::Commands,
            Self::Program(_) => Workload::Program,
        }
    }

    /// The user and the server, if the tasks fetch followers.
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Followers(target) => Some(target),
            _ => None,
        }
    }

    /// The list, if the tasks fetch the pages of one.
    pub const fn list(&self) -> Option<&PagedList> {
        match self {
            Self::Pages(list) => Some(list),
            _ => None,
        }
    }

    /// The program, if the tasks are the threads of one.
    pub const fn program(&self) -> Option<&WatchedProgram> {
        match self {
            Self::Program(program) => Some(program),
            _ => None,
        }
    }

    /// Returns `true` if the tasks are requests that count against a rate limit quota.
    pub fn costs_quota(&self) -> bool {
        self.target().is_some_and(|target| target.costs_quota)
            || self.list().is_some_and(|list| list.costs_quota)
    }

    /// The parameters of CPU work, if the tasks are CPU work.
    pub const fn compute(&self) -> Option<&ComputeSpec> {
        match self {
            Self::Cpu(compute) | Self::Native(compute) | Self::Mixed(compute) => Some(compute),
            _ => None,
        }
    }

    /// [`Self::target`], to be changed.
    pub const fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Followers(target) => Some(target),
            _ => None,
        }
    }

    /// [`Self::list`], to be changed.
    pub const fn list_mut(&mut self) -> Option<&mut PagedList> {
        match self {
            Self::Pages(list) => Some(list),
            _ => None,
        }
    }

    /// [`Self::program`], to be changed.
    pub const fn program_mut(&mut self) -> Option<&mut WatchedProgram> {
        match self {
            Self::Program(program) => Some(program),
            _ => None,
        }
    }

    /// [`Self::compute`], to be changed.
    pub const fn compute_mut(&mut self) -> Option<&mut ComputeSpec> {
        match self {
            Self::Cpu(compute) | Self::Native(compute) | Self::Mixed(compute) => Some(compute),
            _ => None,
        }
    }
}

/// The plan of one run: a workload in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The workload with its parameters.
    pub work: WorkSpec,
    /// The mode.
    pub mode: Mode,
    /// The number of workers; 1 in sequential mode.
    pub workers: u16,
    /// `true` if the number of active workers adapts to the server during the run.
    #[serde(default)]
    pub auto: bool,
    /// The number of tasks, or the number of those that are tried first if it is not known in advance.
    pub tasks: u32,
    /// The exactness of the run's events.
    pub exactness: Exactness,
    /// The check of the quota once the number of tasks is known, if requests cost quota. It is not
    /// part of a recording.
    #[serde(skip)]
    pub quota_check: Option<Box<QuotaCheck>>,
}

/// A plan that starts now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// The run that follows the plan.
    pub run: RunId,
    /// The plan.
    pub plan: Plan,
}

impl Plan {
    /// Creates a plan with a fixed number of workers.
    pub const fn new(work: WorkSpec, mode: Mode, workers: u16, tasks: u32) -> Self {
        Self {
            work,
            mode,
            workers,
            auto: false,
            tasks,
            exactness: Exactness::Exact,
            quota_check: None,
        }
    }

    /// The kind of task.
    pub const fn workload(&self) -> Workload {
        self.work.workload()
    }

    /// Returns `true` if the run is simulated, in virtual time.
    pub fn is_simulated(&self) -> bool {
        self.work.compute().is_some_and(|compute| compute.simulation.is_some())
    }

    /// Returns the selection of this mode alone.
    pub const fn selection(&self) -> Selection {
        Selection::only(self.workload(), self.mode)
    }

    /// Returns the mode's label, with the number of workers if there are several: `sequential`,
    /// `threads (no GIL) x5`, `GIL threads auto`.
    pub fn name(&self) -> String {
        self.with_workers(&self.selection().to_string())
    }

    /// Returns the label without what the other modes' labels imply: `threads x5`.
    pub fn short_name(&self) -> String {
        let name = self.selection().to_string();
        self.with_workers(name.split(" (").next().unwrap_or_default())
    }

    fn with_workers(&self, mode: &str) -> String {
        match self.mode {
            Mode::Sequential => mode.to_owned(),
            _ if self.auto => format!("{mode} auto"),
            _ => format!("{mode} x{}", self.workers),
        }
    }

    /// Returns the planned lanes with their names.
    pub fn lanes(&self) -> impl Iterator<Item = (LaneId, String)> + use<> {
        let mode = self.mode;
        (0..self.workers).map(move |lane| (LaneId(lane), worker_name(mode, lane)))
    }

    /// Returns the name of the worker on a lane, which is also the name of its thread.
    pub fn worker_name(&self, lane: u16) -> String {
        worker_name(self.mode, lane)
    }

    /// Returns the label of a task, safe to print: `p3` for page 3, `t3` for the third task of CPU
    /// work, or the command itself.
    pub fn label(&self, task: TaskId) -> String {
        match self.command(task) {
            Some(command) => printable(command),
            None => format!("{}{}", self.workload().spec().label_prefix, task.0),
        }
    }

    /// Returns the command of a task.
    pub fn command(&self, task: TaskId) -> Option<&str> {
        let WorkSpec::Commands { commands } = &self.work else { return None };
        commands.get((task.0 as usize).checked_sub(1)?).map(String::as_str)
    }
}

fn worker_name(mode: Mode, lane: u16) -> String {
    match mode {
        Mode::Sequential => "main".to_owned(),
        _ => format!("worker-{}", u32::from(lane) + 1),
    }
}

/// The rounds in which workers process equal tasks: ceil(tasks / workers) waves, the last of which
/// may be incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// The number of tasks.
    pub tasks: u32,
    /// The number of workers.
    pub workers: u16,
    /// The number of waves: ceil(tasks / workers).
    pub count: u32,
    /// The number of workers without a task in the last wave.
    pub idle: u32,
}

impl Waves {
    /// Computes the waves of `tasks` tasks on `workers` workers (at least one).
    pub fn new(tasks: u32, workers: u16) -> Self {
        let n = u32::from(workers.max(1));
        let count = tasks.div_ceil(n);
        Self { tasks, workers: workers.max(1), count, idle: count.saturating_mul(n) - tasks }
    }

    /// The numbers of workers that need the same number of waves: from ceil(tasks / count) to one
    /// below the number that saves a wave.
    pub fn equivalent_workers(self) -> RangeInclusive<u16> {
        let to_u16 = |workers: u32| u16::try_from(workers).unwrap_or(u16::MAX);
        let fewest = self.tasks.div_ceil(self.count.max(1)).max(1);
        let most = match self.count {
            0 | 1 => u32::from(u16::MAX),
            count => self.tasks.div_ceil(count - 1).saturating_sub(1),
        };
        to_u16(fewest)..=to_u16(most)
    }
}
