//! Failing servers, and follower lists that change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{CliOutput, command_for_url, run_to_end, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedServer, page_of};

/// Asserts exit code `code` and a single line on stderr that contains `message`.
#[track_caller]
fn assert_error(server: &ScriptedServer, code: i32, message: &str) {
    let CliOutput { code: actual, err, .. } = run_to_end(&mut command_for_url(server.url()));
    assert_eq!(actual, Some(code), "{err}");
    assert!(err.starts_with("threadline: ") && err.contains(message), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn non_github_server_is_not_reported_as_unknown_user() {
    let website = ScriptedServer::start(|_| ScriptedReply::new(404, "<html>Not Found</html>"));
    assert_error(&website, 1, "Check --api-url");
    let other = ScriptedServer::start(|_| ScriptedReply::new(200, "<html>Welcome</html>"));
    assert_error(&other, 1, "check --api-url");
}

#[test]
fn refused_connection_names_the_address() {
    // Ephemeral ports start far above port 1, so nothing listens there.
    let address = "127.0.0.1:1";
    let CliOutput { code, out, err } =
        run_to_end(&mut command_for_url(&format!("http://{address}")));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let message = format!("threadline: {address} cannot be reached (Connection refused");
    assert!(err.starts_with(&message), "{err}");
}

/// Whatever the first wave requests, each page is fetched once per run.
#[test]
fn list_of_any_length_is_fetched_completely() {
    for (mode, name, runs) in [
        ("sequential", "single_threaded", 1),
        ("threads", "multi_threaded", 1),
        ("race", "both single_threaded and multi_threaded", 2),
    ] {
        for listed in [150, 171] {
            let server = ScriptedServer::list(listed, |_| None);
            let args = ["--mode", mode, "--threads", "4", "-o", "-"];
            let CliOutput { code, out, err } = run_to_end(command_for_url(server.url()).args(args));
            assert_eq!(code, Some(0), "{mode}: {err}");
            assert!(err.contains(&format!("{name} count: {listed}\n")), "{mode}: {err}");
            let id = |line| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
            let ids: Vec<Value> = out.lines().map(id).collect();
            assert_eq!(ids, (1..=listed).map(Value::from).collect::<Vec<_>>(), "{mode}");
            let pages = listed.div_ceil(30);
            assert_eq!(server.pages(), (1..=pages).map(|page| (page, runs)).collect(), "{mode}");
        }
    }
}

/// A new follower before each page shifts the list by one: 131 entries of 127 accounts.
#[test]
fn duplicates_in_a_shifting_list_are_counted_once() {
    let shifted_ids = |page: u32| (page - 1) * 29 + 1..=((page - 1) * 29 + 30).min(127);
    let server = ScriptedServer::list(127, move |page| Some(page_of(page, 5, shifted_ids(page))));
    let CliOutput { code, out, err } =
        run_to_end(command_for_url(server.url()).args(["--threads", "2", "-o", "-"]));
    assert_eq!(code, Some(0), "{err}");
    let id = |line| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
    assert_eq!(out.lines().map(id).collect::<Vec<_>>(), (1..=127).collect::<Vec<_>>());
    assert!(err.contains("both single_threaded and multi_threaded count: 127\n"), "{err}");
    let expected =
        "\nduplicates   4 in sequential, 4 in threads (no GIL) x2: seen before, counted once\n";
    assert!(err.contains("Both got the same 127 followers; 4 duplicates removed"), "{err}");
    assert!(err.ends_with(expected), "{err}");
    let CliOutput { out, .. } = run_to_end(command_for_url(server.url()).arg("--json"));
    let report: Value = serde_json::from_str(&out).unwrap();
    for run in report["runs"].as_array().unwrap() {
        assert_eq!((&run["followers"], &run["duplicates"]), (&127.into(), &4.into()));
        let entries = run["tasks"].as_array().unwrap().iter();
        assert_eq!(entries.map(|task| task["followers"].as_u64().unwrap()).sum::<u64>(), 131);
    }
}

#[test]
fn changes_between_runs_are_reported() {
    let requests = AtomicU32::new(0);
    // The first account leaves, and two join.
    let accounts = |before| if before == 0 { 1..=20 } else { 2..=22 };
    let server = ScriptedServer::list(20, move |_| {
        Some(page_of(1, 1, accounts(requests.fetch_add(1, Ordering::SeqCst))))
    });
    let CliOutput { code, out, err } = run_to_end(&mut command_for_url(server.url()));
    assert_eq!(code, Some(0), "{err}");
    let expected = "\n2 followers joined and 1 left between the runs";
    assert!(out.contains(expected) && !out.contains("same"), "{out}");
}

#[test]
fn retry_after_beyond_max_wait_is_reported() {
    let server = ScriptedServer::list(90, |page| {
        let busy = || ScriptedReply::error(503, "Busy").header("retry-after", "600");
        (page == 2).then(busy)
    });
    let mut command = threadline();
    let arguments = ["octocat", "--api-url", server.url(), "--mode", "sequential"];
    let CliOutput { code, err, .. } =
        run_to_end(command.args(arguments).args(["--max-wait", "3s"]));
    assert_eq!(code, Some(6), "{err}");
    assert!(err.contains("it asks for 10 min, and --max-wait is 3 s"), "{err}");
    assert_eq!(server.pages(), BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
}
