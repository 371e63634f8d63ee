//! What a sitting has to run, and with how many workers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sweep::SweepSetup;
use crate::model::plan::MAX_TASKS;
use crate::model::{ComputeSpec, Target, WorkSpec, Workload};

/// Workers, when a person does not say how many: as many as there are pages, up to this.
pub const DEFAULT_WORKERS: u16 = 8;

/// Workers for CPU work, when a person does not say how many.
pub const DEFAULT_COMPUTE_WORKERS: u16 = 4;

/// Tasks of CPU work, when a person does not say how many.
pub const DEFAULT_COMPUTE_TASKS: u32 = 8;

/// GitHub allows no more requests at once:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
pub const MAX_WORKERS_WITH_QUOTA: u16 = 100;

/// On this machine, where only threads are spent.
pub const MAX_WORKERS: u16 = 1000;

/// Where their number is found on this machine: each is a thread and a row of the picture, and what
/// gains by more is rare.
pub const MAX_AUTO_WORKERS: u16 = 64;

/// Each takes some megabytes.
pub const MAX_PROCESSES: u16 = 100;

/// What a sitting has to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Whose followers, where there are followers to fetch.
    pub target: Option<Target>,
    /// What a task of CPU work is.
    pub compute: ComputeSpec,
    /// How many there are of these.
    pub tasks: u32,
    /// A person's commands, where that is what the sitting is about.
    pub commands: Arc<[String]>,
    /// How many workers, where a person said so.
    pub workers: Option<u16>,
    /// What a sweep is made of.
    pub sweep: SweepSetup,
    /// Whether it is found while fetching how many, where a person said none.
    pub auto: bool,
    /// How many tasks the queue holds at most; nothing for no bound.
    pub queue: Option<u32>,
    /// Whether a selection is begun even if the quota is too small for it.
    pub force: bool,
    /// How many cores this machine has, where that is known.
    pub cores: Option<u16>,
}

impl Setup {
    /// Followers, and CPU work beside them. Without a number of workers, each run takes as many as
    /// there are pages, up to [`DEFAULT_WORKERS`].
    pub fn followers(target: Target, workers: Option<u16>) -> Self {
        Self {
            target: Some(target),
            compute: ComputeSpec::default(),
            tasks: DEFAULT_COMPUTE_TASKS,
            commands: Arc::default(),
            workers,
            sweep: SweepSetup::default(),
            auto: false,
            queue: None,
            force: false,
            cores: None,
        }
    }

    /// Nothing but these commands, so many side by side.
    pub fn commands(commands: Arc<[String]>, workers: u16) -> Self {
        Self {
            target: None,
            compute: ComputeSpec::default(),
            tasks: 0,
            commands,
            workers: Some(workers),
            sweep: SweepSetup::default(),
            auto: false,
            queue: None,
            force: false,
            cores: None,
        }
    }

    /// What there is to choose from, in the order of the key.
    pub fn workloads(&self) -> &'static [Workload] {
        if self.commands.is_empty() { &Workload::SELECTABLE } else { &[Workload::Commands] }
    }

    /// Whether a person could have asked for it: not so for numbers that are beyond all bounds.
    pub fn is_valid(&self) -> bool {
        let queue = self.queue.is_none_or(|queue| (1..=MAX_TASKS).contains(&queue));
        let workers = self.workers.is_none_or(|workers| (1..=MAX_WORKERS).contains(&workers));
        let per_page = self.target.as_ref().is_none_or(|one| (1..=100).contains(&one.per_page));
        let sweep = self.sweep.is_valid();
        queue
            && workers
            && sweep
            && per_page
            && self.tasks <= MAX_TASKS
            && self.compute.share <= 100
    }

    /// Whether a workload's requests are counted against somebody's quota.
    pub fn costs_quota(&self, workload: Workload) -> bool {
        let followers = matches!(workload, Workload::Profile | Workload::Followers);
        followers && self.target.as_ref().is_some_and(|target| target.costs_quota)
    }

    /// How many cores there are to compute on, where that is known.
    pub fn cores(&self) -> Option<u16> {
        self.compute.simulation.map_or(self.cores, |simulation| Some(simulation.cores))
    }

    /// What a workload's tasks are about; nothing where the sitting has none of it.
    pub(super) fn work(&self, workload: Workload) -> Option<WorkSpec> {
        Some(match workload {
            Workload::Profile => WorkSpec::Profile(self.target.clone()?),
            Workload::Followers => WorkSpec::Followers(self.target.clone()?),
            Workload::Cpu => WorkSpec::Cpu(self.compute),
            Workload::Native => WorkSpec::Native(self.compute),
            Workload::Mixed => WorkSpec::Mixed(self.compute),
            Workload::Commands => WorkSpec::Commands { commands: Arc::clone(&self.commands) },
        })
    }
}

/// How many workers a person may ask for.
pub const fn max_workers(costs_quota: bool) -> u16 {
    if costs_quota { MAX_WORKERS_WITH_QUOTA } else { MAX_WORKERS }
}
