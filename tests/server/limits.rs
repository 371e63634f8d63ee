//! Rate limits that a script sets: who is refused, in which words, until when; and the date, which
//! tells how long that is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use threadline::github::server::{DEFAULT_USER, FaultScript, HOURLY_LIMIT, Server, ServerSettings};

use crate::client::*;

const PRIMARY: &str = r#"{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)","documentation_url":"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting"}"#;

#[test]
fn a_primary_limit_refuses_everything_until_the_window_ends() {
    static NOW: AtomicU64 = AtomicU64::new(1_700_000_000);
    let fault = r#"{"faults":[{"page":2,"fault":"primary_limit","status":429,"reset_after":90}]}"#;
    let server = Server::start(ServerSettings {
        faults: FaultScript::parse(fault).unwrap(),
        wall_clock: || NOW.load(Ordering::Relaxed),
        ..settings(127, uniform(Duration::ZERO))
    });
    let server = server.unwrap();
    let mut client = RawClient::to(&server);
    assert_eq!(client.get(&followers("")).status, 200);
    let profile = format!("/users/{DEFAULT_USER}");
    for target in [followers("?page=2"), followers("?page=2"), followers(""), profile] {
        let response = client.get(&target);
        assert_eq!((response.status, response.text()), (429, PRIMARY), "{target}");
        assert_eq!(response.number("x-ratelimit-remaining"), 0);
        assert_eq!(response.number("x-ratelimit-used"), HOURLY_LIMIT);
        assert_eq!(response.number("x-ratelimit-reset"), 1_700_000_090);
        assert_eq!(response.header("date"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
        assert_eq!((response.header("retry-after"), response.header("link")), (None, None));
    }
    NOW.store(1_700_000_089, Ordering::Relaxed);
    let refused = client.get(&followers("?page=2"));
    assert_eq!(
        (refused.status, refused.header("date")),
        (429, Some("Tue, 14 Nov 2023 22:14:49 GMT"))
    );
    let core = &client.get("/rate_limit").json()["resources"]["core"];
    assert_eq!((&core["remaining"], &core["reset"]), (&0.into(), &1_700_000_090_u64.into()));

    NOW.store(1_700_000_090, Ordering::Relaxed);
    let response = client.get(&followers("?page=2"));
    assert_eq!((response.status, response.number("x-ratelimit-used")), (200, 1));
    assert_eq!(client.get(&followers("?page=2")).status, 429, "it begins again");
}

#[test]
fn a_secondary_limit_refuses_everything_for_so_long_and_leaves_the_quota() {
    let server = faulty(127, r#"{"page":2,"fault":"secondary_limit","retry_after":1}"#);
    let mut client = RawClient::to(&server);
    let begin = now();
    let refused = client.get(&followers("?page=2"));
    let id = refused.header("x-github-request-id").unwrap();
    let body = format!(
        r#"{{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on scraping GitHub and how it may affect your rights, please review our Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service) If you reach out to GitHub Support for help, please include the request ID {id}.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits","status":"403"}}"#
    );
    assert_eq!((refused.status, refused.text()), (403, &*body));
    assert_eq!(server.request_counts().early, 0);
    let mut asked = 0;
    let response = loop {
        let response = client.get(&followers(""));
        if response.status == 200 {
            break response;
        }
        asked += 1;
        assert_eq!((response.status, response.header("retry-after")), (403, Some("1")));
        assert!(begin.elapsed() < HANGS);
    };
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(response.number("x-ratelimit-used"), 2);
    let early = server.request_counts().early;
    assert!((1..=asked).contains(&early), "{early} of {asked}");
    assert_eq!(client.get(&followers("?page=2")).status, 200);
    assert_eq!(server.request_counts().early, early);
}

#[test]
fn a_secondary_limit_may_say_nothing_of_its_end() {
    let server = faulty(127, r#"{"page":2,"fault":"secondary_limit","status":429,"lasts":0}"#);
    let mut client = RawClient::to(&server);
    let refused = client.get(&followers("?page=2"));
    assert_eq!((refused.status, refused.header("retry-after")), (429, None));
    assert_eq!(client.get(&followers("?page=2")).status, 200);
    let hint = r#"{"page":2,"fault":"secondary_limit","retry_after":9,"lasts":0}"#;
    let refused = RawClient::to(&faulty(127, hint)).get(&followers("?page=2"));
    assert_eq!(refused.header("retry-after"), Some("9"));
}

#[test]
fn who_could_have_known_of_a_limit_came_too_early() {
    for limit in ["primary_limit", "secondary_limit"] {
        let server = faulty(127, &format!(r#"{{"page":2,"fault":"{limit}"}}"#));
        let mut client = RawClient::to(&server);
        assert_eq!(client.get(&followers("?page=2")).status, 403);
        until(|| {
            // Free of every limit, and counted nowhere.
            assert_eq!(RawClient::to(&server).get("/rate_limit").status, 200);
            assert_eq!(RawClient::to(&server).get(&followers("")).status, 403, "{limit}");
            server.request_counts().early == 2
        });
    }
}
