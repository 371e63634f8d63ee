//! The setup of a session: its workloads, numbers of workers and limits; and the entries of its log,
//! which is also the content of a recording.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::identifiers::RunId;
use super::mode_set::ModeSet;
use super::paged_list::PagedList;
use super::plan::{ComputeSpec, MAX_TASKS, Target, WorkSpec};
use super::selection::{Selection, SweepSetup};
use super::watched_program::WatchedProgram;
use super::workload::{Mode, ModeChoice, Workload};

/// The default number of workers for followers, reduced to the number of pages.
pub const DEFAULT_WORKERS: u16 = 8;

/// The default number of workers for CPU work.
pub const DEFAULT_COMPUTE_WORKERS: u16 = 4;

/// The default number of tasks of CPU work.
pub const DEFAULT_COMPUTE_TASKS: u32 = 8;

/// The maximum number of workers if requests cost quota: GitHub's limit for concurrent requests.
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
pub const MAX_WORKERS_WITH_QUOTA: u16 = 100;

/// The maximum number of workers otherwise. Each is a thread.
pub const MAX_WORKERS: u16 = 1000;

/// The maximum number of workers that `auto` tries without a quota. Each is a thread and a lane on
/// the screen, and more rarely help.
pub const MAX_AUTO_WORKERS: u16 = 64;

/// The maximum number of worker processes. Each uses a few megabytes.
pub const MAX_PROCESSES: u16 = 100;

/// The maximum number of worker counts in a sweep. More do not fit on a screen.
pub const MAX_SWEEP_COUNTS: usize = 64;

/// The maximum number of trials per worker count. More do not improve the median noticeably.
pub const MAX_SWEEP_REPEATS: u16 = 100;

/// The setup of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The target of the requests, if followers can be fetched.
    pub target: Option<Target>,
    /// The user's list. If there is one, the session runs nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<PagedList>,
    /// The user's program. If there is one, the session runs nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<WatchedProgram>,
    /// The specification of a CPU task.
    pub compute: ComputeSpec,
    /// The number of CPU tasks.
    pub tasks: u32,
    /// The user's commands. If there are any, the session runs nothing else.
    pub commands: Arc<[String]>,
    /// The number of workers, if set by the user.
    pub workers: Option<u16>,
    /// The setup of sweeps.
    pub sweep: SweepSetup,
    /// Finds the number of workers during the run (`--threads auto`).
    pub auto: bool,
    /// The user has agreed in advance to the cost of selections, even if the quota is too small for
    /// them.
    pub agreed: bool,
    /// The number of cores of this machine, if known.
    pub cores: Option<u16>,
    /// The modes of a race, if not those of its workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub race_modes: Option<ModeSet>,
    /// `true` if requests carry a token, which has a large quota. It is not part of a recording.
    #[serde(skip)]
    pub has_token: bool,
}

impl Setup {
    /// Creates a setup for followers and CPU work. If `workers` is `None`, a run of followers uses
    /// one worker per page, up to [`DEFAULT_WORKERS`].
    pub fn followers(target: Target, workers: Option<u16>) -> Self {
        Self::new(Some(target), workers)
    }

    /// Creates a setup that runs only `commands`, on `workers` workers.
    pub fn commands(commands: Arc<[String]>, workers: u16) -> Self {
        Self { tasks: 0, commands, ..Self::new(None, Some(workers)) }
    }

    /// Creates a setup that runs only the pages of `list`, on `workers` workers if given.
    pub fn pages(list: PagedList, workers: Option<u16>) -> Self {
        Self { list: Some(list), tasks: 0, ..Self::new(None, workers) }
    }

    /// Creates a setup that only watches `program`.
    pub fn program(program: WatchedProgram) -> Self {
        let cores = Some(program.cores);
        Self { program: Some(program), tasks: 0, cores, ..Self::new(None, Some(1)) }
    }

    fn new(target: Option<Target>, workers: Option<u16>) -> Self {
        Self {
            target,
            list: None,
            program: None,
            compute: ComputeSpec::default(),
            tasks: DEFAULT_COMPUTE_TASKS,
            commands: Arc::default(),
            workers,
            sweep: SweepSetup::default(),
            auto: false,
            agreed: false,
            cores: None,
            race_modes: None,
            has_token: false,
        }
    }

    /// The workloads that can be selected, in the order of the key.
    pub fn workloads(&self) -> &'static [Workload] {
        match (&self.list, &self.program) {
            (Some(_), _) => &[Workload::Pages],
            (None, Some(_)) => &[Workload::Program],
            (None, None) if !self.commands.is_empty() => &[Workload::Commands],
            (None, None) => &Workload::SELECTABLE,
        }
    }

    /// Returns `true` if all values are within the limits of the options that set them. A recording
    /// may contain others.
    pub fn is_valid(&self) -> bool {
        let workers = self.workers.is_none_or(|workers| (1..=MAX_WORKERS).contains(&workers));
        let per_page = self.target.as_ref().is_none_or(|one| (1..=100).contains(&one.per_page));
        let sweep = self.has_valid_sweep();
        workers && sweep && per_page && self.tasks <= MAX_TASKS && self.compute.share <= 100
    }

    fn has_valid_sweep(&self) -> bool {
        let SweepSetup { counts, repeats } = &self.sweep;
        let counts = counts.as_ref().is_none_or(|counts| {
            counts.len() <= MAX_SWEEP_COUNTS && counts.iter().all(|n| (1..=MAX_WORKERS).contains(n))
        });
        counts && (1..=MAX_SWEEP_REPEATS).contains(repeats)
    }

    /// Returns `true` if the workload's requests count against the user's quota.
    pub fn costs_quota(&self, workload: Workload) -> bool {
        workload.is_fetched() && self.work(workload).is_some_and(|work| work.costs_quota())
    }

    /// The server that pages are fetched from, if any are.
    pub fn api(&self) -> Option<&str> {
        let target = self.target.as_ref().map(|target| &target.api);
        target.or(self.list.as_ref().map(|list| &list.api)).map(String::as_str)
    }

    fn is_built_in(&self) -> bool {
        self.target.as_ref().is_some_and(Target::is_built_in)
    }

    /// The modes of a selection, in the order of its runs. A list whose pages must be fetched one
    /// after another is fetched once: no other mode can be faster.
    pub fn modes(&self, selection: Selection) -> &'static [Mode] {
        match selection.choice {
            ModeChoice::Race if self.list.as_ref().is_some_and(PagedList::is_chained) => {
                &[Mode::Sequential]
            }
            ModeChoice::Race => match self.race_modes {
                Some(set) => set.modes(),
                None => selection.modes(self.is_built_in()),
            },
            _ => selection.modes(self.is_built_in()),
        }
    }

    /// Returns `true` if all runs of a selection start at the same moment. They must not compete: the
    /// built-in server serves any number of requests at once, but other servers may not, and
    /// computations share the cores.
    pub fn is_simultaneous(&self, selection: Selection) -> bool {
        let is_race = selection.choice == ModeChoice::Race;
        is_race && selection.workload.is_fetched() && self.is_built_in()
    }

    /// The number of runs with which a selection starts.
    pub fn first_run_count(&self, selection: Selection) -> usize {
        if self.is_simultaneous(selection) { self.modes(selection).len() } else { 1 }
    }

    /// The number of cores for CPU work, simulated or real, if known.
    pub fn cores(&self) -> Option<u16> {
        self.compute.simulation.map_or(self.cores, |simulation| Some(simulation.cores))
    }

    /// The work of a workload, or `None` if this session cannot run it.
    pub(crate) fn work(&self, workload: Workload) -> Option<WorkSpec> {
        Some(match workload {
            Workload::Followers => WorkSpec::Followers(self.target.clone()?),
            Workload::Pages => WorkSpec::Pages(self.list.clone()?),
            Workload::Cpu => WorkSpec::Cpu(self.compute),
            Workload::Native => WorkSpec::Native(self.compute),
            Workload::Mixed => WorkSpec::Mixed(self.compute),
            Workload::Program => WorkSpec::Program(self.program.clone()?),
            Workload::Commands => WorkSpec::Commands { commands: Arc::clone(&self.commands) },
        })
    }
}

/// The maximum number of workers that the user may request.
pub const fn max_workers(costs_quota: bool) -> u16 {
    if costs_quota { MAX_WORKERS_WITH_QUOTA } else { MAX_WORKERS }
}

/// The start of a selection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectionStart {
    /// The selection.
    #[serde(rename = "begin")]
    pub selection: Selection,
    /// The setup of the session at that time, without the commands, which never change.
    pub setup: Setup,
    /// The number of pages of followers, if known at that time.
    pub pages: Option<u32>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum LogEntry {
    /// A selection was started.
    Start(Arc<SelectionStart>),
    /// An event of an active run.
    Event {
        /// The run.
        run: RunId,
        /// The event.
        #[serde(flatten)]
        event: Event,
    },
}

/// A destination for log entries as they occur.
pub trait LogSink: Debug {
    /// Records the next entry. Must not block.
    fn record(&mut self, entry: LogEntry);
}
