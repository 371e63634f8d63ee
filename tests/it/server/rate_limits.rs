//! Scripted rate limits: which requests they reject, with which body and headers, and until when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use threadline::server::{DEFAULT_USER, FaultScript, HOURLY_LIMIT, Server, ServerSettings};

use crate::server::raw_client::*;

const PRIMARY: &str = r#"{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)","documentation_url":"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting"}"#;

#[test]
fn primary_limit_rejects_all_requests_until_the_window_resets() {
    static NOW: AtomicU64 = AtomicU64::new(1_700_000_000);
    let fault = r#"{"faults":[{"page":2,"fault":"primary_limit","status":429,"reset_after":90}]}"#;
    let server = Server::start(ServerSettings {
        faults: FaultScript::parse(fault).unwrap(),
        wall_clock: || NOW.load(Ordering::Relaxed),
        ..settings(127, constant_latency(Duration::ZERO))
    });
    let server = server.unwrap();
    let mut client = RawClient::connect(&server);
    assert_eq!(client.get(&followers_path("")).status, 200);
    let profile = format!("/users/{DEFAULT_USER}");
    for target in
        [followers_path("?page=2"), followers_path("?page=2"), followers_path(""), profile]
    {
        let response = client.get(&target);
        assert_eq!((response.status, response.text()), (429, PRIMARY), "{target}");
        assert_eq!(response.numeric_header("x-ratelimit-remaining"), 0);
        assert_eq!(response.numeric_header("x-ratelimit-used"), HOURLY_LIMIT);
        assert_eq!(response.numeric_header("x-ratelimit-reset"), 1_700_000_090);
        assert_eq!(response.header("date"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
        assert_eq!((response.header("retry-after"), response.header("link")), (None, None));
    }
    NOW.store(1_700_000_089, Ordering::Relaxed);
    let rejection = client.get(&followers_path("?page=2"));
    assert_eq!(
        (rejection.status, rejection.header("date")),
        (429, Some("Tue, 14 Nov 2023 22:14:49 GMT"))
    );
    let core = &client.get("/rate_limit").json()["resources"]["core"];
    assert_eq!((&core["remaining"], &core["reset"]), (&0.into(), &1_700_000_090_u64.into()));

    NOW.store(1_700_000_090, Ordering::Relaxed);
    let response = client.get(&followers_path("?page=2"));
    assert_eq!((response.status, response.numeric_header("x-ratelimit-used")), (200, 1));
    assert_eq!(
        client.get(&followers_path("?page=2")).status,
        429,
        "the fault applies again in the new window"
    );
}

#[test]
fn secondary_limit_rejects_all_requests_until_retry_after_and_costs_no_quota() {
    let server = faulty_server(127, r#"{"page":2,"fault":"secondary_limit","retry_after":1}"#);
    let mut client = RawClient::connect(&server);
    let begin = now();
    let rejection = client.get(&followers_path("?page=2"));
    let id = rejection.header("x-github-request-id").unwrap();
    let body = format!(
        r#"{{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on scraping GitHub and how it may affect your rights, please review our Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service) If you reach out to GitHub Support for help, please include the request ID {id}.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits","status":"403"}}"#
    );
    assert_eq!((rejection.status, rejection.text()), (403, &*body));
    assert_eq!(server.request_counts().early, 0);
    let mut rejected = 0;
    let response = loop {
        let response = client.get(&followers_path(""));
        if response.status == 200 {
            break response;
        }
        rejected += 1;
        assert_eq!((response.status, response.header("retry-after")), (403, Some("1")));
        assert!(begin.elapsed() < HANG_TIMEOUT);
    };
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(response.numeric_header("x-ratelimit-used"), 2);
    let early = server.request_counts().early;
    assert!((1..=rejected).contains(&early), "{early} of {rejected}");
    assert_eq!(client.get(&followers_path("?page=2")).status, 200);
    assert_eq!(server.request_counts().early, early);
}

#[test]
fn secondary_limit_sends_retry_after_only_if_the_script_sets_it() {
    let server =
        faulty_server(127, r#"{"page":2,"fault":"secondary_limit","status":429,"lasts":0}"#);
    let mut client = RawClient::connect(&server);
    let rejection = client.get(&followers_path("?page=2"));
    assert_eq!((rejection.status, rejection.header("retry-after")), (429, None));
    assert_eq!(client.get(&followers_path("?page=2")).status, 200);
    let hint = r#"{"page":2,"fault":"secondary_limit","retry_after":9,"lasts":0}"#;
    let rejection = RawClient::connect(&faulty_server(127, hint)).get(&followers_path("?page=2"));
    assert_eq!(rejection.header("retry-after"), Some("9"));
}

#[test]
fn requests_during_a_known_limit_count_as_early() {
    for limit in ["primary_limit", "secondary_limit"] {
        let server = faulty_server(127, &format!(r#"{{"page":2,"fault":"{limit}"}}"#));
        let mut client = RawClient::connect(&server);
        assert_eq!(client.get(&followers_path("?page=2")).status, 403);
        wait_until(|| {
            // This endpoint is exempt from limits, and its requests are never early.
            assert_eq!(RawClient::connect(&server).get("/rate_limit").status, 200);
            assert_eq!(RawClient::connect(&server).get(&followers_path("")).status, 403, "{limit}");
            server.request_counts().early == 2
        });
    }
}
