//! Faults of the response: status, body, Link header and redirect.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;
use threadline::server::DEFAULT_USER;

use crate::server::raw_client::*;

/// Fetches page 2 twice: with the fault, and then without it.
fn fetch_page_2_twice(fault: &str) -> [ServerResponse; 2] {
    let server = faulty_server(127, fault);
    let mut client = RawClient::connect(&server);
    [client.get(&followers_path("?page=2")), client.get(&followers_path("?page=2"))]
}

fn fetch_page_2(fault: &str) -> ServerResponse {
    let [response, _] = fetch_page_2_twice(fault);
    response
}

#[test]
fn status_fault_has_githubs_error_body() {
    let docs = "https://docs.github.com/rest";
    let list = "/users/followers#list-followers-of-a-user";
    let json = |status, message: &str, url: &str| {
        format!(r#"{{"message":"{message}","documentation_url":"{url}","status":"{status}"}}"#)
    };
    let forbidden = "Resource not accessible by personal access token";
    let pagination_limited =
        "In order to keep the API fast for everyone, pagination is limited for this resource.";
    for (status, body) in [
        (401, json(401, "Bad credentials", docs)),
        (403, json(403, forbidden, &format!("{docs}{list}"))),
        (404, json(404, "Not Found", &format!("{docs}{list}"))),
        (410, json(410, "Gone", &format!("{docs}{list}"))),
        (422, json(422, pagination_limited, "https://docs.github.com/v3/#pagination")),
        (451, json(451, "Unavailable For Legal Reasons", &format!("{docs}{list}"))),
        (500, r#"{"message":"Server Error","status":"500"}"#.to_owned()),
        (502, r#"{"message":"Server Error","status":"502"}"#.to_owned()),
        (599, r#"{"message":"Server Error","status":"599"}"#.to_owned()),
    ] {
        let response = fetch_page_2(&format!(r#"{{"fault":"status","status":{status}}}"#));
        assert_eq!((response.status, response.text()), (status, &*body));
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
        assert_ne!(response.header("x-ratelimit-remaining"), Some("0"));
        assert_eq!((response.header("link"), response.header("retry-after")), (None, None));
    }
    let version = fetch_page_2(r#"{"fault":"status","status":400}"#).json();
    assert_eq!(version["message"], "The version you specified is not a supported version.");
    assert!(version["errors"].is_string());
    assert_eq!(fetch_page_2(r#"{"fault":"status","status":304}"#).body, b"");
}

#[test]
fn status_503_and_504_have_githubs_html_page() {
    for status in [503, 504] {
        let fault = format!(r#"{{"fault":"status","status":{status},"retry_after":7}}"#);
        let response = fetch_page_2(&fault);
        assert_eq!(response.status, status);
        assert_eq!(response.header("content-type"), Some("text/html"));
        assert_eq!(response.header("retry-after"), Some("7"));
        assert!(response.text().contains("<title>Unicorn! &middot; GitHub</title>"));
    }
}

#[test]
fn message_of_a_status_fault_is_sent_unchanged() {
    let fault = r#"{"fault":"status","status":503,"message":"\u001b[31m\"red\"\u202e"}"#;
    let response = fetch_page_2(fault);
    assert_eq!(response.status, 503);
    assert_eq!(response.json()["message"], "\u{1b}[31m\"red\"\u{202e}");
}

#[test]
fn body_faults_change_the_body_or_its_content_type() {
    const JSON: &str = "application/json; charset=utf-8";
    type BodyFn = fn(&[u8]) -> &[u8];
    let cases: [(&str, &str, BodyFn); 4] = [
        (r#"{"fault":"truncated_json"}"#, JSON, |body| &body[..body.len() / 2]),
        (r#"{"fault":"empty"}"#, JSON, |_| b""),
        (r#"{"fault":"content_type"}"#, "text/html; charset=utf-8", |body| body),
        (r#"{"fault":"deep","levels":3}"#, JSON, |_| b"[[[]]]"),
    ];
    for (fault, content_type, body) in cases {
        let [response, normal] = fetch_page_2_twice(fault);
        assert_eq!((response.status, &*response.body), (200, body(&normal.body)), "{fault}");
        assert_eq!(response.header("content-type"), Some(content_type), "{fault}");
        assert_eq!(response.header("link"), normal.header("link"), "{fault}");
    }
    let page = fetch_page_2(r#"{"fault":"html"}"#);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!DOCTYPE html>") && page.header("link").is_none());
    let deep = fetch_page_2(r#"{"fault":"deep"}"#);
    assert_eq!(deep.body.len(), 200_000);
}

#[test]
fn wrong_type_changes_the_json_type_of_the_list_or_of_a_key() {
    let fetch_json = |of: &str| {
        fetch_page_2_twice(&format!(r#"{{"fault":"wrong_type","of":"{of}"}}"#))
            .map(|page| page.json())
    };
    let [list, normal] = fetch_json("list");
    assert_eq!(list["followers"], normal);
    let [ids, normal] = fetch_json("id");
    assert_eq!(ids[29]["id"], normal[29]["id"].to_string());
    let [logins, normal] = fetch_json("login");
    assert_eq!((&logins[29]["login"], &logins[29]["id"]), (&Value::Null, &normal[29]["id"]));
    let server = faulty_server(3, r#"{"page":"profile","fault":"wrong_type"}"#);
    let profile = RawClient::connect(&server).get(&format!("/users/{DEFAULT_USER}")).json();
    assert_eq!(profile[0]["login"], DEFAULT_USER);
}

#[test]
fn huge_body_has_the_given_size_and_is_still_a_page() {
    let [response, normal] = fetch_page_2_twice(r#"{"fault":"huge","bytes":3000000}"#);
    assert_eq!((response.body.len(), response.users()), (3_000_000, normal.users()));

    let server = faulty_server(127, r#"{"fault":"huge"}"#);
    let mut client = RawClient::connect(&server);
    client.send(&request("GET", &followers_path("")));
    assert_eq!(client.read_head().numeric_header("content-length"), 100_000_000);
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn gzip_bomb_is_small_until_it_is_inflated() {
    let [mut response, normal] = fetch_page_2_twice(r#"{"fault":"gzip_bomb","bytes":20000000}"#);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.body.len() < 40_000, "{}", response.body.len());
    let mut inflated = Vec::new();
    GzDecoder::new(&*response.body).read_to_end(&mut inflated).unwrap();
    assert!(inflated.len() > 20_000_000);
    response.body = inflated;
    assert_eq!(response.users(), normal.users());
}

#[test]
fn escapes_make_texts_hostile_and_keep_ids() {
    let [response, normal] = fetch_page_2_twice(r#"{"fault":"escapes"}"#);
    let ids = |users: Vec<(String, u64)>| users.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(ids(response.users()), ids(normal.users()));
    let list = response.json();
    for key in ["login", "html_url", "name"] {
        let texts = list.as_array().unwrap().iter().map(|user| user[key].as_str().unwrap());
        let texts: Vec<&str> = texts.collect();
        for hostile in [
            "\u{1b}[2J",
            "\u{1b}]8;;",
            "\u{1b}]52;",
            "\u{9b}",
            "\0",
            "\u{7f}",
            "\n",
            "\u{202e}",
            "\u{200b}",
            "e\u{301}",
            "漢",
            "=cmd|",
            "+1",
            "-2",
            "@SUM",
        ] {
            assert!(texts.iter().any(|text| text.contains(hostile)), "{key} {hostile:?}");
        }
    }
    // JSON escapes control characters; without that the body would not parse.
    assert!(!response.body.contains(&0x1b) && !response.body.contains(&b'\n'));
    let server = faulty_server(3, r#"{"page":"profile","fault":"escapes"}"#);
    let profile = RawClient::connect(&server).get(&format!("/users/{DEFAULT_USER}")).json();
    assert_eq!(profile["login"], format!("\u{1b}[2J\u{1b}[1;1H\u{1b}[31m{DEFAULT_USER}"));
}

#[test]
fn link_faults_replace_or_remove_the_links() {
    for to in [
        "http://evil.example/users/x/followers?page=3",
        "javascript:alert(1)",
        "",
        "?page=99999999999",
    ] {
        let [response, normal] = fetch_page_2_twice(&format!(r#"{{"fault":"link","to":"{to}"}}"#));
        let links = format!(r#"<{to}>; rel="next", <{to}>; rel="last""#);
        assert_eq!(response.header("link"), Some(&*links));
        assert_eq!(response.body, normal.body);
    }
    let [response, normal] = fetch_page_2_twice(r#"{"fault":"no_links"}"#);
    assert_eq!((response.header("link"), &response.body), (None, &normal.body));
}

#[test]
fn redirect_targets_the_same_page_or_the_given_url() {
    let server = faulty_server(
        127,
        r#"{"page":2,"fault":"redirect"},{"page":"profile","fault":"redirect","status":307}"#,
    );
    let mut client = RawClient::connect(&server);
    for (target, status) in
        [(followers_path("?page=2&per_page=10"), 301), (format!("/users/{DEFAULT_USER}"), 307)]
    {
        let redirect = client.get(&target);
        let location = redirect.header("location").unwrap().to_owned();
        assert_eq!((redirect.status, redirect.json()["url"].as_str()), (status, Some(&*location)));
        let path = location.strip_prefix(&server.url()).unwrap();
        assert!(path.starts_with("/user/"), "{path}");
        let found = client.get(path);
        assert_eq!((found.status, found.header("location")), (200, None));
        assert_eq!(client.get(&target).status, status, "the fault applies again after one request");
        assert_eq!(client.get(&target).body, found.body);
    }
    for to in ["http://evil.example/", "/users/x", "//evil.example", "javascript:alert(1)"] {
        let redirect = fetch_page_2(&format!(r#"{{"fault":"redirect","status":302,"to":"{to}"}}"#));
        assert_eq!((redirect.status, redirect.header("location")), (302, Some(to)));
    }
}
