//! Speed-up, efficiency, percentiles, waves, and whether two runs brought the same.

use super::run::Run;
use super::time::Nanos;

/// S = T(sequential) / T(n): how many times quicker `n` workers were. Nothing without both times.
pub fn speed_up(sequential: Nanos, parallel: Nanos) -> Option<f64> {
    (sequential.0 > 0 && parallel.0 > 0).then(|| sequential.0 as f64 / parallel.0 as f64)
}

/// E = S / n: the share of `workers`-fold speed that was reached.
pub fn efficiency(speed_up: f64, workers: u16) -> f64 {
    speed_up / f64::from(workers.max(1))
}

/// The smallest value that at least the share `q` (0 to 1) of the values do not exceed (nearest
/// rank). Reorders the values.
pub fn percentile(values: &mut [Nanos], q: f64) -> Option<Nanos> {
    let last = values.len().checked_sub(1)?;
    let rank = ((q * values.len() as f64).ceil() as usize).saturating_sub(1).min(last);
    Some(*values.select_nth_unstable(rank).1)
}

/// How many rounds equal tasks need: ceil(tasks / workers), and what the last one leaves unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// How many tasks there are.
    pub tasks: u32,
    /// How many workers share them.
    pub workers: u16,
    /// ceil(tasks / workers).
    pub count: u32,
    /// Workers without a task in the last wave.
    pub idle: u32,
}

impl Waves {
    /// The waves of `tasks` tasks on `workers` workers (at least one).
    pub fn new(tasks: u32, workers: u16) -> Self {
        let n = u32::from(workers.max(1));
        let count = tasks.div_ceil(n);
        Self { tasks, workers: workers.max(1), count, idle: count.saturating_mul(n) - tasks }
    }
}

/// Whether two runs brought the same followers in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same, all of them, in the same order.
    Same {
        /// How many.
        followers: u64,
    },
    /// The same accounts, in another order.
    Reordered {
        /// How many.
        followers: u64,
    },
    /// Not the same accounts.
    Different {
        /// Only in the first run's list.
        only_first: u64,
        /// Only in the second run's list.
        only_second: u64,
    },
    /// At least one of them did not get everything.
    Incomplete,
}

impl Agreement {
    /// Compares what two finished runs brought, by account number.
    pub fn of(first: &Run, second: &Run) -> Self {
        if !first.is_whole() || !second.is_whole() {
            return Self::Incomplete;
        }
        let ids = |run: &Run| run.followers().map(|follower| follower.id).collect::<Vec<u64>>();
        let (mut a, mut b) = (ids(first), ids(second));
        if a == b {
            return Self::Same { followers: a.len() as u64 };
        }
        a.sort_unstable();
        b.sort_unstable();
        if a == b {
            return Self::Reordered { followers: a.len() as u64 };
        }
        Self::Different { only_first: missing(&a, &b), only_second: missing(&b, &a) }
    }
}

/// How many of `ids` are not `elsewhere`; both sorted.
fn missing(ids: &[u64], elsewhere: &[u64]) -> u64 {
    ids.iter().filter(|id| elsewhere.binary_search(id).is_err()).count() as u64
}
