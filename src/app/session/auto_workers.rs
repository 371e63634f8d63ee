//! `--threads auto`: the number of workers is found during the run.

use super::Session;
use crate::model::setup::{MAX_AUTO_WORKERS, MAX_WORKERS_WITH_QUOTA};
use crate::model::{Mode, Workload};

impl Session {
    /// Returns `true` if the workload's next parallel run finds its number of workers itself. That
    /// needs a server whose queueing can be observed, so only followers qualify.
    pub fn is_auto(&self, workload: Workload) -> bool {
        self.setup.auto && workload.is_fetched()
    }

    /// The maximum number of workers of an `auto` run in this mode, at most one per page. `None` if
    /// the run is not `auto`.
    pub(super) fn max_auto_workers(&self, workload: Workload, mode: Mode) -> Option<u16> {
        if !self.is_auto(workload) || mode == Mode::Sequential {
            return None;
        }
        let costs = self.setup.costs_quota(workload);
        let max = if costs { MAX_WORKERS_WITH_QUOTA } else { MAX_AUTO_WORKERS };
        let tasks = self.task_count(workload).unwrap_or(max.into());
        Some(max.min(u16::try_from(tasks).unwrap_or(u16::MAX)).max(1))
    }

    /// The number of workers that the latest `auto` run found.
    pub(super) fn latest_auto_workers(&self, workload: Workload) -> Option<u16> {
        let run = self.active_run().into_iter().chain(self.latest_run()).find(|run| {
            let plan = run.plan();
            plan.auto && plan.workload() == workload
        });
        run.and_then(|run| run.limits().concurrency())
    }
}
