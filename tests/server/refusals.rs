//! What is refused, and in which words.

use std::time::Duration;

use threadline::github::server::{DEFAULT_USER, HOURLY_LIMIT, Server, ServerError, ServerSettings};

use crate::client::*;

#[test]
fn what_is_not_there_is_404_in_githubs_words() {
    let server = quick(3);
    let mut client = RawClient::to(&server);
    let user = "/users/users#get-a-user";
    let list = "/users/followers#list-followers-of-a-user";
    let slash = format!("/users/{DEFAULT_USER}/");
    let list_slash = followers("/");
    let cases = [
        ("GET", "/users/nobody/followers", list),
        ("GET", "/user/1/followers", list),
        ("GET", "/users/nobody", user),
        ("GET", &*slash, ""),
        ("GET", &*list_slash, ""),
        ("GET", "/", ""),
        ("GET", "//", ""),
        ("GET", "*", ""),
        ("GET", "/users", ""),
        ("POST", "/rate_limit", ""),
        ("DELETE", "/users/nobody", ""),
    ];
    for (method, target, about) in cases {
        client.send(&request(method, target));
        let response = client.response();
        let body = format!(
            r#"{{"message":"Not Found","documentation_url":"https://docs.github.com/rest{about}","status":"404"}}"#
        );
        assert_eq!((response.status, response.text()), (404, &*body), "{target}");
    }
}

#[test]
fn who_does_not_say_who_he_is_is_refused() {
    let server = quick(3);
    let mut client = RawClient::to(&server);
    client.send(&format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", followers("")));
    let response = client.response();
    assert_eq!(response.status, 403);
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(
        response.text(),
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
         header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
         Check https://developer.github.com for other possible causes."
    );
    client.send("GET /rate_limit HTTP/1.1\r\nUSER-AGENT:\r\n\r\n");
    assert_eq!(client.response().status, 200);
}

#[test]
fn the_quota_counts_down() {
    let server = quick(3);
    let mut client = RawClient::to(&server);
    let cases = [
        (followers(""), 1),
        (format!("/users/{DEFAULT_USER}"), 2),
        ("/rate_limit".to_owned(), 2),
        ("/users/nobody".to_owned(), 3),
        ("/rate_limit".to_owned(), 3),
    ];
    for (target, used) in cases {
        let response = client.get(&target);
        assert_eq!(response.number("x-ratelimit-limit"), HOURLY_LIMIT);
        assert_eq!(response.number("x-ratelimit-used"), used, "{target}");
        assert_eq!(response.number("x-ratelimit-remaining"), HOURLY_LIMIT - used);
        assert_eq!(response.number("x-ratelimit-reset"), 1_700_003_600);
        assert_eq!(response.header("x-ratelimit-resource"), Some("core"));
    }
    let core = &client.get("/rate_limit").json()["resources"]["core"];
    assert_eq!(core["limit"], HOURLY_LIMIT);
    assert_eq!(core["used"], 3);
    assert_eq!(core["remaining"], HOURLY_LIMIT - 3);
    assert_eq!(core["reset"], 1_700_003_600);
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    let server = quick(3);
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(17_000));
    for (bytes, status) in [("HELLO\r\n\r\n", 400), ("\0\0\0\0", 400), (&*long, 431)] {
        let mut client = RawClient::to(&server);
        client.send(bytes);
        assert_eq!(client.response().status, status);
        assert!(client.is_closed());
    }
}

#[test]
fn what_cannot_be_served_is_said_at_the_start() {
    for user in ["", "two words", "a/b", "käthe", &"x".repeat(40)] {
        let user = user.to_owned();
        let wrong = ServerSettings { user, ..settings(3, uniform(Duration::ZERO)) };
        assert!(matches!(Server::start(wrong), Err(ServerError::User { .. })));
    }
    let error = Server::start(settings(1_000_001, uniform(Duration::ZERO))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1000001 followers are too many; the built-in server has at most 1000000"
    );
}
