//! The rate limits: the quota of a window, refusals for a time, and the number of requests that ignore
//! a limit. (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>)

use std::time::Duration;

use tokio::time::Instant;

/// Requests per hour. GitHub permits 60 without a token and 5,000 with one. A local server needs no
/// such protection, and must not run out in the middle of a lesson.
pub const HOURLY_LIMIT: u64 = 1_000_000;

/// The length of a window in seconds.
pub(super) const WINDOW_SECONDS: u64 = 3_600;

/// The time after the announcement of a limit during which requests may still have been on their
/// way. A client that sends a later one ignores the limit.
const TRANSIT_GRACE: Duration = Duration::from_millis(250);

/// The quota: a number of requests per fixed window of an hour, like GitHub's primary limit. All times
/// are in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaWindow {
    /// The number of requests per window.
    pub(super) limit: u64,
    /// The number of requests used in this window.
    pub(super) used: u64,
    /// The start of the next window.
    pub(super) reset: u64,
}

impl QuotaWindow {
    /// Creates an unused window, which starts with the first update.
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, used: 0, reset: 0 }
    }

    /// Starts a new window if this one is over, or if the clock was set back.
    pub(super) const fn update_window(&mut self, now: u64) {
        if now >= self.reset || self.reset - now > WINDOW_SECONDS {
            self.used = 0;
            self.reset = now.saturating_add(WINDOW_SECONDS);
        }
    }

    /// Takes one request from the window. Returns `false` if none was left.
    pub(super) const fn take_request(&mut self) -> bool {
        let granted = self.used < self.limit;
        if granted {
            self.used += 1;
        }
        granted
    }

    /// Exhausts the window and ends it at `reset`, at most an hour from now.
    pub(super) const fn exhaust_until(&mut self, reset: u64) {
        self.used = self.limit;
        self.reset = reset;
    }

    /// The number of requests left in the window.
    pub(super) const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// The refusal of a request because of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitRefusal {
    /// The requests of the window are used up.
    Primary {
        /// 403 or 429; GitHub uses both.
        status: u16,
    },
    /// Too many requests at once, or another reason that GitHub does not disclose.
    Secondary {
        /// 403 or 429; GitHub uses both.
        status: u16,
        /// The seconds to wait, if stated.
        retry_after: Option<u64>,
    },
}

/// The limits of a server.
#[derive(Debug)]
pub(super) struct ServerLimits {
    /// The primary limit.
    pub(super) quota: QuotaWindow,
    /// The refusal of requests beyond the quota.
    primary: LimitRefusal,
    /// The refusal of the secondary limit, and its end.
    secondary: Option<(LimitRefusal, Instant)>,
    /// The time when the current limit was announced.
    since: Option<Instant>,
    early: u64,
}

impl ServerLimits {
    pub(super) const fn new(quota: QuotaWindow) -> Self {
        let primary = LimitRefusal::Primary { status: 403 };
        Self { quota, primary, secondary: None, since: None, early: 0 }
    }

    /// The number of requests that arrived during a limit after it had been announced.
    pub(super) const fn early_requests(&self) -> u64 {
        self.early
    }

    /// Takes one request from the quota, unless a limit applies.
    pub(super) fn admit_request(&mut self, now: Instant) -> Result<(), LimitRefusal> {
        if let Some((refused, _)) = self.secondary.filter(|&(_, end)| now < end) {
            self.count_early_request(now);
            return Err(refused);
        }
        if !self.quota.take_request() {
            self.count_early_request(now);
            return Err(self.primary);
        }
        *self = Self { early: self.early, ..Self::new(self.quota) };
        Ok(())
    }

    /// Exhausts the quota until `reset`, in seconds since 1970.
    pub(super) const fn exhaust_quota(&mut self, primary: LimitRefusal, reset: u64, now: Instant) {
        self.quota.exhaust_until(reset);
        self.primary = primary;
        self.since = Some(now);
    }

    /// Refuses all requests for a duration.
    pub(super) fn begin_secondary_limit(
        &mut self,
        secondary: LimitRefusal,
        lasts: Duration,
        now: Instant,
    ) {
        self.secondary = Some((secondary, now + lasts));
        self.since = Some(now);
    }

    fn count_early_request(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.early += u64::from(now > since + TRANSIT_GRACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(quota: u64) -> ServerLimits {
        let mut quota = QuotaWindow::new(quota);
        quota.update_window(1_000);
        ServerLimits::new(quota)
    }

    #[test]
    fn a_secondary_limit_refuses_until_its_end_and_counts_early_requests() {
        let (mut limits, begin) = (limits(100), Instant::now());
        let at = |millis| begin + Duration::from_millis(millis);
        let refused = LimitRefusal::Secondary { status: 429, retry_after: Some(5) };
        limits.begin_secondary_limit(refused, Duration::from_secs(5), begin);
        assert_eq!(limits.admit_request(at(250)), Err(refused));
        assert_eq!(limits.early_requests(), 0);
        assert_eq!(limits.admit_request(at(251)), Err(refused));
        assert_eq!(limits.admit_request(at(4_999)), Err(refused));
        assert_eq!(limits.early_requests(), 2);
        assert_eq!(limits.admit_request(at(5_000)), Ok(()));
        assert_eq!((limits.early_requests(), limits.quota.used), (2, 1));
    }

    #[test]
    fn a_primary_limit_refuses_until_the_window_ends() {
        let (mut limits, begin) = (limits(2), Instant::now());
        let refused = LimitRefusal::Primary { status: 429 };
        limits.exhaust_quota(refused, 1_005, begin);
        let later = begin + Duration::from_secs(1);
        limits.quota.update_window(1_004);
        assert_eq!(limits.admit_request(later), Err(refused));
        assert_eq!((limits.early_requests(), limits.quota.remaining()), (1, 0));
        limits.quota.update_window(1_005);
        assert_eq!([limits.admit_request(later), limits.admit_request(later)], [Ok(()), Ok(())]);
        // The next window is exhausted without a fault, so the refusal is the usual one, and the
        // request was not early.
        assert_eq!(limits.admit_request(later), Err(LimitRefusal::Primary { status: 403 }));
        assert_eq!(limits.early_requests(), 1);
    }

    #[test]
    fn an_exhausted_window_is_followed_by_a_full_one() {
        let mut quota = QuotaWindow::new(2);
        quota.update_window(1_000);
        assert_eq!(
            [quota.take_request(), quota.take_request(), quota.take_request()],
            [true, true, false]
        );
        assert_eq!((quota.remaining(), quota.reset), (0, 4_600));

        quota.update_window(4_599);
        assert!(!quota.take_request());
        quota.update_window(4_600);
        assert!(quota.take_request());
        assert_eq!((quota.remaining(), quota.reset), (1, 8_200));
    }

    #[test]
    fn a_clock_set_back_starts_a_new_window() {
        let mut quota = QuotaWindow::new(1);
        quota.update_window(1_000_000);
        assert!(quota.take_request());
        quota.update_window(5);
        assert!(quota.take_request());
        assert_eq!(quota.reset, 3_605);
    }
}
