//! GitHub's rate limits: parsed from response headers and bodies, the time that refused requests wait, and
//! the limits that end a run.
//!
//! Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;

use super::api::Api;
use crate::http::retry::{
    WAIT_MARGIN, limit_exceeds_max_wait, parse_header, retry_after, suspension, wait_until_reset,
};
use crate::http::{
    LimitPolicy, RateLimit, Refusal, RequestError, RetryAction, RetryAfter, Suspension,
};
use crate::model::time::{describe_duration, time_of_day};
use crate::model::{Failure, FailureKind, LimitKind, Quota};

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

/// The wait after a limit without a reset time, doubled each time the limit is met again:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

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
        if refusal.in_a_row >= MAX_CONSECUTIVE_LIMITS {
            return Err(limit_persists(&self.api, refusal.limit.kind, refusal.in_a_row));
        }
        Ok(suspension(refusal, DEFAULT_WAIT))
    }

    fn check_wait(&self, kind: LimitKind, wait: Duration, until_utc: u64) -> Result<(), Failure> {
        if wait <= self.max_wait {
            return Ok(());
        }
        let limit = format!("{}'s {} is reached", self.api.host(), limit_name(kind));
        let advice = match (kind, self.api.token()) {
            (LimitKind::Primary, None) => ", or set GH_TOKEN for a larger quota",
            _ => "",
        };
        Err(limit_exceeds_max_wait(&limit, wait, until_utc, self.max_wait, advice))
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
