//! `--simulate` and its options, as parsed and in runs of the program.

use std::ffi::OsString;

use assert_cmd::Command as Program;
use threadline::cli::{Command, FollowersCommand, Terminals, parse};
use threadline::model::ModeChoice;

use super::*;

fn parse_followers(args: &[&str]) -> Result<FollowersCommand, String> {
    let args = ["threadline"].iter().chain(args).map(OsString::from);
    match parse(args, &|_| None, Terminals::default()) {
        Ok(Command::Followers(followers)) => Ok(followers),
        Ok(other) => unreachable!("{other:?}"),
        Err(stop) => Err(stop.to_string()),
    }
}

#[test]
fn simulate_defaults_to_the_cpu_workload() {
    let followers = parse_followers(&["--simulate"]).unwrap();
    assert_eq!(followers.selection.workload, Workload::Cpu);
    assert_eq!(followers.selection.choice, ModeChoice::Race);
    assert_eq!(
        followers.compute_options.compute.simulation,
        Some(Simulation { seed: 1, cores: 2 })
    );
    assert_eq!(followers.slow, 20);
    let followers =
        parse_followers(&["--simulate", "--workload", "mixed", "--share", "50"]).unwrap();
    assert_eq!(followers.selection.workload, Workload::Mixed);
    assert_eq!(parse_followers(&[]).unwrap().selection.workload, Workload::Followers);
    assert_eq!(
        parse_followers(&["--workload", "cpu"]).unwrap().compute_options.compute.simulation,
        None
    );
}

/// The trials of a sweep are compared, not watched.
#[test]
fn simulated_sweep_is_not_slowed_by_default() {
    let sweep = ["--simulate", "--mode", "sweep"];
    assert_eq!(parse_followers(&sweep).unwrap().slow, 1);
    assert_eq!(parse_followers(&[sweep.as_slice(), &["--slow", "5"]].concat()).unwrap().slow, 5);
}

#[test]
fn seed_cores_and_slow_are_parsed_at_their_maxima() {
    let followers = parse_followers(&[
        "--simulate",
        "--seed",
        "18446744073709551615",
        "--cores=64",
        "--slow=100000",
    ]);
    let followers = followers.unwrap();
    let simulation = Simulation { seed: u64::MAX, cores: 64 };
    assert_eq!(followers.compute_options.compute.simulation, Some(simulation));
    assert_eq!(followers.slow, 100_000);
}

#[test]
fn invalid_numbers_are_rejected() {
    for args in [
        ["--cores", "0"],
        ["--cores", "65"],
        ["--cores", "-1"],
        ["--cores", "two"],
        ["--slow", "0"],
        ["--slow", "100001"],
        ["--slow", "0.5"],
        ["--seed", "-1"],
        ["--seed", "18446744073709551616"],
    ] {
        let error = parse_followers(&[&["--simulate"], &args[..]].concat()).unwrap_err();
        assert!(error.contains(args[0]) && error.contains(args[1]), "{args:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn simulation_options_without_simulate_are_rejected() {
    for args in [["--seed", "1"], ["--cores", "2"], ["--slow", "5"]] {
        let error = parse_followers(&args).unwrap_err();
        assert!(error.contains("--simulate"), "{args:?}: {error}");
    }
}

#[test]
fn simulate_rejects_options_of_the_followers_workload() {
    for (args, option) in [
        (&["octocat"][..], "a USERNAME"),
        (&["--username", "octocat"], "--username"),
        (&["--api-url", "https://example.com"], "--api-url"),
        (&["--workload", "followers"], "--workload followers"),
        (&["--output", "x.csv"], "--output"),
    ] {
        let error = parse_followers(&[&["--simulate"], args].concat()).unwrap_err();
        let expected = format!("--simulate fetches no followers; leave out {option} or --simulate");
        assert_eq!(error, expected);
    }
}

fn run_simulation(args: &[&str]) -> std::process::Output {
    Program::cargo_bin("threadline").unwrap().arg("--simulate").args(args).output().unwrap()
}

/// The run takes hours of virtual time. Another seed changes the report.
#[test]
fn headless_simulation_is_immediate_and_byte_identical() {
    let args = ["--json", "--size", "10m", "--switch-interval", "1s", "--slow", "100000"];
    let (first, second) = (run_simulation(&args), run_simulation(&args));
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(String::from_utf8_lossy(&first.stdout), String::from_utf8_lossy(&second.stdout));
    let other_seed = run_simulation(&[&args[..], &["--seed", "2"]].concat());
    assert_ne!(other_seed.stdout, second.stdout);
}

#[test]
fn simulation_with_too_many_events_fails_with_advice() {
    let output =
        run_simulation(&["--plain", "--size", "10m", "--switch-interval", "1us", "--mode", "gil"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("use a longer --switch-interval"), "{stderr}");
}
