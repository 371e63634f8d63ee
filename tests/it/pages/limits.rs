//! Limits of the server, and of the user.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{all_items, command, items, page, run};
use crate::clean_command::threadline;
use crate::scripted_server::{ScriptedReply, ScriptedServer};

#[test]
fn no_more_requests_than_allowed_are_sent_in_any_mode() {
    for mode in ["race", "threads", "processes"] {
        let seen = AtomicU32::new(0);
        // Every second request fails, and every page is a redirect away: all of them count.
        let server = ScriptedServer::start(move |request| {
            if seen.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
                return ScriptedReply::error(502, "again").header("retry-after", "0");
            }
            match request.target.strip_prefix("/old") {
                Some(query) => {
                    ScriptedReply::new(307, "").header("location", format!("/new{query}"))
                }
                None => page(request.page().unwrap()),
            }
        });
        let url = format!("{}/old?page={{1..50}}", server.url());
        let arguments = [&url, "--plain", "--mode", mode, "--max-requests", "7", "--retries", "20"];
        let done = run(threadline().args(arguments));
        let expected = "the 7 requests of --max-requests are used up; raise it for the rest";
        assert!(done.err.contains(expected), "{mode}: {}", done.err);
        assert!(matches!(done.code, Some(1 | 6)), "{mode}: {:?}", done.code);
        assert!(server.requests().len() <= 7, "{mode}: {}", server.requests().len());
    }
}

#[test]
fn pages_fetched_before_the_requests_are_used_up_are_kept() {
    let server = super::server();
    let url = format!("{}/x?page={{1..9}}", server.url());
    let done =
        run(command(&[&url, "--max-requests", "4", "-o", "-"]).args(["--mode", "sequential"]));
    assert_eq!((done.code, done.out), (Some(6), all_items(4)));
    assert!(done.err.contains("stdout is partial: 8 items, 4 of 9 pages"), "{}", done.err);
}

/// A limit of one page pauses all and is waited for.
#[test]
fn limits_are_waited_for() {
    for (status, header, value) in
        [(429, "retry-after", "1"), (503, "retry-after", "1"), (429, "ratelimit-reset", "1")]
    {
        let seen = AtomicU32::new(0);
        let server = ScriptedServer::start(move |request| {
            if request.page() == Some(2) && seen.fetch_add(1, Ordering::Relaxed) == 0 {
                return ScriptedReply::error(status, "slow down").header(header, value);
            }
            page(request.page().unwrap())
        });
        let url = format!("{}/x?page={{1..3}}", server.url());
        let done = run(threadline().args([&url, "--json", "--mode", "threads", "--threads", "1"]));
        assert_eq!(done.code, Some(0), "{status} {header}: {}", done.err);
        let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["runs"][0]["rate_limits"].as_array().unwrap().len(), 1, "{status}");
        assert_eq!(server.pages()[&2], 2, "{status}");
    }
}

#[test]
fn limit_that_is_too_long_ends_the_run() {
    let server = ScriptedServer::start(|request| match request.page() {
        Some(2) => ScriptedReply::error(429, "slow down").header("retry-after", "3600"),
        number => page(number.unwrap()),
    });
    let url = format!("{}/x?page={{1..3}}", server.url());
    let done = run(&mut command(&[&url, "--mode", "sequential"]));
    assert_eq!(done.code, Some(5), "{}", done.err);
    assert!(done.err.contains("--max-wait is"), "{}", done.err);
}

#[test]
fn sweep_of_a_range_doubles_the_counts() {
    let server = super::server();
    let url = format!("{}/x?page={{1..4}}", server.url());
    let mut command = threadline();
    command.args(["sweep", &url, "--threads", "1..32", "--repeats", "1", "--json"]);
    let done = run(&mut command);
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let points = report["sweep"]["points"].as_array().unwrap();
    let counts: Vec<u64> = points.iter().map(|point| point["workers"].as_u64().unwrap()).collect();
    assert_eq!(counts, [1, 2, 4, 8, 16, 32]);
    assert_eq!(items(&[&url]), all_items(4));
}
