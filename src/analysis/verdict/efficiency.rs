//! The efficiency of a run, which is above 100 % only for a reason: if something slowed the
//! sequential run.

use super::Verdict;
use super::mode_result::{busy_times, factor_text};
use super::rate_limits::seconds_text;
use crate::analysis::stats::{self, MIN_EXPLAINED, sequential_run};
use crate::model::{Nanos, Run, State};

/// Returns the efficiency of a run with this speed-up in percent. Returns `None` if it is above
/// 100 % and no measurement says why.
pub fn efficiency_percent(runs: &[Run], run: &Run, speed_up: f64, now: Nanos) -> Option<u32> {
    let percent = (stats::efficiency(speed_up, run.mean_workers(now)) * 100.0).round() as u32;
    (percent <= 100 || excess_reason(runs, run).is_some()).then_some(percent)
}

impl Verdict<'_> {
    /// Returns the reason for an efficiency above 100 %, if a run has one.
    pub(super) fn excess_check(&self) -> Option<String> {
        let reason = self.runs.iter().find_map(|run| excess_reason(self.runs, run))?;
        Some(format!("efficiency over 100 %: {reason}"))
    }
}

/// Returns the reason for an efficiency above 100 %, or `None` if it is not above 100 % or if no
/// measurement gives a reason.
fn excess_reason(runs: &[Run], run: &Run) -> Option<String> {
    let sequential = sequential_run(runs)?;
    let (one, own) = (stats::baseline_time(sequential)?, run.duration()?);
    let speed_up = stats::speed_up_so_far(run, one, own)?;
    let excess = stats::efficiency(speed_up, run.mean_workers(own)) - 1.0;
    if excess < 0.005 {
        return None;
    }
    let share = excess / (1.0 + excess) * MIN_EXPLAINED;
    let retry_wait = Nanos(busy_times(sequential).1[State::RetryWait]);
    if retry_wait.0 as f64 >= one.0 as f64 * share {
        return Some(format!("sequential waited {} to retry", seconds_text(retry_wait)));
    }
    let ratio = work_per_task(sequential) / work_per_task(run).max(1.0);
    let task = run.plan().workload().spec().task;
    stats::explains_excess(excess, ratio)
        .then(|| format!("a {task} took {} as long in the sequential run", factor_text(ratio)))
}

/// Returns the time that workers spent per completed task without waits for retries and limits, in
/// nanoseconds.
fn work_per_task(run: &Run) -> f64 {
    let (all, times) = busy_times(run);
    let held = times.spent().filter(|(state, _)| state.is_held()).map(|(_, time)| time);
    (all - held.sum::<u64>() as f64) / f64::from(run.ended_tasks().max(1))
}
