//! The lanes of a watched program: threads with the same name stem use one after another.

use crate::model::{LaneId, Nanos, name_stem};

/// The lanes so far, and which of them no thread uses.
#[derive(Debug, Default)]
pub(super) struct LanePool {
    opened: u32,
    free: Vec<FreeLane>,
}

/// A lane whose thread has ended.
#[derive(Debug)]
struct FreeLane {
    lane: LaneId,
    stem: String,
    since: Nanos,
}

/// A lane for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneChoice {
    pub(super) lane: LaneId,
    /// `true` if no thread has used it before.
    pub(super) is_new: bool,
}

impl LanePool {
    /// Returns the lane for a thread that was born at a time, or `None` if no more lanes can be
    /// numbered.
    pub(super) fn take(&mut self, name: &str, born: Nanos) -> Option<LaneChoice> {
        let stem = name_stem(name);
        let is_fit = |free: &FreeLane| free.stem == stem && free.since <= born;
        if let Some(index) = self.free.iter().position(is_fit) {
            let lane = self.free.swap_remove(index).lane;
            return Some(LaneChoice { lane, is_new: false });
        }
        let lane = LaneId(u16::try_from(self.opened).ok()?);
        self.opened += 1;
        Some(LaneChoice { lane, is_new: true })
    }

    /// Gives a lane back at the end of its thread.
    pub(super) fn release(&mut self, lane: LaneId, name: &str, since: Nanos) {
        self.free.push(FreeLane { lane, stem: name_stem(name), since });
    }

    /// Keeps free lanes from threads that were born before a gap: the lanes are unknown since then.
    pub(super) fn record_gap(&mut self, from: Nanos) {
        for free in &mut self.free {
            free.since = free.since.max(from);
        }
    }

    /// All lanes that were opened.
    pub(super) fn lanes(&self) -> impl Iterator<Item = LaneId> + use<> {
        (0..self.opened).filter_map(|lane| u16::try_from(lane).ok().map(LaneId))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_is_reused_by_the_same_stem_once_its_thread_has_ended() {
        let mut pool = LanePool::default();
        let mut take = |name, born| pool.take(name, Nanos(born)).unwrap();
        let first = take("worker-1", 0);
        let second = take("worker-2", 0);
        assert_eq!((first.lane, second.lane), (LaneId(0), LaneId(1)));
        pool.release(first.lane, "worker-1", Nanos(10));
        let mut take = |name, born| pool.take(name, Nanos(born)).unwrap();
        assert_eq!(take("other", 11).lane, LaneId(2));
        assert_eq!(take("worker-3", 9), LaneChoice { lane: LaneId(3), is_new: true });
        assert_eq!(take("worker-4", 10), LaneChoice { lane: LaneId(0), is_new: false });
        assert_eq!(pool.lanes().count(), 4);
    }
}
