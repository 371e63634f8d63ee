//! The time for which rate limits held a run back, and the time that it would have taken without
//! them, if that can be told.

use crate::model::{Lane, Nanos, Run, State};

/// The minimum share of a run's time that counts: identical runs differ by more.
const MIN_SHARE: f64 = 0.01;

/// The maximum share of a run's time in which only some of the lanes may be held back, if the time
/// without the limit is to be told: it is unknown what the others would have left to do.
const MAX_PARTIAL_SHARE: f64 = 0.02;

/// The time for which rate limits held a run back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitHold {
    /// The time in which at least one lane was held back.
    pub time: Nanos,
    /// The part of that time in which no lane worked.
    standstill: Nanos,
    /// The duration of the run.
    elapsed: Nanos,
}

impl RateLimitHold {
    /// Returns `true` if rate limits have held a run back until `now`, for a share of its time that
    /// counts.
    pub fn affects(run: &Run, now: Nanos) -> bool {
        let elapsed = run.elapsed(now);
        let least = elapsed.0 as f64 * MIN_SHARE;
        let is_held = |lane: &Lane| lane.time_in(State::Throttled, elapsed).0 as f64 > least;
        // Without a reported limit, a lane that waits for a permit is not held back by a server.
        !run.limits().reached().is_empty() && run.lanes().iter().any(is_held)
    }

    /// Measures how long rate limits held back a run that has ended. Returns `None` if they did not, or
    /// for a negligible time.
    pub fn of_run(run: &Run) -> Option<Self> {
        let elapsed = run.duration().filter(|&elapsed| Self::affects(run, elapsed))?;
        let mut holds: Vec<[Nanos; 2]> = Vec::new();
        for lane in run.lanes() {
            if lane.time_in(State::Throttled, elapsed) > Nanos::ZERO {
                let intervals = lane.state_intervals(elapsed);
                let held = intervals.filter(|interval| interval.state == State::Throttled);
                holds.extend(held.map(|interval| [interval.start, interval.end]));
            }
        }
        // Between two of these moments, the same lanes are held back.
        let mut moments: Vec<Nanos> = holds.concat();
        moments.sort_unstable();
        moments.dedup();
        let mut hold = Self { time: Nanos::ZERO, standstill: Nanos::ZERO, elapsed };
        for pair in moments.windows(2) {
            let &[from, to] = pair else { continue };
            if holds.iter().any(|&[start, end]| start <= from && to <= end) {
                hold.time = hold.time + to.since(from);
                let times = run.state_times_between(from, to);
                if times.total() == times[State::Idle] + times[State::Throttled] {
                    hold.standstill = hold.standstill + to.since(from);
                }
            }
        }
        Some(hold)
    }

    /// Returns the duration of a run without rate limits: as measured if none held it back, else as
    /// far as it can be told.
    pub fn time_without_limits(run: &Run) -> Option<Nanos> {
        Self::of_run(run).map_or_else(|| run.duration(), Self::time_without)
    }

    /// The duration of the run without the limits, or `None` if some lanes worked while others were
    /// held back.
    fn time_without(self) -> Option<Nanos> {
        let partial = self.time.since(self.standstill).0 as f64;
        let is_exact = partial <= self.elapsed.0 as f64 * MAX_PARTIAL_SHARE;
        is_exact.then(|| self.elapsed.since(self.standstill))
    }
}
