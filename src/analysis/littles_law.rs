//! Little's law, L = X R, over a run, as a check that the figures are consistent: the mean number
//! of requests in flight is the rate of requests times their mean duration (J. D. C. Little and S.
//! C. Graves, "Little's Law", 2008; over a finite time by P. J. Denning and J. P. Buzen, "The
//! Operational Analysis of Queueing Network Models", 1978).

use crate::model::lane::Lane;
use crate::model::run::Run;
use crate::model::time::Nanos;

/// The maximum relative difference between the two sides. They are exactly equal if events arrive
/// in the order of their times; events of different workers may be swapped by microseconds.
const TOLERANCE: f64 = 0.001;

/// Both sides of the law, from independent computations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LittlesLaw {
    /// L: the mean number of requests in flight, from the area under their curve.
    pub in_flight: f64,
    /// X: requests per second.
    pub rate: f64,
    /// R: the mean time that a request was in flight, in seconds, from the lanes' attempts.
    pub time: f64,
}

impl LittlesLaw {
    /// Evaluates the law from the start of a run until a moment. It is exact for complete requests;
    /// of requests in flight, the time until that moment counts. Returns `None` before the first
    /// request.
    pub fn for_run(run: &Run, until: Nanos) -> Option<Self> {
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let times = spans
            .filter(|span| span.start < until)
            .map(|span| span.end.unwrap_or(until).min(until).since(span.start).0);
        let (count, sum) =
            times.fold((0_u64, 0_u128), |(count, sum), time| (count + 1, sum + u128::from(time)));
        (count > 0).then(|| Self {
            in_flight: run.timing().in_flight_level().mean(Nanos::ZERO, until),
            rate: count as f64 / until.as_secs_f64(),
            time: sum as f64 / count as f64 / 1e9,
        })
    }

    /// Returns `true` if both sides are equal within the tolerance.
    pub fn holds(&self) -> bool {
        (self.in_flight - self.rate * self.time).abs()
            <= TOLERANCE * self.in_flight.max(f64::EPSILON)
    }
}
