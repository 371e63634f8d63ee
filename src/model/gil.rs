//! Who held the GIL over time: append-only and packed, so that a cell of its row costs a few look-ups
//! however often it changed hands.

mod cells;

use super::event::{LaneId, State};
use super::lane::Lane;
use super::time::Nanos;
pub use cells::HeldCell;

/// The most changes from one checkpoint to the next.
const CHECKPOINT: usize = 64;

/// Whose share is largest is not looked for among more changes.
const FEW: usize = 16;

/// In a lane's place where nobody holds it: no run has so many lanes.
const NOBODY: u16 = u16::MAX;

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

/// The fold of a run's events: who took it and when it was free, in the order of time. There may be a
/// million changes, so they are packed: four bytes for the time since the one before, two for the lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Holds {
    since_last: Vec<u32>,
    holders: Vec<u16>,
    checkpoints: Vec<Checkpoint>,
    /// When it last changed hands.
    changed: u64,
    /// How long it was held up to then.
    held: u64,
    /// When the lane that holds it was done with a task, and has not gone on.
    paused: Option<u64>,
    last_holder: Option<u16>,
    switches: u32,
    longest: Option<Hold>,
    violations: u32,
}

/// How things stand at a change.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    at: u64,
    /// How long it was held up to then.
    held: u64,
    /// The change's place.
    place: u32,
}

/// A time in which the holder is one lane, or nobody.
#[derive(Clone, Copy)]
struct Stretch {
    holder: u16,
    start: u64,
    end: u64,
}

impl Holds {
    /// The lane is in `state` from `at` on; between two tasks if it is done with one.
    pub(super) fn note(&mut self, at: Nanos, lane: LaneId, state: State, done: bool) {
        let LaneId(lane) = lane;
        let holds = self.holder() == lane;
        match (state == State::Computing, holds) {
            (true, true) => self.paused = None,
            (true, false) => self.take(at.0, lane),
            (false, true) if done => _ = self.paused.get_or_insert(at.0),
            (false, true) => self.release(at.0),
            (false, false) => {}
        }
    }

    fn take(&mut self, at: u64, lane: u16) {
        if self.holder() != NOBODY {
            self.violations += u32::from(self.paused.is_none());
            self.release(at);
        }
        let at = at.max(self.changed);
        self.switches += u32::from(self.last_holder.is_some_and(|last| last != lane));
        self.last_holder = Some(lane);
        self.change(at, lane);
    }

    /// The holder has it no more. Was it done with a task before, it needed it only until then.
    fn release(&mut self, at: u64) {
        let at = self.paused.take().unwrap_or(at).max(self.changed);
        let hold = self.hold(at);
        self.longest = longer(self.longest, hold);
        self.held += hold.map_or(0, |hold| hold.length.0);
        self.change(at, NOBODY);
    }

    fn change(&mut self, at: u64, holder: u16) {
        let last = self.checkpoints.last().map(|last| last.place as usize + CHECKPOINT);
        let since_last = u32::try_from(at - self.changed).ok();
        let near = since_last.filter(|_| last.is_some_and(|end| self.holders.len() < end));
        if near.is_none() {
            let (held, place) = (self.held, self.holders.len() as u32);
            self.checkpoints.push(Checkpoint { at, held, place });
        }
        self.since_last.push(near.unwrap_or(0));
        self.holders.push(holder);
        self.changed = at;
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.since_last.shrink_to_fit();
        self.holders.shrink_to_fit();
        self.checkpoints.shrink_to_fit();
    }

    fn holder(&self) -> u16 {
        self.holders.last().copied().unwrap_or(NOBODY)
    }

    /// The hold that goes on, up to `until`.
    fn hold(&self, until: u64) -> Option<Hold> {
        let lane = Some(self.holder()).filter(|&lane| lane != NOBODY)?;
        let end = self.paused.map_or(until, |paused| paused.min(until));
        let length = Nanos(end.saturating_sub(self.changed));
        Some(Hold { lane: LaneId(lane), start: Nanos(self.changed), length })
    }

    /// The last checkpoint before `t`, or the first.
    fn before(&self, t: u64) -> usize {
        self.checkpoints.partition_point(|checkpoint| checkpoint.at < t).saturating_sub(1)
    }

    /// How long it was held in [0, t).
    fn held_until(&self, t: u64) -> u64 {
        let before = self.before(t);
        let known = self.checkpoints.get(before).map_or(0, |checkpoint| checkpoint.held);
        let stretches = self.stretches(before).take_while(|stretch| stretch.start < t);
        known + stretches.map(|stretch| stretch.held_in(0, t)).sum::<u64>()
    }

    /// From a checkpoint on.
    fn stretches(&self, checkpoint: usize) -> impl Iterator<Item = Stretch> + '_ {
        let mut checkpoints = self.checkpoints.get(checkpoint..).unwrap_or(&[]).iter().peekable();
        let place = checkpoints.peek().map_or(0, |first| first.place as usize);
        let since_last = self.since_last.get(place..).unwrap_or(&[]).iter();
        let holders = self.holders.get(place..).unwrap_or(&[]).iter();
        let mut at = 0;
        let mut changes = (place..)
            .zip(since_last.zip(holders))
            .map(move |(place, (&since_last, &holder))| {
                let absolute = checkpoints.next_if(|next| next.place as usize == place);
                at = absolute.map_or(at + u64::from(since_last), |checkpoint| checkpoint.at);
                (at, holder)
            })
            .peekable();
        std::iter::from_fn(move || {
            let (start, holder) = changes.next()?;
            let end = changes.peek().map(|(at, _)| *at).or(self.paused).unwrap_or(u64::MAX);
            Some(Stretch { holder, start, end })
        })
    }
}

impl Stretch {
    /// How long it was held in the part of this that lies in [a, b).
    fn held_in(&self, a: u64, b: u64) -> u64 {
        let time = self.end.min(b).saturating_sub(self.start.max(a));
        if self.holder == NOBODY { 0 } else { time }
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
        let mut shares = [(NOBODY, 0_u64); FEW];
        for (count, stretch) in inside.filter(|stretch| stretch.end > a).enumerate() {
            if count >= FEW {
                return None;
            }
            let own = |(lane, _): &&mut (u16, u64)| *lane == stretch.holder || *lane == NOBODY;
            if let Some(share) = shares.iter_mut().find(own) {
                *share = (stretch.holder, share.1 + stretch.held_in(a, b));
            }
        }
        let longest = shares.into_iter().rev().max_by_key(|(_, share)| *share);
        longest.filter(|(_, share)| *share > 0).map(|(lane, share)| (LaneId(lane), share))
    }

    /// Who holds it now.
    pub fn holder(&self) -> Option<LaneId> {
        Some(self.holds.holder()).filter(|&lane| lane != NOBODY).map(LaneId)
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
