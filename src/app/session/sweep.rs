//! A sweep: which trial comes next, and what all of them cost.

use serde::{Deserialize, Serialize};

use super::Session;
use super::setup::MAX_WORKERS;
use crate::model::stats::Waves;
use crate::model::sweep::Trial;
use crate::model::{Nanos, Plan, Run, RunOutcome, Selection, Sweep, Workload};

/// More counts than that have no room on a screen.
pub const MAX_SWEEP_COUNTS: usize = 64;

/// More trials of a count make its median no better than that is worth the wait.
pub const MAX_SWEEP_REPEATS: u16 = 100;

/// The counts when a person does not say which: six tell the laws apart.
const DEFAULT_COUNTS: [u16; 6] = [1, 2, 4, 8, 12, 16];

/// With no more tasks than this, each count tells something of its own.
const MAX_TASKS_FOR_ALL_COUNTS: u32 = 8;

/// What a sweep is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepSetup {
    /// How many workers each trial has, where a person said so.
    pub counts: Option<Vec<u16>>,
    /// How often each count is run.
    pub repeats: u16,
    /// Whether a person agreed beforehand to whatever it costs of a quota.
    pub agreed: bool,
}

impl Default for SweepSetup {
    fn default() -> Self {
        Self { counts: None, repeats: 3, agreed: false }
    }
}

impl SweepSetup {
    /// Whether a person could have asked for it.
    pub(super) fn is_valid(&self) -> bool {
        let counts = self.counts.as_ref().is_none_or(|counts| {
            counts.len() <= MAX_SWEEP_COUNTS && counts.iter().all(|n| (1..=MAX_WORKERS).contains(n))
        });
        counts && (1..=MAX_SWEEP_REPEATS).contains(&self.repeats)
    }
}

impl Session {
    /// What the trials of a sweep came to, once it has begun.
    pub fn sweep(&self, selection: Selection) -> Option<&Sweep> {
        self.run_sets.get(&selection)?.sweep.as_ref()
    }

    /// The sweep that a workload's next one would be, as far as is known.
    pub fn planned_sweep(&self, workload: Workload) -> Sweep {
        self.new_sweep(self.task_count(workload).unwrap_or(u32::MAX))
    }

    /// Whether the selection waits for a person who knows what it costs to begin it.
    pub fn awaits_confirmation(&self, selection: Selection) -> bool {
        let costs = self.setup.costs_quota(selection.workload) && self.pages.is_some();
        selection.is_sweep() && costs && !self.cost_accepted && self.failure(selection).is_none()
    }

    /// How long a sweep may take that was not run yet: as long as its pages did in the sequential run,
    /// else as the preparing request. Nothing before either.
    pub fn expected_time(&self, selection: Selection) -> Option<Nanos> {
        let tasks = self.task_count(selection.workload).filter(|_| selection.is_sweep())?;
        let sequential = self.sequential.get(&selection.workload);
        let each = match sequential {
            Some(took) => Nanos(took.0 / u64::from(tasks.max(1))),
            None => self.profile.as_ref().and_then(Run::duration)?,
        };
        let sweep = self.new_sweep(tasks);
        let waves = sweep.schedule().map(|workers| u64::from(Waves::new(tasks, workers).count));
        Some(Nanos(each.0.saturating_mul(waves.sum())))
    }

    /// A sweep of so many tasks.
    pub(super) fn new_sweep(&self, tasks: u32) -> Sweep {
        let SweepSetup { counts, repeats, .. } = &self.setup.sweep;
        let counts = counts.clone().unwrap_or_else(|| default_counts(tasks));
        Sweep::new(counts, *repeats).with_cores(self.setup.cores())
    }

    /// How many workers the next trial has, if the selection is a sweep that has one.
    pub(super) fn next_trial(&mut self, selection: Selection) -> Option<u16> {
        if !selection.is_sweep() {
            return None;
        }
        let tasks = self.task_count(selection.workload).unwrap_or(1);
        let sweep = self.new_sweep(tasks);
        self.run_sets.entry(selection).or_default().sweep.get_or_insert(sweep).next_workers()
    }

    /// Counts a trial that is over, and returns the next one. A trial that was not whole, or that
    /// lacked workers, ends the sweep.
    pub(super) fn finish_trial(&mut self, selection: Selection) -> Option<Plan> {
        let run_set = self.run_sets.get_mut(&selection)?;
        let run = run_set.runs.first()?;
        if !run.is_comparable() || !run.missing_workers().is_empty() {
            return None;
        }
        let sweep = run_set.sweep.as_mut()?;
        sweep.add_trial(Trial {
            workers: run.plan().workers,
            duration: run.duration()?,
            tasks: run.known_tasks(),
        });
        let goes_on =
            run.outcome() == Some(&RunOutcome::Finished) && sweep.next_workers().is_some();
        goes_on.then(|| self.start_run(selection, 0)).flatten()
    }
}

/// The counts that tell most of so many tasks: with more workers than tasks, some have none.
fn default_counts(tasks: u32) -> Vec<u16> {
    if tasks <= MAX_TASKS_FOR_ALL_COUNTS {
        return (1..=tasks.max(1) as u16).collect();
    }
    let mut counts = DEFAULT_COUNTS.to_vec();
    counts.retain(|&count| u32::from(count) <= tasks);
    counts
}
