//! How virtual time passes beside real time.

use crate::model::Nanos;

/// How virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can be computed: nobody watches.
    Unbound,
    /// So many times slower than real time; 0 counts as 1.
    Slow(u32),
    /// Not at all: the program sleeps.
    Still,
}

/// Where a run is in its own time, by the clock that its watcher has.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Course {
    pace: Pace,
    /// When the pace was set, on the clock, and in the run.
    clock: Nanos,
    run: Nanos,
    /// The next event's moment: the run's time does not pass it before it is told.
    limit: Nanos,
}

impl Course {
    /// A run that begins when the clock stands at `clock`.
    pub(super) const fn new(pace: Pace, clock: Nanos) -> Self {
        Self { pace, clock, run: Nanos::ZERO, limit: Nanos::ZERO }
    }

    /// The run's own time.
    pub(in crate::engine) fn at(&self, clock: Nanos) -> Nanos {
        self.due_until(clock).min(self.limit)
    }

    /// Events up to this moment of the run are due.
    pub(super) fn due_until(&self, clock: Nanos) -> Nanos {
        match self.pace {
            Pace::Unbound => Nanos::LATEST,
            Pace::Still => self.run,
            Pace::Slow(slow) => {
                self.run + Nanos(clock.since(self.clock).0 / u64::from(slow.max(1)))
            }
        }
    }

    /// When a moment of the run is due, on the clock.
    pub(super) fn due(&self, moment: Nanos) -> Nanos {
        match self.pace {
            Pace::Unbound => Nanos::ZERO,
            Pace::Still => Nanos(u64::MAX),
            Pace::Slow(slow) => {
                let wait = moment.since(self.run).0.saturating_mul(u64::from(slow.max(1)));
                self.clock + Nanos(wait)
            }
        }
    }

    /// It goes on at another pace from now on.
    pub(in crate::engine) fn set_pace(&mut self, pace: Pace, clock: Nanos) {
        *self = Self { pace, clock, run: self.at(clock), limit: self.limit };
    }

    /// Everything before `limit` is told.
    pub(super) fn set_limit(&mut self, limit: Nanos) {
        self.limit = limit;
    }
}
