//! Little's law over a run, as a check that its figures come from one reality: L = X R. The mean
//! number in flight is the rate of requests times the mean time of one (J. D. C. Little and S. C.
//! Graves, "Little's Law", 2008; over a finite time by P. J. Denning and J. P. Buzen, "The
//! Operational Analysis of Queueing Network Models", 1978).

use super::lane::Lane;
use super::run::Run;
use super::time::Nanos;

/// Both sides may differ by so much of themselves. They are exactly equal where events come in the
/// order of their times; those of different workers may come the other way round, by microseconds.
const TOLERANCE: f64 = 0.001;

/// Both sides of the law, from folds that know nothing of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// L: requests in flight on average, from the area under their level.
    pub in_flight: f64,
    /// X: requests a second.
    pub rate: f64,
    /// R: how long one was in flight on average, in seconds, from the lanes' attempts.
    pub time: f64,
}

impl Law {
    /// The law over a run from its start until a moment: exact over requests that are complete, and of
    /// those in flight then, the time so far counts. Nothing before the first request.
    pub fn over(run: &Run, until: Nanos) -> Option<Self> {
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let times = spans
            .filter(|span| span.start < until)
            .map(|span| span.end.unwrap_or(until).min(until).since(span.start).0);
        let (count, sum) =
            times.fold((0_u64, 0_u128), |(count, sum), time| (count + 1, sum + u128::from(time)));
        (count > 0).then(|| Self {
            in_flight: run.in_flight_level().mean(Nanos::ZERO, until),
            rate: count as f64 / until.as_secs_f64(),
            time: sum as f64 / count as f64 / 1e9,
        })
    }

    /// Whether both sides are the same.
    pub fn holds(&self) -> bool {
        (self.in_flight - self.rate * self.time).abs()
            <= TOLERANCE * self.in_flight.max(f64::EPSILON)
    }
}
