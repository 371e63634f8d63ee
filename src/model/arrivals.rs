//! When tasks came into a run's queue.

use super::event::TaskId;
use super::time::Nanos;

/// When tasks came into a queue: where all come at once, one entry whatever their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    /// From when on how many had come, both rising.
    steps: Vec<(Nanos, u32)>,
}

impl Arrivals {
    /// So many tasks had come by then, from the first on.
    pub(super) fn come(&mut self, at: Nanos, tasks: u32) {
        let (last, so_far) = self.steps.last().copied().unwrap_or_default();
        if tasks > so_far {
            self.steps.push((at.max(last), tasks));
        }
    }

    /// When a task came.
    pub(super) fn of(&self, task: TaskId) -> Option<Nanos> {
        let before = self.steps.partition_point(|&(_, tasks)| tasks < task.0);
        self.steps.get(before).map(|&(at, _)| at)
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.steps.shrink_to_fit();
    }
}
