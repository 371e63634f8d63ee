//! The JSON report: its keys and its figures.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server, threadline};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted<const N: usize>(mut names: [&str; N]) -> Vec<&str> {
    names.sort_unstable();
    names.to_vec()
}

fn parse_report(out: &str) -> Value {
    serde_json::from_str(out).unwrap()
}

const REPORT_KEYS: [&str; 9] =
    ["format", "version", "workload", "target", "list", "compute", "runs", "simultaneous", "sweep"];

const RUN_KEYS: [&str; 31] = [
    "requests_past_end",
    "mode",
    "workers",
    "workers_missing",
    "auto",
    "allowed",
    "elapsed_s",
    "tasks_known",
    "tasks_done",
    "tasks_per_second",
    "followers",
    "items",
    "duplicates",
    "attempts",
    "retries",
    "lost",
    "machine",
    "held_back_s",
    "rate_limits",
    "last_page_shown",
    "bytes",
    "end",
    "whole",
    "error",
    "waves",
    "idle_in_last_wave",
    "against_sequential",
    "gil",
    "attempt_time",
    "lanes",
    "tasks",
];

const TASK_KEYS: [&str; 13] = [
    "task",
    "attempt",
    "lane",
    "outcome",
    "status",
    "started_s",
    "finished_s",
    "bytes",
    "followers",
    "items",
    "value",
    "new_connection",
    "error",
];

const STATE_KEYS: [&str; 14] = [
    "idle",
    "starting",
    "hand_over",
    "connecting",
    "waiting",
    "receiving",
    "running",
    "computing",
    "native",
    "lock_wait",
    "retry_wait",
    "throttled",
    "unknown",
    "error",
];

#[test]
fn report_has_every_key() {
    let server = start_server(127);
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).arg("--json"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let report = parse_report(&out);
    assert_eq!(keys(&report), sorted(REPORT_KEYS));
    assert_eq!((&report["workload"], &report["compute"]), (&"followers".into(), &Value::Null));
    assert_eq!(keys(&report["target"]), sorted(["user", "api", "per_page", "costs_quota"]));
    for run in report["runs"].as_array().unwrap() {
        assert_run_keys(run);
    }
    let comparison_keys = ["speed_up", "efficiency", "verdict", "only_sequential", "only_here"];
    assert_eq!(report["runs"][0]["against_sequential"], Value::Null);
    assert_eq!(keys(&report["runs"][1]["against_sequential"]), sorted(comparison_keys));
}

/// Asserts the keys of a run, its lanes and its tasks.
fn assert_run_keys(run: &Value) {
    assert_eq!(keys(run), sorted(RUN_KEYS));
    assert_eq!(keys(&run["attempt_time"]), sorted(["min_s", "median_s", "p95_s", "max_s"]));
    let lane = &run["lanes"][0];
    assert_eq!(keys(lane), sorted(["name", "pids", "attempts", "seconds"]));
    assert_eq!(keys(&lane["seconds"]), sorted(STATE_KEYS));
    assert_eq!(keys(&run["tasks"][0]), sorted(TASK_KEYS));
}

#[test]
fn computed_runs_are_reported() {
    for mode in ["sequential", "threads", "gil"] {
        let args = ["--workload", "cpu", "--tasks", "5", "--size", "1ms", "--threads", "2"];
        let CliOutput { code, out, err } =
            run_to_end(threadline().args(args).args(["--mode", mode, "--json"]));
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let report = parse_report(&out);
        assert_eq!(keys(&report), sorted(REPORT_KEYS));
        assert_eq!((&report["workload"], &report["version"]), (&"cpu".into(), &2.into()));
        assert_eq!(report["target"], Value::Null);
        let compute = ["size_s", "turns", "share", "switch_interval_s", "cores", "seed"];
        assert_eq!(keys(&report["compute"]), sorted(compute));
        assert_eq!(report["compute"]["size_s"], 0.001);
        let run = &report["runs"][0];
        assert_run_keys(run);
        assert_eq!((&run["mode"], &run["whole"]), (&mode.into(), &true.into()));
        let figures =
            ["tasks_known", "tasks_done", "attempts", "lost"].map(|key| run[key].as_u64().unwrap());
        assert_eq!(figures, [5, 5, 5, 0]);
        assert_eq!((&run["followers"], &run["against_sequential"]), (&Value::Null, &Value::Null));
        assert_eq!(run["gil"].is_object(), mode == "gil", "{}", run["gil"]);
        for task in run["tasks"].as_array().unwrap() {
            let value = task["value"].as_str().unwrap();
            assert!(u64::from_str_radix(value, 16).is_ok() && value.len() == 16, "{value}");
        }
        if mode == "gil" {
            assert_gil_figures(run);
        }
    }
}

fn assert_gil_figures(run: &Value) {
    let gil = &run["gil"];
    let figures = [
        "held",
        "mean_waiters",
        "switches",
        "switches_per_second",
        "longest_hold",
        "cost_s",
        "violations",
    ];
    assert_eq!(keys(gil), sorted(figures));
    assert_eq!(keys(&gil["longest_hold"]), sorted(["lane", "start_s", "length_s"]));
    assert_eq!(gil["violations"], 0);
    let waited = run["lanes"].as_array().unwrap().iter().map(|lane| &lane["seconds"]["lock_wait"]);
    let waited: f64 = waited.map(|seconds| seconds.as_f64().unwrap()).sum();
    assert!((gil["cost_s"].as_f64().unwrap() - waited).abs() < 1e-6, "{gil} {waited}");
    let held = gil["held"].as_f64().unwrap();
    assert!(held > 0.0 && held <= 1.0, "{gil}");
}

#[test]
fn race_figures_are_consistent() {
    let server = start_server(127);
    let output = run_to_end(command_for_server(&server).args(["--json", "--threads", "3"]));
    let report = parse_report(&output.out);
    assert_eq!(report["format"], "threadline.report");
    assert_eq!(report["version"], 2);
    assert_eq!(report["target"]["costs_quota"], false);
    let [sequential, threads] = [&report["runs"][0], &report["runs"][1]];
    assert_eq!((&sequential["mode"], &threads["mode"]), (&"sequential".into(), &"threads".into()));
    assert_eq!((&sequential["workers"], &threads["workers"]), (&1.into(), &3.into()));
    for run in [sequential, threads] {
        let figures = ["tasks_known", "tasks_done", "attempts"].map(|key| run[key].as_u64());
        assert_eq!(figures, [Some(5); 3]);
        assert_eq!(run["followers"], 127);
        assert_eq!((&run["end"], &run["whole"]), (&"finished".into(), &true.into()));
        let tasks = run["tasks"].as_array().unwrap();
        let pages: Vec<u64> = tasks.iter().map(|task| task["task"].as_u64().unwrap()).collect();
        assert_eq!(pages, [1, 2, 3, 4, 5]);
        assert_eq!(
            run["bytes"],
            tasks.iter().map(|task| task["bytes"].as_u64().unwrap()).sum::<u64>()
        );
        let followers = |task: &Value| task["followers"].as_u64().unwrap();
        assert_eq!(tasks.iter().map(followers).collect::<Vec<_>>(), [30, 30, 30, 30, 7]);
        let elapsed = run["elapsed_s"].as_f64().unwrap();
        for lane in run["lanes"].as_array().unwrap() {
            let seconds = lane["seconds"].as_object().unwrap();
            let sum: f64 = seconds.values().map(|state| state.as_f64().unwrap()).sum();
            assert!((sum - elapsed).abs() < 1e-6, "{sum} of {elapsed}");
        }
    }
    assert_eq!((&threads["waves"], &threads["idle_in_last_wave"]), (&2.into(), &1.into()));
    let comparison = &threads["against_sequential"];
    assert_eq!(comparison["verdict"], "same");
    let speed_up = comparison["speed_up"].as_f64().unwrap();
    let efficiency = comparison["efficiency"].as_f64().unwrap();
    assert!((speed_up / 3.0 - efficiency).abs() < 1e-9);
}

#[test]
fn single_mode_has_no_comparison() {
    let server = start_server(127);
    let output = run_to_end(command_for_server(&server).args(["--json", "--mode", "threads"]));
    let report = parse_report(&output.out);
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    assert_eq!(report["runs"][0]["against_sequential"], Value::Null);
}

#[test]
fn failure_of_the_first_page_is_in_the_report() {
    let server = ScriptedServer::start(|_| ScriptedReply::error(404, "Not Found"));
    let CliOutput { code, out, err } = run_to_end(command_for_url(server.url()).arg("--json"));
    assert_eq!(code, Some(3));
    assert!(err.contains("knows no user \"octocat\""), "{err}");
    let report = parse_report(&out);
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    assert_eq!(report["runs"][0]["error"]["kind"], "not_found");
}

#[test]
fn page_failure_is_in_the_report() {
    let server = ScriptedServer::list(90, |page| {
        (page == 2).then(|| ScriptedReply::error(500, "Server Error"))
    });
    let CliOutput { code, out, .. } = run_to_end(command_for_url(server.url()).arg("--json"));
    assert_eq!(code, Some(6));
    let report = parse_report(&out);
    let run = &report["runs"][1];
    assert_eq!((&run["end"], &run["whole"]), (&"finished".into(), &false.into()));
    let task = &run["tasks"][1];
    assert_eq!((&task["outcome"], &task["status"]), (&"failed".into(), &500.into()));
    assert_eq!(task["error"]["kind"], "server");
    let comparison = &run["against_sequential"];
    assert_eq!(
        (&comparison["speed_up"], &comparison["verdict"]),
        (&Value::Null, &"incomplete".into())
    );
}

#[test]
fn control_characters_from_the_server_are_not_printed() {
    let server = ScriptedServer::start(|request| match request.page() {
        None => {
            ScriptedReply::new(200, "{\"login\":\"a\u{9b}31m\\u001b[2J\u{202e}\",\"followers\":1}")
        }
        Some(_) => ScriptedReply::new(500, "{\"message\":\"\\u001b]0;title\\u0007\u{9b}\"}"),
    });
    for option in ["--json", "--plain"] {
        let CliOutput { out, err, .. } = run_to_end(command_for_url(server.url()).arg(option));
        for text in [&out, &err] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{text:?}");
        }
    }
}

#[test]
fn retried_page_lists_every_attempt() {
    let requests = AtomicU32::new(0);
    let server = ScriptedServer::list(90, move |page| {
        let first = page == 2 && requests.fetch_add(1, Ordering::Relaxed) == 0;
        first.then(|| ScriptedReply::error(502, "Server Error"))
    });
    let mut command = threadline();
    let url = server.url().to_owned();
    let args = ["octocat", "--api-url", &url, "--retries", "1", "--mode", "sequential", "--json"];
    let CliOutput { code, out, .. } = run_to_end(command.args(args));
    assert_eq!(code, Some(0));
    let report = parse_report(&out);
    let run = &report["runs"][0];
    let counts = ["tasks_known", "attempts", "retries"].map(|key| run[key].as_u64().unwrap());
    assert_eq!(counts, [3, 4, 1]);
    let tasks = run["tasks"].as_array().unwrap();
    let attempts = tasks.iter().map(|task| {
        let text = |key: &str| task[key].as_str().unwrap().to_owned();
        (task["task"].as_u64().unwrap(), task["attempt"].as_u64().unwrap(), text("outcome"))
    });
    let done = "done".to_owned();
    let expected =
        [(1, 1, done.clone()), (2, 1, "retried".to_owned()), (2, 2, done.clone()), (3, 1, done)];
    assert_eq!(attempts.collect::<Vec<_>>(), expected);
    let reason = tasks[1]["error"]["message"].as_str().unwrap();
    assert!(reason.contains("502") && tasks[2]["error"].is_null(), "{reason}");
}

#[test]
fn adaptive_limit_history_is_reported() {
    let server = start_server(127);
    let output = run_to_end(command_for_server(&server).args(["--json", "--threads", "auto"]));
    let report = parse_report(&output.out);
    let [sequential, threads] = [&report["runs"][0], &report["runs"][1]];
    assert_eq!((&sequential["auto"], &threads["auto"]), (&false.into(), &true.into()));
    assert_eq!(sequential["allowed"].as_array().unwrap().len(), 0);
    // One thread per page, of which four may start.
    let start = &threads["allowed"][0];
    assert_eq!((&threads["workers"], &threads["waves"]), (&5.into(), &Value::Null));
    assert_eq!((&start["in_flight"], &start["why"]), (&4.into(), &"start".into()));
    assert_eq!(sorted(["at_s", "in_flight", "queue", "why"]), keys(start));
    assert_eq!((&start["queue"], &threads["whole"]), (&Value::Null, &true.into()));
}
