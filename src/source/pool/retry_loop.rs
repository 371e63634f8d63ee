//! The retry loop of a task: repeats its request after a transient failure and after a rate limit.

use std::sync::Arc;
use std::time::Duration;

use super::lane_reporter::LaneReporter;
use super::lane_slots::LaneSlots;
use super::rate_limiter::{Permit, RateLimiter};
use crate::http::{RequestError, RetryAction, RetryPolicy};
use crate::model::time::describe_duration;
use crate::model::{ChangeReason, EventKind, Failure, FailureKind, Nanos, TaskId};

/// The maximum wait after the first failure, doubled with each further one.
const BASE_BACK_OFF: Duration = Duration::from_millis(500);

/// The maximum wait between attempts, unless the server asks for a longer one.
const MAX_BACK_OFF: Duration = Duration::from_secs(30);

/// Sends the requests of a lane, with retries.
pub(in crate::source) struct RetryLoop {
    pub(in crate::source) rate_limiter: Arc<RateLimiter>,
    pub(in crate::source) reporter: LaneReporter,
    pub(in crate::source) retry_policy: RetryPolicy,
}

impl RetryLoop {
    /// Repeats a request until it succeeds or another attempt would not help. `permit` is for the first
    /// attempt; each further one acquires its own.
    pub(in crate::source) async fn run<T>(
        &self,
        task: TaskId,
        mut permit: Permit,
        mut ask: impl AsyncFnMut() -> Result<T, RequestError>,
    ) -> Result<T, Failure> {
        let mut failed = 0;
        loop {
            let RequestError { failure, retry_action } = match ask().await {
                Ok(answer) => {
                    permit.record_success(&self.reporter);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            // If a wait or a limit ends the task from here on, this is the status of its last response.
            let status = failure.status;
            match retry_action {
                RetryAction::None => return Err(failure),
                RetryAction::Limit(limit) => {
                    let retry_at = permit.record_limit(limit, &self.reporter);
                    let retry_at = retry_at.map_err(|ended| ended.with_status(status))?;
                    self.reporter.send(EventKind::AttemptFailed { task, failure, retry_at });
                }
                RetryAction::Retry(after) => {
                    permit.record_failure(change_reason(&failure), &self.reporter);
                    failed += 1;
                    self.back_off(task, failure, failed, after).await?;
                }
            }
            let next = self.rate_limiter.acquire(&self.reporter).await;
            permit = next.map_err(|ended| ended.with_status(status))?;
            self.reporter.send(EventKind::TaskRetried { task });
        }
    }

    /// Waits after failure number `failed` of a request. Fails if no attempt is left.
    async fn back_off(
        &self,
        task: TaskId,
        failure: Failure,
        failed: u32,
        after: Option<Duration>,
    ) -> Result<(), Failure> {
        let RetryPolicy { retries, max_wait, .. } = self.retry_policy;
        if failed > retries {
            return Err(exhausted_failure(failure, failed));
        }
        let asked = after.unwrap_or_default();
        if asked > max_wait {
            let failure = exhausted_failure(failure, failed);
            let (asked, most) = (describe_duration(asked), describe_duration(max_wait));
            let message = format!("{failure}; it asks for {asked}, and --max-wait is {most}");
            return Err(Failure { message, ..failure });
        }
        let (wait, clock) = (full_jitter(failed).max(asked), self.reporter.clock());
        let until = clock.now() + Nanos::from(wait);
        let retry_at = self.reporter.run_time(until);
        self.reporter.send(EventKind::AttemptFailed { task, failure, retry_at });
        // Nothing is in flight during the wait, so another lane may use the slot.
        let _away = self.rate_limiter.lane_slots().map(LaneSlots::suspend);
        clock.sleep_until(until).await;
        Ok(())
    }
}

/// The failure as a reason for fewer requests in flight.
const fn change_reason(failure: &Failure) -> ChangeReason {
    match failure.kind {
        FailureKind::TimedOut => ChangeReason::TimedOut,
        FailureKind::Unreachable => ChangeReason::Broken,
        _ => ChangeReason::ServerError,
    }
}

fn exhausted_failure(failure: Failure, attempts: u32) -> Failure {
    if attempts < 2 {
        return failure;
    }
    let message = format!("gave up after {attempts} attempts: {}", failure.message);
    Failure { message, ..failure }
}

/// Returns a random wait between zero and a bound that doubles with each failure ("full jitter"), so
/// that workers that failed together do not retry together:
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
fn full_jitter(failed: u32) -> Duration {
    let doubled = BASE_BACK_OFF.saturating_mul(1 << failed.saturating_sub(1).min(16));
    doubled.min(MAX_BACK_OFF).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_bound_doubles_up_to_the_maximum() {
        for (failed, max) in [(1, 500), (2, 1_000), (3, 2_000), (7, 30_000), (u32::MAX, 30_000)] {
            let waits: Vec<Duration> = (0..500).map(|_| full_jitter(failed)).collect();
            let most = Duration::from_millis(max);
            assert!(waits.iter().all(|&wait| wait <= most), "{failed}");
            assert!(waits.iter().any(|&wait| wait > most.mul_f64(0.9)), "{failed}");
            assert!(waits.iter().any(|&wait| wait < most.mul_f64(0.1)), "{failed}");
        }
    }
}
