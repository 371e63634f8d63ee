//! Failing servers, and follower lists that disagree with the profile's count.

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

/// Fetches a list of `listed` followers of a profile that claims `claimed`, in `mode`; returns the
/// followers' ids and the number of requests per page.
fn fetch(claimed: u32, listed: u32, mode: &str) -> (Vec<Value>, BTreeMap<u32, usize>) {
    let server = ScriptedServer::list(claimed, listed, |_| None);
    let CliOutput { code, out, err } = run_to_end(command_for_url(server.url()).args([
        "--mode",
        mode,
        "--threads",
        "4",
        "-o",
        "-",
    ]));
    assert_eq!(code, Some(0), "{mode}: {err}");
    let modes: &[&str] = match mode {
        "race" => &["both single_threaded and multi_threaded"],
        "threads" => &["multi_threaded"],
        _ => &["single_threaded"],
    };
    assert!(err.contains(&format!("{} count: {listed}\n", modes[0])), "{mode}: {err}");
    let id = |line| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
    (out.lines().map(id).collect(), server.pages())
}

#[test]
fn list_shorter_than_the_profile_count_is_fetched_completely() {
    for mode in ["sequential", "threads", "race"] {
        let (ids, pages) = fetch(180, 150, mode);
        assert_eq!(ids, (1..=150).map(Value::from).collect::<Vec<_>>(), "{mode}");
        let runs = if mode == "race" { 2 } else { 1 };
        for page in 1..=5 {
            assert_eq!(pages[&page], runs, "page {page} in {mode}: {pages:?}");
        }
        // Page 6, which the count implies, may be requested before a Link header rules it out.
        assert!(pages.get(&6).is_none_or(|&requests| requests == 1), "{mode}: {pages:?}");
        assert!(pages.keys().all(|&page| page <= 6), "{mode}: {pages:?}");
    }
}

#[test]
fn list_longer_than_the_profile_count_is_fetched_completely() {
    for mode in ["sequential", "threads", "race"] {
        for claimed in [0, 100, 150] {
            let (ids, pages) = fetch(claimed, 171, mode);
            assert_eq!(ids, (1..=171).map(Value::from).collect::<Vec<_>>(), "{mode}");
            let runs = if mode == "race" { 2 } else { 1 };
            assert_eq!(pages, (1..=6).map(|page| (page, runs)).collect(), "{mode}");
        }
    }
}

/// A new follower before each page shifts the list by one: 131 entries of 127 accounts.
#[test]
fn duplicates_in_a_shifting_list_are_counted_once() {
    let shifted_ids = |page: u32| (page - 1) * 29 + 1..=((page - 1) * 29 + 30).min(127);
    let server =
        ScriptedServer::list(127, 127, move |page| Some(page_of(page, 5, shifted_ids(page))));
    let CliOutput { code, out, err } =
        run_to_end(command_for_url(server.url()).args(["--threads", "2", "-o", "-"]));
    assert_eq!(code, Some(0), "{err}");
    let id = |line| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
    assert_eq!(out.lines().map(id).collect::<Vec<_>>(), (1..=127).collect::<Vec<_>>());
    assert!(err.contains("both single_threaded and multi_threaded count: 127\n"), "{err}");
    let expected = "the same 127 followers in both, in the same order\n\
                duplicates   4 in sequential, 4 in threads x2: seen before, counted once\n";
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
    let server = ScriptedServer::list(20, 20, move |_| {
        Some(page_of(1, 1, accounts(requests.fetch_add(1, Ordering::SeqCst))))
    });
    let CliOutput { code, out, err } = run_to_end(&mut command_for_url(server.url()));
    assert_eq!(code, Some(0), "{err}");
    let expected = "\nfollowers    2 followers joined and 1 left between the runs\n";
    assert!(out.contains(expected) && !out.contains("same"), "{out}");
}

#[test]
fn retry_after_beyond_max_wait_is_reported() {
    let server = ScriptedServer::list(90, 90, |page| {
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
