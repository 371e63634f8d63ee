//! Arguments that name no list, and servers that refuse one.

use super::{command, items, page, run, server};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

#[test]
fn unusable_arguments_say_what_to_type() {
    for (arguments, expected) in [
        (&["example.com/x"][..], "did you mean https://example.com/x?"),
        (&["localhost:8080/x"], "did you mean http://localhost:8080/x?"),
        (&["ftp://example.com/x"], "cannot fetch ftp:// URLs"),
        (&["https://me:marked@example.com/x"], "-H @FILE"),
        (&["https://a.b/{1..2}/{1..2}"], "more than one range"),
        (&["https://a.b/{9..2}"], "write {2..9}"),
        (&["https://a.b/{1..2000000}"], "1000000"),
        (&["https://a.b/1", "https://a.b/2", "https://a.b/3"], "quote"),
        (&["https://a.b/x", "-H", "no colon"], "has no colon"),
        (&["https://a.b/x", "--user-agent", "a\nb"], "for --user-agent"),
        (&["https://a.b/x", "-H", "X-Key: marked\r\nY: 1"], "a line break or another control"),
        (&["//a.b/x"], "did you mean https://a.b/x?"),
        (&["https://a.b/x", "-H", "@/nonexistent"], "cannot read headers from /nonexistent"),
        (&["https://a.b/x", "--items", "data"], "write /data"),
        (&["https://a.b/x?p={1..2}", "--next", "/next"], "--next is for a single URL"),
        (
            &["https://a.b/x", "--workload", "cpu"],
            "--workload does not apply to the pages of a URL",
        ),
        (&["https://a.b/x", "--per-page", "9"], "--per-page does not apply to the pages of a URL"),
        (&["https://a.b/x", "-o", "items.csv"], "use .json or .ndjson"),
        (&["octocat", "--items", "/data"], "--items applies to lists only"),
        (&["--urls", "/nonexistent"], "cannot read the URLs in /nonexistent"),
        (&["--urls", "/dev/null"], "/dev/null contains no URLs"),
        (&["https://github.com/octocat"], "threadline octocat"),
    ] {
        let done = run(&mut command(arguments));
        let text = done.err.replace("\nhint: ", "; ");
        assert!(text.contains(expected), "{arguments:?}: {text}");
        assert!(!text.contains("marked"), "{arguments:?}: {text}");
        assert_eq!(done.code, Some(2), "{arguments:?}");
    }
}

#[test]
fn urls_of_two_servers_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("urls");
    for (urls, expected) in [
        ("https://a.b/1\nhttps://c.d/2\n", "line 2, is on c.d, and the first URL on a.b\n"),
        (
            "# two\nhttps://a.b/1\n\nhttp://a.b/2\n",
            "line 4, is on http://a.b, and the first URL on https://a.b\n",
        ),
    ] {
        std::fs::write(&file, urls).unwrap();
        let done = run(&mut command(&["--urls", file.to_str().unwrap()]));
        assert!(done.err.contains(expected), "{}", done.err);
        assert_eq!(done.code, Some(2));
    }
}

/// The headers would be sent unencrypted once for each page.
#[test]
fn way_to_https_is_an_error_that_names_it() {
    let target = |head: &str| {
        let host = head.split("host: ").nth(1).unwrap().lines().next().unwrap();
        format!("https://{host}/items")
    };
    let redirect = ScriptedServer::start(move |request| {
        ScriptedReply::new(301, "").header("location", target(&request.head))
    });
    let link = ScriptedServer::start(move |request| {
        page(1).header("link", format!("<{}>; rel=next", target(&request.head)))
    });
    for (server, place, code) in
        [(redirect, "it redirects to", Some(4)), (link, "its Link header points to", Some(1))]
    {
        let done = run(&mut command(&[&format!("{}/items", server.url())]));
        let expected = format!("{place} https on the same server; write the URL with https://\n");
        assert!(done.err.contains(&expected), "{}", done.err);
        assert_eq!((done.code, server.requests().len()), (code, 1));
    }
}

#[test]
fn refused_page_fails_with_the_first_line_of_the_body() {
    let server = ScriptedServer::start(|request| match request.page() {
        Some(2) => ScriptedReply::new(404, "\n no such \u{1b}[2Jpage\nsecond line"),
        number => page(number.unwrap()),
    });
    let url = format!("{}/x?page={{1..3}}", server.url());
    let done = run(&mut command(&[&url, "--mode", "threads"]));
    let expected = "answered page 2 with 404: no such \\u{1b}[2Jpage; check the URL";
    assert!(done.err.contains(expected), "{}", done.err);
    assert!(!done.err.contains("second line"), "{}", done.err);
    assert_eq!((done.code, server.requests().len()), (Some(6), 3));
}

#[test]
fn redirect_on_the_same_server_is_followed_with_the_headers() {
    let server = ScriptedServer::start(|request| match request.target.strip_prefix("/old") {
        Some(query) => ScriptedReply::new(301, "").header("location", format!("/new{query}")),
        None => page(request.page().unwrap()),
    });
    let url = format!("{}/old?page={{1..2}}", server.url());
    let done = items(&[&url, "--mode", "threads", "-H", "X-Key: marked-value"]);
    assert_eq!(done, super::all_items(2));
    let heads: Vec<String> = server.requests().into_iter().map(|request| request.head).collect();
    assert_eq!(heads.len(), 4);
    assert!(heads.iter().all(|head| head.to_lowercase().contains("x-key: marked-value")));
}

#[test]
fn redirects_without_end_are_given_up() {
    let server =
        ScriptedServer::start(|_| ScriptedReply::new(302, "").header("location", "/again"));
    let done = run(&mut command(&[&format!("{}/x", server.url())]));
    assert!(done.err.contains("it redirects more than 5 times"), "{}", done.err);
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn another_server_gets_no_request() {
    for mode in ["threads", "processes"] {
        let other = server();
        let target = format!("{}/items?page=1", other.url());
        let redirect = target.clone();
        let first = ScriptedServer::start(move |_| {
            ScriptedReply::new(302, "").header("location", redirect.clone())
        });
        let done = run(&mut command(&[first.url(), "-H", "X-Key: marked-value", "--mode", mode]));
        assert!(done.err.contains("it redirects to another server"), "{}", done.err);
        assert_eq!((done.code, other.requests().len()), (Some(4), 0), "{mode}");
        let linked = ScriptedServer::start(move |_| {
            page(1).header("link", format!("<{target}>; rel=\"next\""))
        });
        let done = run(&mut command(&[linked.url(), "-H", "X-Key: marked-value", "--mode", mode]));
        assert!(done.err.contains("another server"), "{}", done.err);
        assert_eq!(other.requests().len(), 0, "{mode}");
    }
}
