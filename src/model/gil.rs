//! Who held the GIL over time: append-only and packed, so that a cell of its row costs a few look-ups
//! however often it changed hands.

mod cells;

use super::event::{LaneId, State};
use super::lane::Lane;
use super::time::Nanos;
pub use cells::HeldCell;

/// The most holds from one checkpoint to the next.
const CHECKPOINT: usize = 64;

/// Whose share is largest is not looked for among more holds.
const FEW: usize = 16;

/// What is known of the GIL of a run in [`super::Mode::Gil`]. A lane holds it while it computes, and
/// from one task to the next as long as nobody else takes it.
#[derive(Clone, Copy, Debug)]
pub struct Gil<'run> {
    holds: &'run Holds,
    lanes: &'run [Lane],
}

/// Who held it in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Held {
    /// The share of the time in which anybody did, 0 to 1.
    pub share: f64,
    /// Who did longest; nothing where nobody did, or too many took turns to tell.
    pub longest: Option<LaneId>,
}

/// A time in which one lane kept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which one.
    pub lane: LaneId,
    /// When it took it.
    pub start: Nanos,
    /// How long it kept it.
    pub length: Nanos,
}

/// The fold of a run's events: each hold that is over, in the order of time, and the one that goes on.
/// There may be a million of them, so they are packed: four bytes for the time that it was free before,
/// four for the hold, two for the lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Holds {
    gaps: Vec<u32>,
    lengths: Vec<u32>,
    lanes: Vec<u16>,
    checkpoints: Vec<Checkpoint>,
    /// When the last hold that is over ended.
    ended: u64,
    /// How long it was held up to then.
    held: u64,
    /// Who holds it now, and since when.
    holder: Option<(u16, u64)>,
    /// When the holder was done with a task, if it has not gone on since.
    paused: Option<u64>,
    last_holder: Option<u16>,
    switches: u32,
    longest: Option<Hold>,
    violations: u32,
}

/// A hold in full, and how things stood before it.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    start: u64,
    length: u64,
    /// How long it was held up to its start.
    held: u64,
    /// The hold's place.
    place: u32,
}

/// A time in which one lane held it, or nobody.
#[derive(Clone, Copy)]
struct Stretch {
    holder: Option<LaneId>,
    start: u64,
    end: u64,
}

impl Holds {
    /// The lane is in `state` from `at` on; between two tasks if it is done with one.
    pub(super) fn note(&mut self, at: Nanos, lane: LaneId, state: State, done: bool) {
        let LaneId(lane) = lane;
        let holds = self.holder.is_some_and(|(holder, _)| holder == lane);
        match (state == State::Computing, holds) {
            (true, true) => self.paused = None,
            (true, false) => self.take(at.0, lane),
            (false, true) if done => _ = self.paused.get_or_insert(at.0),
            (false, true) => self.release(at.0),
            (false, false) => {}
        }
    }

    fn take(&mut self, at: u64, lane: u16) {
        if self.holder.is_some() {
            self.violations += u32::from(self.paused.is_none());
            self.release(at);
        }
        self.switches += u32::from(self.last_holder.is_some_and(|last| last != lane));
        self.last_holder = Some(lane);
        self.holder = Some((lane, at.max(self.ended)));
    }

    /// The holder has it no more. Was it done with a task before, it needed it only until then.
    fn release(&mut self, at: u64) {
        let hold = self.hold(at);
        (self.holder, self.paused) = (None, None);
        let Some(Hold { lane, start, length }) = hold else { return };
        self.longest = longer(self.longest, hold);
        let last = self.checkpoints.last().map(|last| last.place as usize + CHECKPOINT);
        let gap = u32::try_from(start.0 - self.ended).ok();
        let packed = gap.zip(u32::try_from(length.0).ok());
        let packed = packed.filter(|_| last.is_some_and(|end| self.lanes.len() < end));
        if packed.is_none() {
            self.checkpoints.push(Checkpoint {
                start: start.0,
                length: length.0,
                held: self.held,
                place: self.lanes.len() as u32,
            });
        }
        let (gap, packed_length) = packed.unwrap_or_default();
        self.gaps.push(gap);
        self.lengths.push(packed_length);
        self.lanes.push(lane.0);
        self.ended = start.0 + length.0;
        self.held += length.0;
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.gaps.shrink_to_fit();
        self.lengths.shrink_to_fit();
        self.lanes.shrink_to_fit();
        self.checkpoints.shrink_to_fit();
    }

    /// The hold that goes on, up to `until`.
    fn hold(&self, until: u64) -> Option<Hold> {
        let (lane, start) = self.holder?;
        let end = self.paused.map_or(until, |paused| paused.min(until));
        Some(Hold {
            lane: LaneId(lane),
            start: Nanos(start),
            length: Nanos(end.saturating_sub(start)),
        })
    }

    /// The last checkpoint before `t`, or the first.
    fn before(&self, t: u64) -> usize {
        self.checkpoints.partition_point(|checkpoint| checkpoint.start < t).saturating_sub(1)
    }

    /// How long it was held in [0, t).
    fn held_until(&self, t: u64) -> u64 {
        let before = self.before(t);
        let known = self.checkpoints.get(before).map_or(0, |checkpoint| checkpoint.held);
        let stretches = self.stretches(before).take_while(|stretch| stretch.start < t);
        known + stretches.map(|stretch| stretch.time_in(0, t)).sum::<u64>()
    }

    /// The holds from a checkpoint on, also the one that goes on.
    fn stretches(&self, checkpoint: usize) -> impl Iterator<Item = Stretch> + '_ {
        let mut checkpoints = self.checkpoints.get(checkpoint..).unwrap_or(&[]).iter().peekable();
        let place = checkpoints.peek().map_or(0, |first| first.place as usize);
        let gaps = self.gaps.get(place..).unwrap_or(&[]);
        let lengths = self.lengths.get(place..).unwrap_or(&[]);
        let lanes = self.lanes.get(place..).unwrap_or(&[]);
        let mut end = 0;
        let over = (place..).zip(gaps.iter().zip(lengths).zip(lanes));
        let over = over.map(move |(place, ((&gap, &length), &lane))| {
            let whole = checkpoints.next_if(|next| next.place as usize == place);
            let packed = || (end + u64::from(gap), u64::from(length));
            let (start, length) = whole.map_or_else(packed, |hold| (hold.start, hold.length));
            end = start + length;
            Stretch { holder: Some(LaneId(lane)), start, end }
        });
        let end = self.paused.unwrap_or(u64::MAX);
        let holder = self.holder.map(|(lane, start)| (Some(LaneId(lane)), start));
        over.chain(holder.map(|(holder, start)| Stretch { holder, start, end }))
    }
}

impl Stretch {
    /// How much of it lies in [a, b).
    fn time_in(&self, a: u64, b: u64) -> u64 {
        self.end.min(b).saturating_sub(self.start.max(a))
    }
}

fn longer(one: Option<Hold>, other: Option<Hold>) -> Option<Hold> {
    // Of two that are equally long, the first.
    other.into_iter().chain(one).max_by_key(|hold| hold.length)
}

impl<'run> Gil<'run> {
    pub(super) const fn new(holds: &'run Holds, lanes: &'run [Lane]) -> Self {
        Self { holds, lanes }
    }

    /// Who held it in [a, b).
    pub fn between(&self, a: Nanos, b: Nanos) -> Held {
        if a >= b {
            return Held::default();
        }
        let held = self.holds.held_until(b.0) - self.holds.held_until(a.0);
        let share = held as f64 / b.since(a).0 as f64;
        Held { share, longest: self.longest_in(a.0, b.0).map(|(lane, _)| lane) }
    }

    /// Who held it longest in [a, b), and how long in all.
    fn longest_in(&self, a: u64, b: u64) -> Option<(LaneId, u64)> {
        let stretches = self.holds.stretches(self.holds.before(a));
        let inside = stretches.take_while(|stretch| stretch.start < b);
        let mut shares = [(None, 0_u64); FEW];
        for (count, stretch) in inside.filter(|stretch| stretch.end > a).enumerate() {
            if count >= FEW {
                return None;
            }
            // Its own place, or the first that is nobody's.
            let own =
                |(lane, _): &&mut (Option<LaneId>, u64)| *lane == stretch.holder || lane.is_none();
            if let Some(share) = shares.iter_mut().find(own) {
                *share = (stretch.holder, share.1 + stretch.time_in(a, b));
            }
        }
        let longest = shares.into_iter().rev().max_by_key(|(_, share)| *share);
        longest.filter(|(_, share)| *share > 0).and_then(|(lane, share)| Some((lane?, share)))
    }

    /// Who holds it now.
    pub fn holder(&self) -> Option<LaneId> {
        self.holds.holder.map(|(lane, _)| LaneId(lane))
    }

    /// The share of [0, until) in which anybody held it, 0 to 1.
    pub fn held(&self, until: Nanos) -> f64 {
        self.holds.held_until(until.0) as f64 / until.0.max(1) as f64
    }

    /// How many lanes wait for it now.
    pub fn waiters(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.state() == State::LockWait).count()
    }

    /// How many lanes waited for it in [0, until), on average.
    pub fn mean_waiters(&self, until: Nanos) -> f64 {
        self.cost(until).0 as f64 / until.0.max(1) as f64
    }

    /// What it cost: the time that lanes waited for it in [0, until), all together.
    pub fn cost(&self, until: Nanos) -> Nanos {
        let waited = |sum, lane: &Lane| sum + lane.time_in(State::LockWait, until);
        self.lanes.iter().fold(Nanos::ZERO, waited)
    }

    /// How often another lane took it than the last that had it.
    pub const fn switches(&self) -> u32 {
        self.holds.switches
    }

    /// The same a second.
    pub fn switches_per_second(&self, until: Nanos) -> f64 {
        let seconds = until.as_secs_f64();
        if seconds > 0.0 { f64::from(self.switches()) / seconds } else { 0.0 }
    }

    /// The longest time that a lane kept it; one that still has it, until `now`.
    pub fn longest(&self, now: Nanos) -> Option<Hold> {
        longer(self.holds.longest, self.holds.hold(now.0))
    }

    /// How often a lane took it that another one had: never, or the GIL is none.
    pub const fn violations(&self) -> u32 {
        self.holds.violations
    }
}
