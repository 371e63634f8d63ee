//! `--narrate`: progress as sentences on stderr, for screen readers.

use super::{CliOutput, command_for_url, run_to_end, start_server, threadline};
use crate::builtin_server;
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// Fetches aaronlelevier's followers from `url` with `--narrate`.
fn narrate(url: &str, args: &[&str]) -> CliOutput {
    run_to_end(threadline().args(["aaronlelevier", "--narrate", "--api-url", url]).args(args))
}

#[test]
fn race_is_narrated() {
    let server = start_server(127);
    let CliOutput { code, out, err } = narrate(&server.url(), &["--threads", "2"]);
    assert_eq!(code, Some(0), "{err}");
    let lines: Vec<&str> = err.lines().collect();
    let starts = ["sequential starts", "threads (no GIL) x2 starts: 5 pages"];
    assert_eq!(lines.iter().filter(|line| starts.contains(line)).count(), 2, "{err}");
    assert_eq!(lines[..2], ["sequential starts", "there are 5 pages"]);
    for prefix in [
        "sequential done: ",
        "threads (no GIL) x2 done: ",
        "sequential, main: waiting ",
        "threads (no GIL) x2, worker-2: waiting ",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(prefix)), "{prefix}: {err}");
    }
    let done = lines.iter().find(|line| line.starts_with("threads (no GIL) x2 done")).unwrap();
    assert!(done.ends_with('x'), "no speed-up: {done}");
    assert!(out.starts_with("single_threaded time(sec): ") && out.contains("\nspeed-up "), "{out}");
    assert!(!err.contains(['\x1b', '\r']), "{err:?}");
}

#[test]
fn adaptive_run_narrates_final_limit_and_active_workers() {
    let server = start_server(30 * 60);
    let args = ["--mode", "threads", "--threads", "auto"];
    let CliOutput { code, err, .. } = narrate(&server.url(), &args);
    assert_eq!(code, Some(0), "{err}");
    let done = err.lines().find(|line| line.starts_with("threads (no GIL) auto done: ")).unwrap();
    assert!(done.contains(" in flight at the end"), "{err}");
    let lanes: Vec<&str> =
        err.lines().filter(|l| l.starts_with("threads (no GIL) auto, worker-")).collect();
    assert!(lanes.iter().all(|lane| lane.contains("waiting ")), "{err}");
    let spare = err.lines().find_map(|line| line.strip_prefix("threads (no GIL) auto: ")).unwrap();
    let spare = spare.split_once(" more workers were not needed").unwrap().0;
    assert_eq!(lanes.len() + spare.parse::<usize>().unwrap(), 64, "{err}");
}

#[test]
fn failures_are_narrated() {
    let faults = r#"{"page":3,"fault":"status","status":502}"#;
    let server = builtin_server::faulty(127, faults);
    let CliOutput { err, code, .. } = narrate(&server.url(), &["--mode", "sequential"]);
    assert_eq!(code, Some(0), "{err}");
    let failed = err.lines().find(|line| line.starts_with("page 3 failed, retrying in ")).unwrap();
    assert!(failed.contains(" s: ") && failed.contains("502"), "{failed}");
    let down = ScriptedServer::start(|_| ScriptedReply::new(500, "{}"));
    let CliOutput { code, err, .. } = run_to_end(command_for_url(down.url()).arg("--narrate"));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("127.0.0.1:"), "{err}");
}

#[test]
fn retry_of_the_first_page_is_narrated_without_advice() {
    let down = ScriptedServer::start(|_| ScriptedReply::new(502, "{}"));
    let args = ["octocat", "--narrate", "--retries", "1", "--api-url", down.url()];
    let CliOutput { err, .. } = run_to_end(threadline().args(args));
    let retry = err.lines().find(|line| line.contains("failed, retrying in ")).unwrap();
    assert!(retry.starts_with("page 1 failed"), "{err}");
    assert!(!retry.contains("try again"), "{err}");
}

#[test]
fn lane_summary_separates_done_and_failed_tasks() {
    let faults = r#"{"page":2,"fault":"status","status":502,"times":0}"#;
    let server = builtin_server::faulty(127, faults);
    let args = ["--mode", "sequential", "--retries", "0"];
    let CliOutput { err, .. } = narrate(&server.url(), &args);
    let lane = err.lines().find(|line| line.starts_with("sequential, main: ")).unwrap();
    assert!(err.contains(": 4 of 5 pages done\n"), "{err}");
    assert!(lane.contains(" %, 4 pages done and 1 failed"), "{err}");
    assert!(!lane.contains(" us") && !lane.contains(" ns"), "{lane}");
}

#[test]
fn limit_beyond_max_wait_is_not_narrated_as_a_pause() {
    let faults = r#"{"page":2,"fault":"secondary_limit","retry_after":60}"#;
    let server = builtin_server::faulty(127, faults);
    let args = ["--mode", "threads", "--threads", "4", "--max-wait", "10s"];
    let CliOutput { code, err, .. } = narrate(&server.url(), &args);
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("--max-wait is 10 s"), "{err}");
    for unexpected in ["no requests for", "at once from now on", "held back"] {
        assert!(!err.contains(unexpected), "{unexpected}: {err}");
    }
}

#[test]
fn single_worker_narrates_no_concurrency_limit() {
    let faults = r#"{"page":2,"fault":"secondary_limit","retry_after":1,"lasts":1}"#;
    let server = builtin_server::faulty(127, faults);
    let CliOutput { code, err, .. } = narrate(&server.url(), &["--mode", "sequential"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("no requests for ") && !err.contains("from now on"), "{err}");
}

#[test]
fn failed_command_is_narrated_in_full() {
    let args = ["exec", "--narrate", "--only", "sequential", "--", "true; exit 3"];
    let CliOutput { err, .. } = run_to_end(threadline().args(args));
    assert!(err.contains("\ncommand 1, \"true; exit 3\", ended with exit status 3\n"), "{err}");
    let lane = err.lines().find(|line| line.starts_with("sequential, main: ")).unwrap();
    assert!(lane.contains(", 0 commands done and 1 failed"), "{err}");
}

#[test]
fn worker_held_back_is_narrated_with_the_active_count() {
    let faults = r#"{"page":2,"fault":"secondary_limit","retry_after":1,"lasts":1}"#;
    let server = builtin_server::faulty(127, faults);
    let CliOutput { code, err, .. } =
        narrate(&server.url(), &["--mode", "threads", "--threads", "4"]);
    assert_eq!(code, Some(0), "{err}");
    let held = err.lines().find(|line| line.contains(" held back ")).unwrap();
    assert!(held.starts_with("worker-") && held.ends_with(" of 4 still working"), "{err}");
    assert!(err.contains("rate limit reached: no requests for "), "{err}");
}

#[test]
fn commands_and_simulated_runs_are_narrated() {
    let exec = run_to_end(threadline().args([
        "exec",
        "--narrate",
        "--only",
        "parallel",
        "-j",
        "2",
        "--",
        "true",
        "false",
    ]));
    assert!(exec.err.contains("parallel x2 starts: 2 commands\n"), "{}", exec.err);
    assert!(exec.err.contains("command 2, \"false\", ended with exit status 1\n"), "{}", exec.err);
    assert!(exec.err.contains(": 1 of 2 commands done\n"), "{}", exec.err);
    let simulated =
        run_to_end(threadline().args(["--simulate", "--mode", "gil", "--json", "--narrate"]));
    assert!(simulated.err.contains("GIL threads x4 done: 1.2"), "{}", simulated.err);
    assert!(simulated.out.starts_with('{'), "{}", simulated.out);
}

#[test]
fn accessible_variable_has_no_effect_without_a_terminal() {
    for value in ["1", "0", ""] {
        let output =
            run_to_end(threadline().args(["--simulate", "--mode", "gil"]).env("ACCESSIBLE", value));
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{value:?}");
    }
}

#[test]
fn sweep_narrates_every_trial() {
    let args = ["--mode", "sweep", "--workload", "cpu", "--simulate", "--threads", "1,2"];
    let CliOutput { code, err, out } =
        run_to_end(threadline().args(args).args(["--repeats", "2", "--narrate"]));
    assert_eq!(code, Some(0), "{err}");
    for trial in 1..=4 {
        let prefix = format!("trial {trial} of 4: ");
        let line = err.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap();
        assert!(["1 thread", "2 threads"].contains(&line), "{trial}: {err}");
    }
    let count_lines = |run: &str| err.lines().filter(|line| *line == run).count();
    assert_eq!(
        count_lines("1 thread done: 1.200 s") + count_lines("2 threads done: 600 ms"),
        4,
        "{err}"
    );
    let advice = err.lines().last().unwrap();
    assert!(!advice.contains("done: ") && out.contains(advice), "{err}{out}");
}
