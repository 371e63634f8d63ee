//! Faults of the response: status, body and Link header.

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
fn body_faults_change_the_body() {
    let [response, normal] = fetch_page_2_twice(r#"{"fault":"truncated_json"}"#);
    assert_eq!((response.status, &*response.body), (200, &normal.body[..normal.body.len() / 2]));
    for header in ["content-type", "link"] {
        assert_eq!(response.header(header), normal.header(header));
    }
    let page = fetch_page_2(r#"{"fault":"html"}"#);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!DOCTYPE html>") && page.header("link").is_none());
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
fn no_links_removes_the_links() {
    let [response, normal] = fetch_page_2_twice(r#"{"fault":"no_links"}"#);
    assert_eq!((response.header("link"), &response.body), (None, &normal.body));
}
