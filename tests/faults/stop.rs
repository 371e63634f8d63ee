//! A stop ends whatever takes time: the run's last event comes, and all threads are gone.

use threadline::model::{RunOutcome, State, TaskOutcome, Workload};

use super::builtin_server::faulty;
use super::{FaultLauncher, RETRY_POLICY, plan};

const PAGES: u32 = 12;

/// Stops a run of so many workers once each of them is in `state`, which it takes time to leave.
fn stopped_in(state: State, fault: &str, workers: u16) {
    let server = faulty(60, &format!(r#"{{"times":0,"fault":{fault}}}"#));
    let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
    let mut fault_run = launcher.start(plan(Workload::Followers, 5, PAGES, workers));
    while !fault_run.run.lanes().iter().all(|lane| lane.state() == state) {
        fault_run.next();
    }
    fault_run.handle.stop();
    fault_run.end_at_once();
    let name = format!("{fault} x{workers}");
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Stopped), "{name}");
    assert_eq!(fault_run.run.in_flight(), 0, "{name}");
    for (task, record) in fault_run.run.tasks() {
        assert_eq!(record.outcome, Some(TaskOutcome::Stopped), "{name}: {task:?}");
    }
}

#[test]
fn while_the_server_takes_its_time() {
    for workers in [1, 8] {
        stopped_in(State::Waiting, r#""stall""#, workers);
        stopped_in(State::Waiting, r#""slow","wait_ms":3600000"#, workers);
        stopped_in(State::Receiving, r#""stall_in_body""#, workers);
        stopped_in(State::Receiving, r#""drip","every_ms":3600000"#, workers);
        stopped_in(State::Receiving, r#""drip","every_ms":1"#, workers);
    }
}

#[test]
fn while_a_limit_lasts() {
    for workers in [1, 8] {
        stopped_in(State::Throttled, r#""secondary_limit","retry_after":60"#, workers);
        stopped_in(State::Throttled, r#""primary_limit""#, workers);
    }
}

#[test]
fn before_a_request_is_made_again() {
    for workers in [1, 8] {
        for fault in [r#""reset""#, r#""status","status":503,"retry_after":60"#] {
            stopped_in(State::Throttled, fault, workers);
        }
    }
}
