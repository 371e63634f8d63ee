//! Error responses, quota headers, and settings that the server rejects.

use std::time::Duration;

use threadline::server::{DEFAULT_USER, HOURLY_LIMIT, Server, ServerError, ServerSettings};

use crate::server::raw_client::*;

#[test]
fn unknown_resource_gets_githubs_404_body() {
    let server = instant_server(3);
    let mut client = RawClient::connect(&server);
    let user = "/users/users#get-a-user";
    let list = "/users/followers#list-followers-of-a-user";
    let slash = format!("/users/{DEFAULT_USER}/");
    let list_slash = followers_path("/");
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
    for (method, target, anchor) in cases {
        client.send(&request(method, target));
        let response = client.read_response();
        let body = format!(
            r#"{{"message":"Not Found","documentation_url":"https://docs.github.com/rest{anchor}","status":"404"}}"#
        );
        assert_eq!((response.status, response.text()), (404, &*body), "{target}");
    }
}

#[test]
fn request_without_user_agent_gets_403() {
    let server = instant_server(3);
    let mut client = RawClient::connect(&server);
    client.send(&format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", followers_path("")));
    let response = client.read_response();
    assert_eq!(response.status, 403);
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(
        response.text(),
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
         header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
         Check https://developer.github.com for other possible causes."
    );
    client.send("GET /rate_limit HTTP/1.1\r\nUSER-AGENT:\r\n\r\n");
    assert_eq!(client.read_response().status, 200);
}

#[test]
fn quota_headers_count_every_request_except_rate_limit() {
    let server = instant_server(3);
    let mut client = RawClient::connect(&server);
    let cases = [
        (followers_path(""), 1),
        (format!("/users/{DEFAULT_USER}"), 2),
        ("/rate_limit".to_owned(), 2),
        ("/users/nobody".to_owned(), 3),
        ("/rate_limit".to_owned(), 3),
    ];
    for (target, used) in cases {
        let response = client.get(&target);
        assert_eq!(response.numeric_header("x-ratelimit-limit"), HOURLY_LIMIT);
        assert_eq!(response.numeric_header("x-ratelimit-used"), used, "{target}");
        assert_eq!(response.numeric_header("x-ratelimit-remaining"), HOURLY_LIMIT - used);
        assert_eq!(response.numeric_header("x-ratelimit-reset"), 1_700_003_600);
        assert_eq!(response.header("x-ratelimit-resource"), Some("core"));
    }
    let core = &client.get("/rate_limit").json()["resources"]["core"];
    assert_eq!(core["limit"], HOURLY_LIMIT);
    assert_eq!(core["used"], 3);
    assert_eq!(core["remaining"], HOURLY_LIMIT - 3);
    assert_eq!(core["reset"], 1_700_003_600);
}

#[test]
fn malformed_request_gets_400_or_431_and_closes_the_connection() {
    let server = instant_server(3);
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(17_000));
    for (bytes, status) in [("HELLO\r\n\r\n", 400), ("\0\0\0\0", 400), (&*long, 431)] {
        let mut client = RawClient::connect(&server);
        client.send(bytes);
        assert_eq!(client.read_response().status, status);
        assert!(client.is_closed());
    }
}

#[test]
fn start_rejects_invalid_user_names_and_too_many_followers() {
    for user in ["", "two words", "a/b", "käthe", &"x".repeat(40)] {
        let user = user.to_owned();
        let invalid = ServerSettings { user, ..settings(3, constant_latency(Duration::ZERO)) };
        assert!(matches!(Server::start(invalid), Err(ServerError::User { .. })));
    }
    let error = Server::start(settings(1_000_001, constant_latency(Duration::ZERO))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1000001 followers are too many; the built-in server has at most 1000000"
    );
}
