//! The GIL in virtual time: the decisions of the real protocol, and the times at which waits end.

use fastrand::Rng;

use crate::model::{LaneId, Nanos};
use crate::source::gil::protocol::{GilProtocol, TakeOutcome, TimedWait};

/// The latency of waking a thread, in nanoseconds: from one microsecond to five, as on a machine whose
/// cores are not in a deep sleep state.
const WAKE_UP: std::ops::RangeInclusive<u64> = 1_000..=5_000;

/// The number of times out of ten that a thread which requests the GIL wins it over the thread that
/// the release wakes, because it is awake already. With 8, the waits beside several computing threads
/// are distributed like those of CPython 3.11.
const REQUESTER_WINS: u8 = 8;

/// The minimum switch interval, as in CPython, which counts in microseconds.
const MIN_INTERVAL: Nanos = Nanos(1_000);

/// The GIL of a simulated run.
#[derive(Debug)]
pub(super) struct VirtualGil {
    protocol: GilProtocol,
    interval: Nanos,
    holder: Option<LaneId>,
    /// The time of the last release.
    released: Nanos,
    /// The threads that wait for a release.
    waiters: Vec<Waiter>,
    /// The thread that was forced to release it, and waits until another has taken it.
    forced: Option<LaneId>,
    /// The woken threads, with the time at which each runs.
    waking: Vec<(Nanos, LaneId)>,
    chance: Rng,
}

/// A thread in a timed wait.
#[derive(Debug)]
struct Waiter {
    lane: LaneId,
    /// The start of the wait. If that wait is known to end without effect, the start of the next one.
    since: Nanos,
    /// The length of a wait: the switch interval plus the wake-up latency.
    period: Nanos,
    timed_wait: TimedWait,
}

/// The result of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GilTurn {
    /// No thread took it.
    Nothing,
    /// A thread took it.
    Taken(LaneId),
    /// The holder was forced to release it, and another thread took it at once (`taken`) or will soon.
    Dropped { holder: LaneId, taken: Option<LaneId> },
}

/// The next thing to happen, as an index into `waking` or `waiters`.
#[derive(Clone, Copy, Debug)]
enum WaitEnd {
    Wakes(usize),
    TimesOut(usize),
}

impl VirtualGil {
    pub(super) fn new(interval: Nanos, seed: u64) -> Self {
        Self {
            protocol: GilProtocol::default(),
            interval: interval.max(MIN_INTERVAL),
            holder: None,
            released: Nanos::ZERO,
            waiters: Vec::new(),
            forced: None,
            waking: Vec::new(),
            chance: Rng::with_seed(seed),
        }
    }

    /// Returns whether `lane` holds it.
    pub(super) fn is_held_by(&self, lane: LaneId) -> bool {
        self.holder == Some(lane)
    }

    /// Takes it for a thread if it is free; otherwise the thread waits from now on. Returns whether it
    /// was free.
    pub(super) fn take(&mut self, lane: LaneId, now: Nanos) -> bool {
        let switches = self.protocol.has_switched(lane);
        match self.protocol.try_take(lane) {
            TakeOutcome::Taken => {
                self.holder = Some(lane);
                if switches {
                    self.record_switch(now);
                }
                true
            }
            TakeOutcome::Wait(timed_wait) => {
                let period = self.interval + self.wake_up_delay();
                self.waiters.push(Waiter { lane, since: now, period, timed_wait });
                false
            }
            // Never happens: a simulated run is stopped from outside.
            TakeOutcome::Stopped => false,
        }
    }

    /// Releases it without a request.
    pub(super) fn release(&mut self, now: Nanos) {
        (self.holder, self.released) = (None, now);
        self.protocol.release();
        self.wake_first_waiter(now);
    }

    /// The time of the next event, if no thread takes or releases it before.
    pub(super) fn next_wait_end(&self) -> Option<Nanos> {
        self.soonest_wait_end().map(|(at, _)| at)
    }

    /// Handles the event that is due `now`.
    pub(super) fn advance(&mut self, now: Nanos) -> GilTurn {
        match self.soonest_wait_end() {
            Some((_, WaitEnd::Wakes(index))) => {
                let (_, lane) = self.waking.remove(index);
                self.try_again(lane, now)
            }
            Some((_, WaitEnd::TimesOut(index))) => {
                let waiter = self.waiters.remove(index);
                self.time_out(&waiter, now)
            }
            None => GilTurn::Nothing,
        }
    }

    fn soonest_wait_end(&self) -> Option<(Nanos, WaitEnd)> {
        let wakes = |(index, &(at, _)): (usize, &(Nanos, LaneId))| (at, WaitEnd::Wakes(index));
        let wakes = self.waking.iter().enumerate().map(wakes);
        let times_out =
            |(index, waiter): (usize, &Waiter)| (self.wait_end(waiter), WaitEnd::TimesOut(index));
        let times_out = self.waiters.iter().enumerate().map(times_out);
        wakes.chain(times_out).min_by_key(|&(at, _)| at)
    }

    /// The time at which a wait ends with an effect. If the GIL is free, every end of a wait has one.
    fn wait_end(&self, waiter: &Waiter) -> Nanos {
        let any = self.holder.is_none() && waiter.since > self.released;
        if any { waiter.since } else { waiter.since + waiter.period }
    }

    fn time_out(&mut self, waiter: &Waiter, now: Nanos) -> GilTurn {
        self.protocol.record_timeout(waiter.timed_wait);
        match self.holder {
            // The holder notices the request within a turn, which counts as no time here.
            Some(holder) if self.protocol.requests_break() => self.switch(holder, waiter.lane, now),
            _ => self.try_again(waiter.lane, now),
        }
    }

    /// Forces a switch: the holder must not take it again at once.
    fn switch(&mut self, holder: LaneId, requester: LaneId, now: Nanos) -> GilTurn {
        let wins = self.chance.u8(0..10) < REQUESTER_WINS;
        if !wins {
            // The requester is asleep again before the holder releases it.
            self.take(requester, now);
        }
        (self.holder, self.released) = (None, now);
        self.forced = self.protocol.release().then_some(holder);
        self.wake_first_waiter(now);
        let taken = (wins && self.take(requester, now)).then_some(requester);
        GilTurn::Dropped { holder, taken }
    }

    fn try_again(&mut self, lane: LaneId, now: Nanos) -> GilTurn {
        if self.take(lane, now) { GilTurn::Taken(lane) } else { GilTurn::Nothing }
    }

    /// Updates the waiting threads after a switch. Each of them would find the switch at the end of its
    /// present wait and start another one; those waits are skipped here in one step.
    fn record_switch(&mut self, now: Nanos) {
        for waiter in &mut self.waiters {
            let missed = now.since(waiter.since).0.div_ceil(waiter.period.0);
            waiter.since = waiter.since + Nanos(missed.saturating_mul(waiter.period.0));
            if let TakeOutcome::Wait(timed_wait) = self.protocol.try_take(waiter.lane) {
                waiter.timed_wait = timed_wait;
            }
        }
        if let Some(forced) = self.forced.take() {
            self.wake(forced, now);
        }
    }

    /// Wakes the thread whose present wait began first.
    fn wake_first_waiter(&mut self, now: Nanos) {
        let began = |(_, waiter): &(usize, &Waiter)| match waiter.since {
            next if next > now => next.since(waiter.period),
            began => began,
        };
        let first = self.waiters.iter().enumerate().min_by_key(began).map(|(index, _)| index);
        if let Some(index) = first {
            let waiter = self.waiters.remove(index);
            self.wake(waiter.lane, now);
        }
    }

    fn wake(&mut self, lane: LaneId, now: Nanos) {
        let at = now + self.wake_up_delay();
        self.waking.push((at, lane));
    }

    fn wake_up_delay(&mut self) -> Nanos {
        Nanos(self.chance.u64(WAKE_UP))
    }
}

#[cfg(test)]
mod tests;
