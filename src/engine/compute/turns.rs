//! CPU work as an amount: turns of an integer mix, and how many of them a machine makes in a time.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::Clock;
use crate::model::stats::percentile;
use crate::model::{Nanos, TaskId};

/// Steps of the mix in a turn. A turn is then about as long, some 60 ns, as one of a simple loop in
/// CPython, which looks at its breaker as often.
const STEPS: u64 = 32;

/// What a turn is taken to last where the clock stands still.
const TYPICAL: Nanos = Nanos(60);

/// Measurements, and how long each is to take, about: 10 ms in all.
const MEASUREMENTS: usize = 9;
const MEASURED: Nanos = Nanos::from_millis(1);

/// Turns to find out how many make such a measurement.
const FIRST: u64 = 1_000;

/// One turn. Each step needs what the one before it came to, so that none can be left out or made
/// beside another. The multiplier is the one of Knuth's MMIX.
fn turn(mut value: u64) -> u64 {
    for step in 0..STEPS {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step | 1);
        value ^= value >> 29;
    }
    value
}

/// What a task's turns begin with.
pub(super) const fn seed(task: TaskId) -> u64 {
    task.0 as u64
}

/// Makes so many turns from `value` on. While `breaker` is set, `check` is asked after each whether
/// to go on; where not, nothing comes of it.
pub fn work(
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

/// How quick this machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    turns: u64,
    took: Nanos,
}

impl Pace {
    /// Measures it: the median, as other programs may run at any moment.
    pub(super) fn measure(clock: &Clock) -> Self {
        let first = Self { turns: FIRST, took: time(clock, FIRST) };
        let turns = first.turns_in(MEASURED);
        let mut times: Vec<Nanos> = (0..MEASUREMENTS).map(|_| time(clock, turns)).collect();
        Self { turns, took: percentile(&mut times, 0.5).unwrap_or_default() }
    }

    /// How many turns take so long; at least one.
    pub(super) fn turns_in(self, time: Nanos) -> u64 {
        let Self { turns, took } = match self.took {
            Nanos::ZERO => Self { turns: 1, took: TYPICAL },
            _ => self,
        };
        let turns = u128::from(time.0) * u128::from(turns) / u128::from(took.0);
        u64::try_from(turns).unwrap_or(u64::MAX).max(1)
    }
}

fn time(clock: &Clock, turns: u64) -> Nanos {
    let start = clock.now();
    let never = AtomicBool::new(false);
    black_box(work(black_box(1), turns, black_box(&never), || true));
    clock.now().since(start)
}
