//! Limits on retries and waiting times.

use std::time::Duration;

/// The limits of retrying and waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The maximum number of retries after a transient failure.
    pub retries: u32,
    /// The maximum duration of a request.
    pub timeout: Duration,
    /// The maximum delay that a server may request.
    pub max_wait: Duration,
}

/// The timeouts of the phases of a request, each counted from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimeouts {
    /// Until the connection is established.
    pub connect: Duration,
    /// Until the first byte of the response, connecting included.
    pub first_byte: Duration,
    /// Until the end of the response.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let (timeout, max_wait) = (Duration::from_secs(30), Duration::from_secs(5 * 60));
        Self { retries: 4, timeout, max_wait }
    }
}

impl RequestTimeouts {
    /// Returns the timeouts for a total. No phase may take longer than the total.
    pub fn with_total(total: Duration) -> Self {
        let most = |seconds| Duration::from_secs(seconds).min(total);
        Self { connect: most(10), first_byte: most(20), total }
    }
}
