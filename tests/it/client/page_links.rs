//! Link headers: which pages they name, and which are rejected.

use reqwest::header::{HeaderMap, HeaderValue, LINK};
use threadline::github::page_links::{PageLinkError, PageLinks, parse_links};
use threadline::http::LinkError;
use threadline::http::origin::OriginError;
use threadline::model::plan::MAX_TASKS;
use url::Url;

fn read(header: &str) -> Result<PageLinks, PageLinkError> {
    let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_str(header).unwrap())]);
    parse_links(&headers, &Url::parse("https://api.github.com/").unwrap())
}

#[test]
fn github_headers_are_parsed_in_either_parameter_order() {
    let new = "<https://api.github.com/user/48685/followers?page=1>; rel=\"prev\", \
               <https://api.github.com/user/48685/followers?page=3>; rel=\"next\", \
               <https://api.github.com/user/48685/followers?page=29>; rel=\"last\", \
               <https://api.github.com/user/48685/followers?page=1>; rel=\"first\"";
    assert_eq!(read(new), Ok(PageLinks { next: Some(3), last: Some(29) }));
    let old = "<https://api.github.com/user/1/followers?per_page=30&page=9>; rel=last,\
               <https://api.github.com/user/1/followers?page=2&per_page=30>; title=\"a,b\"; REL=\"next\"";
    assert_eq!(read(old), Ok(PageLinks { next: Some(2), last: Some(9) }));
}

#[test]
fn links_to_another_server_are_rejected() {
    for target in [
        "https://evil.example/user/1/followers?page=2",
        "http://api.github.com:8080/user/1/followers?page=2",
        "https://api.github.com:444/user/1/followers?page=2",
        "//evil.example/?page=2",
        "javascript:alert(1)?page=2",
    ] {
        assert_eq!(
            read(&format!("<{target}>; rel=\"next\"")),
            Err(LinkError::from(OriginError::Foreign).into())
        );
    }
}

#[test]
fn pages_must_be_integers_in_range() {
    for page in ["", "0", "-1", "2.5", "1000001", "99999999999999999999", "two"] {
        let header = format!("<https://api.github.com/user/1/followers?page={page}>; rel=last");
        assert_eq!(read(&header), Err(PageLinkError::InvalidPage), "{page:?}");
    }
    assert_eq!(read("<https://api.github.com/x>; rel=next"), Err(PageLinkError::InvalidPage));
    let last = read("<https://api.github.com/user/1/followers?page=1000000>; rel=last");
    assert_eq!(last, Ok(PageLinks { next: None, last: Some(MAX_TASKS) }));
}

#[test]
fn malformed_headers_are_rejected() {
    for header in ["next", "<https://api.github.com/?page=2", "https://x>; rel=next"] {
        assert_eq!(read(header), Err(LinkError::Malformed.into()), "{header:?}");
    }
    assert_eq!(read(""), Ok(PageLinks::default()));
    assert_eq!(read("<https://api.github.com/?page=2>"), Ok(PageLinks::default()));
}
