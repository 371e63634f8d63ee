//! The quota: a number of requests per fixed window of an hour, like GitHub's primary limit.
//! (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>)

/// Requests per hour. GitHub permits 60 without a token and 5,000 with one. A local server needs no
/// such protection, and must not run out in the middle of a lesson.
pub const HOURLY_LIMIT: u64 = 1_000_000;

/// The length of a window in seconds.
pub(super) const WINDOW_SECONDS: u64 = 3_600;

/// The use of the limit in the current window. All times are in seconds since 1970.
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

#[cfg(test)]
mod tests {
    use super::*;

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
