//! What is sent: to which address, with which headers, and where the token goes.

use std::sync::Arc;

use threadline::engine::{Clock, Launcher};
use threadline::github::{Api, ApiError, RetryPolicy, Token};
use threadline::model::{WorkSpec, Workload};

use super::peer::{Peer, response_bytes};
use super::{ClientRun, body, failure_of, pages, plan, run};

const SECRET: &str = "ghp_0123456789abcdef";

fn token() -> Token {
    Token::new("GH_TOKEN", SECRET).unwrap()
}

#[test]
fn a_request_says_what_github_asks_for() {
    let peer = Peer::answering(response_bytes(200, "", body(1, 1)));
    run(&peer.url(), pages(1));
    let asked = &peer.requests()[0];
    assert_eq!(asked.target, "/users/octocat/followers?per_page=30&page=1");
    assert_eq!(asked.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(asked.header("x-github-api-version"), Some("2022-11-28"));
    assert!(asked.header("user-agent").unwrap().starts_with("threadline/"));
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(asked.header("host").unwrap(), format!("127.0.0.1:{}", peer.port()));
}

#[test]
fn a_base_with_a_path_keeps_it() {
    for base in ["/api/v3", "/api/v3/"] {
        let peer = Peer::answering(response_bytes(200, "", body(1, 1)));
        run(&format!("{}{base}", peer.url()), pages(1));
        run(&format!("{}{base}", peer.url()), plan(Workload::Profile, 1, 1));
        let targets: Vec<String> = peer.requests().into_iter().map(|asked| asked.target).collect();
        let expected =
            ["/api/v3/users/octocat/followers?per_page=30&page=1", "/api/v3/users/octocat"];
        assert_eq!(targets, expected);
    }
}

#[test]
fn a_name_cannot_leave_its_place_in_the_path() {
    for (user, path) in [
        ("a/../b", "/users/a%2F..%2Fb/followers"),
        ("a b?c=d#e", "/users/a%20b%3Fc=d%23e/followers"),
        ("50%", "/users/50%25/followers"),
        ("\u{fc}ml\u{e4}ut", "/users/%C3%BCml%C3%A4ut/followers"),
        // The url crate drops line breaks, as browsers do.
        ("a\r\nx: y", "/users/ax:%20y/followers"),
    ] {
        let peer = Peer::answering(response_bytes(200, "", body(1, 1)));
        let mut plan = pages(1);
        if let WorkSpec::Followers(target) = &mut plan.work {
            user.clone_into(&mut target.user);
        }
        run(&peer.url(), plan);
        let target = &peer.requests()[0].target;
        assert_eq!(target.split('?').next(), Some(path));
    }
}

#[test]
fn the_token_is_sent_with_every_request_and_printed_with_none() {
    let unauthorized = response_bytes(401, "", r#"{"message":"Bad credentials"}"#);
    let peer = Peer::answering(unauthorized);
    let client_run =
        ClientRun::start(Api::new(&peer.url(), Some(token())).unwrap(), pages(1)).wait_for_end();
    let bearer = format!("Bearer {SECRET}");
    assert_eq!(peer.requests()[0].header("authorization"), Some(bearer.as_str()));
    let message = failure_of(&client_run).message;
    assert!(message.contains("the token in GH_TOKEN (Bad credentials)"), "{message}");

    let api = Arc::new(Api::new(&peer.url(), Some(token())).unwrap());
    let launcher = Launcher::new(Some(Arc::clone(&api)), RetryPolicy::default(), Clock::system());
    let printed = format!("{message} {api:?} {api:#?} {launcher:?} {:?}", client_run.events);
    assert!(!printed.contains(SECRET) && !printed.contains("ghp_"), "{printed}");
}

#[test]
fn a_token_does_not_cross_the_network_in_the_clear() {
    let refused = Api::new("http://api.example.com", Some(token())).unwrap_err();
    assert!(matches!(refused, ApiError::TokenOverPlainHttp { .. }));
    assert!(!refused.to_string().contains(SECRET));
    for url in
        ["https://api.example.com", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"]
    {
        assert!(Api::new(url, Some(token())).is_ok(), "{url}");
    }
    // Not by a name that only begins or ends like this machine's.
    for url in [
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://name.localhost",
        "http://localhost.",
    ] {
        assert!(Api::new(url, Some(token())).is_err(), "{url}");
    }
}

#[test]
fn what_is_no_token_is_refused_without_being_printed() {
    for secret in ["two words", "line\nbreak", "ghp_\u{fc}", "tab\t", "nul\0"] {
        let error = Token::new("GITHUB_TOKEN", secret).unwrap_err().to_string();
        assert!(error.contains("GITHUB_TOKEN") && !error.contains(secret), "{error}");
    }
}

#[test]
fn what_is_no_api_is_refused() {
    for url in ["", "api.github.com", "ftp://x", "file:///etc/passwd", "http://", "https:", "a b"] {
        assert!(matches!(Api::new(url, None), Err(ApiError::InvalidUrl(_))), "{url}");
    }
    for url in ["https://me@x", "https://:p@x", "https://x?q", "https://x#f"] {
        assert_eq!(Api::new(url, None).unwrap_err(), ApiError::UnexpectedUrlPart, "{url}");
    }
}
