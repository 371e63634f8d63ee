//! Cursors and URLs of next pages in bodies.

use super::*;
use crate::http::tests::{BITBUCKET, recorded, url};

const CURRENT: &str = "https://a.b/v1/items?n=10&cursor=old&token=x%20y";

fn find(pointer: &str, body: &str) -> Result<NextPage, NextError> {
    pointer.parse::<NextPointer>().unwrap().find(body.as_bytes(), &url(CURRENT))
}

fn next(pointer: &str, body: &str) -> String {
    match find(pointer, body) {
        Ok(NextPage::Url(url)) => url.into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn next_page_of_a_recorded_api_is_found() {
    let (current, _) = recorded(BITBUCKET);
    let next =
        "https://api.bitbucket.org/2.0/repositories/gitea/test_repo/pullrequests?page=2&pagelen=10";
    let pointer: NextPointer = "/next".parse().unwrap();
    let body =
        format!(r#"{{"values":[{{"id":1}}],"pagelen":10,"size":11,"page":1,"next":"{next}"}}"#);
    assert_eq!(pointer.find(body.as_bytes(), &current), Ok(NextPage::Url(url(next))));
    let last = pointer.find(br#"{"values":[],"pagelen":10}"#, &current).unwrap();
    let NextPage::Missing(place) = last else { panic!("{last:?}") };
    assert_eq!(place.to_string(), r#"the body is an object with "values", "pagelen""#);
}

#[test]
fn urls_and_cursors_are_followed() {
    for (pointer, body, expected) in [
        ("/next", r#"{"next":"https://a.b/v1/items?p=2"}"#, "https://a.b/v1/items?p=2"),
        ("/next", r#"{"next":"\/v1\/items?p=2"}"#, "https://a.b/v1/items?p=2"),
        ("/next", r#"{"next":"?p=2"}"#, "https://a.b/v1/items?p=2"),
        ("/meta/0", r#"{"meta":["?p=\u0032"]}"#, "https://a.b/v1/items?p=2"),
        (
            "cursor=/c",
            r#"{"c":"a/b+c=="}"#,
            "https://a.b/v1/items?n=10&token=x%20y&cursor=a%2Fb%2Bc%3D%3D",
        ),
        ("after=/c", r#"{"c":17}"#, "https://a.b/v1/items?n=10&cursor=old&token=x%20y&after=17"),
        (
            "page[after]=/c",
            r#"{"c":"\u001b é"}"#,
            "https://a.b/v1/items?n=10&cursor=old&token=x%20y&page%5Bafter%5D=%1B+%C3%A9",
        ),
    ] {
        assert_eq!(next(pointer, body), expected, "{body}");
        assert_eq!(pointer.parse::<NextPointer>().unwrap().to_string(), pointer);
    }
}

#[test]
fn lists_end() {
    for value in ["null", "false", "\"\""] {
        assert_eq!(find("cursor=/c", &format!("{{\"c\":{value}}}")), Ok(NextPage::End));
    }
}

#[test]
fn values_that_lead_nowhere_are_refused() {
    for (pointer, body, message) in [
        (
            "/c",
            r#"{"c":"abc"}"#,
            "the value at \"/c\" is not a URL; if it is a cursor, name its query parameter: --next cursor=/c",
        ),
        (
            "/c",
            r#"{"c":7}"#,
            "the value at \"/c\" is not a URL; if it is a cursor, name its query parameter: --next cursor=/c",
        ),
        (
            "/c",
            r#"{"c":"https://[/"}"#,
            "the value at \"/c\" is not a URL; if it is a cursor, name its query parameter: --next cursor=/c",
        ),
        (
            "c=/c",
            r#"{"c":{"x":1}}"#,
            "\"/c\" is an object with \"x\", not a URL or a cursor; check --next",
        ),
        ("/c", r#"{"c":true}"#, "\"/c\" is a boolean, not a URL or a cursor; check --next"),
        ("/c", r#"{"c":"https://evil.example/x"}"#, "the next page is on another server"),
        ("/c", r#"{"c":"//evil.example/x"}"#, "the next page is on another server"),
        ("/c", r#"{"c":"http://a.b:8080/v1/items"}"#, "the next page is on another server"),
        (
            "/c",
            &format!(r#"{{"c":"{CURRENT}"}}"#),
            "the next page is the page itself, so the list has no end",
        ),
        ("/c", "<html>", "the server sent an HTML page instead of JSON"),
    ] {
        assert_eq!(find(pointer, body).unwrap_err().to_string(), message, "{body}");
    }
    assert!("cursor".parse::<NextPointer>().is_err());
    assert!("=/c".parse::<NextPointer>().is_err());
}
