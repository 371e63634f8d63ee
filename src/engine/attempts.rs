//! The retry loop of a task: repeats its request after a transient failure and after a rate limit.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::exchange::Listener;
use super::gate::{Gate, Permit};
use super::room::Room;
use super::task::Report;
use crate::github::{Fault, Patience, Remedy, asked_to_wait};
use crate::model::{Failure, FailureKind, Kind, Nanos, TaskId, Why};

/// The maximum wait after the first failure, doubled with each further one.
const FIRST: Duration = Duration::from_millis(500);

/// The maximum wait between attempts, unless the server asks for a longer one.
const LONGEST: Duration = Duration::from_secs(30);

/// Sends the requests of a lane, with retries.
pub(super) struct Attempts {
    pub(super) gate: Arc<Gate>,
    pub(super) report: Report,
    pub(super) listener: Arc<Listener>,
    pub(super) clock: Clock,
    pub(super) patience: Patience,
}

impl Attempts {
    /// Repeats a request until it succeeds or another attempt would not help. `permit` is for the first
    /// attempt; each further one acquires its own.
    pub(super) async fn answer<T>(
        &self,
        task: TaskId,
        mut permit: Permit,
        mut ask: impl AsyncFnMut() -> Result<T, Fault>,
    ) -> Result<T, Failure> {
        let mut failed = 0;
        loop {
            let Fault { failure, remedy } = match ask().await {
                Ok(answer) => {
                    permit.succeeded(self.listener.last(), &self.report);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            // If a wait or a limit ends the task from here on, this is the status of its last response.
            let status = failure.status;
            match remedy {
                Remedy::None => return Err(failure),
                Remedy::Limit(limit) => {
                    let again = permit.limited(limit, &self.report);
                    let again = again.map_err(|ended| ended.with_status(status))?;
                    self.report.send(Kind::AttemptFailed { task, failure, again });
                }
                Remedy::Retry(after) => {
                    permit.failed(cause(&failure), &self.report);
                    failed += 1;
                    self.back_off(task, failure, failed, after).await?;
                }
            }
            let next = self.gate.acquire(&self.report).await;
            permit = next.map_err(|ended| ended.with_status(status))?;
            self.report.send(Kind::Retried { task });
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
        let Patience { retries, max_wait, .. } = self.patience;
        if failed > retries {
            return Err(given_up(failure, failed));
        }
        let asked = after.unwrap_or_default();
        if asked > max_wait {
            return Err(asked_to_wait(&given_up(failure, failed), asked, max_wait));
        }
        let wait = full_jitter(failed).max(asked);
        let until = self.clock.now() + Nanos::from(wait);
        let again = self.report.moment(until);
        self.report.send(Kind::AttemptFailed { task, failure, again });
        // Nothing is in flight during the wait, so another lane may use the slot.
        let _away = self.gate.room().map(Room::leave);
        self.clock.sleep_until(until).await;
        Ok(())
    }
}

/// The failure as a reason for fewer requests in flight.
const fn cause(failure: &Failure) -> Why {
    match failure.kind {
        FailureKind::TimedOut => Why::TimedOut,
        FailureKind::Unreachable => Why::Broken,
        _ => Why::ServerError,
    }
}

fn given_up(failure: Failure, attempts: u32) -> Failure {
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
    let doubled = FIRST.saturating_mul(1 << failed.saturating_sub(1).min(16));
    doubled.min(LONGEST).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_bound_doubles_up_to_the_maximum() {
        for (failed, most) in [(1, 500), (2, 1_000), (3, 2_000), (7, 30_000), (u32::MAX, 30_000)] {
            let waits: Vec<Duration> = (0..500).map(|_| full_jitter(failed)).collect();
            let most = Duration::from_millis(most);
            assert!(waits.iter().all(|&wait| wait <= most), "{failed}");
            assert!(waits.iter().any(|&wait| wait > most.mul_f64(0.9)), "{failed}");
            assert!(waits.iter().any(|&wait| wait < most.mul_f64(0.1)), "{failed}");
        }
    }
}
