//! Cores that threads share fairly, in whole numbers: processor sharing.

use std::collections::BTreeSet;

use crate::model::{LaneId, Nanos};

/// An amount of CPU work, in 2^-20 of what one core does in a nanosecond: so fine that a thread that
/// is one of a thousand loses no nanosecond to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work(u128);

const SHIFT: u32 = 20;

impl Work {
    /// What takes so long on a core alone.
    pub(super) const fn alone(time: Nanos) -> Self {
        Self((time.0 as u128) << SHIFT)
    }
}

/// Threads that run: of `k` on `c` cores, each runs at `min(1, c / k)` of a core's speed.
#[derive(Debug)]
pub(super) struct Cores {
    count: u128,
    now: Nanos,
    /// What a thread has got that has run all the time.
    served: Work,
    /// Whoever runs, and what `served` will be once they are done.
    running: BTreeSet<(Work, LaneId)>,
}

impl Cores {
    pub(super) fn new(count: u16) -> Self {
        Self {
            count: count.max(1).into(),
            now: Nanos::ZERO,
            served: Work::default(),
            running: BTreeSet::new(),
        }
    }

    /// A thread runs until it has done so much. Returns what [`Self::pause`] wants to know.
    pub(super) fn run(&mut self, lane: LaneId, work: Work) -> Work {
        let end = Work(self.served.0 + work.0);
        self.running.insert((end, lane));
        end
    }

    /// A thread runs no more. Returns what it has still to do.
    pub(super) fn pause(&mut self, lane: LaneId, end: Work) -> Work {
        self.running.remove(&(end, lane));
        Work(end.0.saturating_sub(self.served.0))
    }

    /// When the next thread is done, if nothing changes until then.
    pub(super) fn next(&self) -> Option<Nanos> {
        let (end, _) = self.running.first()?;
        let left = end.0.saturating_sub(self.served.0);
        let time = (left * self.threads()).div_ceil(self.busy() << SHIFT);
        Some(self.now + Nanos(u64::try_from(time).unwrap_or(u64::MAX)))
    }

    /// It is `now`.
    pub(super) fn advance(&mut self, now: Nanos) {
        let time = u128::from(now.since(self.now).0);
        self.now = now;
        if !self.running.is_empty() {
            self.served.0 += (time << SHIFT) * self.busy() / self.threads();
        }
    }

    /// A thread that is done, which runs no more.
    pub(super) fn finished(&mut self) -> Option<LaneId> {
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

    /// Cores that somebody runs on.
    fn busy(&self) -> u128 {
        self.threads().min(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs everybody to the end: who is done when.
    fn ends(cores: u16, work: &[u64]) -> Vec<(u64, u16)> {
        let mut cores = Cores::new(cores);
        for (lane, &time) in (0..).zip(work) {
            cores.run(LaneId(lane), Work::alone(Nanos(time)));
        }
        let mut ends = Vec::new();
        while let Some(now) = cores.next() {
            cores.advance(now);
            while let Some(LaneId(lane)) = cores.finished() {
                ends.push((now.0, lane));
            }
        }
        ends
    }

    #[test]
    fn threads_share_the_cores_fairly() {
        assert_eq!(ends(2, &[100, 100]), [(100, 0), (100, 1)]);
        assert_eq!(ends(2, &[100; 4]), [(200, 0), (200, 1), (200, 2), (200, 3)]);
        // Three on two cores until the shortest is done, then each has a core.
        assert_eq!(ends(2, &[100, 20, 100]), [(30, 1), (110, 0), (110, 2)]);
        assert_eq!(ends(1, &[7, 7, 7]), [(21, 0), (21, 1), (21, 2)]);
        assert_eq!(ends(64, &[0, 1]), [(0, 0), (1, 1)]);
    }

    #[test]
    fn rounding_costs_less_than_a_nanosecond_each_time() {
        let ends = ends(3, &(1..=1_000).map(|time| time * 1_001).collect::<Vec<_>>());
        let total: u64 = (1..=1_000).map(|time| time * 1_001).sum();
        let last = ends.last().unwrap().0;
        // The last two run alone at the end, so that a core or two are idle.
        assert!(last >= total / 3 && last < total / 3 + 3_000, "{last} for {total}");
    }

    #[test]
    fn whoever_is_paused_keeps_what_is_left() {
        let mut cores = Cores::new(1);
        let end = cores.run(LaneId(0), Work::alone(Nanos(100)));
        cores.run(LaneId(1), Work::alone(Nanos(100)));
        cores.advance(Nanos(60));
        let left = cores.pause(LaneId(0), end);
        assert_eq!(left, Work::alone(Nanos(70)));
        assert_eq!(cores.next(), Some(Nanos(130)));
    }
}
