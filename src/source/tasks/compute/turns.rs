//! CPU work in turns of an integer mix, and the measurement of a machine's speed in turns.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::stats::percentile;
use crate::model::{Nanos, TaskId};
use crate::source::Clock;

/// The number of mix steps in a turn. A turn then takes about 60 ns, like an iteration of a simple loop
/// in CPython, which polls its `eval_breaker` as often.
const STEPS_PER_TURN: u64 = 32;

/// The assumed time of a turn under a clock that stands still.
const TYPICAL_TURN: Nanos = Nanos(60);

/// The number of measurements and the approximate time of each: 10 ms in all.
const MEASUREMENTS: usize = 9;
const MEASUREMENT_TIME: Nanos = Nanos::from_millis(1);

/// The number of turns of the first, rough measurement.
const TRIAL_TURNS: u64 = 1_000;

/// Computes one turn. Each step depends on the one before, so that none can be optimized away or done
/// in parallel. The multiplier is that of Knuth's MMIX.
fn turn(mut value: u64) -> u64 {
    for step in 0..STEPS_PER_TURN {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step | 1);
        value ^= value >> 29;
    }
    value
}

/// Returns the initial value of a task's turns.
pub(super) const fn seed(task: TaskId) -> u64 {
    task.0 as u64
}

/// Computes `turns` turns from `value` on. While `breaker` is set, calls `check` after each turn, and
/// returns `None` once it returns `false`.
pub fn run_turns(
    mut value: u64,
    turns: u64,
    breaker: &AtomicBool,
    check: impl Fn() -> bool,
) -> Option<u64> {
    for _ in 0..turns {
        value = turn(value);
        if breaker.load(Ordering::Relaxed) && !check() {
            return None;
        }
    }
    Some(value)
}

/// The speed of this machine: a number of turns, and the time that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TurnRate {
    turns: u64,
    duration: Nanos,
}

impl TurnRate {
    /// Measures the speed. Takes the median, as other programs may disturb single measurements.
    pub(super) fn measure(clock: &Clock) -> Self {
        let first = Self { turns: TRIAL_TURNS, duration: time_turns(clock, TRIAL_TURNS) };
        let turns = first.turns_in(MEASUREMENT_TIME);
        let mut times: Vec<Nanos> = (0..MEASUREMENTS).map(|_| time_turns(clock, turns)).collect();
        Self { turns, duration: percentile(&mut times, 0.5).unwrap_or_default() }
    }

    /// Returns the number of turns that take `time`, at least one.
    pub(super) fn turns_in(self, time: Nanos) -> u64 {
        let Self { turns, duration } = match self.duration {
            Nanos::ZERO => Self { turns: 1, duration: TYPICAL_TURN },
            _ => self,
        };
        let turns = u128::from(time.0) * u128::from(turns) / u128::from(duration.0);
        u64::try_from(turns).unwrap_or(u64::MAX).max(1)
    }
}

fn time_turns(clock: &Clock, turns: u64) -> Nanos {
    let start = clock.now();
    let never = AtomicBool::new(false);
    black_box(run_turns(black_box(1), turns, black_box(&never), || true));
    clock.now().since(start)
}
