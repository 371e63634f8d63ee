//! An API whose requests cost quota: what is left of it is asked beforehand, for nothing.

use super::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};
use super::{CliOutput, run_to_end, threadline};

/// A server with 3 pages, whose `/rate_limit` is answered so.
fn server(rate_limit: impl Fn() -> ScriptedReply + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::start(move |request| match (request.target.as_str(), request.page()) {
        ("/rate_limit", _) => rate_limit(),
        (_, Some(page)) => left(5, super::scripted_server::page(page, 90)),
        (_, None) => left(5, ScriptedReply::new(200, r#"{"login":"octocat","followers":90}"#)),
    })
}

fn left(remaining: u32, reply: ScriptedReply) -> ScriptedReply {
    reply
        .header("x-ratelimit-limit", "60")
        .header("x-ratelimit-remaining", remaining.to_string())
        .header("x-ratelimit-reset", "1700000000")
}

/// The body of `/rate_limit`, with so many requests left.
fn core(remaining: u32) -> ScriptedReply {
    let core = format!(r#"{{"limit":60,"used":1,"remaining":{remaining},"reset":4102444800}}"#);
    ScriptedReply::new(200, format!(r#"{{"resources":{{"core":{core}}}}}"#))
}

/// Asks for a race by an address that is this machine's and no loopback address, so that it counts as
/// somebody else's.
fn race(server: &ScriptedServer, more: &[&str]) -> (CliOutput, Vec<String>) {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut command = threadline();
    command.args(["octocat", "--api-url", &url, "--retries", "0", "--max-wait", "0s"]).args(more);
    let ended = run_to_end(command.env("NO_PROXY", "*"));
    let targets = server.requests().into_iter().map(|ScriptedRequest { target, .. }| target);
    (ended, targets.collect())
}

const PREPARING: [&str; 2] = ["/rate_limit", "/users/octocat"];

#[test]
fn what_does_not_fit_is_not_begun_but_by_force() {
    let server = server(|| core(6));
    let (CliOutput { code, out, err }, asked) = race(&server, &[]);
    assert_eq!((code, out.as_str()), (Some(5), ""), "{err}");
    for words in ["race needs 6 more requests", "has 5 of 60 left until 22:13 UTC", "--force"] {
        assert!(err.contains(words), "{err}");
    }
    assert_eq!(asked, PREPARING);
    let (CliOutput { code, err, .. }, asked) = race(&server, &["--force"]);
    assert_eq!((code, asked.len()), (Some(0), 2 + 2 + 6), "{err}");
}

#[test]
fn what_fits_is_said_and_begun() {
    let server = server(|| core(60));
    let (CliOutput { code, err, .. }, asked) = race(&server, &["--mode", "threads"]);
    assert_eq!((code, asked.len()), (Some(0), 2 + 3), "{err}");
    assert_eq!(asked[..2], PREPARING);
    assert!(err.contains("threads takes 3 more requests of the 5 left"), "{err}");
}

#[test]
fn without_a_request_left_none_is_made() {
    let server = server(|| core(0));
    let (CliOutput { code, err, .. }, asked) = race(&server, &[]);
    assert_eq!((code, asked), (Some(5), vec!["/rate_limit".to_owned()]), "{err}");
    assert!(err.contains("rate limit is reached for "), "{err}");
    assert!(err.contains("come back then, or set GH_TOKEN for a larger quota"), "{err}");
}

#[test]
fn a_server_without_limits_or_with_an_answer_of_another_kind_is_asked_all_the_same() {
    for answer in ["no such page", "{}", "<html>"] {
        let server = server(move || ScriptedReply::new(404, answer));
        let (CliOutput { code, err, .. }, asked) = race(&server, &["--mode", "sequential"]);
        assert_eq!((code, asked.len()), (Some(0), 2 + 3), "{err}");
    }
    for status in [403, 500] {
        let server = server(move || ScriptedReply::error(status, "Not for you"));
        let (CliOutput { code, err, .. }, asked) = race(&server, &["--mode", "sequential"]);
        assert_eq!((code, asked.len()), (Some(0), 2 + 3), "{status}: {err}");
    }
    let server = server(|| ScriptedReply::new(200, "<html>"));
    assert_eq!(race(&server, &["--mode", "sequential"]).0.code, Some(0));
}

#[test]
fn a_rejected_token_is_reported_at_once() {
    let server = server(|| ScriptedReply::error(401, "Bad credentials"));
    let (CliOutput { code, err, .. }, asked) = race(&server, &[]);
    assert_eq!((code, asked.len()), (Some(4), 1), "{err}");
}
