//! Quotas and limits in every spelling, and headers that are none.

use super::*;
use crate::http::tests::{BITBUCKET, GITEA, GITHUB, GITLAB, headers, recorded};

/// A `Date` of 1,700,000,000 s since 1970.
const NOW: (&str, &str) = ("date", "Tue, 14 Nov 2023 22:13:20 GMT");

const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

fn parse(text: &'static str) -> HeaderMap {
    headers(text.split('\n').filter_map(|line| line.split_once(": ")))
}

fn with_date(text: &'static str) -> HeaderMap {
    headers(text.split('\n').filter_map(|line| line.split_once(": ")).chain([NOW]))
}

#[test]
fn quotas_of_recorded_heads_are_read() {
    let quota = |head| quota_from_headers(&recorded(head).1);
    assert_eq!(quota(GITHUB), Some(Quota { limit: 5000, remaining: 4928, reset: 1_773_089_427 }));
    assert_eq!(quota(GITLAB), Some(Quota { limit: 2000, remaining: 1989, reset: 1_776_937_500 }));
    assert_eq!(quota(GITEA), None);
    // Its reset is a duration, which needs the Date that this recording does not have.
    assert_eq!(quota(BITBUCKET), None);
    let (_, mut bitbucket) = recorded(BITBUCKET);
    bitbucket.extend(headers([NOW]));
    let read = quota_from_headers(&bitbucket);
    assert_eq!(read, Some(Quota { limit: 60, remaining: 52, reset: 1_700_000_879 }));
}

#[test]
fn every_spelling_of_a_quota_is_read() {
    for text in [
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 1700000060",
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5.0\nx-ratelimit-reset: 1700000060.250",
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 1700000060000",
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: Tue, 14 Nov 2023 22:14:20 GMT",
        "x-rate-limit-limit: 100\nx-rate-limit-remaining: 5\nx-rate-limit-reset: 60",
        "ratelimit-limit: 100, 100;w=60, 1000;w=3600\nratelimit-remaining: 5\nratelimit-reset: 60",
        "ratelimit: limit=100, remaining=5, reset=60\nratelimit-policy: 100;w=60",
        "ratelimit: \"default\";r=5;t=60\nratelimit-policy: \"default\";q=100;w=60",
        "ratelimit: \"hour\";r=900;t=3000, \"minute\";r=5;t=60\nratelimit-policy: \"minute\";q=100;w=60, \"hour\";q=1000;w=3600",
        "ratelimit: \"a, \\\";r=1\" ; r=5 ; t=60\nratelimit-policy: \"b\";q=7, \"a, \\\";r=1\";q=100",
        "ratelimit: garbage\nx-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
    ] {
        let quota = quota_from_headers(&with_date(text));
        assert_eq!(quota, Some(Quota { limit: 100, remaining: 5, reset: 1_700_000_060 }), "{text}");
    }
}

#[test]
fn incomplete_and_absurd_quotas_are_not_shown() {
    for text in [
        "",
        "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5",
        "x-ratelimit-limit: 100\nx-ratelimit-reset: 60",
        "x-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: -1\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: 1e2\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: 100 per hour\nx-ratelimit-remaining: five\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: 4294967296\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "x-ratelimit-limit: 99999999999999999999\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
        "ratelimit: \"default\";r=5;t=60",
        "ratelimit: \"default\";r=5\nratelimit-policy: \"default\";q=100",
        "ratelimit: \"default\";r=-5;t=60\nratelimit-policy: \"default\";q=100",
        "ratelimit: \"default;r=5;t=60\nratelimit-policy: \"default;q=100",
    ] {
        assert_eq!(quota_from_headers(&with_date(text)), None, "{text}");
    }
    let no_date = "x-ratelimit-limit: 100\nx-ratelimit-remaining: 5\nx-ratelimit-reset: 60";
    assert_eq!(quota_from_headers(&parse(no_date)), None);
}

#[test]
fn limits_are_waited_for() {
    let seconds = |seconds| RetryAfter::For(Duration::from_secs(seconds));
    let primary = LimitKind::Primary;
    let secondary = LimitKind::Secondary;
    for (status, text, kind, wait) in [
        (429, "", secondary, RetryAfter::Unspecified),
        (429, "retry-after: 7", secondary, seconds(7)),
        (429, "retry-after: 0", secondary, seconds(1)),
        (429, "retry-after: Tue, 14 Nov 2023 22:13:50 GMT", secondary, seconds(30)),
        (429, "retry-after: Tue, 14 Nov 2023 22:00:00 GMT", secondary, seconds(1)),
        (429, "retry-after: soon", secondary, RetryAfter::Unspecified),
        (429, "x-ratelimit-reset: 60", secondary, RetryAfter::Unspecified),
        (
            429,
            "x-ratelimit-remaining: 5\nx-ratelimit-reset: 60",
            secondary,
            RetryAfter::Unspecified,
        ),
        (429, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 60", primary, seconds(61)),
        (429, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 1700000060", primary, seconds(61)),
        (429, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 1600000000", primary, seconds(1)),
        (
            429,
            "x-ratelimit-remaining: 0\nx-ratelimit-reset: 60\nretry-after: 9",
            primary,
            seconds(9),
        ),
        (429, "ratelimit: \"a\";r=0;t=30", primary, seconds(31)),
        (429, "ratelimit-remaining: 0", primary, RetryAfter::Unspecified),
        (503, "retry-after: 7", secondary, seconds(7)),
        (403, "x-rate-limit-remaining: 0\nx-rate-limit-reset: 60", primary, seconds(61)),
    ] {
        let limit = limit_from_response(StatusCode::from_u16(status).unwrap(), &with_date(text));
        assert_eq!(limit, Some(RateLimit { kind, wait }), "{status} {text}");
    }
    let without_date = parse("x-ratelimit-remaining: 0\nx-ratelimit-reset: 1700000060");
    let limit = limit_from_response(TOO_MANY, &without_date).unwrap();
    assert_eq!(limit.wait, RetryAfter::Until(1_700_000_061));
}

#[test]
fn other_refusals_are_no_limits() {
    for (status, text) in [
        (503, ""),
        (503, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 60"),
        (403, ""),
        (403, "x-ratelimit-remaining: 5\nx-ratelimit-reset: 60"),
        (403, "retry-after: 7"),
        (200, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 60"),
        (404, "retry-after: 7"),
        (500, "retry-after: 7"),
    ] {
        let limit = limit_from_response(StatusCode::from_u16(status).unwrap(), &with_date(text));
        assert_eq!(limit, None, "{status} {text}");
    }
}

fn refusal(wait: RetryAfter, in_a_row: u32) -> Refusal {
    let limit = RateLimit { kind: LimitKind::Secondary, wait };
    Refusal { limit, in_a_row, in_flight: 8, utc: 1_700_000_000 }
}

#[test]
fn waits_double_until_the_run_fails() {
    let limits = GeneralLimits::new("a.b".to_owned(), Duration::from_secs(90));
    let waits = |wait| -> Vec<u64> {
        (1..8).map(|count| limits.suspend(&refusal(wait, count)).unwrap().wait.as_secs()).collect()
    };
    assert_eq!(waits(RetryAfter::Unspecified), [1, 2, 4, 8, 16, 32, 64]);
    assert_eq!(waits(RetryAfter::For(Duration::from_secs(5))), [5, 5, 5, 8, 16, 32, 64]);
    assert_eq!(waits(RetryAfter::Until(1_700_000_100))[0], 100);
    assert_eq!(
        limits.suspend(&refusal(RetryAfter::Unspecified, 1)).unwrap().max_in_flight,
        Some(4)
    );
    let ended = limits.suspend(&refusal(RetryAfter::Unspecified, 8)).unwrap_err();
    assert_eq!(
        ended.message,
        "a.b refused requests 8 times in a row despite waiting; use fewer workers with --threads, or try again later"
    );
    assert_eq!(ended.kind, FailureKind::RateLimited);
}

#[test]
fn long_limits_end_the_run() {
    let limits = GeneralLimits::new("a.b".to_owned(), Duration::from_secs(90));
    let check = |seconds| {
        limits.check_wait(LimitKind::Primary, Duration::from_secs(seconds), 1_700_000_000)
    };
    assert_eq!(check(90), Ok(()));
    let failure = check(91).unwrap_err();
    assert_eq!(
        failure.message,
        "a.b accepts no requests until 22:13 UTC, for 91 s, and --max-wait is 90 s; come back then"
    );
}

#[test]
fn limit_errors_say_how_long() {
    let error = |wait| {
        let limit = RateLimit { kind: LimitKind::Secondary, wait };
        limit_error("a.b", TOO_MANY, limit).failure
    };
    let failure = error(RetryAfter::For(Duration::from_secs(7)));
    assert_eq!(failure.message, "a.b accepts no requests for 7 s (429 Too Many Requests)");
    assert_eq!(failure.status, Some(429));
    let until = error(RetryAfter::Until(1_700_000_000)).message;
    assert_eq!(until, "a.b accepts no requests until 22:13 UTC (429 Too Many Requests)");
    let unknown = error(RetryAfter::Unspecified).message;
    assert_eq!(unknown, "a.b accepts no requests (429 Too Many Requests)");
}

#[test]
fn any_headers_are_read_without_a_panic() {
    let pieces = [
        "\"",
        ";",
        ",",
        "=",
        "r",
        "t",
        "q",
        "remaining",
        "0",
        "18446744073709551615",
        "\\",
        " ",
        "-",
        ".5",
    ];
    let names = [
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-remaining",
        "x-ratelimit-reset",
        "retry-after",
        "date",
    ];
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..20_000 {
        let lines: Vec<(&str, String)> = names
            .iter()
            .map(|name| {
                (
                    *name,
                    (0..random.usize(0..9))
                        .map(|_| pieces[random.usize(0..pieces.len())])
                        .collect(),
                )
            })
            .collect();
        let headers =
            headers(lines.iter().map(|(name, value)| (*name, value.as_str())).chain([NOW]));
        quota_from_headers(&headers);
        assert!(limit_from_response(TOO_MANY, &headers).is_some());
    }
}
