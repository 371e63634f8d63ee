//! Follower pages, their Link headers, and the profile.

use std::collections::HashSet;

use threadline::server::{DEFAULT_FOLLOWERS, DEFAULT_USER};

use crate::server::raw_client::*;

#[test]
fn link_header_names_the_adjacent_first_and_last_pages() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let id = fetch_profile_id(&mut client);
    let cases: [(&str, &[(u64, &str)]); 6] = [
        ("", &[(2, "next"), (5, "last")]),
        ("?page=1", &[(2, "next"), (5, "last")]),
        ("?page=3", &[(2, "prev"), (4, "next"), (5, "last"), (1, "first")]),
        ("?page=5", &[(4, "prev"), (1, "first")]),
        ("?page=6", &[(5, "prev"), (5, "last"), (1, "first")]),
        ("?page=9999", &[(5, "prev"), (5, "last"), (1, "first")]),
    ];
    for (query, links) in cases {
        let response = client.get(&followers_path(query));
        let expected = link_header(&server, id, "", links);
        assert_eq!(response.status, 200);
        assert_eq!(response.header("link"), Some(&*expected), "{query}");
    }
    assert_eq!(client.get(&followers_path("?page=5")).users().len(), 7);
    assert_eq!(client.get(&followers_path("?page=6")).body, b"[]");
}

#[test]
fn single_page_has_no_link_header() {
    for (count, query) in [(0, ""), (30, ""), (31, "?per_page=31"), (100, "?per_page=100")] {
        let response = RawClient::connect(&instant_server(count)).get(&followers_path(query));
        assert_eq!(response.header("link"), None);
        assert_eq!(response.users().len(), count as usize);
    }
    let response = RawClient::connect(&instant_server(31)).get(&followers_path(""));
    assert!(response.header("link").is_some());
}

#[test]
fn per_page_is_capped_at_100_and_repeated_as_sent_in_links() {
    let server = instant_server(250);
    let mut client = RawClient::connect(&server);
    let id = fetch_profile_id(&mut client);
    let cases = [
        ("1", 1, 250),
        ("100", 100, 3),
        ("101", 100, 3),
        ("500", 100, 3),
        ("0", 30, 9),
        ("-5", 30, 9),
        ("many", 30, 9),
        ("007", 7, 36),
        ("%3E%0D%0Ax:y", 30, 9),
    ];
    for (per_page, served, last) in cases {
        let response = client.get(&followers_path(&format!("?per_page={per_page}")));
        let size = format!("per_page={}&", per_page.replace(':', "%3A"));
        let expected = link_header(&server, id, &size, &[(2, "next"), (last, "last")]);
        assert_eq!(response.users().len(), served, "{per_page}");
        assert_eq!(response.header("link"), Some(&*expected));
    }
}

#[test]
fn next_links_lead_through_the_whole_list() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let mut found = Vec::new();
    let mut target = followers_path("?per_page=50");
    loop {
        let response = client.get(&target);
        found.extend(response.users());
        let next = response.header("link").and_then(|links| {
            let link = links.split(", ").find(|link| link.ends_with(r#"rel="next""#))?;
            link.strip_prefix(&format!("<{}", server.url()))?.split('>').next()
        });
        match next {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(found.len(), 127);
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), 127);
}

#[test]
fn page_of_30_has_the_size_and_the_fields_of_githubs() {
    let server = instant_server(DEFAULT_FOLLOWERS);
    let response = RawClient::connect(&server).get(&followers_path(""));
    assert!((25_000..35_000).contains(&response.body.len()));
    assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(response.header("x-github-media-type"), Some("github.v3; format=json"));
    assert!(response.header("x-github-request-id").is_some());
    let list = response.json();
    let user = list[0].as_object().unwrap();
    let login = user["login"].as_str().unwrap();
    assert_eq!(user["html_url"], format!("https://github.com/{login}"));
    assert_eq!(user["type"], "User");
    assert_eq!(user.len(), 19);
}

#[test]
fn profile_has_the_result_count_by_login_and_by_id() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let profile = client.get("/users/AaronLeLevier").json();
    assert_eq!(profile["login"], DEFAULT_USER);
    assert_eq!(profile["type"], "User");
    assert_eq!(profile["followers"], 127);
    let by_id = client.get(&format!("/user/{}", profile["id"])).json();
    assert_eq!(by_id, profile);
}

#[test]
fn last_page_of_a_million_followers_is_full() {
    let server = instant_server(1_000_000);
    let mut client = RawClient::connect(&server);
    let last = client.get(&followers_path("?per_page=100&page=10000"));
    assert_eq!(last.users().len(), 100);
    assert_eq!(client.get(&followers_path("?per_page=100&page=10001")).body, b"[]");
}
