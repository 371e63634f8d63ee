//! The quota: so many requests in an hour's fixed window, as GitHub's primary limit counts.
//! (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>)

/// Requests an hour. GitHub allows 60 without a token and 5,000 with one; a server on this machine
/// harms nobody, and must not run dry in the middle of a lesson.
pub const HOURLY_LIMIT: u64 = 1_000_000;

/// A window's length in seconds.
pub(super) const WINDOW_SECONDS: u64 = 3_600;

/// What is used of the limit, and until when that counts. Every moment is in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaWindow {
    /// Requests in a window.
    pub(super) limit: u64,
    /// Requests in this window so far.
    pub(super) used: u64,
    /// When the next window begins.
    pub(super) reset: u64,
}

impl QuotaWindow {
    /// Nothing used; the first window begins with the first look.
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, used: 0, reset: 0 }
    }

    /// Begins a new window if this one is over, or if somebody set the clock back.
    pub(super) const fn update_window(&mut self, now: u64) {
        if now >= self.reset || self.reset - now > WINDOW_SECONDS {
            self.used = 0;
            self.reset = now.saturating_add(WINDOW_SECONDS);
        }
    }

    /// Takes one request from the window; whether there was one to take.
    pub(super) const fn take_request(&mut self) -> bool {
        let granted = self.used < self.limit;
        if granted {
            self.used += 1;
        }
        granted
    }

    /// Uses up what is left, of a window that ends then: an hour from now at most.
    pub(super) const fn exhaust_until(&mut self, reset: u64) {
        self.used = self.limit;
        self.reset = reset;
    }

    /// What is left of the window.
    pub(super) const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_runs_dry_and_the_next_one_is_full() {
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
    fn a_clock_set_back_does_not_close_the_server_for_years() {
        let mut quota = QuotaWindow::new(1);
        quota.update_window(1_000_000);
        assert!(quota.take_request());
        quota.update_window(5);
        assert!(quota.take_request());
        assert_eq!(quota.reset, 3_605);
    }
}
