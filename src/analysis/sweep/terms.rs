//! The nouns for the workers and tasks of a sweep.

use crate::analysis::plural;
use crate::model::{Mode, Workload, WorkloadSpec};

/// The nouns that fit a workload and a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerTerms {
    /// `thread`.
    pub worker: &'static str,
    /// `threads`.
    pub workers: &'static str,
    /// `page`.
    pub task: &'static str,
    /// `pages`.
    pub tasks: &'static str,
    /// The resource that more workers consume: `connections`.
    pub cost: &'static str,
}

impl WorkerTerms {
    /// The nouns for a workload that runs in a mode.
    pub fn for_run(workload: Workload, mode: Mode) -> Self {
        let &WorkloadSpec { task, tasks, worker, cost, .. } = workload.spec();
        let (worker, workers) = match (worker, mode) {
            (Some(worker), _) => worker,
            (None, Mode::Processes) => ("process", "processes"),
            (None, _) => ("thread", "threads"),
        };
        Self { worker, workers, task, tasks, cost: cost.unwrap_or(workers) }
    }

    /// A number of workers with its noun: `1 thread`, `8 threads`.
    pub fn count_text(self, workers: u16) -> String {
        plural::count(workers, self.worker)
    }
}
