//! `--simulate` and its options, and the program itself with them.

use std::ffi::OsString;

use assert_cmd::Command as Program;
use threadline::cli::{Command, FollowersCommand, parse};
use threadline::model::ModeChoice;

use super::*;

fn given(args: &[&str]) -> Result<FollowersCommand, String> {
    let args = ["threadline"].iter().chain(args).map(OsString::from);
    match parse(args, &|_| None) {
        Ok(Command::Followers(followers)) => Ok(followers),
        Ok(other) => unreachable!("{other:?}"),
        Err(stop) => Err(stop.to_string()),
    }
}

#[test]
fn simulate_computes_cpu_work_unless_another_workload_is_named() {
    let followers = given(&["--simulate"]).unwrap();
    assert_eq!(followers.selection.workload, Workload::Cpu);
    assert_eq!(followers.selection.choice, ModeChoice::Race);
    assert_eq!(
        followers.compute_options.compute.simulation,
        Some(Simulation { seed: 1, cores: 2 })
    );
    assert_eq!(followers.slow, 20);
    let followers = given(&["--simulate", "--workload", "mixed", "--share", "50"]).unwrap();
    assert_eq!(followers.selection.workload, Workload::Mixed);
    assert_eq!(given(&[]).unwrap().selection.workload, Workload::Followers);
    assert_eq!(given(&["--workload", "cpu"]).unwrap().compute_options.compute.simulation, None);
}

/// Its many trials are compared, not watched.
#[test]
fn a_sweep_is_not_slowed_unless_that_was_asked_for() {
    let sweep = ["--simulate", "--mode", "sweep"];
    assert_eq!(given(&sweep).unwrap().slow, 1);
    assert_eq!(given(&[sweep.as_slice(), &["--slow", "5"]].concat()).unwrap().slow, 5);
}

#[test]
fn seed_cores_and_slow_are_taken_as_given() {
    let followers =
        given(&["--simulate", "--seed", "18446744073709551615", "--cores=64", "--slow=100000"]);
    let followers = followers.unwrap();
    let simulation = Simulation { seed: u64::MAX, cores: 64 };
    assert_eq!(followers.compute_options.compute.simulation, Some(simulation));
    assert_eq!(followers.slow, 100_000);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
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
        let refused = given(&[&["--simulate"], &args[..]].concat()).unwrap_err();
        assert!(refused.contains(args[0]) && refused.contains(args[1]), "{args:?}: {refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}

#[test]
fn without_simulate_its_options_mean_nothing_and_are_refused() {
    for args in [["--seed", "1"], ["--cores", "2"], ["--slow", "5"]] {
        let refused = given(&args).unwrap_err();
        assert!(refused.contains("--simulate"), "{args:?}: {refused}");
    }
}

#[test]
fn a_simulated_machine_fetches_no_followers() {
    for (args, named) in [
        (&["octocat"][..], "a USERNAME"),
        (&["--username", "octocat"], "--username"),
        (&["--api-url", "https://example.com"], "--api-url"),
        (&["--workload", "followers"], "--workload followers"),
        (&["--output", "x.csv"], "--output"),
    ] {
        let refused = given(&[&["--simulate"], args].concat()).unwrap_err();
        let expected = format!("--simulate fetches no followers; leave out {named} or --simulate");
        assert_eq!(refused, expected);
    }
}

fn program(args: &[&str]) -> std::process::Output {
    Program::cargo_bin("threadline").unwrap().arg("--simulate").args(args).output().unwrap()
}

/// Hours of virtual time, and no core is warm: the report is the same to the byte.
#[test]
fn without_a_screen_all_is_there_at_once_and_the_same_to_the_byte() {
    let args = ["--json", "--size", "10m", "--switch-interval", "1s", "--slow", "100000"];
    let (one, other) = (program(&args), program(&args));
    assert_eq!(one.status.code(), Some(0), "{}", String::from_utf8_lossy(&one.stderr));
    assert_eq!(String::from_utf8_lossy(&one.stdout), String::from_utf8_lossy(&other.stdout));
    let another = program(&[&args[..], &["--seed", "2"]].concat());
    assert_ne!(another.stdout, other.stdout);
}

#[test]
fn a_simulated_run_that_is_too_long_fails_with_words() {
    let failed =
        program(&["--plain", "--size", "10m", "--switch-interval", "1us", "--mode", "gil"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8(failed.stderr).unwrap();
    assert!(said.contains("use a longer --switch-interval"), "{said}");
}
