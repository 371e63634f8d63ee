//! Systems that allow few open files: every page is fetched by the workers that can be had.

use assert_cmd::Command;
use serde_json::Value;
use threadline::github::server::DEFAULT_USER;

use super::{CliOutput, quick, run_to_end};

/// The program, allowed to have `files` open at once.
fn limited(files: u32, args: &[&str]) -> CliOutput {
    let program = env!("CARGO_BIN_EXE_threadline");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh", &files.to_string()]);
    command.arg(program).args(args).env_remove("GH_TOKEN").env_remove("GITHUB_TOKEN");
    run_to_end(&mut command)
}

#[test]
fn every_page_is_fetched_by_the_workers_that_can_be_had() {
    let server = quick(3_000);
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
        let CliOutput { code, out, err } = limited(files, &args);
        assert_eq!(code, Some(0), "{files} files, {threads} {mode}: {err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let run = &report["runs"][0];
        assert_eq!((&run["whole"], &run["followers"]), (&true.into(), &3_000.into()), "{err}");
    }
}

#[test]
fn a_report_names_the_workers_that_are_missing() {
    let server = quick(3_000);
    let args = [DEFAULT_USER, "--api-url", &server.url(), "--per-page", "10", "--plain"];
    let args = [&args[..], &["--mode", "threads", "--threads", "64"]].concat();
    let CliOutput { code, out, err } = limited(40, &args);
    assert_eq!(code, Some(0), "{err}");
    let line = out.lines().find(|line| line.starts_with("missing ")).unwrap();
    assert!(line.contains(" of 64 workers: ") && line.contains("(ulimit -n)"), "{line}");
    assert!(!out.contains("waves "), "{out}");
}

#[test]
fn a_run_without_a_file_for_one_worker_ends_in_a_sentence() {
    let server = quick(300);
    let args = [DEFAULT_USER, "--api-url", &server.url(), "--mode", "threads", "--plain"];
    let CliOutput { code, out, err } = limited(7, &args);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() == 1, "{err}");
    assert!(!err.contains("check the network"), "{err}");
}
