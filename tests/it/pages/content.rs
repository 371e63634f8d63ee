//! The items in bodies of all shapes.

use std::time::Duration;

use super::{all_items, command, items, page, page_items, run};
use crate::clean_command::threadline;
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// The maximum time until a request that must come.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn items_are_found_in_an_object_and_at_a_pointer() {
    let wrapped = |open: &'static str, close: &'static str| {
        ScriptedServer::start(move |request| {
            let items = page_items(request.page().unwrap()).join(",");
            ScriptedReply::new(200, format!("{open}[{items}]{close}"))
        })
    };
    let only = wrapped(r#"{"total":9,"rows":"#, "}");
    assert_eq!(items(&[&format!("{}/x?page={{1..3}}", only.url())]), all_items(3));
    let deep = wrapped(r#"{"tags":[],"a/b":{"nodes":"#, "}}");
    let url = format!("{}/x?page={{1..3}}", deep.url());
    assert_eq!(items(&[&url, "--items", "/a~1b/nodes"]), all_items(3));
}

#[test]
fn repeated_identities_are_left_out_and_counted() {
    let server = ScriptedServer::start(|request| {
        let first = request.page().unwrap() * 10;
        let items: Vec<String> =
            (first..first + 15).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        ScriptedReply::new(200, format!("[{}]", items.join(",")))
    });
    let url = format!("{}/x?page={{1..3}}", server.url());
    let written = items(&[&url, "--id", "/id"]);
    let expected: Vec<String> = (10..45).map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
    let done = run(&mut command(&[&url, "--id", "/id"]));
    assert!(done.out.contains("Both got the same 35 items; 10 duplicates removed"), "{}", done.out);
}

/// A pointer that finds nothing ends the run at the first page, with what is there instead.
#[test]
fn missing_items_are_explained() {
    for (body, options, expected) in [
        (
            r#"{"data":{"nodes":[]}}"#,
            &["--items", "/data"][..],
            "\"/data\" is an object with \"nodes\"; try --items /data/nodes",
        ),
        (
            r#"{"data":{"nodes":[]}}"#,
            &["--items", "/data/nodes/0"],
            "\"/data/nodes\" is an array; try --items /data/nodes",
        ),
        ("[1]", &["--items", "/rows"], "the body is an array; leave out --items"),
        ("42", &[], "the body is a number; it has no array of items"),
        ("", &[], "the body is empty instead of JSON; check the URL and the headers (-H)"),
        (r#"{"data":{"nodes":[]}}"#, &["--items", "/rows"], "nothing is at \"/rows\""),
        (r#"{"a":[],"b":[]}"#, &[], "choose one with --items /a"),
        (r#"[{"x":1}]"#, &["--id", "/id"], "no item has a value at \"/id\""),
        (
            "<!doctype html><title>Sign in</title>",
            &[],
            "an HTML page instead of JSON (\"Sign in\"); check the URL and the headers (-H)",
        ),
        ("a,b\n1,2\n", &["-o", "x.ndjson"], "without -o, --items and --id its bytes are counted"),
    ] {
        let server = ScriptedServer::start(move |_| ScriptedReply::new(200, body));
        let url = format!("{}/x?page={{1..9}}", server.url());
        let directory = tempfile::tempdir().unwrap();
        let done = run(command(&[&[url.as_str()], options].concat()).current_dir(&directory));
        assert!(done.err.contains(expected), "{body}: {}", done.err);
        assert_eq!((done.code, server.requests().len()), (Some(1), 1), "{body}");
    }
}

#[test]
fn body_that_is_no_json_is_counted_in_bytes() {
    let server = ScriptedServer::start(|_| ScriptedReply::new(200, "a,b\n1,2\n"));
    let url = format!("{}/x?page={{1..3}}", server.url());
    let done = run(threadline().args([&url, "--json", "--mode", "threads"]));
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        (&report["runs"][0]["bytes"], &report["runs"][0]["items"]),
        (&24.into(), &serde_json::Value::Null)
    );
    assert_eq!(report["list"]["addresses"], "range");
    let done = run(&mut command(&[&url]));
    assert!(done.out.contains("Both got 24 bytes"), "{}", done.out);
    assert!(done.out.contains("bytes  requests/s"), "{}", done.out);
    assert!(!done.out.contains("items"), "{}", done.out);
    let done = run(&mut command(&[&url, "--mode", "threads"]));
    assert!(done.out.contains("24 bytes fetched in "), "{}", done.out);
}

#[test]
fn page_of_another_shape_fails_alone() {
    let server = ScriptedServer::start(|request| match request.page() {
        Some(2) => ScriptedReply::new(200, r#"{"error":"later"}"#),
        number => page(number.unwrap()),
    });
    let url = format!("{}/x?page={{1..3}}", server.url());
    let done = run(command(&[&url, "--mode", "sequential"]).args(["-o", "-"]));
    assert_eq!(done.code, Some(6));
    assert!(done.err.contains("cannot use page 2 of"), "{}", done.err);
    assert_eq!(done.out, [page_items(1), page_items(3)].concat().join("\n") + "\n");
}

/// Starts a server of four pages. If a page is to arrive first, the other pages of the first wave of three are
/// answered once its lane requests page 4.
fn server_with_order(
    first: Option<u32>,
    reply: impl Fn(u32) -> ScriptedReply + Send + Sync + 'static,
) -> ScriptedServer {
    let (sender, first_has_arrived) = crossbeam_channel::unbounded::<()>();
    ScriptedServer::start(move |request| {
        let number = request.page().unwrap();
        match first {
            Some(_) if number == 4 => (0..2).for_each(|_| sender.send(()).unwrap()),
            Some(first) if number != first => {
                first_has_arrived.recv_timeout(HANG_TIMEOUT).unwrap();
            }
            _ => {}
        }
        reply(number)
    })
}

/// Fetches four pages, with three lanes if there are several, and returns the error and the exit code.
fn fetch_in_order(server: &ScriptedServer, mode: &str) -> (String, Option<i32>) {
    let url = format!("{}/x?page={{1..4}}", server.url());
    let workers: &[&str] = if mode == "sequential" { &[] } else { &["--threads", "3"] };
    let done = run(command(&[&url, "--mode", mode]).args(workers));
    (done.err.replace(server.url().trim_start_matches("http://"), "HOST"), done.code)
}

/// The sentence is the same whichever page arrives first.
#[test]
fn pages_of_which_some_are_not_json_are_no_whole_list() {
    let check = "are missing, so check that page";
    let mixtures: [(&[u32], String); 3] = [
        (&[2], format!("page 2 of HOST is not JSON, unlike the rest; its items {check}")),
        (&[1], format!("page 1 of HOST is not JSON, unlike the rest; its items {check}")),
        (&[2, 3], format!("2 of 4 pages of HOST are not JSON, page 2 first; their items {check}")),
    ];
    for (opaque, sentence) in mixtures {
        for (mode, first) in [
            ("sequential", None),
            ("threads", Some(1)),
            ("threads", Some(2)),
            ("threads", Some(3)),
            ("gil", Some(2)),
            ("processes", Some(2)),
        ] {
            let server = server_with_order(first, move |number| {
                let other = || ScriptedReply::new(200, "busy, try later");
                if opaque.contains(&number) { other() } else { page(number) }
            });
            let (err, code) = fetch_in_order(&server, mode);
            assert!(err.contains(&sentence), "{opaque:?} {mode} {first:?}: {err}");
            assert_eq!(code, Some(6), "{opaque:?} {mode} {first:?}");
        }
    }
}

/// Content that cannot be used ends the run only if it is that of page 1.
#[test]
fn unusable_page_that_arrives_first_fails_alone() {
    for mode in ["threads", "processes"] {
        let server = server_with_order(Some(2), |number| match number {
            2 => ScriptedReply::new(200, r#"{"error":"later"}"#),
            number => page(number),
        });
        let (err, code) = fetch_in_order(&server, mode);
        assert!(err.contains("3 of 4 pages fetched; cannot use page 2 of HOST"), "{mode}: {err}");
        assert_eq!(code, Some(6), "{mode}");
    }
}

#[test]
fn body_over_the_limit_is_refused() {
    let server =
        ScriptedServer::start(|_| ScriptedReply::new(200, format!("[{}1]", "1,".repeat(1 << 19))));
    let url = format!("{}/x?page={{1..2}}", server.url());
    let done = run(&mut command(&[&url, "--max-body", "1"]));
    assert!(
        done.err.contains("is too large: it is larger than 1 MB; raise --max-body"),
        "{}",
        done.err
    );
}

/// Quotes are escaped on the way from a worker process, which makes the body of a page twice as long.
#[test]
fn body_of_any_allowed_size_comes_from_a_worker_process() {
    let item = format!("\"{}\"", "\\\"".repeat(9 << 20));
    let body = format!("[{item}]");
    let server = ScriptedServer::start(move |_| ScriptedReply::new(200, body.clone()));
    let url = format!("{}/x?page={{1..1}}", server.url());
    let mode = ["--mode", "processes", "--threads", "1"];
    assert_eq!(items(&[&[url.as_str(), "--max-body", "20"], &mode[..]].concat()), item + "\n");
}

#[test]
fn empty_list_is_complete() {
    let server = ScriptedServer::start(|_| ScriptedReply::new(200, "[]"));
    let done = run(&mut command(&[server.url()]));
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("No items in any mode"), "{}", done.out);
}
