//! The trace's lines, by the rules of the format; `perfetto.rs` has a viewer's own importer read them.

use std::collections::BTreeMap;

use serde_json::Value;
use threadline::export::trace;
use threadline::model::Run;

use super::{HOSTILE, computed, found, going_on, hostile, race, troubled, wide};

pub(crate) fn written(runs: &[Run]) -> String {
    let mut out = Vec::new();
    trace::write(&mut out, runs).unwrap();
    String::from_utf8(out).unwrap()
}

/// A moment or a stretch in nanoseconds, from microseconds with three decimals, exactly.
fn nanos(line: &str, key: &str) -> u64 {
    let (_, value) = line.split_once(&format!("\"{key}\":")).unwrap();
    let value = value.split([',', '}']).next().unwrap();
    let (micros, rest) = value.split_once('.').unwrap();
    assert_eq!(rest.len(), 3, "{line}");
    micros.parse::<u64>().unwrap() * 1_000 + rest.parse::<u64>().unwrap()
}

/// Every line is an event that all viewers take, and slices lie within each other or apart.
fn check(trace: &str) -> Vec<Value> {
    let lines: Vec<&str> = trace.lines().collect();
    let events: Vec<Value> = serde_json::from_str(trace).unwrap();
    assert_eq!(lines.len(), events.len() + 2, "an event a line");
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
                // Nothing touches: viewers add floating-point numbers.
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
fn the_race_is_two_processes_from_0() {
    let driver = race();
    let trace = written(driver.app.runs());
    check(&trace);
    insta::assert_snapshot!(trace);
}

#[test]
fn every_slice_lies_within_another_or_beside_it() {
    for driver in [race(), troubled(), computed(), going_on()] {
        check(&written(driver.app.runs()));
    }
    check(&written(&[wide(1_000, 3)]));
}

#[test]
fn what_went_wrong_is_a_moment_with_words() {
    let driver = troubled();
    let events = check(&written(driver.app.runs()));
    let moments = |name: &str| {
        let named = events.iter().filter(|event| event["ph"] == "i" && event["name"] == name);
        named.cloned().collect::<Vec<Value>>()
    };
    assert_eq!(moments("rate limit")[0]["args"]["kind"], "secondary");
    // Page 7 of the sequential run, two attempts at page 3, and those that met the limit.
    let errors = moments("error");
    assert!(errors.len() >= 4, "{errors:?}");
    assert!(errors.iter().any(|error| error["args"]["error"].as_str().unwrap().contains("502")));
    let page = |event: &&Value| event["ph"] == "X" && event["pid"] == 2 && event["name"] == "p3";
    let outcomes: Vec<&Value> =
        events.iter().filter(page).map(|event| &event["args"]["outcome"]).collect();
    assert_eq!(outcomes, ["retried", "retried", "done"]);
}

#[test]
fn lanes_that_wait_for_the_gil_are_counted() {
    let driver = computed();
    let events = check(&written(driver.app.runs()));
    let waiting = |event: &&Value| event["name"] == "waiting for the GIL";
    let counts: Vec<u64> =
        events.iter().filter(waiting).map(|one| one["args"]["lanes"].as_u64().unwrap()).collect();
    assert!(counts.contains(&3), "{counts:?}");
    assert_eq!(counts.last(), Some(&0));
    assert!(events.iter().any(|event| event["args"]["outcome"] == "lost"));
}

#[test]
fn what_goes_on_is_cut_off_where_it_is() {
    let driver = going_on();
    let events = check(&written(driver.app.runs()));
    let outcomes = events.iter().filter(|event| event["args"]["outcome"] == "running");
    assert_eq!(outcomes.count(), 5);
}

#[test]
fn a_hostile_name_is_text() {
    let trace = written(&[hostile()]);
    let events = check(&trace);
    assert!(trace.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
    let error = events.iter().find(|event| event["name"] == "error").unwrap();
    assert_eq!(error["args"]["error"], HOSTILE);
}

#[test]
fn no_runs_are_an_empty_array() {
    assert_eq!(written(&[]), "[]\n");
}

#[test]
fn a_count_that_is_found_is_a_counter_and_its_steps_are_instants() {
    let events = check(&written(&[found()]));
    let named = |ph: &str| {
        let events = events.iter().filter(|event| event["name"] == "most in flight");
        events.filter(|event| event["ph"] == ph).collect::<Vec<_>>()
    };
    let steps: Vec<u64> =
        named("i").iter().map(|step| step["args"]["in_flight"].as_u64().unwrap()).collect();
    assert_eq!(steps, [1, 2]);
    assert!(named("i").iter().all(|step| !step["args"]["why"].as_str().unwrap().is_empty()));
    assert_eq!(named("C").last().unwrap()["args"]["tasks"], 2);
}
