//! Cores that threads share fairly (processor sharing), in integer arithmetic.

use std::collections::BTreeSet;

use crate::model::{LaneId, Nanos};

/// An amount of CPU work, in units of 2^-20 core-nanoseconds: fine enough that one of a thousand
/// threads loses no nanosecond to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CpuWork(u128);

const SHIFT: u32 = 20;

impl CpuWork {
    /// The work that takes `time` on a core of its own.
    pub(super) const fn from_core_time(time: Nanos) -> Self {
        Self((time.0 as u128) << SHIFT)
    }
}

/// Running threads on shared cores. Each of `k` threads on `c` cores runs at `min(1, c / k)` of a
/// core's speed.
#[derive(Debug)]
pub(super) struct Cores {
    count: u128,
    now: Nanos,
    /// The work done by a thread that has been running from the start.
    served: CpuWork,
    /// The running threads, with the value of `served` at which each is done.
    running: BTreeSet<(CpuWork, LaneId)>,
}

impl Cores {
    pub(super) fn new(count: u16) -> Self {
        Self {
            count: count.max(1).into(),
            now: Nanos::ZERO,
            served: CpuWork::default(),
            running: BTreeSet::new(),
        }
    }

    /// Starts a thread that has `work` to do. Returns the value to pass to [`Self::pause_thread`].
    pub(super) fn run_thread(&mut self, lane: LaneId, work: CpuWork) -> CpuWork {
        let end = CpuWork(self.served.0 + work.0);
        self.running.insert((end, lane));
        end
    }

    /// Pauses a thread. Returns the work that is left.
    pub(super) fn pause_thread(&mut self, lane: LaneId, end: CpuWork) -> CpuWork {
        self.running.remove(&(end, lane));
        CpuWork(end.0.saturating_sub(self.served.0))
    }

    /// The time at which the next thread is done, if nothing changes before.
    pub(super) fn next_completion(&self) -> Option<Nanos> {
        let (end, _) = self.running.first()?;
        let left = end.0.saturating_sub(self.served.0);
        let time = (left * self.threads()).div_ceil(self.busy_cores() << SHIFT);
        Some(self.now + Nanos(u64::try_from(time).unwrap_or(u64::MAX)))
    }

    /// Advances the time to `now`.
    pub(super) fn advance(&mut self, now: Nanos) {
        let time = u128::from(now.since(self.now).0);
        self.now = now;
        if !self.running.is_empty() {
            self.served.0 += (time << SHIFT) * self.busy_cores() / self.threads();
        }
    }

    /// Removes and returns a thread that is done, or returns `None`.
    pub(super) fn pop_finished(&mut self) -> Option<LaneId> {
        let &(end, lane) = self.running.first()?;
        if end > self.served {
            return None;
        }
        self.running.pop_first();
        Some(lane)
    }

    fn threads(&self) -> u128 {
        self.running.len() as u128
    }

    /// The number of busy cores.
    fn busy_cores(&self) -> u128 {
        self.threads().min(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs all threads to the end. Returns the times at which they are done.
    fn ends(cores: u16, work: &[u64]) -> Vec<(u64, u16)> {
        let mut cores = Cores::new(cores);
        for (lane, &time) in (0..).zip(work) {
            cores.run_thread(LaneId(lane), CpuWork::from_core_time(Nanos(time)));
        }
        let mut ends = Vec::new();
        while let Some(now) = cores.next_completion() {
            cores.advance(now);
            while let Some(LaneId(lane)) = cores.pop_finished() {
                ends.push((now.0, lane));
            }
        }
        ends
    }

    #[test]
    fn threads_share_the_cores_fairly() {
        assert_eq!(ends(2, &[100, 100]), [(100, 0), (100, 1)]);
        assert_eq!(ends(2, &[100; 4]), [(200, 0), (200, 1), (200, 2), (200, 3)]);
        // Three threads share two cores until the shortest is done; then each has a core.
        assert_eq!(ends(2, &[100, 20, 100]), [(30, 1), (110, 0), (110, 2)]);
        assert_eq!(ends(1, &[7, 7, 7]), [(21, 0), (21, 1), (21, 2)]);
        assert_eq!(ends(64, &[0, 1]), [(0, 0), (1, 1)]);
    }

    #[test]
    fn rounding_error_is_below_a_nanosecond_per_step() {
        let ends = ends(3, &(1..=1_000).map(|time| time * 1_001).collect::<Vec<_>>());
        let total: u64 = (1..=1_000).map(|time| time * 1_001).sum();
        let last = ends.last().unwrap().0;
        // At the end fewer threads than cores are left, so that one or two cores are idle.
        assert!(last >= total / 3 && last < total / 3 + 3_000, "{last} for {total}");
    }

    #[test]
    fn paused_thread_keeps_its_remaining_work() {
        let mut cores = Cores::new(1);
        let end = cores.run_thread(LaneId(0), CpuWork::from_core_time(Nanos(100)));
        cores.run_thread(LaneId(1), CpuWork::from_core_time(Nanos(100)));
        cores.advance(Nanos(60));
        let left = cores.pause_thread(LaneId(0), end);
        assert_eq!(left, CpuWork::from_core_time(Nanos(70)));
        assert_eq!(cores.next_completion(), Some(Nanos(130)));
    }
}
