//! GitHub's rules for refused requests: the time that they wait, and the limits that end a run.

use std::sync::Arc;
use std::time::Duration;

use super::api::Api;
use super::request_error::{limit_exceeds_max_wait, limit_persists};
use crate::http::{LimitPolicy, Refusal, RetryAfter, Suspension};
use crate::model::{Failure, LimitKind};

/// The wait after a limit without a reset time, doubled each time the limit is met again:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// The minimum wait, also doubled each time: the server's clock and this one may differ.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The number of limits in a row, each of them waited for, after which the run fails.
const MAX_CONSECUTIVE_LIMITS: u32 = 5;

/// GitHub's rules for refused requests.
#[derive(Debug)]
pub struct GithubLimits {
    api: Arc<Api>,
    max_wait: Duration,
}

impl GithubLimits {
    /// Creates the rules of a server. A limit is waited for if it ends within `max_wait`.
    pub const fn new(api: Arc<Api>, max_wait: Duration) -> Self {
        Self { api, max_wait }
    }
}

impl LimitPolicy for GithubLimits {
    fn suspend(&self, refusal: &Refusal) -> Result<Suspension, Failure> {
        let Refusal { limit, in_a_row, in_flight, utc } = *refusal;
        if in_a_row >= MAX_CONSECUTIVE_LIMITS {
            return Err(limit_persists(&self.api, limit.kind, in_a_row));
        }
        let doubled = |wait: Duration| wait.saturating_mul(1 << in_a_row.saturating_sub(1).min(16));
        let wait = match limit.wait {
            RetryAfter::For(wait) => wait,
            RetryAfter::Until(end) => Duration::from_secs(end.saturating_sub(utc)),
            RetryAfter::Unspecified => doubled(DEFAULT_WAIT),
        };
        let wait = wait.max(doubled(MIN_WAIT));
        // GitHub counts concurrent requests towards the secondary limit alone.
        let max_in_flight = (limit.kind == LimitKind::Secondary).then(|| (in_flight / 2).max(1));
        Ok(Suspension { wait, max_in_flight })
    }

    fn check_wait(&self, kind: LimitKind, wait: Duration, until_utc: u64) -> Result<(), Failure> {
        if wait <= self.max_wait {
            return Ok(());
        }
        Err(limit_exceeds_max_wait(&self.api, kind, wait, until_utc, self.max_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::RateLimit;

    #[test]
    fn waits_double_and_secondary_limits_halve_the_requests_in_flight() {
        let api = Api::new("http://127.0.0.1:1", None).unwrap();
        let policy = GithubLimits::new(Arc::new(api), Duration::from_secs(90));
        let suspend = |kind, wait, in_a_row, in_flight| {
            let limit = RateLimit { kind, wait };
            let suspension = policy.suspend(&Refusal { limit, in_a_row, in_flight, utc: 1_000 });
            suspension.map(|it| (it.wait.as_secs(), it.max_in_flight)).ok()
        };
        let (primary, secondary) = (LimitKind::Primary, LimitKind::Secondary);
        assert_eq!(suspend(primary, RetryAfter::Until(1_020), 1, 8), Some((20, None)));
        assert_eq!(suspend(primary, RetryAfter::Until(900), 1, 8), Some((1, None)));
        assert_eq!(suspend(primary, RetryAfter::Until(900), 4, 8), Some((8, None)));
        for (in_a_row, wait) in [(0, 60), (1, 60), (2, 120), (4, 480)] {
            let suspension = suspend(secondary, RetryAfter::Unspecified, in_a_row, 9);
            assert_eq!(suspension, Some((wait, Some(4))));
        }
        let short = RetryAfter::For(Duration::from_secs(7));
        assert_eq!(suspend(secondary, short, 1, 1), Some((7, Some(1))));
        assert_eq!(suspend(secondary, short, 5, 8), None);
        assert!(policy.check_wait(primary, Duration::from_secs(90), 1_090).is_ok());
        assert!(policy.check_wait(primary, Duration::from_secs(91), 1_091).is_err());
    }
}
