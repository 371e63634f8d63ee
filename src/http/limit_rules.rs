//! Rules for refused requests that all APIs share: how long to wait, and how many requests to send
//! afterwards.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap};

use super::retry::{Refusal, RetryAfter, Suspension, date_seconds};
use crate::model::time::{describe_duration, time_of_day};
use crate::model::{Failure, FailureKind, LimitKind};

/// Clocks and windows have whole seconds, so a request exactly at the end may still be too early.
pub(crate) const WAIT_MARGIN: Duration = Duration::from_secs(1);

/// The minimum wait, doubled each time a limit is met again: the server's clock and this one may differ.
const MIN_WAIT: Duration = Duration::from_secs(1);

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
