//! How long a person is ready to wait for a server, and how often to ask it again.

use std::time::Duration;

/// When to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is made again after a failure that may pass.
    pub retries: u32,
    /// How long all of a request may take.
    pub timeout: Duration,
    /// How long a server may ask to be left alone.
    pub max_wait: Duration,
}

/// How long the parts of a request may take, each counted from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimeouts {
    /// A connection.
    pub connect: Duration,
    /// The answer's first byte, connecting included.
    pub first_byte: Duration,
    /// All of it.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let (timeout, max_wait) = (Duration::from_secs(30), Duration::from_secs(5 * 60));
        Self { retries: 4, timeout, max_wait }
    }
}

impl RequestTimeouts {
    /// No part may take longer than the whole. GitHub itself gives an answer up after 10 s:
    /// <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts>.
    pub fn with_total(total: Duration) -> Self {
        let most = |seconds| Duration::from_secs(seconds).min(total);
        Self { connect: most(10), first_byte: most(20), total }
    }
}
