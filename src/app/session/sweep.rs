//! Sweeps: the schedule of the trials, the time they take, and the stage that they have reached.

use super::Session;
use crate::analysis::Sweep;
use crate::model::setup::{MAX_SWEEP_COUNTS, max_workers};
use crate::model::{Nanos, PlannedRun, RunId, RunOutcome, Selection, SweepSetup, Waves, Workload};

impl Session {
    /// The results of a sweep so far, once it has started.
    pub fn sweep(&self, selection: Selection) -> Option<&Sweep> {
        self.run_sets.get(&selection)?.sweep.as_ref()
    }

    /// The workload's next sweep, as far as it can be planned.
    pub fn planned_sweep(&self, workload: Workload) -> Sweep {
        self.new_sweep(self.task_count(workload).unwrap_or(u32::MAX))
    }

    /// The mean time of a task in the sequential run of a workload. `None` before that has run.
    pub(super) fn measured_task_time(&self, workload: Workload) -> Option<Nanos> {
        let tasks = self.task_count(workload)?;
        let sequential = self.sequential.get(&workload)?;
        Some(Nanos(sequential.0 / u64::from(tasks.max(1))))
    }

    /// The duration of a sweep over `tasks` tasks that take `each`.
    pub(super) fn sweep_time(&self, tasks: u32, each: Nanos) -> Nanos {
        let sweep = self.new_sweep(tasks);
        let waves = sweep.schedule().map(|workers| u64::from(Waves::new(tasks, workers).count));
        Nanos(each.0.saturating_mul(waves.sum()))
    }

    /// Removes the largest worker count of the workload's next sweep, or adds a larger one at the same
    /// distance as the last two have. Returns the counts: at least two, none above the server's limit or
    /// the number of tasks.
    pub fn change_sweep_counts(&mut self, workload: Workload, adds: bool) -> Vec<u16> {
        let mut counts = self.planned_sweep(workload).counts().to_vec();
        let tasks = self.task_count(workload).and_then(|tasks| tasks.try_into().ok());
        let most = max_workers(self.setup.costs_quota(workload)).min(tasks.unwrap_or(u16::MAX));
        match counts.as_slice() {
            &[.., before, last] if adds && counts.len() < MAX_SWEEP_COUNTS && last < most => {
                counts.push(last.saturating_add(last - before).min(most));
            }
            [_, _, .., _] if !adds => _ = counts.pop(),
            _ => {}
        }
        self.setup.sweep.counts = Some(counts.clone());
        counts
    }

    /// Creates a sweep over `tasks` tasks.
    pub(super) fn new_sweep(&self, tasks: u32) -> Sweep {
        let SweepSetup { repeats, .. } = self.setup.sweep;
        let counts = self.setup.sweep.counts_for(tasks);
        Sweep::new(counts, repeats).with_cores(self.setup.cores())
    }

    /// The number of workers of the next trial, if the selection is a sweep with trials left.
    pub(super) fn next_trial(&mut self, selection: Selection) -> Option<u16> {
        if !selection.is_sweep() {
            return None;
        }
        let sweep = self.planned_sweep(selection.workload);
        self.run_sets.entry(selection).or_default().sweep.get_or_insert(sweep).next_workers()
    }

    /// Plans a sweep again whose first trial has found the number of tasks. The default counts depend on
    /// it, but always begin with the same one.
    pub(super) fn resize_sweep(&mut self, selection: Selection) {
        let planned = self.planned_sweep(selection.workload);
        let run_set = self.run_sets.get_mut(&selection);
        if let Some(sweep) = run_set.and_then(|run_set| run_set.sweep.as_mut())
            && sweep.trials().is_empty()
        {
            *sweep = planned;
        }
    }

    /// Adds a trial that has ended, and returns the plan of the next one. An incomplete trial, one
    /// that lacked workers, or one whose pages had to be fetched one after another, ends the sweep.
    pub(super) fn finish_trial(&mut self, selection: Selection) -> Option<PlannedRun> {
        self.resize_sweep(selection);
        let run_set = self.run_sets.get_mut(&selection)?;
        let run = run_set.runs.first()?;
        if run.progress().is_chained()
            || !run.is_comparable()
            || !run.processes().missing_workers().is_empty()
        {
            return None;
        }
        let sweep = run_set.sweep.as_mut()?;
        sweep.add_run(run);
        let continues =
            run.outcome() == Some(&RunOutcome::Finished) && sweep.next_workers().is_some();
        continues.then(|| self.start_run(selection, RunId(0))).flatten()
    }

    /// The stage of the active runs, if there are any: `during sequential and gil`.
    pub fn stage(&self) -> Option<String> {
        let selection = self.active()?;
        let has_started = self.active_runs().any(|(_, run)| run.has_started());
        let name = match self.sweep(selection) {
            Some(sweep) => {
                format!("trial {} of {}", sweep.trials().len() + 1, sweep.planned_trials())
            }
            None => self.active_names()?,
        };
        Some(if has_started { format!("during {name}") } else { format!("before {name} started") })
    }
}
