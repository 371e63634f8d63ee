//! The remaining quota of a server over time, at the resolution of the screen.

use super::event::Quota;
use super::level::{Level, Nothing, Steps};
use super::time::Nanos;

/// The resolution of the remaining quota, in steps per quota: no picture has as many rows.
const FINEST: u32 = 512;

/// The quota over time, as reported in responses.
#[derive(Clone, Debug, Default)]
pub(super) struct Remaining {
    latest: Option<Quota>,
    steps: Steps,
    kept: Option<Quota>,
}

impl Remaining {
    /// Records a reported quota. Responses of one window may arrive out of order: the lowest value
    /// is the newest.
    pub(super) fn set(&mut self, at: Nanos, quota: Quota) {
        let window = self.latest.filter(|latest| latest.reset == quota.reset);
        let overtaken = window.is_some_and(|latest| latest.remaining <= quota.remaining);
        if overtaken {
            return;
        }
        self.latest = Some(quota);
        let kept = self.kept.filter(|kept| kept.reset == quota.reset);
        let fine = kept.is_some_and(|kept| {
            kept.remaining - quota.remaining < quota.limit / FINEST && quota.remaining > 0
        });
        if !fine {
            self.kept = Some(quota);
            self.steps.set(at, quota.remaining);
        }
    }

    /// The latest reported quota.
    pub(super) const fn latest(&self) -> Option<Quota> {
        self.latest
    }

    /// The remaining quota over time. Its peak is the full quota.
    pub(super) const fn level(&self) -> Level<'_> {
        let peak = match self.latest {
            Some(quota) => quota.limit,
            None => 0,
        };
        Level::new(&self.steps, &Nothing, peak)
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
        let mut remaining = Remaining::default();
        for (at, left, reset, latest) in [
            (1, 4_000, 9, 4_000),
            (2, 3_900, 9, 3_900),
            (3, 3_950, 9, 3_900),
            (4, 4_999, 10, 4_999),
        ] {
            remaining.set(Nanos(at), quota(left, reset));
            assert_eq!(remaining.latest().map(|quota| quota.remaining), Some(latest));
            assert_eq!(remaining.level().at(Nanos(at)), latest);
        }
        assert_eq!(remaining.level().peak(), 5_000);
    }

    #[test]
    fn small_decreases_are_not_kept() {
        let mut remaining = Remaining::default();
        for used in 0..5_000 {
            remaining.set(Nanos(used.into()), quota(4_999 - used, 9));
        }
        assert!(remaining.steps.len() <= 600, "{}", remaining.steps.len());
        assert_eq!(remaining.level().at(Nanos(5_000)), 0);
        assert!(remaining.level().at(Nanos(2_500)).abs_diff(2_499) < 10);
    }
}
