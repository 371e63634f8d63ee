//! At most one lane holds the GIL, for every workload and switch interval.

use threadline::model::{ComputeSpec, Nanos, State, WorkSpec};

use super::{
    COMPUTE_WORK, assert_at_most_one_holder, entered_states, gil_plan, launcher, run, short_compute,
};

#[test]
fn no_two_lanes_compute_at_once() {
    let launcher = launcher();
    for work in COMPUTE_WORK {
        for workers in [1, 2, 4, 16] {
            let plan = gil_plan(work(short_compute()), workers, 24);
            let (run, events) = run(&launcher, &plan);
            assert!(run.is_complete(), "{}: {:?}", plan.name(), run.failure());
            assert_at_most_one_holder(&events);
        }
    }
}

/// An interval of 0 must neither spin nor hang.
#[test]
fn runs_complete_with_any_switch_interval() {
    let launcher = launcher();
    for interval in [0, 1, 999, 1_000, 1_000_000, u64::MAX] {
        let work =
            WorkSpec::Cpu(ComputeSpec { switch_interval: Nanos(interval), ..short_compute() });
        let (run, events) = run(&launcher, &gil_plan(work, 3, 6));
        assert!(run.is_complete(), "{interval}");
        assert_at_most_one_holder(&events);
    }
}

#[test]
fn native_code_and_requests_release_the_gil() {
    let launcher = launcher();
    let (_, native) = run(&launcher, &gil_plan(WorkSpec::Native(short_compute()), 1, 1));
    let native_states = [State::Computing, State::Native, State::Computing];
    assert_eq!(entered_states(&native, 0), native_states);
    let (_, mixed) = run(&launcher, &gil_plan(WorkSpec::Mixed(short_compute()), 1, 1));

    let mixed_states = [
        State::Computing,
        State::Waiting,
        State::Connecting,
        State::Waiting,
        State::Receiving,
        State::Computing,
    ];
    assert_eq!(entered_states(&mixed, 0), mixed_states);
}
