//! The limits of any API: refusals with 429 and 503, `Retry-After`, and the usual spellings of quotas.
//!
//! Sources: RFC 6585, section 4; RFC 9110, section 10.2.3;
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>, with its older versions.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap};

use super::retry::{
    LimitPolicy, RateLimit, Refusal, RequestError, RetryAction, RetryAfter, Suspension,
    WAIT_MARGIN, date_seconds, limit_exceeds_max_wait, retry_after, suspension, wait_until_reset,
};
use crate::model::time::{describe_duration, time_of_day};
use crate::model::{Failure, FailureKind, LimitKind, Quota};

/// The wait after a limit without an end, doubled each time the limit is met again.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);

/// The number of limits in a row, each of them waited for, after which the run fails. Together, the waits
/// before it are longer than two windows of a minute.
const MAX_CONSECUTIVE_LIMITS: u32 = 8;

/// The prefixes of the headers that state a quota in three parts, in order of precedence.
const QUOTA_PREFIXES: [&str; 3] = ["ratelimit", "x-ratelimit", "x-rate-limit"];

/// Numbers from here on are times in seconds since 1970, below it durations: 30 years.
const MIN_EPOCH_SECONDS: u64 = 1_000_000_000;

/// Numbers from here on are times in milliseconds since 1970.
const MIN_EPOCH_MILLISECONDS: u64 = 100_000_000_000;

/// The rules of an API of which nothing is known.
#[derive(Debug)]
pub struct GeneralLimits {
    host: String,
    max_wait: Duration,
}

/// A quota as far as a server states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct StatedQuota {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<QuotaReset>,
}

/// The start of the next window of a quota, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuotaReset {
    /// After this duration.
    After(u64),
    /// At this time since 1970 (UTC).
    At(u64),
}

impl GeneralLimits {
    /// Creates the rules of a server. A limit is waited for if it ends within `max_wait`.
    pub const fn new(host: String, max_wait: Duration) -> Self {
        Self { host, max_wait }
    }
}

impl LimitPolicy for GeneralLimits {
    fn suspend(&self, refusal: &Refusal) -> Result<Suspension, Failure> {
        if refusal.in_a_row < MAX_CONSECUTIVE_LIMITS {
            return Ok(suspension(refusal, DEFAULT_WAIT));
        }
        let message = format!(
            "{} refused requests {} times in a row despite waiting; use fewer workers with \
             --threads, or try again later",
            self.host, refusal.in_a_row
        );
        Err(Failure::new(FailureKind::RateLimited, message))
    }

    fn check_wait(&self, _: LimitKind, wait: Duration, until_utc: u64) -> Result<(), Failure> {
        if wait <= self.max_wait {
            return Ok(());
        }
        let limit = format!("{} accepts no requests", self.host);
        Err(limit_exceeds_max_wait(&limit, wait, until_utc, self.max_wait, ""))
    }
}

/// Returns the quota in a response's headers. `None` unless the server states all of it, with its `Date` if
/// the reset is a duration.
pub fn quota_from_headers(headers: &HeaderMap) -> Option<Quota> {
    let StatedQuota { limit, remaining, reset } = StatedQuota::from_headers(headers)?;
    let reset = match reset? {
        QuotaReset::At(time) => time,
        QuotaReset::After(wait) => date_seconds(headers, DATE.as_str())?.checked_add(wait)?,
    };
    let (limit, remaining) = (u32::try_from(limit?).ok()?, u32::try_from(remaining?).ok()?);
    Some(Quota { limit, remaining, reset })
}

/// Returns the limit that a response reports, or `None` if it has another reason: 429 always does, 503 if
/// it says when to come back, and 403 if the quota is used up.
pub fn limit_from_response(status: StatusCode, headers: &HeaderMap) -> Option<RateLimit> {
    let quota = StatedQuota::from_headers(headers).unwrap_or_default();
    let is_used_up = quota.remaining == Some(0);
    let again = retry_after(headers);
    let is_limit = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => again.is_some(),
        StatusCode::FORBIDDEN => is_used_up,
        _ => false,
    };
    let kind = if is_used_up { LimitKind::Primary } else { LimitKind::Secondary };
    // If requests remain, another limit than that of the quota was met.
    let reset = quota.reset.filter(|_| quota.remaining.is_none_or(|remaining| remaining == 0));
    let wait = match (again, reset) {
        (Some(again), _) => RetryAfter::For(again.max(WAIT_MARGIN)),
        (None, Some(QuotaReset::At(time))) => wait_until_reset(time, headers),
        (None, Some(QuotaReset::After(wait))) => {
            RetryAfter::For(Duration::from_secs(wait).saturating_add(WAIT_MARGIN))
        }
        (None, None) => RetryAfter::Unspecified,
    };
    is_limit.then_some(RateLimit { kind, wait })
}

/// A server refused a request because of a limit.
pub fn limit_error(host: &str, status: StatusCode, limit: RateLimit) -> RequestError {
    let end = match limit.wait {
        RetryAfter::For(wait) => format!(" for {}", describe_duration(wait)),
        RetryAfter::Until(utc) => format!(" until {} UTC", time_of_day(utc)),
        RetryAfter::Unspecified => String::new(),
    };
    let failure = Failure::new(
        FailureKind::RateLimited,
        format!("{host} accepts no requests{end} ({status})"),
    );
    RequestError { failure, retry_action: RetryAction::Limit(limit) }.with_status(status)
}

impl StatedQuota {
    /// Returns the first quota whose remaining requests are stated.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let structured = text("ratelimit").and_then(|quota| {
            Self::from_structured(quota, text("ratelimit-policy").unwrap_or_default())
        });
        structured.or_else(|| {
            let quota = |prefix: &&str| {
                let part = |name: &str| text(&format!("{prefix}-{name}"));
                let quota = Self {
                    limit: part("limit").and_then(number),
                    remaining: part("remaining").and_then(number),
                    reset: part("reset").and_then(QuotaReset::parse),
                };
                quota.remaining.map(|_| quota)
            };
            QUOTA_PREFIXES.iter().find_map(quota)
        })
    }

    /// Parses the `RateLimit` header: `limit=100, remaining=50, reset=30`, or, in later drafts,
    /// `"name";r=50;t=30`, whose limit is in the `RateLimit-Policy` of that name: `"name";q=100;w=60`. Of
    /// several quotas, the one that is used up first counts.
    fn from_structured(quota: &str, policy: &str) -> Option<Self> {
        let members = split_unquoted(quota, ',');
        if let Some(remaining) = parameter(&members, "remaining") {
            let number = |name| parameter(&members, name).and_then(number);
            let reset = parameter(&members, "reset").and_then(QuotaReset::parse);
            return Some(Self {
                limit: number("limit"),
                remaining: Some(self::number(remaining)?),
                reset,
            });
        }
        let policies = split_unquoted(policy, ',');
        let stated = members.iter().filter_map(|member| {
            let parts = split_unquoted(member, ';');
            let name = parts.first()?;
            let policy = policies.iter().map(|policy| split_unquoted(policy, ';'));
            let policy = policy.into_iter().find(|parts| parts.first() == Some(name));
            let limit = policy.and_then(|parts| parameter(&parts, "q").and_then(number));
            let reset = parameter(&parts, "t").and_then(number).map(QuotaReset::After);
            Some(Self { limit, remaining: Some(parameter(&parts, "r").and_then(number)?), reset })
        });
        stated.min_by_key(|quota| quota.remaining)
    }
}

impl QuotaReset {
    /// Parses a duration, a time since 1970 in seconds or milliseconds, or an HTTP date.
    fn parse(text: &str) -> Option<Self> {
        let Some(number) = number(text) else {
            let date = httpdate::parse_http_date(text.trim()).ok()?;
            return Some(Self::At(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()));
        };
        Some(match number {
            MIN_EPOCH_MILLISECONDS.. => Self::At(number / 1000),
            MIN_EPOCH_SECONDS.. => Self::At(number),
            _ => Self::After(number),
        })
    }
}

/// Parses the integer at the beginning of a value, which may have a fraction or be followed by others:
/// `60, 60;w=3600`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let is_whole = rest.is_empty() || rest.starts_with([',', ';', '.', ' ']);
    digits.parse().ok().filter(|_| is_whole)
}

/// Returns the value of `name=value` in a list.
fn parameter<'text>(parts: &[&'text str], name: &str) -> Option<&'text str> {
    let pairs = parts.iter().filter_map(|part| part.split_once('='));
    let mut values = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

/// Splits a structured field (RFC 9651) at a separator, ignoring those in quotes.
fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|c| {
        let is_quote = c == '"' && !is_escaped;
        is_quoted ^= is_quote;
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        c == separator && !is_quoted
    });
    parts.map(str::trim).collect()
}

#[cfg(test)]
mod tests;
