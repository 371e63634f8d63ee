//! A sweep without a screen: its arguments, its requests and the consent that it needs.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{CliOutput, command_for_server, run_to_end, start_server, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};

/// Asserts exit code 2, no stdout, and a message of at most three lines with `expected` on stderr.
#[track_caller]
fn assert_rejected(args: &[&str], expected: &str) {
    let CliOutput { code, out, err } = run_to_end(threadline().args(args));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
    assert!((1..=3).contains(&err.lines().count()), "{args:?}: {err:?}");
    assert!(err.contains(expected), "{args:?}: {err:?}");
}

#[test]
fn invalid_thread_counts_are_rejected() {
    let args = |threads| vec!["--mode", "sweep", "--threads", threads];
    assert_rejected(&args("8"), "--threads 8 is a single count");
    assert_rejected(&args("4..4"), "--threads 4 is a single count");
    assert_rejected(&args("0..4"), "--threads 0 is out of range\nhint: use 1 to 1000\n");
    assert_rejected(&args("1,2000"), "--threads 2000 is out of range");
    let many = (1..=65).map(|count| count.to_string()).collect::<Vec<_>>().join(",");
    assert_rejected(&args(&many), "65 counts are too many for a sweep\nhint: give up to 64");
    assert_rejected(&args("8..2"), "8..2 ends before it begins");
    for threads in ["1,,2", "1..", "..", "a,b", "1,-2"] {
        assert_rejected(&args(threads), "a whole number");
    }
    assert_rejected(
        &["octocat", "--mode", "sweep", "--threads", "1,101"],
        "--threads 101 is out of range\nhint: use 1 to 100: GitHub allows 100 requests at once",
    );
}

#[test]
fn sweep_options_need_sweep_mode() {
    assert_rejected(
        &["--threads", "1,2"],
        "--threads 1,2 has several counts\nhint: add --mode sweep",
    );
    assert_rejected(
        &["--mode", "threads", "--threads", "1..4"],
        "--threads 1..4 has several counts",
    );
    assert_rejected(
        &["--repeats", "5"],
        "--repeats applies to sweeps only\nhint: add --mode sweep",
    );
    for repeats in ["0", "101", "-1", "x"] {
        assert_rejected(&["--mode", "sweep", "--repeats", repeats], "--repeats");
    }
    assert_rejected(
        &["exec", "--only", "sweep", "--", "true"],
        "possible values: sequential, parallel",
    );
}

#[test]
fn every_count_fetches_all_pages_in_each_repeat() {
    let server = start_server(90);
    let args = ["--mode", "sweep", "--threads", "1..3", "--repeats", "2", "--plain"];
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).args(args));
    assert_eq!(code, Some(0), "{err}");
    let rows = ["threads  ", "1        ", "2        ", "3        "];
    assert!(rows.iter().all(|row| out.lines().any(|line| line.starts_with(row))), "{out}");
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("advice       ") && last.contains("2 trials each"), "{out}");
    // Three pages for each of six trials.
    assert_eq!(server.request_counts().requests, 3 * 6);
}

#[test]
fn json_report_has_the_sweep_and_its_last_run() {
    let args = ["--simulate", "--mode", "sweep", "--threads", "1,2,4", "--repeats", "2", "--json"];
    let CliOutput { code, out, err } = run_to_end(threadline().args(args));
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    let sweep = &report["sweep"];
    let workers = |trial: &Value| trial["workers"].as_u64().unwrap();
    let trials: Vec<u64> = sweep["trials"].as_array().unwrap().iter().map(workers).collect();
    assert_eq!(trials, [1, 2, 4, 4, 2, 1]);
    // Two simulated cores: a third and a fourth thread add no speed.
    let points = sweep["points"].as_array().unwrap();
    let speed_ups: Vec<f64> = points.iter().map(|one| one["speed_up"].as_f64().unwrap()).collect();
    assert_eq!(speed_ups, [1.0, 2.0, 2.0]);
    assert!(sweep["advice"].as_str().unwrap().starts_with("2 threads: 2.00x."), "{sweep}");
}

/// A server with 3 pages and a remaining quota of 60 requests.
fn server_with_quota() -> ScriptedServer {
    let with_quota_headers = |reply: ScriptedReply| {
        reply
            .header("x-ratelimit-limit", "60")
            .header("x-ratelimit-remaining", "60")
            .header("x-ratelimit-reset", "4102444800")
    };
    ScriptedServer::list(90, move |page| {
        Some(with_quota_headers(crate::scripted_server::page(page, 90)))
    })
}

/// Runs a sweep; returns its output and the targets of its requests. The program takes the server
/// for a remote one, because 0.0.0.0 is not a loopback address.
fn run_sweep(server: &ScriptedServer, args: &[&str]) -> (CliOutput, Vec<String>) {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut command = threadline();
    command.args(["octocat", "--api-url", &url, "--mode", "sweep", "--threads", "1,2"]).args(args);
    let output = run_to_end(command.env("NO_PROXY", "*"));
    let targets = server.requests().into_iter().map(|ScriptedRequest { target, .. }| target);
    (output, targets.collect())
}

#[test]
fn sweep_that_costs_quota_needs_yes() {
    for report_option in ["--plain", "--json"] {
        let (CliOutput { code, out, err }, targets) =
            run_sweep(&server_with_quota(), &[report_option]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        // Six trials of at least one page.
        let message = "threadline: sweep takes at least 6 requests at 0.0.0.0";
        assert!(err.starts_with(message), "{err}");
        let estimate = "; the number of pages is not known yet: 100 pages would take 600 requests and \
                        about 45 s at 100 ms each; add --yes to start it\n";
        assert!(err.ends_with(estimate), "{err}");
        assert!(targets.is_empty(), "{targets:?}");
    }
}

#[test]
fn sweep_with_yes_reports_its_cost_and_starts() {
    let (CliOutput { code, err, .. }, targets) =
        run_sweep(&server_with_quota(), &["--yes", "--repeats", "2"]);
    assert_eq!((code, targets.len()), (Some(0), 3 * 4), "{err}");
    assert!(err.contains("sweep takes 11 more requests of the 60 left"), "{err}");
}

#[test]
fn failed_trial_ends_the_sweep_with_exit_code_6() {
    let server =
        crate::builtin_server::faulty(90, r#"{"page":2,"fault":"status","status":500,"times":0}"#);
    let mut command = command_for_server(&server);
    command.args(["--mode", "sweep", "--threads", "1,2", "--retries", "0", "--plain"]);
    let CliOutput { code, out, err } = run_to_end(&mut command);
    assert_eq!((code, out.as_str()), (Some(6), ""), "{err}");
    assert!(err.contains("trial 1 of 6 ended the sweep: ") && err.contains("page 2"), "{err}");
    assert_eq!(server.request_counts().requests, 3, "no other trial");
}

/// Every request after the first trial fails.
#[test]
fn trials_before_a_failure_are_reported() {
    let page_requests = AtomicU32::new(0);
    let server = ScriptedServer::start(move |request| match request.page() {
        Some(page) if page_requests.fetch_add(1, Ordering::SeqCst) < 3 => {
            crate::scripted_server::page(page, 90)
        }
        _ => ScriptedReply::error(500, "no more"),
    });
    let mut command = super::command_for_url(server.url());
    let CliOutput { code, out, err } =
        run_to_end(command.args(["--mode", "sweep", "--threads", "1,2"]));
    assert_eq!(code, Some(6), "{err}");
    assert!(out.lines().any(|line| line.starts_with("1        ")), "{out}");
    assert!(err.contains("trial 2 of 6 ended the sweep: "), "{err}");
}
