//! The GIL in virtual time: the decisions of the real one's protocol, and when each wait ends.

use fastrand::Rng;

use crate::engine::gil::protocol::{Protocol, Take, Waiting};
use crate::model::{LaneId, Nanos};

/// A thread that is woken runs so much later, in nanoseconds: from one microsecond to five, as on a
/// machine whose cores do not sleep deeply.
const WAKE_UP: std::ops::RangeInclusive<u64> = 1_000..=5_000;

/// Of ten times that a thread asks for the GIL, it wins it so often over the one that is woken by the
/// release, as it is awake already. With 8, the waits beside several threads that compute are spread
/// as CPython 3.11's are.
const REQUESTER_WINS: u8 = 8;

/// Waits are no shorter, as in CPython, where a shorter interval would be none.
const SHORTEST_INTERVAL: Nanos = Nanos(1_000);

/// The GIL of a simulated run.
#[derive(Debug)]
pub(super) struct VirtualGil {
    protocol: Protocol,
    interval: Nanos,
    holder: Option<LaneId>,
    /// When it was given back last.
    released: Nanos,
    /// Who waits for a release.
    waiters: Vec<Waiter>,
    /// Had to give it up, and waits until another has taken it.
    forced: Option<LaneId>,
    /// Woken: when each runs.
    waking: Vec<(Nanos, LaneId)>,
    chance: Rng,
}

/// A thread in a timed wait.
#[derive(Debug)]
struct Waiter {
    lane: LaneId,
    /// When its wait began, or where that one is known to end in vain, when the next will.
    since: Nanos,
    /// How long it takes: the switch interval, and the waking up after it.
    period: Nanos,
    waiting: Waiting,
}

/// What came of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nobody holds it who did not before.
    Nothing,
    /// A thread took it.
    Taken(LaneId),
    /// Its holder had to give it up, and another took it at once, or will soon.
    Dropped { holder: LaneId, taken: Option<LaneId> },
}

/// What is next to happen, by its place.
#[derive(Clone, Copy, Debug)]
enum Next {
    Wakes(usize),
    TimesOut(usize),
}

impl VirtualGil {
    pub(super) fn new(interval: Nanos, seed: u64) -> Self {
        Self {
            protocol: Protocol::default(),
            interval: interval.max(SHORTEST_INTERVAL),
            holder: None,
            released: Nanos::ZERO,
            waiters: Vec::new(),
            forced: None,
            waking: Vec::new(),
            chance: Rng::with_seed(seed),
        }
    }

    /// Whether a thread holds it.
    pub(super) fn is_held_by(&self, lane: LaneId) -> bool {
        self.holder == Some(lane)
    }

    /// A thread takes it if it is free; else it waits for it from now on.
    pub(super) fn take(&mut self, lane: LaneId, now: Nanos) -> bool {
        let switches = self.protocol.has_switched(lane);
        match self.protocol.try_take(lane) {
            Take::Taken => {
                self.holder = Some(lane);
                if switches {
                    self.switched(now);
                }
                true
            }
            Take::Wait(waiting) => {
                let period = self.interval + self.wake_up();
                self.waiters.push(Waiter { lane, since: now, period, waiting });
                false
            }
            // Nobody stops it: the run is cut off from outside.
            Take::Stopped => false,
        }
    }

    /// The holder gives it back without having been asked.
    pub(super) fn release(&mut self, now: Nanos) {
        (self.holder, self.released) = (None, now);
        self.protocol.release();
        self.signal(now);
    }

    /// When something happens next, if nobody takes it or gives it back before.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.soonest().map(|(at, _)| at)
    }

    /// It is the moment at which something happens.
    pub(super) fn elapse(&mut self, now: Nanos) -> Turn {
        match self.soonest() {
            Some((_, Next::Wakes(place))) => {
                let (_, lane) = self.waking.remove(place);
                self.try_again(lane, now)
            }
            Some((_, Next::TimesOut(place))) => {
                let waiter = self.waiters.remove(place);
                self.time_out(&waiter, now)
            }
            None => Turn::Nothing,
        }
    }

    fn soonest(&self) -> Option<(Nanos, Next)> {
        let wakes = |(place, &(at, _)): (usize, &(Nanos, LaneId))| (at, Next::Wakes(place));
        let wakes = self.waking.iter().enumerate().map(wakes);
        let times_out =
            |(place, waiter): (usize, &Waiter)| (self.ends(waiter), Next::TimesOut(place));
        let times_out = self.waiters.iter().enumerate().map(times_out);
        wakes.chain(times_out).min_by_key(|&(at, _)| at)
    }

    /// When a wait ends so that something comes of it: where the GIL is free, any end will do.
    fn ends(&self, waiter: &Waiter) -> Nanos {
        let any = self.holder.is_none() && waiter.since > self.released;
        if any { waiter.since } else { waiter.since + waiter.period }
    }

    fn time_out(&mut self, waiter: &Waiter, now: Nanos) -> Turn {
        self.protocol.timed_out(waiter.waiting);
        match self.holder {
            // It looks up from its work within a turn, which is no time here.
            Some(holder) if self.protocol.breaks_eval() => self.switch(holder, waiter.lane, now),
            _ => self.try_again(waiter.lane, now),
        }
    }

    /// The holder was asked for it: it must not win it back at once.
    fn switch(&mut self, holder: LaneId, requester: LaneId, now: Nanos) -> Turn {
        let wins = self.chance.u8(0..10) < REQUESTER_WINS;
        if !wins {
            // It sleeps again before the holder looks up.
            self.take(requester, now);
        }
        (self.holder, self.released) = (None, now);
        self.forced = self.protocol.release().then_some(holder);
        self.signal(now);
        let taken = (wins && self.take(requester, now)).then_some(requester);
        Turn::Dropped { holder, taken }
    }

    fn try_again(&mut self, lane: LaneId, now: Nanos) -> Turn {
        if self.take(lane, now) { Turn::Taken(lane) } else { Turn::Nothing }
    }

    /// Another than the last holder has it. Whoever waits finds that at the end of the present wait,
    /// and begins another then: those are not gone through one by one.
    fn switched(&mut self, now: Nanos) {
        for waiter in &mut self.waiters {
            let missed = now.since(waiter.since).0.div_ceil(waiter.period.0);
            waiter.since = waiter.since + Nanos(missed.saturating_mul(waiter.period.0));
            if let Take::Wait(waiting) = self.protocol.try_take(waiter.lane) {
                waiter.waiting = waiting;
            }
        }
        if let Some(forced) = self.forced.take() {
            self.wake(forced, now);
        }
    }

    /// Wakes one that waits for a release: whose present wait began first.
    fn signal(&mut self, now: Nanos) {
        let began = |(_, waiter): &(usize, &Waiter)| match waiter.since {
            next if next > now => next.since(waiter.period),
            began => began,
        };
        let first = self.waiters.iter().enumerate().min_by_key(began).map(|(place, _)| place);
        if let Some(place) = first {
            let waiter = self.waiters.remove(place);
            self.wake(waiter.lane, now);
        }
    }

    fn wake(&mut self, lane: LaneId, now: Nanos) {
        let at = now + self.wake_up();
        self.waking.push((at, lane));
    }

    fn wake_up(&mut self) -> Nanos {
        Nanos(self.chance.u64(WAKE_UP))
    }
}

#[cfg(test)]
mod tests;
