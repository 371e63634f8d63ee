//! The quota of the API: a run checks it with a free request before it spends any.

use super::{CliOutput, run_to_end, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};

/// A server with 3 pages and this reply to `/rate_limit`.
fn server(rate_limit: impl Fn() -> ScriptedReply + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::start(move |request| match (request.target.as_str(), request.page()) {
        ("/rate_limit", _) => rate_limit(),
        (_, Some(page)) => with_quota_headers(5, crate::scripted_server::page(page, 90)),
        (_, None) => {
            with_quota_headers(5, ScriptedReply::new(200, r#"{"login":"octocat","followers":90}"#))
        }
    })
}

/// Adds the headers of a quota with `remaining` of 60 requests.
fn with_quota_headers(remaining: u32, reply: ScriptedReply) -> ScriptedReply {
    reply
        .header("x-ratelimit-limit", "60")
        .header("x-ratelimit-remaining", remaining.to_string())
        .header("x-ratelimit-reset", "1700000000")
}

/// A reply to `/rate_limit` with `remaining` of 60 requests.
fn rate_limit_reply(remaining: u32) -> ScriptedReply {
    let core = format!(r#"{{"limit":60,"used":1,"remaining":{remaining},"reset":4102444800}}"#);
    ScriptedReply::new(200, format!(r#"{{"resources":{{"core":{core}}}}}"#))
}

/// Runs a race; returns its output and the targets of its requests. The program takes the server
/// for a remote one, because 0.0.0.0 is not a loopback address.
fn run_race(server: &ScriptedServer, args: &[&str]) -> (CliOutput, Vec<String>) {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut command = threadline();
    command.args(["octocat", "--api-url", &url, "--retries", "0", "--max-wait", "0s"]).args(args);
    let output = run_to_end(command.env("NO_PROXY", "*"));
    let targets = server.requests().into_iter().map(|ScriptedRequest { target, .. }| target);
    (output, targets.collect())
}

const SETUP_REQUESTS: [&str; 2] = ["/rate_limit", "/users/octocat"];

#[test]
fn run_beyond_the_quota_needs_yes() {
    let server = server(|| rate_limit_reply(6));
    let (CliOutput { code, out, err }, targets) = run_race(&server, &[]);
    assert_eq!((code, out.as_str()), (Some(5), ""), "{err}");
    for message in ["race needs 6 more requests", "has 5 of 60 left until 22:13 UTC", "--yes"] {
        assert!(err.contains(message), "{err}");
    }
    assert_eq!(targets, SETUP_REQUESTS);
    let (CliOutput { code, err, .. }, targets) = run_race(&server, &["--yes"]);
    assert_eq!((code, targets.len()), (Some(0), 2 + 2 + 6), "{err}");
}

#[test]
fn run_within_the_quota_reports_its_cost_and_starts() {
    let server = server(|| rate_limit_reply(60));
    let (CliOutput { code, err, .. }, targets) = run_race(&server, &["--mode", "threads"]);
    assert_eq!((code, targets.len()), (Some(0), 2 + 3), "{err}");
    assert_eq!(targets[..2], SETUP_REQUESTS);
    assert!(err.contains("threads takes 3 more requests of the 5 left"), "{err}");
}

#[test]
fn exhausted_quota_prevents_the_profile_request() {
    let server = server(|| rate_limit_reply(0));
    let (CliOutput { code, err, .. }, targets) = run_race(&server, &[]);
    assert_eq!((code, targets), (Some(5), vec!["/rate_limit".to_owned()]), "{err}");
    assert!(err.contains("rate limit is reached for "), "{err}");
    assert!(err.contains("come back then, or set GH_TOKEN for a larger quota"), "{err}");
}

#[test]
fn unusable_rate_limit_reply_does_not_prevent_the_run() {
    for answer in ["no such page", "{}", "<html>"] {
        let server = server(move || ScriptedReply::new(404, answer));
        let (CliOutput { code, err, .. }, targets) = run_race(&server, &["--mode", "sequential"]);
        assert_eq!((code, targets.len()), (Some(0), 2 + 3), "{err}");
    }
    for status in [403, 500] {
        let server = server(move || ScriptedReply::error(status, "Not for you"));
        let (CliOutput { code, err, .. }, targets) = run_race(&server, &["--mode", "sequential"]);
        assert_eq!((code, targets.len()), (Some(0), 2 + 3), "{status}: {err}");
    }
    let server = server(|| ScriptedReply::new(200, "<html>"));
    assert_eq!(run_race(&server, &["--mode", "sequential"]).0.code, Some(0));
}

#[test]
fn rejected_token_ends_the_run_after_one_request() {
    let server = server(|| ScriptedReply::error(401, "Bad credentials"));
    let (CliOutput { code, err, .. }, targets) = run_race(&server, &[]);
    assert_eq!((code, targets.len()), (Some(4), 1), "{err}");
}
