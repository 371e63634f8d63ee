//! The nouns for workers and tasks in the sentences about a sweep.

use crate::model::plan::{Mode, Workload};

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
    pub const fn for_run(workload: Workload, mode: Mode) -> Self {
        let (worker, workers) = match (workload, mode) {
            (Workload::Commands, _) => ("job", "jobs"),
            (_, Mode::Processes) => ("process", "processes"),
            _ => ("thread", "threads"),
        };
        let (task, tasks, cost) = match workload {
            Workload::Followers => ("page", "pages", "connections"),
            Workload::Commands => ("command", "commands", workers),
            _ => ("task", "tasks", workers),
        };
        Self { worker, workers, task, tasks, cost }
    }

    /// A number of workers with its noun: `1 thread`, `8 threads`.
    pub fn count_text(self, workers: u16) -> String {
        format!("{workers} {}", if workers == 1 { self.worker } else { self.workers })
    }
}
