//! What each workload gains in each mode, to the digit.

use threadline::model::{EventKind, LaneId, State};

use super::*;

#[test]
fn cpu_work_under_the_gil_gains_nothing_however_many_threads() {
    for (workers, expected) in [(1, 1_000), (2, 999), (4, 999), (8, 999), (16, 999)] {
        for cores in [1, 2, 64] {
            let lab = SimulationPlan::new(Workload::Cpu, Mode::Gil, workers).cores(cores);
            assert_eq!(lab.speed_up(), expected, "{workers} threads on {cores} cores");
        }
    }
}

#[test]
fn without_a_gil_threads_gain_what_there_are_cores() {
    for workload in [Workload::Cpu, Workload::Native] {
        for (workers, cores, expected) in [
            (1, 2, 1_000),
            (2, 2, 2_000),
            (4, 2, 2_000),
            (8, 2, 2_000),
            (4, 4, 4_000),
            (8, 64, 8_000),
        ] {
            let lab = SimulationPlan::new(workload, Mode::Threads, workers).cores(cores);
            assert_eq!(lab.speed_up(), expected, "{workload}: {workers} threads, {cores} cores");
        }
    }
}

/// What is missing to 2.00 is the first part under the GIL, in which nothing else can run yet, and
/// the end, in which not all can run any more: with more tasks, it is less.
#[test]
fn native_work_gains_what_there_are_cores_under_the_gil_too() {
    let lab = |workers| SimulationPlan::new(Workload::Native, Mode::Gil, workers);
    assert_eq!([1, 2, 4, 8].map(|workers| lab(workers).speed_up()), [1_000, 1_990, 1_992, 1_995]);
    let long = [2, 4, 8].map(|workers| lab(workers).tasks(64).speed_up());
    assert_eq!(long, [1_998, 1_999, 1_999]);
    assert_eq!(lab(4).cores(4).tasks(64).speed_up(), 3_985);
}

#[test]
fn io_gains_what_there_are_threads() {
    for mode in [Mode::Threads, Mode::Gil] {
        for workers in [2, 5, 10] {
            let lab =
                SimulationPlan::new(Workload::Mixed, mode, workers).share(0).tasks(10).cores(1);
            assert_eq!(lab.speed_up(), u64::from(workers) * 1_000, "{workers} {mode}");
        }
    }
}

/// All I/O gains; of the rest, all that needs the GIL takes as long as on one thread.
#[test]
fn what_is_mixed_gains_until_the_gil_is_full() {
    let gained = |share, mode| {
        [2, 4, 8].map(|workers| {
            SimulationPlan::new(Workload::Mixed, mode, workers).share(share).tasks(32).speed_up()
        })
    };
    assert_eq!(gained(30, Mode::Threads), [2_000, 3_076, 4_210]);
    assert_eq!(gained(30, Mode::Gil), [1_704, 2_734, 3_106]);
    assert_eq!(gained(100, Mode::Gil), [999, 999, 999]);
}

/// Processes gain what there are cores, but for what they cost: their start, which needs a core, and
/// two hand-overs a task, during which they compute nothing.
#[test]
fn processes_gain_what_there_are_cores_but_for_their_cost() {
    let lab =
        |workers, cores| SimulationPlan::new(Workload::Cpu, Mode::Processes, workers).cores(cores);
    let millis = |tenths: u64| Nanos(tenths * 100_000);
    assert_eq!(lab(1, 2).took(), millis(300 + 8 * 1_504));
    assert_eq!(lab(2, 2).took(), millis(300 + 4 * 1_504));
    assert_eq!(lab(4, 2).took(), millis(600 + 2 * 3_004));
    assert_eq!(lab(4, 4).took(), millis(300 + 2 * 1_504));
    assert_eq!(lab(2, 2).speed_up(), 1_899);
    assert_eq!(lab(4, 4).speed_up(), 3_627);
}

/// How often another thread was given the GIL, in all.
fn switches(events: &[Event]) -> u64 {
    let holders = events.iter().filter_map(|event| match event.kind {
        EventKind::StateEntered { state: State::Computing } | EventKind::TaskStarted { .. } => {
            Some(event.lane)
        }
        _ => None,
    });
    let mut holders: Vec<LaneId> = holders.collect();
    holders.dedup();
    holders.len() as u64 - 1
}

/// In tenths a second. Less, by the time that threads take to wake up, and with several, by who wakes
/// first: every switch makes all of them wait for a whole interval again.
#[test]
fn the_gil_changes_hands_once_an_interval() {
    let a_second = |workers| {
        [1, 5, 20].map(|millis| {
            let lab = SimulationPlan::new(Workload::Cpu, Mode::Gil, workers)
                .size(Nanos::from_millis(1_000));
            let lab = lab.interval(Nanos::from_millis(millis));
            switches(&lab.events()) * 10_000_000_000 / lab.took().0
        })
    };
    let expected =
        [[9_935, 1_998, 498], [9_912, 1_982, 497], [9_799, 1_984, 496], [9_935, 1_973, 493]];
    assert_eq!([2, 3, 4, 8].map(a_second), expected);
}

/// As long as another computes, who comes back from I/O waits for an interval and a moment.
#[test]
fn a_return_from_io_beside_one_that_computes_waits_an_interval() {
    let lab = SimulationPlan::new(Workload::Mixed, Mode::Gil, 2).share(50).tasks(20);
    for (millis, expected) in [(1, (10, 10)), (5, (10, 10)), (20, (8, 12))] {
        let events = lab.interval(Nanos::from_millis(millis)).events();
        let mut waits = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let on_lane = |other: &&Event| other.lane == event.lane;
            let before = events[..place].iter().rfind(on_lane).map(|event| &event.kind);
            let back = matches!(before, Some(EventKind::StateEntered { state: State::Receiving }));
            if back && event.kind == (EventKind::StateEntered { state: State::LockWait }) {
                let next = events[place + 1..].iter().find(on_lane).unwrap();
                waits.push(next.at.since(event.at).0);
            }
        }
        let interval = millis * 1_000_000;
        let whole = waits.iter().filter(|&&wait| (interval..interval + 10_000).contains(&wait));
        assert_eq!((whole.count(), waits.len()), expected, "{millis} ms: {waits:?}");
        // In the others, who computed was done just then.
        assert!(waits.iter().all(|&wait| wait < 10_000 || wait >= interval), "{waits:?}");
    }
}
