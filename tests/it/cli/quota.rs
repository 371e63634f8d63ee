//! The quota of the API: the first response shows whether it suffices, before the rest is requested.

use super::{CliOutput, run_to_end, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};

/// A server with `pages` pages that reports `remaining` of 60 requests.
fn server(pages: u32, remaining: u32) -> ScriptedServer {
    ScriptedServer::list(pages * 30, move |page| {
        Some(with_quota_headers(remaining, crate::scripted_server::page(page, pages * 30)))
    })
}

/// Adds the headers of a quota with `remaining` of 60 requests.
fn with_quota_headers(remaining: u32, reply: ScriptedReply) -> ScriptedReply {
    reply
        .header("x-ratelimit-limit", "60")
        .header("x-ratelimit-remaining", remaining.to_string())
        .header("x-ratelimit-reset", "1700000000")
}

/// Runs the program; returns its output and the targets of its requests. The program takes the server
/// for a remote one, because 0.0.0.0 is not a loopback address.
fn run(server: &ScriptedServer, args: &[&str]) -> (CliOutput, Vec<String>) {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut command = threadline();
    command.args(["octocat", "--api-url", &url, "--retries", "0", "--max-wait", "0s"]).args(args);
    let output = run_to_end(command.env("NO_PROXY", "*"));
    let targets = server.requests().into_iter().map(|ScriptedRequest { target, .. }| target);
    (output, targets.collect())
}

const FIRST_PAGE: &str = "/users/octocat/followers?per_page=30&page=1";

#[test]
fn run_beyond_the_quota_needs_yes() {
    for mode in ["race", "threads"] {
        let server = server(9, 5);
        let (CliOutput { code, out, err }, targets) = run(&server, &["--mode", mode]);
        assert_eq!((code, out.as_str()), (Some(5), ""), "{err}");
        let requests = if mode == "race" { 17 } else { 8 };
        let name = if mode == "race" { mode } else { "threads (no GIL)" };
        let need = format!("{name} needs {requests} more requests");
        for message in [&need, "has 5 of 60 left until 22:13 UTC", "--yes"] {
            assert!(err.contains(message), "{err}");
        }
        assert_eq!(targets, [FIRST_PAGE]);
        let (CliOutput { code, err, .. }, targets) = run(&server, &["--mode", mode, "--yes"]);
        assert_eq!((code, targets.len()), (Some(0), 1 + requests + 1), "{err}");
    }
}

#[test]
fn run_within_the_quota_reports_its_cost() {
    let server = server(3, 5);
    let (CliOutput { code, err, .. }, targets) = run(&server, &["--mode", "threads"]);
    assert_eq!((code, targets.len()), (Some(0), 3), "{err}");
    assert_eq!(targets[0], FIRST_PAGE);
    assert!(err.contains("threads (no GIL) takes 2 more requests of the 5 left"), "{err}");
}

/// Without a token, the first page goes alone, however many workers there are.
#[test]
fn no_page_past_the_end_is_requested_without_a_token() {
    for mode in ["threads", "gil", "processes"] {
        let server = server(2, 50);
        let (CliOutput { code, out, err }, _) = run(&server, &["--mode", mode, "--threads", "8"]);
        assert_eq!((code, server.pages()), (Some(0), [(1, 1), (2, 1)].into()), "{err}");
        assert!(!out.contains("past the end"), "{out}");
    }
}

#[test]
fn exhausted_quota_ends_the_run_with_the_first_response() {
    let exhausted = || {
        let reply = ScriptedReply::error(403, "API rate limit exceeded for 203.0.113.7.");
        with_quota_headers(0, reply)
    };
    let server = ScriptedServer::start(move |_| exhausted());
    let (CliOutput { code, err, .. }, targets) = run(&server, &[]);
    assert_eq!((code, targets.len()), (Some(5), 1), "{err}");
    assert!(err.contains("rate limit is reached ") || err.contains("rate limit lasts"), "{err}");
}

#[test]
fn server_without_quota_headers_is_used_without_a_check() {
    let server = ScriptedServer::list(90, |_| None);
    let (CliOutput { code, err, .. }, targets) = run(&server, &["--mode", "sequential"]);
    assert_eq!((code, targets.len(), err.as_str()), (Some(0), 3, ""));
}

#[test]
fn rejected_token_ends_the_run_after_one_request() {
    let server = ScriptedServer::start(|_| ScriptedReply::error(401, "Bad credentials"));
    let (CliOutput { code, err, .. }, targets) = run(&server, &[]);
    assert_eq!((code, targets.len()), (Some(4), 1), "{err}");
}
