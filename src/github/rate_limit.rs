//! GitHub's rate limits: parsed from response headers and bodies, the time that refused requests wait, and
//! the limits that end a run.
//!
//! Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap};

use super::api::Api;
use crate::http::retry::{date_seconds, parse_header, retry_after};
use crate::http::{
    LimitPolicy, RateLimit, Refusal, RequestError, RetryAction, RetryAfter, Suspension,
};
use crate::model::time::{describe_duration, time_of_day};
use crate::model::{Failure, FailureKind, LimitKind, Quota};

/// Clocks and windows have whole seconds, so a request exactly at the end may still be too early.
const WAIT_MARGIN: Duration = Duration::from_secs(1);

/// Returns the quota in a response's headers, or `None` if there is none, which is the default of
/// GitHub Enterprise Server.
pub(crate) fn quota_from_headers(headers: &HeaderMap) -> Option<Quota> {
    Some(Quota {
        limit: parse_header(headers, "x-ratelimit-limit")?,
        remaining: parse_header(headers, "x-ratelimit-remaining")?,
        reset: parse_header(headers, "x-ratelimit-reset")?,
    })
}

/// Returns the limit that a 403 or 429 response reports, or `None` if the request is forbidden for
/// good. Applies GitHub's rules in their documented order; the `message` or `documentation_url` of
/// older servers counts too.
pub(super) fn limit_from_refusal(
    too_many: bool,
    headers: &HeaderMap,
    message: &str,
    documentation_url: &str,
) -> Option<RateLimit> {
    let message = message.to_ascii_lowercase();
    let secondary = message.contains("secondary rate limit")
        || message.contains("abuse detection")
        || documentation_url.contains("secondary-rate-limits")
        || documentation_url.ends_with("#abuse-rate-limits");
    let empty = parse_header::<u64>(headers, "x-ratelimit-remaining") == Some(0);
    let again = retry_after(headers);
    let kind = if empty || (message.contains("rate limit exceeded") && !secondary) {
        LimitKind::Primary
    } else if secondary || too_many || again.is_some() {
        LimitKind::Secondary
    } else {
        return None;
    };
    let reset =
        || parse_header(headers, "x-ratelimit-reset").filter(|_| kind == LimitKind::Primary);
    let wait = match (again, reset()) {
        (Some(again), _) => RetryAfter::For(again.max(WAIT_MARGIN)),
        (None, Some(reset)) => wait_until_reset(reset, headers),
        (None, None) => RetryAfter::Unspecified,
    };
    Some(RateLimit { kind, wait })
}

/// Computes the wait from the server's own `Date` if present, so that this machine's clock need not
/// be right.
fn wait_until_reset(reset: u64, headers: &HeaderMap) -> RetryAfter {
    match date_seconds(headers, DATE.as_str()) {
        Some(now) => RetryAfter::For(
            Duration::from_secs(reset.saturating_sub(now)).saturating_add(WAIT_MARGIN),
        ),
        None => RetryAfter::Until(reset.saturating_add(WAIT_MARGIN.as_secs())),
    }
}

/// The wait after a limit without a reset time, doubled each time the limit is met again:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// The minimum wait, also doubled each time: the server's clock and this one may differ.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The number of limits in a row, each of them waited for, after which the run fails.
const MAX_CONSECUTIVE_LIMITS: u32 = 5;

/// GitHub's rules for refused requests.
#[derive(Debug)]
pub struct GithubLimits {
    api: Arc<Api>,
    max_wait: Duration,
}

impl GithubLimits {
    /// Creates the rules of a server. A limit is waited for if it ends within `max_wait`.
    pub const fn new(api: Arc<Api>, max_wait: Duration) -> Self {
        Self { api, max_wait }
    }
}

impl LimitPolicy for GithubLimits {
    fn suspend(&self, refusal: &Refusal) -> Result<Suspension, Failure> {
        let Refusal { limit, in_a_row, in_flight, utc } = *refusal;
        if in_a_row >= MAX_CONSECUTIVE_LIMITS {
            return Err(limit_persists(&self.api, limit.kind, in_a_row));
        }
        let doubled = |wait: Duration| wait.saturating_mul(1 << in_a_row.saturating_sub(1).min(16));
        let wait = match limit.wait {
            RetryAfter::For(wait) => wait,
            RetryAfter::Until(end) => Duration::from_secs(end.saturating_sub(utc)),
            RetryAfter::Unspecified => doubled(DEFAULT_WAIT),
        };
        let wait = wait.max(doubled(MIN_WAIT));
        // GitHub counts concurrent requests towards the secondary limit alone.
        let max_in_flight = (limit.kind == LimitKind::Secondary).then(|| (in_flight / 2).max(1));
        Ok(Suspension { wait, max_in_flight })
    }

    fn check_wait(&self, kind: LimitKind, wait: Duration, until_utc: u64) -> Result<(), Failure> {
        if wait <= self.max_wait {
            return Ok(());
        }
        Err(limit_exceeds_max_wait(&self.api, kind, wait, until_utc, self.max_wait))
    }
}

/// The server reported a rate limit.
pub(super) fn rate_limited(api: &Api, limit: RateLimit) -> RequestError {
    let (host, which) = (api.host(), limit_name(limit.kind));
    let message = match limit.wait {
        RetryAfter::For(wait) => {
            format!("{host}'s {which} is reached for {}", describe_duration(wait))
        }
        RetryAfter::Until(utc) => {
            format!("{host}'s {which} is reached until {} UTC", time_of_day(utc))
        }
        RetryAfter::Unspecified => format!("{host}'s {which} is reached"),
    };
    RequestError {
        failure: Failure::new(FailureKind::RateLimited, message),
        retry_action: RetryAction::Limit(limit),
    }
}

/// A limit lasts longer than `--max-wait`.
fn limit_exceeds_max_wait(
    api: &Api,
    kind: LimitKind,
    wait: Duration,
    until_utc: u64,
    max_wait: Duration,
) -> Failure {
    let (host, which, most) = (api.host(), limit_name(kind), describe_duration(max_wait));
    // A time of day is ambiguous beyond a day.
    let today = wait.as_secs() < 86_400;
    let end = if today { format!("until {} UTC, ", time_of_day(until_utc)) } else { String::new() };
    let wait = describe_duration(wait);
    let larger = match (kind, api.token()) {
        (LimitKind::Primary, None) => ", or set GH_TOKEN for a larger quota",
        _ => "",
    };
    let message = format!(
        "{host}'s {which} is reached {end}for {wait}, and --max-wait is {most}; come back then{larger}"
    );
    Failure::new(FailureKind::RateLimited, message)
}

/// A limit was reached again after each wait.
fn limit_persists(api: &Api, kind: LimitKind, times: u32) -> Failure {
    let message = format!(
        "{}'s {} was reached {times} times in a row despite waiting; try again later",
        api.host(),
        limit_name(kind)
    );
    Failure::new(FailureKind::RateLimited, message)
}

const fn limit_name(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::Primary => "rate limit",
        LimitKind::Secondary => "secondary rate limit",
    }
}
