//! The times at which a run's tasks entered its queue.

use super::plan::TaskId;
use super::time::Nanos;

/// The times at which tasks entered a queue. Tasks that enter together share one entry.
#[derive(Clone, Debug, Default)]
pub(super) struct EnqueueTimes {
    /// Each time with the number of tasks that had entered by then; both increase.
    steps: Vec<(Nanos, u32)>,
}

impl EnqueueTimes {
    /// Records that the first `tasks` tasks had entered the queue by `at`.
    pub(super) fn record(&mut self, at: Nanos, tasks: u32) {
        let (last, so_far) = self.steps.last().copied().unwrap_or_default();
        if tasks > so_far {
            self.steps.push((at.max(last), tasks));
        }
    }

    /// Returns the time at which a task entered the queue.
    pub(super) fn time_of(&self, task: TaskId) -> Option<Nanos> {
        let before = self.steps.partition_point(|&(_, tasks)| tasks < task.0);
        self.steps.get(before).map(|&(at, _)| at)
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.steps.shrink_to_fit();
    }
}
