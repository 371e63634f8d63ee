//! The rate limits of a server: its quota, and the limits that were reached.

use serde::{Deserialize, Serialize};

use super::time::Nanos;

/// A server's rate limit quota in the current window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The maximum number of requests per window.
    pub limit: u32,
    /// The number of requests left in this window.
    pub remaining: u32,
    /// The start of the next window, in seconds since 1970 (UTC).
    pub reset: u64,
}

/// A rate limit that the server reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedLimit {
    /// The kind of limit.
    pub kind: LimitKind,
    /// The end of the limit, on the run's clock.
    pub until: Nanos,
    /// The end of the limit, in seconds since 1970 (UTC).
    pub until_utc: u64,
}

/// The two kinds of rate limits of GitHub:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// The quota of requests per hour is used up.
    Primary,
    /// Too many requests at once or in quick succession.
    Secondary,
}
