//! A sweep without a screen: its arguments, what it asks for, and whether it may.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};
use super::{CliOutput, asking_quick, quick, run_to_end, threadline};

/// Exit 2, nothing on stdout, and one line on stderr that holds `words`.
#[track_caller]
fn refused(args: &[&str], words: &str) {
    let CliOutput { code, out, err } = run_to_end(threadline().args(args));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
    assert!((1..=3).contains(&err.lines().count()), "{args:?}: {err:?}");
    assert!(err.contains(words), "{args:?}: {err:?}");
}

#[test]
fn counts_that_cannot_be_swept_over() {
    let sweep = |threads| vec!["--mode", "sweep", "--threads", threads];
    refused(&sweep("8"), "--threads 8 is a single count");
    refused(&sweep("4..4"), "--threads 4 is a single count");
    refused(&sweep("0..4"), "--threads 0 is out of range\nhint: use 1 to 1000\n");
    refused(&sweep("1,2000"), "--threads 2000 is out of range");
    refused(&sweep("1..200"), "200 counts are too many for a sweep\nhint: give up to 64");
    refused(&sweep("8..2"), "8..2 ends before it begins");
    for threads in ["1,,2", "1..", "..", "a,b", "1,-2"] {
        refused(&sweep(threads), "a whole number");
    }
    refused(
        &["octocat", "--mode", "sweep", "--threads", "1,101"],
        "--threads 101 is out of range\nhint: use 1 to 100: GitHub allows 100 requests at once",
    );
}

#[test]
fn what_is_a_sweeps_alone() {
    refused(&["--threads", "1,2"], "--threads 1,2 has several counts\nhint: add --mode sweep");
    refused(&["--mode", "threads", "--threads", "1..4"], "--threads 1..4 has several counts");
    refused(&["--repeats", "5"], "--repeats applies to sweeps only\nhint: add --mode sweep");
    refused(&["--mode", "race", "--yes"], "--yes applies to sweeps only\nhint: add --mode sweep");
    for repeats in ["0", "101", "-1", "x"] {
        refused(&["--mode", "sweep", "--repeats", repeats], "--repeats");
    }
    refused(&["exec", "--only", "sweep", "--", "true"], "possible values: sequential, parallel");
}

#[test]
fn every_count_fetches_every_page_as_often_as_was_said() {
    let server = quick(90);
    let args = ["--mode", "sweep", "--threads", "1..3", "--repeats", "2", "--plain"];
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).args(args));
    assert_eq!(code, Some(0), "{err}");
    let rows =
        ["threads    trials", "1               2  ", "2               2  ", "3               2  "];
    assert!(rows.iter().all(|row| out.lines().any(|line| line.starts_with(row))), "{out}");
    assert!(out.lines().last().unwrap().starts_with("advice       "), "{out}");
    // The profile, and three pages for each of six trials.
    assert_eq!(server.request_counts().requests, 1 + 3 * 6);
}

#[test]
fn the_json_report_has_the_sweep_and_its_last_run() {
    let args = ["--simulate", "--mode", "sweep", "--threads", "1,2,4", "--repeats", "2", "--json"];
    let CliOutput { code, out, err } = run_to_end(threadline().args(args));
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    let sweep = &report["sweep"];
    let workers = |trial: &Value| trial["workers"].as_u64().unwrap();
    let trials: Vec<u64> = sweep["trials"].as_array().unwrap().iter().map(workers).collect();
    assert_eq!(trials, [1, 2, 4, 4, 2, 1]);
    // Two cores: the third and the fourth thread bring nothing.
    let points = sweep["points"].as_array().unwrap();
    let speed_ups: Vec<f64> = points.iter().map(|one| one["speed_up"].as_f64().unwrap()).collect();
    assert_eq!(speed_ups, [1.0, 2.0, 2.0]);
    assert!(sweep["advice"].as_str().unwrap().starts_with("2 threads: 2.00x."), "{sweep}");
}

/// A server with 3 pages, 60 requests of whose quota are left.
fn costly() -> ScriptedServer {
    let left = |reply: ScriptedReply| {
        reply
            .header("x-ratelimit-limit", "60")
            .header("x-ratelimit-remaining", "60")
            .header("x-ratelimit-reset", "4102444800")
    };
    ScriptedServer::start(move |request| match (request.target.as_str(), request.page()) {
        ("/rate_limit", _) => ScriptedReply::new(404, "{}"),
        (_, Some(page)) => left(super::scripted_server::page(page, 90)),
        (_, None) => left(ScriptedReply::new(200, r#"{"login":"octocat","followers":90}"#)),
    })
}

/// Asks for a sweep by an address that is this machine's and no loopback address, so that it counts as
/// somebody else's.
fn sweep(server: &ScriptedServer, more: &[&str]) -> (CliOutput, Vec<String>) {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut command = threadline();
    command.args(["octocat", "--api-url", &url, "--mode", "sweep", "--threads", "1,2"]).args(more);
    let ended = run_to_end(command.env("NO_PROXY", "*"));
    let targets = server.requests().into_iter().map(|ScriptedRequest { target, .. }| target);
    (ended, targets.collect())
}

#[test]
fn without_a_yes_nothing_that_costs_is_asked_for() {
    for way in ["--plain", "--json"] {
        let (CliOutput { code, out, err }, asked) = sweep(&costly(), &[way]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        // Six trials of three pages, and the preparing request again.
        let words =
            ["threadline: sweep takes 19 requests of the 60 left until 00:00 UTC at 0.0.0.0"];
        assert!(words.iter().all(|words| err.contains(words)), "{err}");
        assert!(err.contains("about ") && err.contains("; add --yes to start it"), "{err}");
        assert_eq!(asked, ["/rate_limit", "/users/octocat"]);
    }
}

#[test]
fn with_a_yes_it_says_what_it_costs_and_begins() {
    let (CliOutput { code, err, .. }, asked) = sweep(&costly(), &["--yes", "--repeats", "2"]);
    assert_eq!((code, asked.len()), (Some(0), 2 + 3 * 4), "{err}");
    assert!(err.contains("sweep takes 12 more requests of the 60 left"), "{err}");
}

#[test]
fn a_trial_that_fails_ends_it_and_the_exit_code_says_so() {
    let server =
        super::builtin_server::faulty(90, r#"{"page":2,"fault":"status","status":500,"times":0}"#);
    let mut command = asking_quick(&server);
    command.args(["--mode", "sweep", "--threads", "1,2", "--retries", "0", "--plain"]);
    let CliOutput { code, out, err } = run_to_end(&mut command);
    assert_eq!((code, out.as_str()), (Some(6), ""), "{err}");
    assert!(err.contains("trial 1 of 6 ended the sweep: ") && err.contains("page 2"), "{err}");
    assert_eq!(server.request_counts().requests, 1 + 3, "no other trial");
}

/// Every request after those of the first trial fails: what that measured is told.
#[test]
fn what_was_measured_before_is_kept() {
    let asked = AtomicU32::new(0);
    let server = ScriptedServer::start(move |request| match request.page() {
        Some(page) if asked.fetch_add(1, Ordering::SeqCst) < 3 => {
            super::scripted_server::page(page, 90)
        }
        Some(_) => ScriptedReply::error(500, "no more"),
        None => ScriptedReply::new(200, r#"{"login":"octocat","followers":90}"#),
    });
    let mut command = super::command_for(server.url());
    let CliOutput { code, out, err } =
        run_to_end(command.args(["--mode", "sweep", "--threads", "1,2"]));
    assert_eq!(code, Some(6), "{err}");
    assert!(out.lines().any(|line| line.starts_with("1               1  ")), "{out}");
    assert!(err.contains("trial 2 of 6 ended the sweep: "), "{err}");
}
