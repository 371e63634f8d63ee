//! Workers whose number is found while fetching.

use super::Session;
use super::setup::{MAX_AUTO_WORKERS, MAX_WORKERS_WITH_QUOTA};
use crate::model::{Mode, Run, Workload};

impl Session {
    /// Whether it is found while fetching how many workers a workload's next run has, where it has
    /// several. Only who asks a server can be told by its queue.
    pub fn is_auto(&self, workload: Workload) -> bool {
        self.setup.auto && workload == Workload::Followers
    }

    /// How many workers a run in this mode may come to: no more than there are pages.
    pub(super) fn max_auto_workers(&self, workload: Workload, mode: Mode) -> Option<u16> {
        if !self.is_auto(workload) || mode == Mode::Sequential {
            return None;
        }
        let costs = self.setup.costs_quota(workload);
        let max = if costs { MAX_WORKERS_WITH_QUOTA } else { MAX_AUTO_WORKERS };
        let tasks = self.task_count(workload).unwrap_or(1);
        Some(max.min(u16::try_from(tasks).unwrap_or(u16::MAX)).max(1))
    }

    /// How many workers the last run that found them has come to.
    pub(super) fn latest_auto_workers(&self, workload: Workload) -> Option<u16> {
        let run = self.active_run().into_iter().chain(self.latest_run()).find(|run| {
            let plan = run.plan();
            plan.auto && plan.workload() == workload
        });
        run.and_then(Run::concurrency_limit)
    }
}
