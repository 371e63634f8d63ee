//! Ranges, the URLs that they stand for, and every way to mistype one.

use super::*;

fn urls(text: &str) -> Vec<String> {
    let range = UrlRange::parse(text).unwrap().unwrap();
    (0..range.count()).map(|index| range.url(index).unwrap().to_string()).collect()
}

/// The first and the last URL, and their number.
fn ends(text: &str) -> (String, String, u32) {
    let range = UrlRange::parse(text).unwrap().unwrap();
    let url = |index| range.url(index).unwrap().to_string();
    (url(0), url(range.count() - 1), range.count())
}

fn error(text: &str) -> String {
    UrlRange::parse(text).unwrap_err().to_string()
}

#[test]
fn ranges_stand_for_their_urls() {
    for (range, first, last, count) in [
        ("{1..60}", "1", "60", 60),
        ("{0..59}", "0", "59", 60),
        ("{001..060}", "001", "060", 60),
        ("{08..12}", "08", "12", 5),
        ("{1..010}", "001", "010", 10),
        ("{0..5900..100}", "0", "5900", 60),
        ("{0..5950..100}", "0", "5900", 60),
        ("{7..7}", "7", "7", 1),
        ("{1..9..100}", "1", "1", 1),
        ("{0..999999}", "0", "999999", 1_000_000),
        (
            "{18446744073709551614..18446744073709551615}",
            "18446744073709551614",
            "18446744073709551615",
            2,
        ),
    ] {
        let url = |number: &str| format!("https://a.b/items?page={number}&per_page=100");
        assert_eq!(ends(&url(range)), (url(first), url(last), count), "{range}");
    }
    assert_eq!(
        urls("HTTP://A.b:80/v1/{9..11}/x#y"),
        ["http://a.b/v1/9/x", "http://a.b/v1/10/x", "http://a.b/v1/11/x"]
    );
    assert_eq!(UrlRange::parse("https://a.b/{1..3}").unwrap().unwrap().url(3), None);
}

#[test]
fn urls_without_braces_have_no_range() {
    for text in [
        "https://a.b/x?page=1",
        "http://[::1]:8080/x",
        "http://a.b/x?filter[page-1]=2",
        "https://a.b/%7B1..2%7D",
    ] {
        assert_eq!(UrlRange::parse(text), Ok(None), "{text}");
    }
}

#[test]
fn errors_say_what_to_type() {
    for (text, message) in [
        ("example.com/x", "the URL has no scheme; did you mean https://example.com/x?"),
        (
            "example.com:8080/x?page={1..2}",
            "the URL has no scheme; did you mean https://example.com:8080/x?page={1..2}?",
        ),
        ("localhost:8080/x", "the URL has no scheme; did you mean http://localhost:8080/x?"),
        ("127.0.0.1/x", "the URL has no scheme; did you mean http://127.0.0.1/x?"),
        ("https:/example.com", "the URL has no scheme; did you mean https://example.com?"),
        ("//example.com", "the URL has no scheme; did you mean https://example.com?"),
        ("x?token=abc", "the URL has no scheme; did you mean https://x?token=***?"),
        ("ftp://a.b/x", "cannot fetch ftp:// URLs; use https:// or http://"),
        (
            "https://a.b/{1..2}/{3..4}",
            "the URL has more than one range in braces; keep one of them",
        ),
        ("https://a.b/{60..1}", "the range {60..1} descends; write {1..60}"),
        ("https://a.b/{0..9..0}", "the step of the range is 0; use 1 or more, or leave it out"),
        (
            "https://a.b/[1-60]?key=abc",
            "ranges are in braces here; write https://a.b/{1..60}?key=***",
        ),
        ("https://a.b/[001-100:10]", "ranges are in braces here; write https://a.b/{001..100..10}"),
        ("https://a{1..3}.b/x", "the range changes the server; put it into the path or the query"),
        (
            "https://a.b:{80..90}/x",
            "the range changes the server; put it into the path or the query",
        ),
        (
            "https://a.b/x#{1..3}",
            "all URLs of the range are the same; put it into the path or the query, before any #",
        ),
        (
            "https://a.b/{1..3}/../x",
            "all URLs of the range are the same; put it into the path or the query, before any #",
        ),
        (
            "https://a.b/x y",
            "the URL contains a space or a control character; write a space as %20",
        ),
        (
            "https://a.b:99999/x",
            "the URL is invalid (invalid port number); write it as https://HOST/PATH?QUERY",
        ),
        ("https://", "the URL is invalid (empty host); write it as https://HOST/PATH?QUERY"),
    ] {
        assert_eq!(error(text), message, "{text}");
    }
}

#[test]
fn other_braces_are_no_ranges() {
    for braces in [
        "{}",
        "{a..b}",
        "{a,b}",
        "{1,2}",
        "{1-60}",
        "{1...60}",
        "{1..}",
        "{..60}",
        "{-1..5}",
        "{+1..5}",
        "{1..2..3..4}",
        "{1.5..2}",
        "{0x1..0x9}",
        "{ 1..2 }",
        "{\u{661}..\u{669}}",
        "{id}",
        "{",
        "}",
        "}1..2{",
        "{1..2",
        "1..2}",
        "{1..2}}",
        "{{1..2}}",
    ] {
        let error = error(&format!("https://a.b/x?page={braces}"));
        let is_refused = error.contains("is not a range") || error.contains("more than one range");
        assert!(is_refused, "{braces}: {error}");
    }
}

#[test]
fn huge_ranges_are_refused() {
    for range in [
        "{0..1000000}",
        "{1..18446744073709551615}",
        "{1..18446744073709551616}",
        "{1..2..99999999999999999999}",
        "{0000000000000000000000001..2}",
        &format!("{{1..{}}}", "9".repeat(1 << 20)),
    ] {
        assert_eq!(UrlRange::parse(&format!("https://a.b/{range}")), Err(UrlRangeError::TooLong));
    }
}

#[test]
fn no_output_has_a_secret() {
    for text in [
        "https://me:hunter2@a.b/x?page={1..2}",
        "https://hunter2@a.b/x",
        "me:hunter2@a.b/x",
        "https://me:hunter2@a.b:99999/x",
        "https://a b/x?token=hunter2",
        "ftp://me:hunter2@a.b/x?token=hunter2",
        "https://a.b/x?token=hunter2&page={2..1}",
        "a.b/x?sig=hunter2&page=[1-2]",
    ] {
        let error = UrlRange::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let range = UrlRange::parse("https://a.b/x?token=hunter2&page={01..60}").unwrap().unwrap();
    assert_eq!(range.masked(), "https://a.b/x?token=***&page={01..60}");
    assert_eq!(format!("{range:?}"), "UrlRange(https://a.b/x?token=***&page={01..60})");
}

#[test]
fn arguments_that_the_shell_expanded_are_recognized() {
    for (arguments, expected) in [
        (
            &["https://a.b/x?page=1", "https://a.b/x?page=2", "https://a.b/x?page=3"][..],
            Some("https://a.b/x?page={1..3}"),
        ),
        (
            &["https://a.b/x?page=10&n=10", "https://a.b/x?page=20&n=10"],
            Some("https://a.b/x?page={10..20..10}&n=10"),
        ),
        (
            &["https://a.b/09/x", "https://a.b/10/x", "https://a.b/11/x"],
            Some("https://a.b/{09..11}/x"),
        ),
        (&["a.b/x?token=abc&p=1", "a.b/x?token=abc&p=2"], Some("a.b/x?token=***&p={1..2}")),
        (&["https://a.b/x?page=1", "https://a.b/x?page=3", "https://a.b/x?page=4"], None),
        (&["https://a.b/x?page=2", "https://a.b/x?page=1"], None),
        (&["https://a.b/x?page=1", "https://a.b/y?page=2"], None),
        (&["https://a.b/x?page=1", "https://a.b/x?page=1"], None),
        (&["https://a.b/x?page=1"], None),
        (&["user1", "user2"], None),
        (&["é/1", "è/2"], None),
        (&["", ""], None),
        (&[], None),
    ] {
        let found = match expanded_by_shell(arguments) {
            Some(UrlRangeError::Expanded { pattern, count }) => {
                assert_eq!(count, arguments.len());
                Some(pattern)
            }
            _ => None,
        };
        assert_eq!(found.as_deref(), expected, "{arguments:?}");
    }
}

#[test]
fn any_text_is_refused_or_gives_urls() {
    let pieces = [
        "https://", "a.b/", "{", "}", "..", "1", "99", "0", "?", "#", "@", ":", "[", "]", "é",
        "\u{1b}", "&token=x",
    ];
    let mut seed = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let length = seed.usize(0..12);
        let text: String = (0..length).map(|_| pieces[seed.usize(0..pieces.len())]).collect();
        match UrlRange::parse(&text) {
            Ok(Some(range)) => {
                assert!(range.url(0).is_some() && range.url(range.count() - 1).is_some(), "{text}");
            }
            Ok(None) => assert!(Url::parse(&text).is_ok(), "{text}"),
            Err(error) => assert!(!error.to_string().contains('\u{1b}'), "{text}"),
        }
    }
}
