//! At most one lane holds the GIL, and who wants it gets it.

use threadline::model::{ComputeSpec, Nanos, State, WorkSpec};

use super::{WORKS, at_most_one_holder, compute, gil, launcher, run, states};

#[test]
fn no_two_lanes_compute_at_once() {
    let launcher = launcher();
    for work in WORKS {
        for workers in [1, 2, 4, 16] {
            let plan = gil(work(compute()), workers, 24);
            let (run, events) = run(&launcher, &plan);
            assert!(run.is_complete(), "{}: {:?}", plan.name(), run.failure());
            at_most_one_holder(&events);
        }
    }
}

/// The shortest interval is none at all to a machine; nothing may spin or hang on it.
#[test]
fn any_switch_interval_works() {
    let launcher = launcher();
    for interval in [0, 1, 999, 1_000, 1_000_000, u64::MAX] {
        let work = WorkSpec::Cpu(ComputeSpec { switch_interval: Nanos(interval), ..compute() });
        let (run, events) = run(&launcher, &gil(work, 3, 6));
        assert!(run.is_complete(), "{interval}");
        at_most_one_holder(&events);
    }
}

#[test]
fn native_turns_and_requests_are_made_without_the_gil() {
    let launcher = launcher();
    let (_, native) = run(&launcher, &gil(WorkSpec::Native(compute()), 1, 1));
    let around = [State::Computing, State::Native, State::Computing];
    assert_eq!(states(&native, 0), around);
    let (_, mixed) = run(&launcher, &gil(WorkSpec::Mixed(compute()), 1, 1));

    let fetched = [
        State::Computing,
        State::Waiting,
        State::Connecting,
        State::Waiting,
        State::Receiving,
        State::Computing,
    ];
    assert_eq!(states(&mixed, 0), fetched);
}
