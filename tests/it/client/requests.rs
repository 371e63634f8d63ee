//! Requests: paths, headers and tokens, and API URLs that the client rejects.

use std::sync::Arc;

use threadline::github::{Api, ApiError, Token};
use threadline::http::RetryPolicy;
use threadline::model::WorkSpec;
use threadline::source::{Clock, Launcher};

use super::{ClientRun, page_body, pages, run_failure, run_to_end};
use crate::peer::{Peer, response_bytes};

const SECRET: &str = "ghp_0123456789abcdef";

fn token() -> Token {
    Token::new("GH_TOKEN", SECRET).unwrap()
}

#[test]
fn request_has_the_path_and_headers_that_github_requires() {
    let peer = Peer::answering(response_bytes(200, "", page_body(1, 1)));
    run_to_end(&peer.url(), pages(1));
    let request = &peer.requests()[0];
    assert_eq!(request.target, "/users/octocat/followers?per_page=30&page=1");
    assert_eq!(request.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
    assert!(request.header("user-agent").unwrap().starts_with("threadline/"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("host").unwrap(), format!("127.0.0.1:{}", peer.port()));
}

#[test]
fn path_of_the_api_url_is_kept() {
    for base in ["/api/v3", "/api/v3/"] {
        let peer = Peer::answering(response_bytes(200, "", page_body(1, 1)));
        run_to_end(&format!("{}{base}", peer.url()), pages(1));
        let targets: Vec<String> =
            peer.requests().into_iter().map(|request| request.target).collect();
        assert_eq!(targets, ["/api/v3/users/octocat/followers?per_page=30&page=1"]);
    }
}

#[test]
fn user_name_is_encoded_into_one_path_segment() {
    for (user, path) in [
        ("a/../b", "/users/a%2F..%2Fb/followers"),
        ("a b?c=d#e", "/users/a%20b%3Fc=d%23e/followers"),
        ("50%", "/users/50%25/followers"),
        ("\u{fc}ml\u{e4}ut", "/users/%C3%BCml%C3%A4ut/followers"),
        // The url crate drops line breaks, as browsers do.
        ("a\r\nx: y", "/users/ax:%20y/followers"),
    ] {
        let peer = Peer::answering(response_bytes(200, "", page_body(1, 1)));
        let mut plan = pages(1);
        if let WorkSpec::Followers(target) = &mut plan.work {
            user.clone_into(&mut target.user);
        }
        run_to_end(&peer.url(), plan);
        let target = &peer.requests()[0].target;
        assert_eq!(target.split('?').next(), Some(path));
    }
}

#[test]
fn token_is_sent_but_never_printed() {
    let unauthorized = response_bytes(401, "", r#"{"message":"Bad credentials"}"#);
    let peer = Peer::answering(unauthorized);
    let client_run =
        ClientRun::start(Api::new(&peer.url(), Some(token())).unwrap(), pages(1)).wait_for_end();
    let bearer = format!("Bearer {SECRET}");
    assert_eq!(peer.requests()[0].header("authorization"), Some(bearer.as_str()));
    let message = run_failure(&client_run).message;
    assert!(message.contains("the token in GH_TOKEN (Bad credentials)"), "{message}");

    let api = Arc::new(Api::new(&peer.url(), Some(token())).unwrap());
    let launcher = Launcher::new(Some(Arc::clone(&api)), RetryPolicy::default(), Clock::system());
    let printed = format!("{message} {api:?} {api:#?} {launcher:?} {:?}", client_run.events);
    assert!(!printed.contains(SECRET) && !printed.contains("ghp_"), "{printed}");
}

#[test]
fn token_is_rejected_over_plain_http_except_on_loopback() {
    let error = Api::new("http://api.example.com", Some(token())).unwrap_err();
    assert!(matches!(error, ApiError::TokenOverPlainHttp { .. }));
    assert!(!error.to_string().contains(SECRET));
    for url in
        ["https://api.example.com", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"]
    {
        assert!(Api::new(url, Some(token())).is_ok(), "{url}");
    }
    // Names that only begin or end like a loopback name.
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
fn invalid_token_is_rejected_without_being_printed() {
    for secret in ["two words", "line\nbreak", "ghp_\u{fc}", "tab\t", "nul\0"] {
        let error = Token::new("GITHUB_TOKEN", secret).unwrap_err().to_string();
        assert!(error.contains("GITHUB_TOKEN") && !error.contains(secret), "{error}");
    }
}

#[test]
fn invalid_api_url_is_rejected() {
    for url in ["", "api.github.com", "ftp://x", "file:///etc/passwd", "http://", "https:", "a b"] {
        assert!(matches!(Api::new(url, None), Err(ApiError::InvalidUrl(_))), "{url}");
    }
    for url in ["https://me@x", "https://:p@x", "https://x?q", "https://x#f"] {
        assert_eq!(Api::new(url, None).unwrap_err(), ApiError::UnexpectedUrlPart, "{url}");
    }
}
