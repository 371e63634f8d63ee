//! Ends a run whose first page shows that the quota is too small for the rest.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::{Failure, Quota, QuotaCheck};

/// The quota check of a run, and the number of requests that the run has sent.
#[derive(Debug)]
pub(in crate::source) struct QuotaGuard {
    check: Option<QuotaCheck>,
    sent: AtomicU32,
}

impl QuotaGuard {
    /// Creates a guard; without a check, it never ends the run.
    pub(in crate::source) const fn new(check: Option<QuotaCheck>) -> Self {
        Self { check, sent: AtomicU32::new(0) }
    }

    /// Records that a page is requested. The requests of the first wave are in flight when the first
    /// response arrives, and are no longer to be paid for.
    pub(in crate::source) fn record_request(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the failure of the run if the quota is too small for the remaining pages.
    pub(in crate::source) fn shortage(&self, pages: u32, quota: Quota) -> Option<Failure> {
        self.check.as_ref()?.shortage(pages, self.sent.load(Ordering::Relaxed), quota)
    }
}
