//! The items in bodies of all shapes.

use super::{all_items, command, items, page, page_items, run};
use crate::clean_command::threadline;
use crate::scripted_server::{ScriptedReply, ScriptedServer};

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

#[test]
fn page_that_is_not_json_as_the_others_are_fails_alone() {
    let server = ScriptedServer::start(|request| match request.page() {
        Some(2) => ScriptedReply::new(200, "busy, try later"),
        number => page(number.unwrap()),
    });
    let url = format!("{}/x?page={{1..3}}", server.url());
    let done = run(&mut command(&[&url, "--mode", "sequential"]));
    let expected = "2 of 3 pages fetched; cannot use page 2 of";
    assert!(done.err.contains(expected), "{}", done.err);
    assert!(done.err.contains("the body is not JSON, as that of an earlier page was"));
    assert_eq!(done.code, Some(6));
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

#[test]
fn empty_list_is_complete() {
    let server = ScriptedServer::start(|_| ScriptedReply::new(200, "[]"));
    let done = run(&mut command(&[server.url()]));
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("No items in any mode"), "{}", done.out);
}
