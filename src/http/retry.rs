//! Retries and limits: whether a retry of a failed request may help, how long to wait, and the rules for
//! requests that an API refuses because of a rate limit.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::{Deserialize, Serialize};

use crate::model::time::{describe_duration, time_of_day};
use crate::model::{Failure, FailureKind, LimitKind};

/// Clocks and windows have whole seconds, so a request exactly at the end may still be too early.
pub(crate) const WAIT_MARGIN: Duration = Duration::from_secs(1);

/// The minimum wait, doubled each time a limit is met again: the server's clock and this one may differ.
const MIN_WAIT: Duration = Duration::from_secs(1);

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

/// A failed request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestError {
    /// The failure and its message.
    pub failure: Failure,
    /// The action that may help.
    #[serde(rename = "remedy")]
    pub retry_action: RetryAction,
}

/// The action that may help after a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAction {
    /// None: a retry would fail too.
    None,
    /// Retrying later, and not before this delay if the server requested one.
    Retry(Option<Duration>),
    /// Retrying once the limit is over.
    Limit(RateLimit),
}

impl RequestError {
    /// Creates an error that a retry would not change.
    pub(crate) fn permanent(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure::new(kind, message), retry_action: RetryAction::None }
    }

    /// Creates an error that a retry may change.
    pub(crate) fn transient(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure::new(kind, message), retry_action: RetryAction::Retry(None) }
    }

    /// Adds the status of the response to the failure.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { failure: self.failure.with_status(status.as_u16()), ..self }
    }
}

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

/// Returns the `Retry-After` duration: RFC 9110, section 10.2.3.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = parse_header(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let moment = date_seconds(headers, RETRY_AFTER.as_str())?;
    Some(Duration::from_secs(moment.saturating_sub(date_seconds(headers, DATE.as_str())?)))
}

/// Parses a date header, in seconds since 1970.
pub(crate) fn date_seconds(headers: &HeaderMap, name: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Parses a header as a value.
pub(crate) fn parse_header<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Computes the wait until a time from the server's own `Date` if present, so that this machine's clock need
/// not be right.
pub(crate) fn wait_until_reset(reset: u64, headers: &HeaderMap) -> RetryAfter {
    match date_seconds(headers, DATE.as_str()) {
        Some(now) => RetryAfter::For(
            Duration::from_secs(reset.saturating_sub(now)).saturating_add(WAIT_MARGIN),
        ),
        None => RetryAfter::Until(reset.saturating_add(WAIT_MARGIN.as_secs())),
    }
}

/// Returns the consequence of a refusal. A limit without an end lasts for `default_wait`, doubled each time
/// it is met again.
pub(crate) fn suspension(refusal: &Refusal, default_wait: Duration) -> Suspension {
    let Refusal { limit, in_a_row, in_flight, utc } = *refusal;
    let doubled = |wait: Duration| wait.saturating_mul(1 << in_a_row.saturating_sub(1).min(16));
    let wait = match limit.wait {
        RetryAfter::For(wait) => wait,
        RetryAfter::Until(end) => Duration::from_secs(end.saturating_sub(utc)),
        RetryAfter::Unspecified => doubled(default_wait),
    };
    let wait = wait.max(doubled(MIN_WAIT));
    // A quota counts requests, so their number in flight makes no difference to it.
    let max_in_flight = (limit.kind == LimitKind::Secondary).then(|| (in_flight / 2).max(1));
    Suspension { wait, max_in_flight }
}

/// Returns the failure of a run because a limit, described by `limit`, lasts longer than `--max-wait`.
pub(crate) fn limit_exceeds_max_wait(
    limit: &str,
    wait: Duration,
    until_utc: u64,
    max_wait: Duration,
    advice: &str,
) -> Failure {
    // A time of day is ambiguous beyond a day.
    let today = wait.as_secs() < 86_400;
    let end = if today { format!("until {} UTC, ", time_of_day(until_utc)) } else { String::new() };
    let (wait, most) = (describe_duration(wait), describe_duration(max_wait));
    let message =
        format!("{limit} {end}for {wait}, and --max-wait is {most}; come back then{advice}");
    Failure::new(FailureKind::RateLimited, message)
}
