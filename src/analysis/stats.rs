//! The baseline, speed-up, efficiency, percentiles, and the comparison of results.

use super::rate_limit_hold::RateLimitHold;
use crate::model::{Mode, Nanos, Run};

/// Returns the sequential one of several runs.
pub fn sequential_run(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.plan().mode == Mode::Sequential)
}

/// Returns the time of the sequential one of several runs, if speed-ups can refer to it.
pub fn sequential_time(runs: &[Run]) -> Option<Nanos> {
    sequential_run(runs).and_then(baseline_time)
}

/// Returns the time of a sequential run that did all its work and was not held back by a rate limit.
pub fn baseline_time(run: &Run) -> Option<Nanos> {
    let is_whole = run.plan().mode == Mode::Sequential && run.is_comparable();
    let is_baseline = is_whole && !RateLimitHold::affects(run, Nanos::ZERO);
    run.duration().filter(|_| is_baseline)
}

/// S = T(sequential) / T(n): the speed-up of `n` workers. Returns `None` if either time is zero.
pub fn speed_up(sequential: Nanos, parallel: Nanos) -> Option<f64> {
    (sequential.0 > 0 && parallel.0 > 0).then(|| sequential.0 as f64 / parallel.0 as f64)
}

/// Returns the speed-up of a run over the sequential time. While the run is active, it is estimated
/// from the rate of the tasks completed so far. Returns `None` if a rate limit held the run back.
pub fn speed_up_so_far(run: &Run, sequential: Nanos, now: Nanos) -> Option<f64> {
    let done = run.ended_tasks();
    let share = f64::from(done) / f64::from(run.progress().known_tasks().max(1));
    match run.outcome() {
        _ if RateLimitHold::affects(run, now) => None,
        Some(_) if run.is_comparable() => speed_up(sequential, run.duration()?),
        Some(_) => None,
        None if done == 0 || run.plan().mode == Mode::Sequential => None,
        None => Some(speed_up(sequential, run.elapsed(now))? * share),
    }
}

/// E = S / n: the speed-up as a share of the number of workers.
pub fn efficiency(speed_up: f64, workers: impl Into<f64>) -> f64 {
    speed_up / workers.into().max(1.0)
}

/// The minimum part of what an efficiency exceeds 100 % by that a reason has to explain.
pub(super) const MIN_EXPLAINED: f64 = 0.5;

/// Returns `true` if an efficiency above 100 % by `excess` is explained by tasks that took `ratio` times as
/// long with one worker.
pub(super) fn explains_excess(excess: f64, ratio: f64) -> bool {
    ratio >= 1.0 + excess * MIN_EXPLAINED
}

/// e = (1/S - 1/n) / (1 - 1/n): the serial fraction that follows from a speed-up on `workers`
/// workers (Karp and Flatt 1990). If it is constant as workers are added, part of the work is
/// serial; if it rises, each worker adds overhead. Returns `None` for a single worker.
pub fn serial_part(speed_up: f64, workers: u16) -> Option<f64> {
    let n = f64::from(workers);
    (speed_up > 0.0 && workers > 1).then(|| (1.0 / speed_up - 1.0 / n) / (1.0 - 1.0 / n))
}

/// Returns the smallest value that is greater than or equal to the share `q` (0 to 1) of the values
/// (nearest rank). Reorders the values.
pub fn percentile(values: &mut [Nanos], q: f64) -> Option<Nanos> {
    let last = values.len().checked_sub(1)?;
    let rank = ((q * values.len() as f64).ceil() as usize).saturating_sub(1).min(last);
    Some(*values.select_nth_unstable(rank).1)
}

/// The minimum number of values for a 99th percentile.
const MIN_VALUES_FOR_P99: usize = 100;

/// The distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// The number of times.
    pub count: usize,
    /// The median.
    pub p50: Nanos,
    /// The 95th percentile.
    pub p95: Nanos,
    /// The 99th percentile, or `None` for fewer than 100 values.
    pub p99: Option<Nanos>,
    /// The maximum.
    pub max: Nanos,
}

impl Quantiles {
    /// Computes the quantiles and reorders the values. Returns `None` if there are no values.
    pub fn from_values(values: &mut [Nanos]) -> Option<Self> {
        let count = values.len();
        Some(Self {
            count,
            p50: percentile(values, 0.50)?,
            p95: percentile(values, 0.95)?,
            p99: if count < MIN_VALUES_FOR_P99 { None } else { percentile(values, 0.99) },
            max: percentile(values, 1.0)?,
        })
    }
}

/// The comparison of two runs' results: the followers in order and without duplicates, or the
/// results of CPU work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same results in the same order.
    Same {
        /// The number of results.
        items: u64,
    },
    /// The same accounts in another order.
    Reordered {
        /// The number of accounts.
        items: u64,
    },
    /// Different accounts or results.
    Different {
        /// The number of results in the first run only.
        only_first: u64,
        /// The number of results in the second run only.
        only_second: u64,
    },
    /// At least one run is incomplete.
    Incomplete,
}

impl Agreement {
    /// Compares runs with the first of them once all have ended. Returns `None` if there is only one.
    pub fn of_runs(runs: &[Run]) -> Option<Self> {
        let (first, others) = runs.split_first().filter(|_| runs.iter().all(Run::is_over))?;
        let each = others.iter().map(|other| Self::compare(first, other));
        each.reduce(|all, one| if matches!(all, Self::Same { .. }) { one } else { all })
    }

    /// Returns `true` if the runs have different results.
    pub const fn is_difference(&self) -> bool {
        matches!(self, Self::Different { .. } | Self::Incomplete)
    }

    /// Compares the results of two runs, by account number or by the results of CPU work.
    pub fn compare(first: &Run, second: &Run) -> Self {
        if !first.is_complete() || !second.is_complete() {
            return Self::Incomplete;
        }
        if !first.plan().workload().is_fetched() {
            return Self::compare_values(first, second);
        }
        if first.plan().workload().has_accounts() {
            return Self::compare_lists(first.follower_ids(), second.follower_ids());
        }
        let sizes = [first, second].map(|run| run.progress().result_count());
        if [first, second].iter().any(|run| run.progress().counts_bytes()) {
            return Self::compare_sizes(sizes);
        }
        let [first, second] =
            [first, second].map(|run| run.items().map(|(item, identity)| identity.unwrap_or(item)));
        Self::compare_lists(first, second)
    }

    /// Compares the sizes of bodies that are not JSON, which are not kept.
    const fn compare_sizes([first, second]: [u64; 2]) -> Self {
        if first == second {
            return Self::Same { items: first };
        }
        let (only_first, only_second) =
            (first.saturating_sub(second), second.saturating_sub(first));
        Self::Different { only_first, only_second }
    }

    /// Compares two lists by the identities of their results, of which those without an identity of
    /// their own may be equal.
    fn compare_lists<T: Ord>(
        first: impl Iterator<Item = T>,
        second: impl Iterator<Item = T>,
    ) -> Self {
        let [mut first, mut second]: [Vec<T>; 2] = [first.collect(), second.collect()];
        let items = first.len() as u64;
        if first == second {
            return Self::Same { items };
        }
        first.sort_unstable();
        second.sort_unstable();
        let mut left = second.iter().peekable();
        let mut common = 0;
        for one in &first {
            while left.next_if(|&other| other < one).is_some() {}
            common += u64::from(left.next_if(|&other| other == one).is_some());
        }
        match (items - common, second.len() as u64 - common) {
            (0, 0) => Self::Reordered { items },
            (only_first, only_second) => Self::Different { only_first, only_second },
        }
    }

    /// Compares the results of two complete runs task by task.
    fn compare_values(first: &Run, second: &Run) -> Self {
        let differ =
            first.tasks().values().zip(second.tasks().values()).filter(|(one, other)| one != other);
        match differ.count() as u64 {
            0 => Self::Same { items: first.progress().done_tasks().into() },
            differ => Self::Different { only_first: differ, only_second: differ },
        }
    }
}
