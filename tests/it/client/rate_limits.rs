//! Refused requests: the limit that GitHub's headers and messages report, and the time to wait.

use std::sync::Arc;
use std::time::Duration;

use threadline::github::{Api, GithubLimits};
use threadline::http::{LimitPolicy as _, RateLimit, Refusal, RetryAfter};
use threadline::model::LimitKind;

use super::{pages, run_to_end};
use crate::peer::{Peer, response_bytes};

const EMPTY: &str = "x-ratelimit-remaining: 0\r\n";
const LEFT: &str = "x-ratelimit-remaining: 4114\r\n";
const RESET: &str = "x-ratelimit-reset: 784111799\r\n";
const NOW: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

/// Returns the message about a request that is refused with these headers, without the host.
fn refusal(status: u16, headers: &[&str], message: &str, documentation_url: &str) -> String {
    let body = format!(r#"{{"message":"{message}","documentation_url":"{documentation_url}"}}"#);
    let peer = Peer::answering(response_bytes(status, &headers.concat(), body));
    let run = run_to_end(&peer.url(), pages(1)).run;
    let failure = run.attempt_failure(&run.lanes()[0].span(0).unwrap()).unwrap();
    failure.message.strip_prefix(&format!("127.0.0.1:{}", peer.port())).unwrap().to_owned()
}

#[test]
fn refusals_are_classified_in_the_documented_order() {
    let quota = "API rate limit exceeded for 203.0.113.7.";
    let too_many = "You have exceeded a secondary rate limit.";
    let abuse = "You have triggered an abuse detection mechanism";
    let in_a_minute = "retry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\n";
    for (headers, message, expected) in [
        (&[EMPTY, RESET][..], quota, "'s rate limit is reached until 08:50 UTC"),
        (&[EMPTY, RESET, NOW], quota, "'s rate limit is reached for 23 s"),
        (&[EMPTY, RESET, NOW, "retry-after: 7\r\n"], quota, "'s rate limit is reached for 7 s"),
        (
            &[LEFT, RESET, "retry-after: 60\r\n"],
            too_many,
            "'s secondary rate limit is reached for 60 s",
        ),
        (
            &[LEFT, RESET, "retry-after: 0\r\n"],
            too_many,
            "'s secondary rate limit is reached for 1 s",
        ),
        (&[LEFT, RESET], too_many, "'s secondary rate limit is reached"),
        (&[LEFT], abuse, "'s secondary rate limit is reached"),
        (&[LEFT], "Resource not accessible", " refuses page 1: Resource not accessible"),
        (&["retry-after: 3\r\n"], "", "'s secondary rate limit is reached for 3 s"),
        (&[NOW, in_a_minute], "", "'s secondary rate limit is reached for 60 s"),
        (&[], "API Rate Limit Exceeded for 1.2.3.4", "'s rate limit is reached"),
    ] {
        assert_eq!(refusal(403, headers, message, ""), expected, "{headers:?} {message}");
    }
    let secondary = "'s secondary rate limit is reached";
    assert_eq!(refusal(429, &[LEFT], "", ""), secondary);
    let about = "https://docs.github.com/rest/overview#secondary-rate-limits";
    assert_eq!(refusal(403, &[], "", about), secondary);
}

#[test]
fn extreme_header_values_never_panic() {
    let earliest = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    for value in ["", "-1", "1e9", "99999999999999999999", "18446744073709551615", "x"] {
        let reset = format!("x-ratelimit-reset: {value}\r\n");
        let again = format!("retry-after: {value}\r\n");
        for headers in [[EMPTY, &reset, &again], [EMPTY, &reset, earliest]] {
            let message = refusal(403, &headers, "", "");
            assert!(message.starts_with("'s rate limit is reached"), "{headers:?}: {message}");
        }
    }
}

#[test]
fn waits_double_and_secondary_limits_halve_the_requests_in_flight() {
    let api = Api::new("http://127.0.0.1:1", None).unwrap();
    let policy = GithubLimits::new(Arc::new(api), Duration::from_secs(90));
    let suspend = |kind, wait, in_a_row, in_flight| {
        let limit = RateLimit { kind, wait };
        let suspension = policy.suspend(&Refusal { limit, in_a_row, in_flight, utc: 1_000 });
        suspension.map(|it| (it.wait.as_secs(), it.max_in_flight)).ok()
    };
    let (primary, secondary) = (LimitKind::Primary, LimitKind::Secondary);
    assert_eq!(suspend(primary, RetryAfter::Until(1_020), 1, 8), Some((20, None)));
    assert_eq!(suspend(primary, RetryAfter::Until(900), 1, 8), Some((1, None)));
    assert_eq!(suspend(primary, RetryAfter::Until(900), 4, 8), Some((8, None)));
    for (in_a_row, wait) in [(0, 60), (1, 60), (2, 120), (4, 480)] {
        let suspension = suspend(secondary, RetryAfter::Unspecified, in_a_row, 9);
        assert_eq!(suspension, Some((wait, Some(4))));
    }
    let short = RetryAfter::For(Duration::from_secs(7));
    assert_eq!(suspend(secondary, short, 1, 1), Some((7, Some(1))));
    assert_eq!(suspend(secondary, short, 5, 8), None);
    assert!(policy.check_wait(primary, Duration::from_secs(90), 1_090).is_ok());
    assert!(policy.check_wait(primary, Duration::from_secs(91), 1_091).is_err());
}
