//! What workers and tasks are called in a sweep.

use crate::model::plan::{Mode, Workload};

/// What a person calls them, by the workload and the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// `thread`.
    pub worker: &'static str,
    /// `threads`.
    pub workers: &'static str,
    /// `pages`.
    pub tasks: &'static str,
    /// What more workers cost: `connections`.
    pub cost: &'static str,
}

impl Words {
    /// Of tasks of such a kind, run in such a mode.
    pub const fn of(workload: Workload, mode: Mode) -> Self {
        let (worker, workers) = match (workload, mode) {
            (Workload::Commands, _) => ("job", "jobs"),
            (_, Mode::Processes) => ("process", "processes"),
            _ => ("thread", "threads"),
        };
        let (tasks, cost) = match workload {
            Workload::Profile | Workload::Followers => ("pages", "connections"),
            Workload::Commands => ("commands", workers),
            _ => ("tasks", workers),
        };
        Self { worker, workers, tasks, cost }
    }

    /// `1 thread`, `8 threads`.
    pub fn count(self, workers: u16) -> String {
        format!("{workers} {}", if workers == 1 { self.worker } else { self.workers })
    }
}
