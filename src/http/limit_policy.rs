//! Rate limits, and the rules of an API for requests that it refuses because of one.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Failure, LimitKind};

/// A rate limit that a server reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// The kind of limit.
    pub kind: LimitKind,
    /// The time until requests are accepted again.
    pub wait: RetryAfter,
}

/// The time for which a server refuses requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// For this duration.
    For(Duration),
    /// Until this time, in seconds since 1970 (UTC).
    Until(u64),
    /// The server did not say.
    #[serde(rename = "unsaid")]
    Unspecified,
}

/// A refused request and its circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The limit that the server reported.
    pub limit: RateLimit,
    /// The number of limits met since the last success.
    pub in_a_row: u32,
    /// The number of requests that were in flight and allowed to be.
    pub in_flight: u16,
    /// The current time, in seconds since 1970 (UTC).
    pub utc: u64,
}

/// The consequence of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The time for which no request is sent.
    pub wait: Duration,
    /// The maximum number of requests in flight afterwards; `None` if it stays the same.
    pub max_in_flight: Option<u16>,
}

/// The rules of an API for refused requests.
pub trait LimitPolicy: fmt::Debug + Send + Sync {
    /// Returns the consequence of a refusal, or the run's failure if waiting does not help.
    fn suspend(&self, refusal: &Refusal) -> Result<Suspension, Failure>;

    /// Returns the run's failure if a limit that lasts for `wait`, until `until_utc`, is too long to
    /// wait for.
    fn check_wait(&self, kind: LimitKind, wait: Duration, until_utc: u64) -> Result<(), Failure>;
}
