//! GitHub's rate limits, parsed from response headers and bodies.
//!
//! Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap};

use crate::http::headers::{date_seconds, parse_header, retry_after};
use crate::http::{RateLimit, RetryAfter};
use crate::model::{LimitKind, Quota};

/// Clocks and windows have whole seconds, so a request exactly at the end may still be too early.
const WAIT_MARGIN: Duration = Duration::from_secs(1);

/// Returns the quota in a response's headers, or `None` if there is none, which is the default of
/// GitHub Enterprise Server.
pub(super) fn quota_from_headers(headers: &HeaderMap) -> Option<Quota> {
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

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    const EMPTY: (&str, &str) = ("x-ratelimit-remaining", "0");
    const LEFT: (&str, &str) = ("x-ratelimit-remaining", "4114");
    const RESET: (&str, &str) = ("x-ratelimit-reset", "784111800");
    const NOW: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn refusals_are_classified_in_the_documented_order() {
        use LimitKind::{Primary, Secondary};
        let quota = "API rate limit exceeded for 203.0.113.7.";
        let too_many = "You have exceeded a secondary rate limit.";
        let wait = |seconds| RetryAfter::For(Duration::from_secs(seconds));
        for (lines, message, expected) in [
            (&[EMPTY, RESET][..], quota, Some((Primary, RetryAfter::Until(784_111_801)))),
            (&[EMPTY, RESET, NOW], quota, Some((Primary, wait(24)))),
            (&[EMPTY, RESET, NOW, ("retry-after", "7")], quota, Some((Primary, wait(7)))),
            (&[LEFT, RESET, ("retry-after", "60")], too_many, Some((Secondary, wait(60)))),
            (&[LEFT, RESET, ("retry-after", "0")], too_many, Some((Secondary, wait(1)))),
            (&[LEFT, RESET], too_many, Some((Secondary, RetryAfter::Unspecified))),
            (
                &[LEFT],
                "You have triggered an abuse detection mechanism",
                Some((Secondary, RetryAfter::Unspecified)),
            ),
            (&[LEFT], "Resource not accessible", None),
            (&[("retry-after", "3")], "", Some((Secondary, wait(3)))),
            (
                &[NOW, ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")],
                "",
                Some((Secondary, wait(60))),
            ),
            (&[], "API Rate Limit Exceeded for 1.2.3.4", Some((Primary, RetryAfter::Unspecified))),
        ] {
            let limit = limit_from_refusal(false, &headers(lines), message, "");
            assert_eq!(
                limit.map(|limit| (limit.kind, limit.wait)),
                expected,
                "{lines:?} {message}"
            );
        }
        let unsaid = RateLimit { kind: Secondary, wait: RetryAfter::Unspecified };
        assert_eq!(limit_from_refusal(true, &headers(&[LEFT]), "", ""), Some(unsaid));
        let about = "https://docs.github.com/rest/overview#secondary-rate-limits";
        assert_eq!(limit_from_refusal(false, &headers(&[]), "", about), Some(unsaid));
    }

    #[test]
    fn extreme_header_values_never_panic() {
        let earliest = ("date", "Thu, 01 Jan 1970 00:00:00 GMT");
        for value in ["", "-1", "1e9", "99999999999999999999", "18446744073709551615", "x"] {
            let reset = ("x-ratelimit-reset", value);
            for lines in [[EMPTY, reset, ("retry-after", value)], [EMPTY, reset, earliest]] {
                assert!(limit_from_refusal(false, &headers(&lines), "", "").is_some(), "{lines:?}");
            }
        }
    }
}
