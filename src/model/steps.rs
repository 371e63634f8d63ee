//! A number that changes by steps over time, with its mean over any stretch in two look-ups.

use super::time::Nanos;

/// Entries between two checkpoints of the area so far.
const CHECKPOINT: usize = 32;

/// A step function: tasks in flight, tasks in the queue.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    at: Vec<u64>,
    level: Vec<u32>,
    peak: u32,
    /// The area under the curve up to every [`CHECKPOINT`]th entry, in nanoseconds times level.
    areas: Vec<u128>,
}

impl Steps {
    /// The level is `level` from `at` on. A time before the last entry counts as that entry's.
    pub fn push(&mut self, at: Nanos, level: u32) {
        let at = self.at.last().map_or(at.0, |&last| at.0.max(last));
        if self.at.len().is_multiple_of(CHECKPOINT) {
            self.areas.push(self.area(Nanos(at)));
        }
        self.at.push(at);
        self.level.push(level);
        self.peak = self.peak.max(level);
    }

    /// The level at a moment.
    pub fn at(&self, t: Nanos) -> u32 {
        let steps = self.at.partition_point(|&at| at <= t.0);
        steps.checked_sub(1).and_then(|step| self.level.get(step)).copied().unwrap_or(0)
    }

    /// The highest level that it ever had.
    pub const fn peak(&self) -> u32 {
        self.peak
    }

    /// The mean level over [a, b); 0 when that is empty.
    pub fn mean(&self, a: Nanos, b: Nanos) -> f64 {
        let width = b.since(a).0;
        if width == 0 {
            return 0.0;
        }
        (self.area(b) - self.area(a)) as f64 / width as f64
    }

    /// The area under the curve over [0, t), in nanoseconds times level.
    fn area(&self, t: Nanos) -> u128 {
        let before = self.at.partition_point(|&at| at < t.0);
        if before == 0 {
            return 0;
        }
        let block = (before - 1) / CHECKPOINT;
        let first = block * CHECKPOINT;
        let mut area = self.areas.get(block).copied().unwrap_or(0);
        let ends = self.at.get(first + 1..before).unwrap_or(&[]).iter().copied().chain([t.0]);
        let starts = self.at.get(first..before).unwrap_or(&[]);
        let levels = self.level.get(first..before).unwrap_or(&[]);
        for ((&start, end), &level) in starts.iter().zip(ends).zip(levels) {
            area += u128::from(end - start) * u128::from(level);
        }
        area
    }
}
