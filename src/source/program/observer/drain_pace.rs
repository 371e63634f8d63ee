//! The rate at which a program's records are drained: 250 times a second, up to 1,000 while that costs little,
//! and less if it costs too much.

use crate::model::Nanos;

/// The period at the start.
pub(super) const START_PERIOD: Nanos = Nanos::from_millis(4);

const MIN_PERIOD: Nanos = Nanos::from_millis(1);
const MAX_PERIOD: Nanos = Nanos::from_millis(128);

/// The time that the first period has for each ring.
const RING_TIME: Nanos = Nanos(8_000);

/// The share of a core that watching may cost the program.
pub(super) const MAX_PROGRAM_COST: f64 = 0.05;

/// The share of a core that watching may cost this program.
const MAX_OWN_COST: f64 = 0.03;

/// The share of a core below which the period is halved, which at most doubles it.
const LOW_COST: f64 = 0.012;

/// The period between two drains.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrainPace {
    period: Nanos,
    shortest: Nanos,
}

impl DrainPace {
    /// Creates the pace of drains, which may become faster than at the start. Many rings take their
    /// time even if they are empty.
    pub(super) const fn of_drains(rings: usize) -> Self {
        let period = START_PERIOD.0 + RING_TIME.0 * rings as u64;
        Self { period: Nanos(period), shortest: MIN_PERIOD }
    }

    /// Creates the pace of regular looks at each thread.
    pub(super) const fn of_samples() -> Self {
        Self { period: START_PERIOD, shortest: START_PERIOD }
    }

    pub(super) const fn period(self) -> Nanos {
        self.period
    }

    /// Adapts to the share of a core that watching costs. `is_busy` means that there is more to see
    /// when looking more often.
    pub(super) fn adapt(&mut self, cost: f64, is_busy: bool) {
        let period = match cost {
            cost if cost > MAX_OWN_COST => Nanos(self.period.0 * 2),
            cost if cost < LOW_COST && (is_busy || self.period > START_PERIOD) => {
                Nanos(self.period.0 / 2)
            }
            _ if !is_busy => self.period.max(START_PERIOD),
            _ => self.period,
        };
        self.period = period.clamp(self.shortest, MAX_PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_follows_the_cost() {
        let mut pace = DrainPace::of_drains(0);
        pace.adapt(0.01, true);
        assert_eq!(pace.period(), Nanos::from_millis(2));
        pace.adapt(0.02, true);
        assert_eq!(pace.period(), Nanos::from_millis(2));
        pace.adapt(0.04, true);
        assert_eq!(pace.period(), START_PERIOD);
        pace.adapt(0.01, false);
        assert_eq!(pace.period(), START_PERIOD);
        for _ in 0..9 {
            pace.adapt(0.5, true);
        }
        assert_eq!(pace.period(), MAX_PERIOD);
        for _ in 0..9 {
            pace.adapt(0.001, true);
        }
        assert_eq!(pace.period(), MIN_PERIOD);
        let mut looks = DrainPace::of_samples();
        looks.adapt(0.001, true);
        assert_eq!(looks.period(), START_PERIOD);
    }
}
