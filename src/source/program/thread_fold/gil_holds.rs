//! The holders of a GIL between two readings of it.
//!
//! A reading has the holder at one moment, and the count of how often the GIL has changed hands. In between, the
//! records of the threads say the rest:
//!
//! - A thread takes and releases the GIL while it is on a CPU, so that one that waited for it has taken
//!   it no earlier than it was switched in, and one that blocks has released it before. Both are
//!   exact but for the microseconds of the calls themselves. A holder that is preempted holds it on.
//! - CPython releases the GIL around calls that block: a holder that blocks and is the holder again at
//!   the next reading has not held it meanwhile, unless a reading shows it as the holder while it is
//!   blocked.
//! - A thread of Python that woke up and blocked again between two readings, while no other is known to
//!   have held the GIL, has held it in between.
//! - Where a thread took or released the GIL without blocking, the middle between the two readings
//!   is as good as any moment: such a time is exact to half a period of reading.

use super::edge::Activity;
use crate::model::Nanos;

/// A GIL at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GilLook {
    pub(super) at: Nanos,
    pub(super) holder: Option<u32>,
    pub(super) last_holder: Option<u32>,
    pub(super) hand_overs: u64,
}

/// A time in which a thread had one activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) activity: Activity,
    pub(super) start: Nanos,
    pub(super) end: Nanos,
}

/// The activities of a thread between two looks at the GIL, in the order of time.
#[derive(Clone, Debug)]
pub(super) struct ThreadActivity {
    pub(super) tid: u32,
    /// `true` if CPython knows the thread.
    pub(super) is_python: bool,
    pub(super) stretches: Vec<Stretch>,
}

/// A time in which a thread held the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) tid: u32,
    pub(super) start: Nanos,
    pub(super) end: Nanos,
}

/// The time between two looks at a GIL.
pub(super) struct GilWindow<'a> {
    pub(super) before: GilLook,
    pub(super) after: GilLook,
    pub(super) threads: &'a [ThreadActivity],
}

impl GilWindow<'_> {
    /// Returns the holds between the two looks, in the order of time. No two overlap.
    pub(super) fn holds(&self) -> Vec<Hold> {
        let mut holds = Vec::new();
        let (a, b) = (self.before.at, self.after.at);
        match (self.before.holder, self.after.holder) {
            (Some(one), Some(other)) if one == other => self.push_held(&mut holds, one, a, b),
            (before, after) => {
                let taken = after.map(|tid| (tid, self.taking(tid)));
                let released = before.map(|tid| (tid, self.release(tid, taken.map(|one| one.1))));
                if let Some((tid, end)) = released {
                    self.push_held(&mut holds, tid, a, end);
                }
                if let Some((tid, start)) = taken {
                    let start = released.map_or(start, |(_, end)| start.max(end));
                    self.push_held(&mut holds, tid, start, b);
                }
            }
        }
        self.add_bursts(&mut holds);
        holds
    }

    fn stretches(&self, tid: u32) -> &[Stretch] {
        let thread = self.threads.iter().find(|thread| thread.tid == tid);
        thread.map_or(&[], |thread| &thread.stretches)
    }

    fn middle(&self) -> Nanos {
        Nanos(self.before.at.0.midpoint(self.after.at.0))
    }

    /// Returns the first time after the first look at which a thread blocked.
    fn first_block(&self, tid: u32) -> Option<Nanos> {
        let blocks = self.stretches(tid).iter().filter(|one| one.activity == Activity::Blocked);
        blocks.map(|block| block.start).find(|start| *start > self.before.at)
    }

    /// Returns the times at which a thread was switched in after it had been blocked.
    fn wake_ups(&self, tid: u32) -> impl DoubleEndedIterator<Item = Nanos> {
        let pairs = self.stretches(tid).windows(2);
        pairs.filter_map(|pair| match pair {
            [before, after] if before.activity == Activity::Blocked => Some(after.start),
            _ => None,
        })
    }

    /// Returns the time at which the holder at the second look took the GIL.
    fn taking(&self, tid: u32) -> Nanos {
        let released = self.before.holder.and_then(|before| self.first_block(before));
        let after = |at: &Nanos| released.is_none_or(|released| *at >= released);
        let first = released.and_then(|_| self.wake_ups(tid).find(after));
        if let Some(at) = first.or_else(|| self.wake_ups(tid).next_back()) {
            // The holder before must have run to release it.
            let ran = self.before.holder.and_then(|before| self.first_run(before));
            return ran.map_or(at, |ran| at.max(ran)).min(self.after.at);
        }
        let from = released.unwrap_or(self.before.at);
        self.next_run(tid, Nanos(from.0.midpoint(self.after.at.0)))
    }

    /// Returns the time at which the holder at the first look released the GIL.
    fn release(&self, tid: u32, taken: Option<Nanos>) -> Nanos {
        let latest = taken.unwrap_or_else(|| self.middle());
        let earliest = self.first_block(tid);
        match (earliest, taken) {
            (Some(block), None) => block,
            (Some(block), Some(taken)) if block <= taken => block,
            _ => self.last_run(tid, latest),
        }
    }

    fn runs(&self, tid: u32) -> impl DoubleEndedIterator<Item = &Stretch> {
        self.stretches(tid).iter().filter(|one| one.activity == Activity::OnCpu)
    }

    /// Returns the first moment at which a thread was on a CPU.
    fn first_run(&self, tid: u32) -> Option<Nanos> {
        self.runs(tid).next().map(|run| run.start)
    }

    /// Returns the first moment from `at` on at which a thread was on a CPU, or the end.
    fn next_run(&self, tid: u32, at: Nanos) -> Nanos {
        let has_records = !self.stretches(tid).is_empty();
        let run = self.runs(tid).find(|run| run.end > at);
        match run {
            Some(run) => at.max(run.start),
            None if has_records => self.after.at,
            None => at,
        }
    }

    /// Returns the last moment up to `at` at which a thread was on a CPU, or `at` if it never was.
    fn last_run(&self, tid: u32, at: Nanos) -> Nanos {
        let run = self.runs(tid).rfind(|run| run.start < at);
        run.map_or(at, |run| at.min(run.end))
    }

    /// Adds the holds of a thread that has the GIL from `start` to `end`, but for the times in which it
    /// was blocked and ran again.
    fn push_held(&self, holds: &mut Vec<Hold>, tid: u32, start: Nanos, end: Nanos) {
        let mut from = start;
        let is_inside = |one: &&Stretch| {
            one.activity == Activity::Blocked && one.start > start && one.end < end
        };
        for block in self.stretches(tid).iter().filter(is_inside) {
            push(holds, Hold { tid, start: from, end: block.start });
            from = block.end;
        }
        push(holds, Hold { tid, start: from, end });
    }

    /// Adds holds of threads that ran while no other held the GIL.
    fn add_bursts(&self, holds: &mut Vec<Hold>) {
        let mut bursts: Vec<Hold> = self.threads.iter().flat_map(|one| self.bursts(one)).collect();
        bursts.sort_by_key(|burst| burst.start);
        for Hold { tid, start, end } in bursts {
            let before = holds.iter().rev().find(|hold| hold.start <= start);
            let start = before.map_or(start, |hold| start.max(hold.end));
            let next = holds.iter().map(|hold| hold.start).find(|next| *next >= start);
            let end = next.map_or(end, |next| end.min(next));
            if start < end {
                let index = holds.partition_point(|hold| hold.start < start);
                holds.insert(index, Hold { tid, start, end });
            }
        }
    }

    /// Returns the times between a thread's waking up and its next blocking in which it may have held
    /// the GIL. Of one that a look shows without it, only the half that is farther from the look.
    fn bursts(&self, thread: &ThreadActivity) -> Vec<Hold> {
        let tid = thread.tid;
        let mut bursts = Vec::new();
        let has_held = self.after.hand_overs > self.before.hand_overs
            || self.after.last_holder == Some(tid)
            || self.before.last_holder == Some(tid);
        if !thread.is_python || !has_held {
            return bursts;
        }
        let (first, last) = (self.before.at, self.after.at);
        let is_awake = |one: &Stretch| matches!(one.activity, Activity::OnCpu | Activity::NoCore);
        let mut awake = thread.stretches.iter().peekable();
        while let Some(stretch) = awake.next() {
            if !is_awake(stretch) {
                continue;
            }
            let (mut start, mut end) = (stretch.start, stretch.end);
            while let Some(next) = awake.next_if(|next| is_awake(next)) {
                end = next.end;
            }
            match (start <= first, end >= last) {
                (true, true) => continue,
                (true, false) => start = Nanos(first.0.midpoint(end.0)),
                (false, true) => end = Nanos(start.0.midpoint(last.0)),
                (false, false) => {}
            }
            bursts.push(Hold { tid, start, end });
        }
        bursts
    }
}

/// Adds a hold that is not empty, after those before it.
fn push(holds: &mut Vec<Hold>, hold: Hold) {
    let start = holds.last().map_or(hold.start, |last| hold.start.max(last.end));
    if start < hold.end {
        holds.push(Hold { start, ..hold });
    }
}
