//! Trace events, checked by the rules of the format; `perfetto.rs` imports them into a viewer.

use std::collections::BTreeMap;

use serde_json::Value;
use threadline::model::Run;
use threadline::report::trace;

use super::{
    HOSTILE, auto_run, cpu_race_with_crash, hostile_commands, race, race_with_failures,
    running_race, wide_run,
};

pub(crate) fn write_trace(runs: &[Run]) -> String {
    let mut out = Vec::new();
    trace::write(&mut out, runs).unwrap();
    String::from_utf8(out).unwrap()
}

/// Returns a time or duration in nanoseconds, from microseconds with three decimals.
fn nanos(line: &str, key: &str) -> u64 {
    let (_, value) = line.split_once(&format!("\"{key}\":")).unwrap();
    let value = value.split([',', '}']).next().unwrap();
    let (micros, rest) = value.split_once('.').unwrap();
    assert_eq!(rest.len(), 3, "{line}");
    micros.parse::<u64>().unwrap() * 1_000 + rest.parse::<u64>().unwrap()
}

/// Checks that each line is an event that all viewers accept, and that slices are nested or
/// disjoint; returns the events.
fn check_events(trace: &str) -> Vec<Value> {
    let lines: Vec<&str> = trace.lines().collect();
    let events: Vec<Value> = serde_json::from_str(trace).unwrap();
    assert_eq!(lines.len(), events.len() + 2, "one event per line");
    let mut open: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for (line, event) in lines[1..].iter().zip(&events) {
        let thread = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        assert!(event["name"].is_string(), "{line}");
        match event["ph"].as_str().unwrap() {
            "M" => {}
            "C" => assert!(event["args"].as_object().unwrap().values().all(Value::is_u64)),
            "i" => assert_eq!(event["s"], "t"),
            "X" => {
                let start = nanos(line, "ts");
                let end = start + nanos(line, "dur");
                let open = open.entry(thread).or_default();
                open.retain(|(_, until)| *until >= start);
                // Slices must not touch, since viewers add floating-point numbers.
                let inside = |(from, until): &(u64, u64)| *from <= start && end < *until;
                assert!(open.iter().all(inside), "{line}");
                open.push((start, end));
            }
            other => panic!("{other}: {line}"),
        }
    }
    events
}

#[test]
fn race_is_two_processes_that_start_at_0() {
    let driver = race();
    let trace = write_trace(driver.app.runs());
    check_events(&trace);
    insta::assert_snapshot!(trace);
}

#[test]
fn slices_are_nested_or_disjoint() {
    for driver in [race(), race_with_failures(), cpu_race_with_crash(), running_race()] {
        check_events(&write_trace(driver.app.runs()));
    }
    check_events(&write_trace(&[wide_run(1_000, 3)]));
}

#[test]
fn failures_and_limits_are_instants_with_details() {
    let driver = race_with_failures();
    let events = check_events(&write_trace(driver.app.runs()));
    let instants = |name: &str| {
        let named = events.iter().filter(|event| event["ph"] == "i" && event["name"] == name);
        named.cloned().collect::<Vec<Value>>()
    };
    assert_eq!(instants("rate limit")[0]["args"]["kind"], "secondary");
    // Page 7 of the sequential run, two attempts at page 3, and those that hit the limit.
    let errors = instants("error");
    assert!(errors.len() >= 4, "{errors:?}");
    assert!(errors.iter().any(|error| error["args"]["error"].as_str().unwrap().contains("502")));
    let page = |event: &&Value| event["ph"] == "X" && event["pid"] == 2 && event["name"] == "p3";
    let outcomes: Vec<&Value> =
        events.iter().filter(page).map(|event| &event["args"]["outcome"]).collect();
    assert_eq!(outcomes, ["retried", "retried", "done"]);
}

#[test]
fn counter_shows_the_lanes_that_wait_for_the_gil() {
    let driver = cpu_race_with_crash();
    let events = check_events(&write_trace(driver.app.runs()));
    let is_gil_counter = |event: &&Value| event["name"] == "waiting for the GIL";
    let counts: Vec<u64> = events
        .iter()
        .filter(is_gil_counter)
        .map(|event| event["args"]["lanes"].as_u64().unwrap())
        .collect();
    assert!(counts.contains(&3), "{counts:?}");
    assert_eq!(counts.last(), Some(&0));
    assert!(events.iter().any(|event| event["args"]["outcome"] == "lost"));
}

#[test]
fn unfinished_tasks_have_the_outcome_running() {
    let driver = running_race();
    let events = check_events(&write_trace(driver.app.runs()));
    let outcomes = events.iter().filter(|event| event["args"]["outcome"] == "running");
    assert_eq!(outcomes.count(), 5);
}

#[test]
fn hostile_names_are_escaped() {
    let trace = write_trace(&[hostile_commands()]);
    let events = check_events(&trace);
    assert!(trace.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
    let error = events.iter().find(|event| event["name"] == "error").unwrap();
    assert_eq!(error["args"]["error"], HOSTILE);
}

#[test]
fn no_runs_are_an_empty_array() {
    assert_eq!(write_trace(&[]), "[]\n");
}

#[test]
fn auto_limit_is_a_counter_and_its_changes_are_instants() {
    let events = check_events(&write_trace(&[auto_run()]));
    let named = |ph: &str| {
        let events = events.iter().filter(|event| event["name"] == "most in flight");
        events.filter(|event| event["ph"] == ph).collect::<Vec<_>>()
    };
    let limits: Vec<u64> =
        named("i").iter().map(|change| change["args"]["in_flight"].as_u64().unwrap()).collect();
    assert_eq!(limits, [1, 2]);
    assert!(named("i").iter().all(|change| !change["args"]["why"].as_str().unwrap().is_empty()));
    assert_eq!(named("C").last().unwrap()["args"]["tasks"], 2);
}
