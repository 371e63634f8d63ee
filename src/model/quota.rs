//! The rate limits of a server: its quota, the limits that were reached, and the remaining quota over
//! time at the resolution of the screen.

use serde::{Deserialize, Serialize};

use super::time::Nanos;
use super::time_series::{LevelSeries, StepSeries, ZeroSeries};

/// The resolution of the remaining quota, in steps per quota: no picture has as many rows.
const RESOLUTION: u32 = 512;

/// A server's rate limit quota in the current window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The maximum number of requests per window.
    pub limit: u32,
    /// The number of requests left in this window.
    pub remaining: u32,
    /// The start of the next window, in seconds since 1970 (UTC).
    pub reset: u64,
}

/// A rate limit that the server reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedLimit {
    /// The kind of limit.
    pub kind: LimitKind,
    /// The end of the limit, on the run's clock.
    pub until: Nanos,
    /// The end of the limit, in seconds since 1970 (UTC).
    pub until_utc: u64,
}

/// The two kinds of rate limits of GitHub:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// The quota of requests per hour is used up.
    Primary,
    /// Too many requests at once or in quick succession.
    Secondary,
}

/// The quota over time, as reported in responses.
#[derive(Clone, Debug, Default)]
pub(super) struct QuotaHistory {
    latest: Option<Quota>,
    steps: StepSeries,
    last_step: Option<Quota>,
}

impl QuotaHistory {
    /// Records a reported quota. Responses of one window may arrive out of order: the lowest value
    /// is the newest.
    pub(super) fn record(&mut self, at: Nanos, quota: Quota) {
        let window = self.latest.filter(|latest| latest.reset == quota.reset);
        let overtaken = window.is_some_and(|latest| latest.remaining <= quota.remaining);
        if overtaken {
            return;
        }
        self.latest = Some(quota);
        let kept = self.last_step.filter(|kept| kept.reset == quota.reset);
        let fine = kept.is_some_and(|kept| {
            kept.remaining - quota.remaining < quota.limit / RESOLUTION && quota.remaining > 0
        });
        if !fine {
            self.last_step = Some(quota);
            self.steps.push_step(at, quota.remaining);
        }
    }

    /// The latest reported quota.
    pub(super) const fn latest(&self) -> Option<Quota> {
        self.latest
    }

    /// The remaining quota over time. Its peak is the full quota.
    pub(super) const fn level(&self) -> LevelSeries<'_> {
        let peak = match self.latest {
            Some(quota) => quota.limit,
            None => 0,
        };
        LevelSeries::new(&self.steps, &ZeroSeries, peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn quota(remaining: u32, reset: u64) -> Quota {
        Quota { limit: 5_000, remaining, reset }
    }

    #[test]
    fn lowest_value_of_a_window_wins_and_a_new_window_resets_it() {
        let mut remaining = QuotaHistory::default();
        for (at, left, reset, latest) in [
            (1, 4_000, 9, 4_000),
            (2, 3_900, 9, 3_900),
            (3, 3_950, 9, 3_900),
            (4, 4_999, 10, 4_999),
        ] {
            remaining.record(Nanos(at), quota(left, reset));
            assert_eq!(remaining.latest().map(|quota| quota.remaining), Some(latest));
            assert_eq!(remaining.level().value_at(Nanos(at)), latest);
        }
        assert_eq!(remaining.level().peak(), 5_000);
    }

    #[test]
    fn small_decreases_are_not_kept() {
        let mut remaining = QuotaHistory::default();
        for used in 0..5_000 {
            remaining.record(Nanos(used.into()), quota(4_999 - used, 9));
        }
        assert!(remaining.steps.len() <= 600, "{}", remaining.steps.len());
        assert_eq!(remaining.level().value_at(Nanos(5_000)), 0);
        assert!(remaining.level().value_at(Nanos(2_500)).abs_diff(2_499) < 10);
    }
}
