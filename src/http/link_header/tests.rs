//! Link headers as servers send them, and as they should not.

use super::*;
use crate::http::tests::{BITBUCKET, GITEA, GITHUB, GITHUB_CURSOR, GITLAB, headers, recorded, url};

const BASE: &str = "https://a.b/v1/items?page=1";

fn parse(lines: &[&str]) -> Result<LinkSet, LinkError> {
    let lines: Vec<_> = lines.iter().map(|line| ("link", *line)).collect();
    LinkSet::from_headers(&headers(lines), &url(BASE))
}

#[test]
fn links_of_recorded_heads_are_found() {
    let page = |head: &str, relation: &str| {
        let (base, headers) = recorded(head);
        let links = LinkSet::from_headers(&headers, &base).unwrap();
        let pages = links.rel(relation)?.query_pairs().filter(|(name, _)| name == "page");
        pages.map(|(_, page)| page.into_owned()).next()
    };
    for (head, next, last) in [
        (GITHUB, Some("2"), Some("3")),
        (GITHUB_CURSOR, Some("87"), None),
        (GITLAB, Some("2"), Some("3")),
        (GITEA, Some("4"), Some("4")),
        (BITBUCKET, None, None),
    ] {
        assert_eq!((page(head, "next").as_deref(), page(head, "last").as_deref()), (next, last));
    }
}

#[test]
fn every_spelling_of_a_link_is_parsed() {
    for lines in [
        &["<https://a.b/v1/items?page=2>; rel=\"next\""][..],
        &["<https://a.b/v1/items?page=2>;rel=next"],
        &["<?page=2>; rel=next"],
        &["</v1/items?page=2> ; REL = \"Next\" ; title=x"],
        &["<items?page=2>; rel=\"prefetch next\""],
        &["<items?page=2>; rel=next; rel=last"],
        &["<x>; rel=first, ,, <items?page=2>; rel=next,"],
        &["<x>; rel=first", "<items?page=2>; rel=next"],
        &["<x>; title=\"a, b; rel=next <c>\"; rel=x, <items?page=2>; rel=next"],
        &["<x>; title=\"a\\\"; rel=next, <y>\", <items?page=2>; rel=next"],
        &["<x>; title*=UTF-8''a%2Cb; rel=x,<items?page=2>;rel=next;"],
        &["<x>; crossorigin; rel=preconnect, <items?page=2>; rel=next"],
        &["<items?page=2>; rel=next, <items?page=9>; rel=next"],
        &["<https://[>; rel=preload, <items?page=2>; rel=next"],
        &["<items?page=9>; rel=next; anchor=\"/other\", <items?page=2>; rel=next"],
    ] {
        let links = parse(lines).unwrap();
        let next = links.rel("next").map(Url::as_str);
        assert_eq!(next, Some("https://a.b/v1/items?page=2"), "{lines:?}");
    }
}

#[test]
fn links_without_the_relation_are_no_links() {
    for lines in [
        &[][..],
        &[""],
        &[" , "],
        &["<x>"],
        &["<x>; title=next"],
        &["<x>; rel="],
        &["<x>; rel=\"\""],
    ] {
        let links = parse(lines).unwrap();
        assert_eq!((links.rel("next"), links.rel("")), (None, None), "{lines:?}");
        assert!(links.is_empty());
    }
}

#[test]
fn malformed_headers_are_rejected() {
    let long = format!("<{}", "x".repeat(1 << 20));
    let quote = format!("<x>; rel=\"{}", "\\\"".repeat(1 << 20));
    for line in [
        "next",
        "<x",
        "x>; rel=next",
        "<x>; rel=\"next",
        "<x>; rel=\"next\\",
        "<x>; rel=\"next\" x",
        "<x> rel=next",
        "<x>; rel=\"next\" <y>; rel=last",
        "<https://[>; rel=next",
        "<http://a:99999>; rel=last",
        "\u{e9}",
        &long,
        &quote,
    ] {
        assert_eq!(parse(&[line]), Err(LinkError::Malformed), "{line:.20}");
    }
    // The parts of a list may be on several lines, but a link may not.
    assert_eq!(parse(&["<x>; rel=\"next", "\", <y>; rel=next"]), Err(LinkError::Malformed));
}

#[test]
fn targets_on_other_servers_are_recognized() {
    for target in [
        "https://evil.example/items?page=2",
        "http://a.b:8080/v1/items?page=2",
        "https://a.b:444/v1/items?page=2",
        "https://a.b@evil.example/items",
        "//evil.example/items",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ] {
        let links = parse(&[&format!("<{target}>; rel=next")]).unwrap();
        assert_eq!(links.own_rel("next", &url(BASE)), Err(OriginError::Foreign.into()), "{target}");
    }
    for own in ["https://A.B:443/x", "http://a.b/x"] {
        let links = parse(&[&format!("<{own}>; rel=next")]).unwrap();
        assert_eq!(links.own_rel("next", &url(BASE)), Ok(Some(url("https://a.b/x"))), "{own}");
        assert_eq!(links.own_rel("last", &url(BASE)), Ok(None));
    }
}

#[test]
fn many_links_are_parsed() {
    let header = format!("{}<items?page=2>; rel=next", "<x>; rel=\"a b c d\",".repeat(50_000));
    assert!(parse(&[&header]).unwrap().rel("next").is_some());
}

#[test]
fn any_header_is_rejected_or_parsed() {
    let pieces = [
        "<",
        ">",
        "<?page=2>",
        "; rel=",
        "next",
        "\"",
        "\\",
        ";",
        ",",
        "=",
        " ",
        "https://c.d/",
        "[",
        "\t",
    ];
    let mut random = fastrand::Rng::with_seed(3);
    let mut parsed = 0;
    for _ in 0..50_000 {
        let length = random.usize(0..14);
        let text: String = (0..length).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        parsed += usize::from(parse(&[&text]).is_ok_and(|links| !links.is_empty()));
    }
    assert!(parsed > 0);
}
