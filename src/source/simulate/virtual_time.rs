//! The pace of virtual time relative to real time.

use crate::model::Nanos;

/// The pace of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can be computed, for runs without a viewer.
    Unbound,
    /// This number of times slower than real time; 0 counts as 1.
    Slow(u32),
    /// Time stands still, because the program is suspended.
    Still,
}

/// The mapping from the viewer's clock to a run's own time.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct VirtualTime {
    pace: Pace,
    /// The time at which the pace was set, on the clock and in the run.
    clock: Nanos,
    run: Nanos,
    /// The time of the next event, which the run's time does not pass before that event is sent.
    limit: Nanos,
}

impl VirtualTime {
    /// Creates the mapping of a run that starts when the clock reads `clock`.
    pub(super) const fn new(pace: Pace, clock: Nanos) -> Self {
        Self { pace, clock, run: Nanos::ZERO, limit: Nanos::ZERO }
    }

    /// Returns the run's own time when the clock reads `clock`.
    pub(in crate::source) fn run_time_at(&self, clock: Nanos) -> Nanos {
        self.due_until(clock).min(self.limit)
    }

    /// Returns the time in the run up to which events are due.
    pub(super) fn due_until(&self, clock: Nanos) -> Nanos {
        match self.pace {
            Pace::Unbound => Nanos::MAX,
            Pace::Still => self.run,
            Pace::Slow(slow) => {
                self.run + Nanos(clock.since(self.clock).0 / u64::from(slow.max(1)))
            }
        }
    }

    /// Returns the time on the clock at which a moment of the run is due.
    pub(super) fn due_at(&self, moment: Nanos) -> Nanos {
        match self.pace {
            Pace::Unbound => Nanos::ZERO,
            Pace::Still => Nanos(u64::MAX),
            Pace::Slow(slow) => {
                let wait = moment.since(self.run).0.saturating_mul(u64::from(slow.max(1)));
                self.clock + Nanos(wait)
            }
        }
    }

    /// Changes the pace from `clock` on.
    pub(in crate::source) fn set_pace(&mut self, pace: Pace, clock: Nanos) {
        *self = Self { pace, clock, run: self.run_time_at(clock), limit: self.limit };
    }

    /// Records that all events before `limit` were sent.
    pub(super) fn set_limit(&mut self, limit: Nanos) {
        self.limit = limit;
    }
}
