//! Page numbers and offsets of recorded heads and of every shape, and those that are no such thing.

use super::*;
use crate::http::link_header::LinkSet;
use crate::http::tests::{GITEA, GITHUB, GITHUB_CURSOR, GITLAB, recorded, url};

/// The URLs of all pages after `https://a.b/`.
fn pages(parameter: &PageParameter) -> Vec<String> {
    let text = |page| parameter.url(page).unwrap().as_str().replace("https://a.b/", "");
    (1..=parameter.count()).map(text).collect()
}

fn between(first: &str, next: &str, last: &str) -> Option<PageParameter> {
    let url = |text: &str| url(&format!("https://a.b/{text}"));
    PageParameter::between(&url(first), &url(next), &url(last))
}

fn with_total(first: &str, next: &str, pages: u32) -> Option<PageParameter> {
    let url = |text: &str| url(&format!("https://a.b/{text}"));
    PageParameter::with_total(&url(first), &url(next), pages)
}

#[test]
fn pages_of_recorded_heads_are_found() {
    for (head, count, third) in [
        (
            GITHUB,
            Some(3),
            "https://api.github.com/repositories/220672974/issues/2/reactions?page=3&per_page=2",
        ),
        (
            GITLAB,
            Some(3),
            "https://gitlab.com/api/v4/projects/15578026/issues/2/award_emoji?id=15578026&issue_iid=2&page=3&per_page=2",
        ),
        (GITEA, Some(2), ""),
        (GITHUB_CURSOR, None, ""),
    ] {
        let (base, headers) = recorded(head);
        let links = LinkSet::from_headers(&headers, &base).unwrap();
        let (next, last) = (links.rel("next").unwrap(), links.rel("last"));
        let found = last.and_then(|last| PageParameter::between(&base, next, last));
        assert_eq!(found.as_ref().map(PageParameter::count), count);
        let Some(found) = found else { continue };
        assert_eq!((found.url(1), found.url(2)), (Some(base.clone()), Some(next.clone())));
        assert_eq!(found.url(3).map(String::from).unwrap_or_default(), third);
        assert_eq!((found.url(0), found.url(count.unwrap() + 1)), (None, None));
        if let Some(total) = headers.get("x-total-pages") {
            let total = total.to_str().unwrap().parse().unwrap();
            let by_total = PageParameter::with_total(&base, next, total).unwrap();
            assert_eq!((by_total.url(3), by_total.count()), (found.url(3), found.count()));
        }
    }
}

#[test]
fn page_numbers_and_offsets_are_told_apart() {
    for (first, next, last, expected) in [
        ("x", "x?page=2", "x?page=4", &["x", "x?page=2", "x?page=3", "x?page=4"][..]),
        ("x?page=1", "x?page=2", "x?page=4", &["x?page=1", "x?page=2", "x?page=3", "x?page=4"]),
        ("x?page=5", "x?page=6", "x?page=7", &["x?page=5", "x?page=6", "x?page=7"]),
        ("x", "x?page=1", "x?page=3", &["x", "x?page=1", "x?page=2", "x?page=3"]),
        ("x?page=0", "x?page=1", "x?page=2", &["x?page=0", "x?page=1", "x?page=2"]),
        ("x", "x?offset=20", "x?offset=60", &["x", "x?offset=20", "x?offset=40", "x?offset=60"]),
        (
            "x?offset=40",
            "x?offset=60",
            "x?offset=80",
            &["x?offset=40", "x?offset=60", "x?offset=80"],
        ),
        (
            "x",
            "x?startIndex=11",
            "x?startIndex=31",
            &["x", "x?startIndex=11", "x?startIndex=21", "x?startIndex=31"],
        ),
        (
            "x?q=a",
            "y/7?q=a%20b&page[number]=2&n=",
            "y/7?q=a%20b&page[number]=3&n=",
            &["x?q=a", "y/7?q=a%20b&page[number]=2&n=", "y/7?q=a%20b&page[number]=3&n="],
        ),
        (
            "x?page%5Bnumber%5D=3",
            "x?page[number]=4",
            "x?page[number]=5",
            &["x?page%5Bnumber%5D=3", "x?page[number]=4", "x?page[number]=5"],
        ),
        ("x?cursor=a", "x?cursor=b", "x?cursor=b", &["x?cursor=a", "x?cursor=b"]),
    ] {
        let found = between(first, next, last).unwrap_or_else(|| panic!("{next}"));
        assert_eq!(pages(&found), expected);
    }
}

#[test]
fn other_differences_are_not_guessed() {
    for (first, next, last) in [
        ("x", "x?cursor=b", "x?cursor=z"),
        ("x", "x?page=2&after=b", "x?page=9&after=z"),
        ("x", "x?page=2", "y?page=9"),
        ("x", "x?page=2", "x?p=9"),
        ("x", "x?page=2", "x?page=9&n=1"),
        ("x", "x?page=2", "x"),
        ("x", "x?page=02", "x?page=09"),
        ("x", "x?page=2", "x?page=-9"),
        ("x", "x?page=2", "x?page=1"),
        ("x", "x?page=0", "x?page=9"),
        ("x?page=2", "x?page=2", "x?page=9"),
        ("x?page=3", "x?page=2", "x?page=9"),
        ("x?page=a", "x?page=2", "x?page=9"),
        ("x?page=1&page=1", "x?page=2", "x?page=9"),
        ("x", "x?offset=20", "x?offset=65"),
        // Two items a page, or the second page?
        ("x", "x?start=2", "x?start=60"),
        ("x", "x?page=2", "x?page=18446744073709551615"),
        ("x", "x?page=2", "x?page=18446744073709551616"),
        ("x?page=1", "x?page=1", "x?page=1"),
    ] {
        assert_eq!(between(first, next, last), None, "{first} {next} {last}");
    }
}

#[test]
fn total_number_of_pages_replaces_the_last_link() {
    for (first, next, total, count) in [
        ("x", "x?page=2", 9, Some(9)),
        ("x?page=1", "x?page=2", 9, Some(9)),
        ("x?page=4", "x?page=5", 9, Some(6)),
        ("x?per_page=2", "x?id=2&page=2&per_page=2", 9, Some(9)),
        ("x?p=1", "x?id=2&p=2&per_page=2", 9, Some(9)),
        ("x", "x?a=2&b=2", 9, None),
        ("x", "x?cursor=b", 9, None),
        ("x?page=9", "x?page=10", 9, None),
        ("x?page=1", "x?page=3", 9, None),
        ("x", "x?page=2", 0, None),
        ("x?page=0", "x?page=1", 9, None),
        ("x?page=18446744073709551615", "x?page=2", 9, None),
        ("x?page=5000000000", "x?page=5000000001", 9, None),
    ] {
        let found = with_total(first, next, total);
        assert_eq!(found.as_ref().map(PageParameter::count), count, "{first} {next}");
    }
    assert_eq!(
        pages(&with_total("x?page=7", "x?id=8&page=8", 9).unwrap()),
        ["x?page=7", "x?id=8&page=8", "x?id=8&page=9"]
    );
}

#[test]
fn debug_output_has_no_secret() {
    let found =
        between("x?token=hunter2", "x?token=hunter2&page=2", "x?token=hunter2&page=9").unwrap();
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    assert_eq!(found.name(), Some("page"));
    assert_eq!(found.url(3).unwrap().as_str(), "https://a.b/x?token=hunter2&page=3");
}
