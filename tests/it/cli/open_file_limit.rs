//! Runs under a low limit on open files (`ulimit -n`).

use assert_cmd::Command;
use serde_json::Value;
use threadline::server::DEFAULT_USER;

use super::{CliOutput, run_to_end, start_server};

/// Runs the program with at most `files` open files.
fn run_with_file_limit(files: u32, args: &[&str]) -> CliOutput {
    let program = env!("CARGO_BIN_EXE_threadline");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh", &files.to_string()]);
    command.arg(program).args(args).env_remove("GH_TOKEN").env_remove("GITHUB_TOKEN");
    run_to_end(&mut command)
}

#[test]
fn all_pages_are_fetched_under_a_low_file_limit() {
    let server = start_server(3_000);
    for (files, mode, threads) in [
        (64, "threads", "16"),
        (64, "threads", "64"),
        (64, "threads", "auto"),
        (64, "gil", "64"),
        (256, "threads", "64"),
        (256, "threads", "auto"),
        (1_024, "threads", "512"),
        (64, "processes", "16"),
    ] {
        let args = [DEFAULT_USER, "--api-url", &server.url(), "--per-page", "10", "--json"];
        let args = [&args[..], &["--mode", mode, "--threads", threads]].concat();
        let CliOutput { code, out, err } = run_with_file_limit(files, &args);
        assert_eq!(code, Some(0), "{files} files, {threads} {mode}: {err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let run = &report["runs"][0];
        assert_eq!((&run["whole"], &run["followers"]), (&true.into(), &3_000.into()), "{err}");
    }
}

#[test]
fn report_counts_missing_workers() {
    let server = start_server(3_000);
    let args = [DEFAULT_USER, "--api-url", &server.url(), "--per-page", "10", "--plain"];
    let args = [&args[..], &["--mode", "threads", "--threads", "64"]].concat();
    let CliOutput { code, out, err } = run_with_file_limit(40, &args);
    assert_eq!(code, Some(0), "{err}");
    let line = out.lines().find(|line| line.starts_with("missing ")).unwrap();
    assert!(line.contains(" of 64 workers: ") && line.contains("(ulimit -n)"), "{line}");
    assert!(!out.contains("waves "), "{out}");
}

#[test]
fn file_limit_below_one_worker_fails_with_one_line() {
    let server = start_server(300);
    let args = [DEFAULT_USER, "--api-url", &server.url(), "--mode", "threads", "--plain"];
    let CliOutput { code, out, err } = run_with_file_limit(7, &args);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() == 1, "{err}");
    assert!(!err.contains("check the network"), "{err}");
}
