//! Stopping a run while it waits: the last event arrives, and all threads end.

use threadline::model::{RunOutcome, State, TaskOutcome};

use super::{FaultLauncher, RETRY_POLICY, plan};
use crate::fault_relay::FaultRelay;

const PAGES: u32 = 12;

/// Stops a run once all its workers are in `state`, in which `fault` keeps them, and checks that
/// all tasks were stopped.
fn assert_stops_in(state: State, fault: &str, workers: u16) {
    let relay = FaultRelay::start(60, &format!(r#"{{"times":0,"fault":{fault}}}"#));
    let launcher = FaultLauncher::new(&relay.url(), RETRY_POLICY);
    let mut fault_run = launcher.start(plan(5, PAGES, workers));
    while !fault_run.run.lanes().iter().all(|lane| lane.state() == state) {
        fault_run.next();
    }
    fault_run.handle.stop();
    fault_run.run_to_end_on_stopped_clock();
    let name = format!("{fault} x{workers}");
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Stopped), "{name}");
    assert_eq!(fault_run.run.timing().in_flight(), 0, "{name}");
    for (task, record) in fault_run.run.tasks().iter() {
        assert_eq!(record.outcome, Some(TaskOutcome::Stopped), "{name}: {task:?}");
    }
}

#[test]
fn stop_ends_a_run_with_slow_responses() {
    for workers in [1, 8] {
        assert_stops_in(State::Waiting, r#""stall""#, workers);
        assert_stops_in(State::Waiting, r#""slow","wait_ms":3600000"#, workers);
        assert_stops_in(State::Receiving, r#""stall_in_body""#, workers);
        assert_stops_in(State::Receiving, r#""drip","every_ms":3600000"#, workers);
        assert_stops_in(State::Receiving, r#""drip","every_ms":1"#, workers);
    }
}

#[test]
fn stop_ends_a_run_during_a_rate_limit() {
    for workers in [1, 8] {
        assert_stops_in(State::Throttled, r#""secondary_limit","retry_after":60"#, workers);
        assert_stops_in(State::Throttled, r#""primary_limit""#, workers);
    }
}

#[test]
fn stop_ends_a_run_that_waits_for_a_retry() {
    for workers in [1, 8] {
        for fault in [r#""reset""#, r#""status","status":503,"retry_after":60"#] {
            assert_stops_in(State::RetryWait, fault, workers);
        }
    }
}
