//! The waves in which workers process equal tasks.

use std::ops::RangeInclusive;

/// The rounds in which workers process equal tasks: ceil(tasks / workers) waves, the last of which
/// may be incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// The number of tasks.
    pub tasks: u32,
    /// The number of workers.
    pub workers: u16,
    /// The number of waves: ceil(tasks / workers).
    pub count: u32,
    /// The number of workers without a task in the last wave.
    pub idle: u32,
}

impl Waves {
    /// Computes the waves of `tasks` tasks on `workers` workers (at least one).
    pub fn new(tasks: u32, workers: u16) -> Self {
        let n = u32::from(workers.max(1));
        let count = tasks.div_ceil(n);
        Self { tasks, workers: workers.max(1), count, idle: count.saturating_mul(n) - tasks }
    }

    /// The numbers of workers that need the same number of waves: from ceil(tasks / count) to one
    /// below the number that saves a wave.
    pub fn equivalent_workers(self) -> RangeInclusive<u16> {
        let to_u16 = |workers: u32| u16::try_from(workers).unwrap_or(u16::MAX);
        let fewest = self.tasks.div_ceil(self.count.max(1)).max(1);
        let most = match self.count {
            0 | 1 => u32::from(u16::MAX),
            count => self.tasks.div_ceil(count - 1).saturating_sub(1),
        };
        to_u16(fewest)..=to_u16(most)
    }
}
