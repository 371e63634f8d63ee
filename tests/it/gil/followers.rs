//! The followers workload under the GIL: requests release it, parsing holds it.

use std::sync::Arc;
use std::time::Duration;

use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{EventKind, Mode, Plan, State, Target, WorkSpec};
use threadline::server::{DEFAULT_USER, Server};
use threadline::source::{Clock, Launcher};

use super::{assert_at_most_one_holder, entered_states, fold, next_event, run};
use crate::builtin_server::faulty;

fn plan(workers: u16) -> Plan {
    let target = Target {
        user: DEFAULT_USER.to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 50,
        costs_quota: false,
    };
    Plan::new(WorkSpec::Followers(target), Mode::Gil, workers, 20)
}

fn launcher(server: &Server) -> Launcher {
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    Launcher::new(Some(api), RetryPolicy::default(), Clock::system())
}

#[test]
fn pages_are_fetched_without_the_gil_and_parsed_with_it() {
    let server = faulty(1_000, "");
    for workers in [1, 4] {
        let (run, events) = run(&launcher(&server), &plan(workers));
        assert!(run.is_complete(), "{:?}", run.failure());
        assert_at_most_one_holder(&events);
        assert_eq!(run.progress().result_count(), 1_000);
    }
    let (_, events) = run(&launcher(&server), &plan(1));

    let first = [
        State::Computing,
        State::Waiting,
        State::Connecting,
        State::Waiting,
        State::Receiving,
        State::Computing,
    ];
    assert_eq!(entered_states(&events, 0)[..6], first);
}

/// The other lane finishes ten pages while this one waits for its retry.
#[test]
fn retry_wait_releases_the_gil() {
    let server = faulty(1_000, r#"{"page":3,"fault":"status","status":500}"#);
    let clock = Clock::manual();
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), clock.clone());
    let handle = launcher.start(plan(2));
    let (mut received, mut failed, mut finished_during_wait) = (Vec::new(), false, 0);
    while let Some(event) = next_event(&handle) {
        failed |= matches!(event.kind, EventKind::AttemptFailed { .. });
        let done = matches!(event.kind, EventKind::TaskFinished { .. });
        finished_during_wait += usize::from(failed && done);
        // The retry is not due until the clock advances.
        if finished_during_wait == 10 && done {
            clock.advance(Duration::from_secs(60));
        }
        received.push(event);
    }
    assert!(received.iter().any(|event| matches!(event.kind, EventKind::TaskRetried { .. })));
    assert_at_most_one_holder(&received);
    let run = fold(&received);
    assert!(run.is_complete(), "{:?}", run.failure());
}
