//! Sweeps: the schedule of the trials, and the time they take.

use super::Session;
use crate::analysis::Sweep;
use crate::analysis::sweep::Trial;
use crate::model::{Nanos, Plan, Run, RunOutcome, Selection, SweepSetup, Waves, Workload};

/// The default worker counts. Six are enough to tell the scaling models apart.
const DEFAULT_COUNTS: [u16; 6] = [1, 2, 4, 8, 12, 16];

/// The maximum number of tasks for which every worker count is tried by default.
const MAX_TASKS_FOR_ALL_COUNTS: u32 = 8;

impl Session {
    /// The results of a sweep so far, once it has started.
    pub fn sweep(&self, selection: Selection) -> Option<&Sweep> {
        self.run_sets.get(&selection)?.sweep.as_ref()
    }

    /// The workload's next sweep, as far as it can be planned.
    pub fn planned_sweep(&self, workload: Workload) -> Sweep {
        self.new_sweep(self.task_count(workload).unwrap_or(u32::MAX))
    }

    /// Returns `true` if the selection waits for the user to confirm its quota cost.
    pub fn awaits_confirmation(&self, selection: Selection) -> bool {
        let costs = self.setup.costs_quota(selection.workload) && self.pages.is_some();
        selection.is_sweep() && costs && !self.cost_accepted && self.failure(selection).is_none()
    }

    /// The estimated duration of a sweep, from the time per task of the sequential run or of the
    /// profile request. `None` before either has run.
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

    /// Creates a sweep over `tasks` tasks.
    pub(super) fn new_sweep(&self, tasks: u32) -> Sweep {
        let SweepSetup { counts, repeats } = &self.setup.sweep;
        let counts = counts.clone().unwrap_or_else(|| default_counts(tasks));
        Sweep::new(counts, *repeats).with_cores(self.setup.cores())
    }

    /// The number of workers of the next trial, if the selection is a sweep with trials left.
    pub(super) fn next_trial(&mut self, selection: Selection) -> Option<u16> {
        if !selection.is_sweep() {
            return None;
        }
        let tasks = self.task_count(selection.workload).unwrap_or(1);
        let sweep = self.new_sweep(tasks);
        self.run_sets.entry(selection).or_default().sweep.get_or_insert(sweep).next_workers()
    }

    /// Adds a trial that has ended, and returns the plan of the next one. An incomplete trial, or
    /// one that lacked workers, ends the sweep.
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
        let continues =
            run.outcome() == Some(&RunOutcome::Finished) && sweep.next_workers().is_some();
        continues.then(|| self.start_run(selection, 0)).flatten()
    }
}

/// The default worker counts for `tasks` tasks. Workers beyond the number of tasks would be idle.
fn default_counts(tasks: u32) -> Vec<u16> {
    if tasks <= MAX_TASKS_FOR_ALL_COUNTS {
        return (1..=tasks.max(1) as u16).collect();
    }
    let mut counts = DEFAULT_COUNTS.to_vec();
    counts.retain(|&count| u32::from(count) <= tasks);
    counts
}
