//! Followers under the GIL: the network without it, the pages with it.

use std::sync::Arc;
use std::time::Duration;

use threadline::engine::{Clock, Launcher};
use threadline::github::server::{DEFAULT_USER, Server};
use threadline::github::{Api, RetryPolicy};
use threadline::model::{EventKind, Mode, Plan, State, Target, WorkSpec};

use super::builtin_server::faulty;
use super::{at_most_one_holder, fold, next, run, states};

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
fn pages_are_parsed_under_the_gil_and_fetched_without() {
    let server = faulty(1_000, "");
    for workers in [1, 4] {
        let (run, events) = run(&launcher(&server), &plan(workers));
        assert!(run.is_complete(), "{:?}", run.failure());
        at_most_one_holder(&events);
        assert_eq!(run.follower_count(), 1_000);
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
    assert_eq!(states(&events, 0)[..6], first);
}

/// Who waits to ask again keeps nobody else from parsing.
#[test]
fn a_request_that_is_made_again_waits_without_the_gil() {
    let server = faulty(1_000, r#"{"page":3,"fault":"status","status":500}"#);
    let clock = Clock::manual();
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), clock.clone());
    let handle = launcher.start(plan(2));
    let (mut seen, mut failed, mut meanwhile) = (Vec::new(), false, 0);
    while let Some(event) = next(&handle) {
        failed |= matches!(event.kind, EventKind::AttemptFailed { .. });
        let done = matches!(event.kind, EventKind::TaskFinished { .. });
        meanwhile += usize::from(failed && done);
        // Its clock stands still until the others have done what there is to do.
        if meanwhile == 10 && done {
            clock.advance(Duration::from_secs(60));
        }
        seen.push(event);
    }
    assert!(seen.iter().any(|event| matches!(event.kind, EventKind::TaskRetried { .. })));
    at_most_one_holder(&seen);
    let run = fold(&seen);
    assert!(run.is_complete(), "{:?}", run.failure());
}
