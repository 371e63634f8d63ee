//! Faults of what is said: statuses, bodies, links.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;
use threadline::github::server::DEFAULT_USER;

use crate::client::*;

/// Page 2 of a server that plays this fault, and then the page as it is.
fn pages_2(fault: &str) -> [ServerResponse; 2] {
    let server = faulty(127, fault);
    let mut client = RawClient::to(&server);
    [client.get(&followers("?page=2")), client.get(&followers("?page=2"))]
}

fn page_2(fault: &str) -> ServerResponse {
    let [page, _] = pages_2(fault);
    page
}

#[test]
fn a_status_has_githubs_words_for_it() {
    let about = "https://docs.github.com/rest";
    let list = "/users/followers#list-followers-of-a-user";
    let json = |status, words: &str, about: &str| {
        format!(r#"{{"message":"{words}","documentation_url":"{about}","status":"{status}"}}"#)
    };
    let forbidden = "Resource not accessible by personal access token";
    let deep =
        "In order to keep the API fast for everyone, pagination is limited for this resource.";
    for (status, body) in [
        (401, json(401, "Bad credentials", about)),
        (403, json(403, forbidden, &format!("{about}{list}"))),
        (404, json(404, "Not Found", &format!("{about}{list}"))),
        (410, json(410, "Gone", &format!("{about}{list}"))),
        (422, json(422, deep, "https://docs.github.com/v3/#pagination")),
        (451, json(451, "Unavailable For Legal Reasons", &format!("{about}{list}"))),
        (500, r#"{"message":"Server Error","status":"500"}"#.to_owned()),
        (502, r#"{"message":"Server Error","status":"502"}"#.to_owned()),
        (599, r#"{"message":"Server Error","status":"599"}"#.to_owned()),
    ] {
        let response = page_2(&format!(r#"{{"fault":"status","status":{status}}}"#));
        assert_eq!((response.status, response.text()), (status, &*body));
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
        assert_ne!(response.header("x-ratelimit-remaining"), Some("0"));
        assert_eq!((response.header("link"), response.header("retry-after")), (None, None));
    }
    let version = page_2(r#"{"fault":"status","status":400}"#).json();
    assert_eq!(version["message"], "The version you specified is not a supported version.");
    assert!(version["errors"].is_string());
    assert_eq!(page_2(r#"{"fault":"status","status":304}"#).body, b"");
}

#[test]
fn an_overloaded_github_answers_with_a_web_page() {
    for status in [503, 504] {
        let fault = format!(r#"{{"fault":"status","status":{status},"retry_after":7}}"#);
        let response = page_2(&fault);
        assert_eq!(response.status, status);
        assert_eq!(response.header("content-type"), Some("text/html"));
        assert_eq!(response.header("retry-after"), Some("7"));
        assert!(response.text().contains("<title>Unicorn! &middot; GitHub</title>"));
    }
}

#[test]
fn a_message_is_said_with_all_its_characters() {
    let fault = r#"{"fault":"status","status":503,"message":"\u001b[31m\"red\"\u202e"}"#;
    let response = page_2(fault);
    assert_eq!(response.status, 503);
    assert_eq!(response.json()["message"], "\u{1b}[31m\"red\"\u{202e}");
}

#[test]
fn a_body_is_no_page() {
    const JSON: &str = "application/json; charset=utf-8";
    type BodyFn = fn(&[u8]) -> &[u8];
    let cases: [(&str, &str, BodyFn); 4] = [
        (r#"{"fault":"truncated_json"}"#, JSON, |whole| &whole[..whole.len() / 2]),
        (r#"{"fault":"empty"}"#, JSON, |_| b""),
        (r#"{"fault":"content_type"}"#, "text/html; charset=utf-8", |whole| whole),
        (r#"{"fault":"deep","levels":3}"#, JSON, |_| b"[[[]]]"),
    ];
    for (fault, kind, body) in cases {
        let [response, honest] = pages_2(fault);
        assert_eq!((response.status, &*response.body), (200, body(&honest.body)), "{fault}");
        assert_eq!(response.header("content-type"), Some(kind), "{fault}");
        assert_eq!(response.header("link"), honest.header("link"), "{fault}");
    }
    let page = page_2(r#"{"fault":"html"}"#);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!DOCTYPE html>") && page.header("link").is_none());
    let deep = page_2(r#"{"fault":"deep"}"#);
    assert_eq!(deep.body.len(), 200_000);
}

#[test]
fn a_body_is_json_of_another_type() {
    let wrong = |of: &str| {
        pages_2(&format!(r#"{{"fault":"wrong_type","of":"{of}"}}"#)).map(|page| page.json())
    };
    let [list, honest] = wrong("list");
    assert_eq!(list["followers"], honest);
    let [ids, honest] = wrong("id");
    assert_eq!(ids[29]["id"], honest[29]["id"].to_string());
    let [logins, honest] = wrong("login");
    assert_eq!((&logins[29]["login"], &logins[29]["id"]), (&Value::Null, &honest[29]["id"]));
    let server = faulty(3, r#"{"page":"profile","fault":"wrong_type"}"#);
    let profile = RawClient::to(&server).get(&format!("/users/{DEFAULT_USER}")).json();
    assert_eq!(profile[0]["login"], DEFAULT_USER);
}

#[test]
fn a_body_is_huge_and_still_a_page() {
    let [response, honest] = pages_2(r#"{"fault":"huge","bytes":3000000}"#);
    assert_eq!((response.body.len(), response.users()), (3_000_000, honest.users()));

    let server = faulty(127, r#"{"fault":"huge"}"#);
    let mut client = RawClient::to(&server);
    client.send(&request("GET", &followers("")));
    assert_eq!(client.head().number("content-length"), 100_000_000);
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn a_gzip_bomb_is_small_until_it_is_inflated() {
    let [mut response, honest] = pages_2(r#"{"fault":"gzip_bomb","bytes":20000000}"#);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.body.len() < 40_000, "{}", response.body.len());
    let mut inflated = Vec::new();
    GzDecoder::new(&*response.body).read_to_end(&mut inflated).unwrap();
    assert!(inflated.len() > 20_000_000);
    response.body = inflated;
    assert_eq!(response.users(), honest.users());
}

#[test]
fn texts_are_hostile_and_numbers_stay() {
    let [response, honest] = pages_2(r#"{"fault":"escapes"}"#);
    let ids = |users: Vec<(String, u64)>| users.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(ids(response.users()), ids(honest.users()));
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
    // What JSON wants escaped is, or nobody would get to read it.
    assert!(!response.body.contains(&0x1b) && !response.body.contains(&b'\n'));
    let server = faulty(3, r#"{"page":"profile","fault":"escapes"}"#);
    let profile = RawClient::to(&server).get(&format!("/users/{DEFAULT_USER}")).json();
    assert_eq!(profile["login"], format!("\u{1b}[2J\u{1b}[1;1H\u{1b}[31m{DEFAULT_USER}"));
}

#[test]
fn links_lead_wherever_the_script_says() {
    for to in [
        "http://evil.example/users/x/followers?page=3",
        "javascript:alert(1)",
        "",
        "?page=99999999999",
    ] {
        let [response, honest] = pages_2(&format!(r#"{{"fault":"link","to":"{to}"}}"#));
        let links = format!(r#"<{to}>; rel="next", <{to}>; rel="last""#);
        assert_eq!(response.header("link"), Some(&*links));
        assert_eq!(response.body, honest.body);
    }
    let [response, honest] = pages_2(r#"{"fault":"no_links"}"#);
    assert_eq!((response.header("link"), &response.body), (None, &honest.body));
}

#[test]
fn a_redirect_leads_to_the_same_page_or_wherever_the_script_says() {
    let server = faulty(
        127,
        r#"{"page":2,"fault":"redirect"},{"page":"profile","fault":"redirect","status":307}"#,
    );
    let mut client = RawClient::to(&server);
    for (target, status) in
        [(followers("?page=2&per_page=10"), 301), (format!("/users/{DEFAULT_USER}"), 307)]
    {
        let moved = client.get(&target);
        let to = moved.header("location").unwrap().to_owned();
        assert_eq!((moved.status, moved.json()["url"].as_str()), (status, Some(&*to)));
        let path = to.strip_prefix(&server.url()).unwrap();
        assert!(path.starts_with("/user/"), "{path}");
        let found = client.get(path);
        assert_eq!((found.status, found.header("location")), (200, None));
        assert_eq!(client.get(&target).status, status, "it heals for one answer");
        assert_eq!(client.get(&target).body, found.body);
    }
    for to in ["http://evil.example/", "/users/x", "//evil.example", "javascript:alert(1)"] {
        let moved = page_2(&format!(r#"{{"fault":"redirect","status":302,"to":"{to}"}}"#));
        assert_eq!((moved.status, moved.header("location")), (302, Some(to)));
    }
}
