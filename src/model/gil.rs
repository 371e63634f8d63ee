//! The holder of the GIL over time: append-only and packed, so that a cell of its row costs a few
//! look-ups regardless of the number of switches.

mod cells;

use super::identifiers::LaneId;
use super::lane::Lane;
use super::state::State;
use super::time::Nanos;
pub use cells::GilCell;

/// The maximum number of holds between two checkpoints.
const CHECKPOINT_INTERVAL: usize = 64;

/// The maximum number of holds that are searched for the longest holder.
const MAX_COMPARED_HOLDS: usize = 128;

/// The maximum number of lanes that are compared for the longest holder.
const MAX_COMPARED_LANES: usize = 32;

/// The GIL of a run in [`super::Mode::Gil`]. A lane holds it while it computes, and between two of
/// its tasks until another lane takes it.
#[derive(Clone, Copy, Debug)]
pub struct GilUsage<'run> {
    holds: &'run GilHolds,
    lanes: &'run [Lane],
}

/// The use of the GIL in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GilShare {
    /// The share of the time in which any lane held it, 0 to 1.
    pub share: f64,
    /// The lane that held it longest. `None` if no lane held it, or if it changed hands too often.
    pub main_holder: Option<LaneId>,
}

/// An interval in which one lane held the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilHold {
    /// The lane.
    pub lane: LaneId,
    /// The start of the hold.
    pub start: Nanos,
    /// The duration of the hold.
    pub length: Nanos,
}

/// The holds of a run in the order of time, and the current one. There may be a million of them, so
/// each is packed into ten bytes: four for the gap before it, four for its duration, two for the
/// lane.
#[derive(Clone, Debug, Default)]
pub(super) struct GilHolds {
    gaps: Vec<u32>,
    lengths: Vec<u32>,
    lanes: Vec<u16>,
    checkpoints: Vec<Checkpoint>,
    /// The end of the last complete hold.
    ended: u64,
    /// The total duration of all complete holds.
    held_time: u64,
    /// The current holder, and the start of its hold.
    holder: Option<(u16, u64)>,
    /// The time at which the holder finished its task, if it has not begun another.
    paused: Option<u64>,
    last_holder: Option<u16>,
    switches: u32,
    longest: Option<GilHold>,
    violations: u32,
}

/// A hold with its unpacked times, and the total before it.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    start: u64,
    length: u64,
    /// The total duration of all holds before this one.
    held_time: u64,
    /// The index of the hold.
    index: u32,
}

/// An interval in which one lane held the GIL, or none did.
#[derive(Clone, Copy)]
struct HolderInterval {
    holder: Option<LaneId>,
    start: u64,
    end: u64,
}

impl GilHolds {
    /// Records that the lane is in `state` from `at` on. `done` means that it has just finished a
    /// task.
    pub(super) fn record_state(&mut self, at: Nanos, lane: LaneId, state: State, done: bool) {
        let LaneId(lane) = lane;
        let holds = self.holder.is_some_and(|(holder, _)| holder == lane);
        match (state == State::Computing, holds) {
            (true, true) => self.paused = None,
            (true, false) => self.start_hold(at.0, lane),
            (false, true) if done => _ = self.paused.get_or_insert(at.0),
            (false, true) => self.end_hold(at.0),
            (false, false) => {}
        }
    }

    fn start_hold(&mut self, at: u64, lane: u16) {
        if self.holder.is_some() {
            self.violations += u32::from(self.paused.is_none());
            self.end_hold(at);
        }
        self.switches += u32::from(self.last_holder.is_some_and(|last| last != lane));
        self.last_holder = Some(lane);
        self.holder = Some((lane, at.max(self.ended)));
    }

    /// Ends the current hold. If the holder had finished its task, the hold ends at that moment.
    fn end_hold(&mut self, at: u64) {
        let hold = self.current_hold(at);
        (self.holder, self.paused) = (None, None);
        let Some(GilHold { lane, start, length }) = hold else { return };
        self.longest = longer_hold(self.longest, hold);
        let last = self.checkpoints.last().map(|last| last.index as usize + CHECKPOINT_INTERVAL);
        let gap = u32::try_from(start.0 - self.ended).ok();
        let packed = gap.zip(u32::try_from(length.0).ok());
        let packed = packed.filter(|_| last.is_some_and(|end| self.lanes.len() < end));
        if packed.is_none() {
            self.checkpoints.push(Checkpoint {
                start: start.0,
                length: length.0,
                held_time: self.held_time,
                index: self.lanes.len() as u32,
            });
        }
        let (gap, packed_length) = packed.unwrap_or_default();
        self.gaps.push(gap);
        self.lengths.push(packed_length);
        self.lanes.push(lane.0);
        self.ended = start.0 + length.0;
        self.held_time += length.0;
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.gaps.shrink_to_fit();
        self.lengths.shrink_to_fit();
        self.lanes.shrink_to_fit();
        self.checkpoints.shrink_to_fit();
    }

    /// The current hold up to `until`.
    fn current_hold(&self, until: u64) -> Option<GilHold> {
        let (lane, start) = self.holder?;
        let end = self.paused.map_or(until, |paused| paused.min(until));
        Some(GilHold {
            lane: LaneId(lane),
            start: Nanos(start),
            length: Nanos(end.saturating_sub(start)),
        })
    }

    /// The index of the last checkpoint before `t`, or of the first one.
    fn checkpoint_before(&self, t: u64) -> usize {
        self.checkpoints.partition_point(|checkpoint| checkpoint.start < t).saturating_sub(1)
    }

    /// The time for which the GIL was held in [0, t).
    fn held_time_until(&self, t: u64) -> u64 {
        let before = self.checkpoint_before(t);
        let known = self.checkpoints.get(before).map_or(0, |checkpoint| checkpoint.held_time);
        let intervals = self.intervals_from(before).take_while(|interval| interval.start < t);
        known + intervals.map(|interval| interval.overlap(0, t)).sum::<u64>()
    }

    /// Returns the holds from a checkpoint on, including the current one.
    fn intervals_from(&self, checkpoint: usize) -> impl Iterator<Item = HolderInterval> + '_ {
        let mut checkpoints = self.checkpoints.get(checkpoint..).unwrap_or(&[]).iter().peekable();
        let index = checkpoints.peek().map_or(0, |first| first.index as usize);
        let gaps = self.gaps.get(index..).unwrap_or(&[]);
        let lengths = self.lengths.get(index..).unwrap_or(&[]);
        let lanes = self.lanes.get(index..).unwrap_or(&[]);
        let mut end = 0;
        let over = (index..).zip(gaps.iter().zip(lengths).zip(lanes));
        let over = over.map(move |(index, ((&gap, &length), &lane))| {
            let whole = checkpoints.next_if(|next| next.index as usize == index);
            let packed = || (end + u64::from(gap), u64::from(length));
            let (start, length) = whole.map_or_else(packed, |hold| (hold.start, hold.length));
            end = start + length;
            HolderInterval { holder: Some(LaneId(lane)), start, end }
        });
        let end = self.paused.unwrap_or(u64::MAX);
        let holder = self.holder.map(|(lane, start)| (Some(LaneId(lane)), start));
        over.chain(holder.map(|(holder, start)| HolderInterval { holder, start, end }))
    }
}

impl HolderInterval {
    /// The part of this interval that lies in [a, b).
    fn overlap(&self, a: u64, b: u64) -> u64 {
        self.end.min(b).saturating_sub(self.start.max(a))
    }
}

fn longer_hold(one: Option<GilHold>, other: Option<GilHold>) -> Option<GilHold> {
    // The first one wins a tie.
    other.into_iter().chain(one).max_by_key(|hold| hold.length)
}

impl<'run> GilUsage<'run> {
    pub(super) const fn new(holds: &'run GilHolds, lanes: &'run [Lane]) -> Self {
        Self { holds, lanes }
    }

    /// Returns the use of the GIL in [a, b).
    pub fn share_between(&self, a: Nanos, b: Nanos) -> GilShare {
        if a >= b {
            return GilShare::default();
        }
        let held = self.holds.held_time_until(b.0) - self.holds.held_time_until(a.0);
        let share = held as f64 / b.since(a).0 as f64;
        GilShare { share, main_holder: self.main_holder_in(a.0, b.0).map(|(lane, _)| lane) }
    }

    /// The lane that held the GIL longest in [a, b), and for what time.
    fn main_holder_in(&self, a: u64, b: u64) -> Option<(LaneId, u64)> {
        let intervals = self.holds.intervals_from(self.holds.checkpoint_before(a));
        let inside = intervals.take_while(|interval| interval.start < b);
        let mut shares = [(None, 0_u64); MAX_COMPARED_LANES];
        for (count, interval) in inside.filter(|interval| interval.end > a).enumerate() {
            if count >= MAX_COMPARED_HOLDS {
                return None;
            }
            // The holder's own slot, or else the first free one.
            let own =
                |(lane, _): &&mut (Option<LaneId>, u64)| *lane == interval.holder || lane.is_none();
            let share = shares.iter_mut().find(own)?;
            *share = (interval.holder, share.1 + interval.overlap(a, b));
        }
        let longest = shares.into_iter().rev().max_by_key(|(_, share)| *share);
        longest.filter(|(_, share)| *share > 0).and_then(|(lane, share)| Some((lane?, share)))
    }

    /// Returns the holds in [a, b) in the order of time, each with its part of that time.
    pub fn holds_between(&self, a: Nanos, b: Nanos) -> impl Iterator<Item = GilHold> + 'run {
        let intervals = self.holds.intervals_from(self.holds.checkpoint_before(a.0));
        let inside = intervals.take_while(move |interval| interval.start < b.0);
        inside.filter_map(move |interval| {
            let (lane, length) = (interval.holder?, interval.overlap(a.0, b.0));
            let start = Nanos(interval.start).max(a);
            (length > 0).then_some(GilHold { lane, start, length: Nanos(length) })
        })
    }

    /// The current holder.
    pub fn holder(&self) -> Option<LaneId> {
        self.holds.holder.map(|(lane, _)| LaneId(lane))
    }

    /// The share of [0, until) in which the GIL was held, 0 to 1.
    pub fn held_share(&self, until: Nanos) -> f64 {
        self.holds.held_time_until(until.0) as f64 / until.0.max(1) as f64
    }

    /// The number of lanes that are waiting for the GIL.
    pub fn waiter_count(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.state() == State::LockWait).count()
    }

    /// The mean number of lanes that waited for the GIL in [0, until).
    pub fn mean_waiters(&self, until: Nanos) -> f64 {
        self.wait_time(until).0 as f64 / until.0.max(1) as f64
    }

    /// The total time that all lanes waited for the GIL in [0, until).
    pub fn wait_time(&self, until: Nanos) -> Nanos {
        let waited = |sum, lane: &Lane| sum + lane.time_in(State::LockWait, until);
        self.lanes.iter().fold(Nanos::ZERO, waited)
    }

    /// The number of times that the GIL passed from one lane to another.
    pub const fn switch_count(&self) -> u32 {
        self.holds.switches
    }

    /// The number of switches per second.
    pub fn switches_per_second(&self, until: Nanos) -> f64 {
        let seconds = until.as_secs_f64();
        if seconds > 0.0 { f64::from(self.switch_count()) / seconds } else { 0.0 }
    }

    /// The longest hold, including the current one up to `now`.
    pub fn longest_hold(&self, now: Nanos) -> Option<GilHold> {
        longer_hold(self.holds.longest, self.holds.current_hold(now.0))
    }

    /// The number of times that a lane took the GIL while another held it. A value other than 0 is
    /// a bug.
    pub const fn violation_count(&self) -> u32 {
        self.holds.violations
    }
}
