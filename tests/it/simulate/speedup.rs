//! The exact speedup of each workload in each mode.

use threadline::model::{EventKind, LaneId, State};

use super::*;

#[test]
fn cpu_work_under_the_gil_has_no_speedup_with_any_thread_count() {
    for (workers, expected) in [(1, 1_000), (2, 999), (4, 999), (8, 999), (16, 999)] {
        for cores in [1, 2, 64] {
            let sim = SimulationPlan::new(Workload::Cpu, Mode::Gil, workers).cores(cores);
            assert_eq!(
                sim.speedup_in_thousandths(),
                expected,
                "{workers} threads on {cores} cores"
            );
        }
    }
}

#[test]
fn threads_without_a_gil_speed_up_to_the_number_of_cores() {
    for workload in [Workload::Cpu, Workload::Native] {
        for (workers, cores, expected) in [
            (1, 2, 1_000),
            (2, 2, 2_000),
            (4, 2, 2_000),
            (8, 2, 2_000),
            (4, 4, 4_000),
            (8, 64, 8_000),
        ] {
            let sim = SimulationPlan::new(workload, Mode::Threads, workers).cores(cores);
            assert_eq!(
                sim.speedup_in_thousandths(),
                expected,
                "{workload}: {workers} threads, {cores} cores"
            );
        }
    }
}

/// The speedup stays below 2.00 because nothing else can run during the first part under the GIL,
/// and not all lanes have work at the end. With more tasks, the loss is smaller.
#[test]
fn native_work_under_the_gil_speeds_up_to_nearly_the_number_of_cores() {
    let sim = |workers| SimulationPlan::new(Workload::Native, Mode::Gil, workers);
    assert_eq!(
        [1, 2, 4, 8].map(|workers| sim(workers).speedup_in_thousandths()),
        [1_000, 1_990, 1_992, 1_995]
    );
    let long = [2, 4, 8].map(|workers| sim(workers).tasks(64).speedup_in_thousandths());
    assert_eq!(long, [1_998, 1_999, 1_999]);
    assert_eq!(sim(4).cores(4).tasks(64).speedup_in_thousandths(), 3_985);
}

#[test]
fn io_speeds_up_to_the_number_of_threads() {
    for mode in [Mode::Threads, Mode::Gil] {
        for workers in [2, 5, 10] {
            let sim =
                SimulationPlan::new(Workload::Mixed, mode, workers).share(0).tasks(10).cores(1);
            assert_eq!(
                sim.speedup_in_thousandths(),
                u64::from(workers) * 1_000,
                "{workers} {mode}"
            );
        }
    }
}

/// The I/O share runs in parallel; the share that needs the GIL takes as long as on one thread.
#[test]
fn mixed_work_speeds_up_until_the_gil_is_saturated() {
    let speedups = |share, mode| {
        [2, 4, 8].map(|workers| {
            SimulationPlan::new(Workload::Mixed, mode, workers)
                .share(share)
                .tasks(32)
                .speedup_in_thousandths()
        })
    };
    assert_eq!(speedups(30, Mode::Threads), [2_000, 3_076, 4_210]);
    assert_eq!(speedups(30, Mode::Gil), [1_704, 2_734, 3_106]);
    assert_eq!(speedups(100, Mode::Gil), [999, 999, 999]);
}

/// The overhead is the start of each process, which needs a core, and two transfers per task,
/// during which the process computes nothing.
#[test]
fn processes_speed_up_to_the_number_of_cores_minus_their_overhead() {
    let sim =
        |workers, cores| SimulationPlan::new(Workload::Cpu, Mode::Processes, workers).cores(cores);
    let from_tenths_of_ms = |tenths: u64| Nanos(tenths * 100_000);
    assert_eq!(sim(1, 2).duration(), from_tenths_of_ms(300 + 8 * 1_504));
    assert_eq!(sim(2, 2).duration(), from_tenths_of_ms(300 + 4 * 1_504));
    assert_eq!(sim(4, 2).duration(), from_tenths_of_ms(600 + 2 * 3_004));
    assert_eq!(sim(4, 4).duration(), from_tenths_of_ms(300 + 2 * 1_504));
    assert_eq!(sim(2, 2).speedup_in_thousandths(), 1_899);
    assert_eq!(sim(4, 4).speedup_in_thousandths(), 3_627);
}

/// Returns the number of times that the GIL went to another thread.
fn switch_count(events: &[Event]) -> u64 {
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

/// The figures are switches per 10 s. They stay below one per interval by the time that threads
/// take to wake up. With several waiting threads they also depend on which wakes first, as each
/// switch restarts the interval of all of them.
#[test]
fn gil_switches_once_per_switch_interval() {
    let switches_per_10_s = |workers| {
        [1, 5, 20].map(|millis| {
            let sim = SimulationPlan::new(Workload::Cpu, Mode::Gil, workers)
                .size(Nanos::from_millis(1_000));
            let sim = sim.switch_interval(Nanos::from_millis(millis));
            switch_count(&sim.events()) * 10_000_000_000 / sim.duration().0
        })
    };
    let expected =
        [[9_935, 1_998, 498], [9_912, 1_982, 497], [9_799, 1_984, 496], [9_935, 1_973, 493]];
    assert_eq!([2, 3, 4, 8].map(switches_per_10_s), expected);
}

/// While another thread computes, the wait is one interval plus the wake-up time.
#[test]
fn thread_returning_from_io_waits_one_switch_interval_for_the_gil() {
    let sim = SimulationPlan::new(Workload::Mixed, Mode::Gil, 2).share(50).tasks(20);
    for (millis, expected) in [(1, (10, 10)), (5, (10, 10)), (20, (8, 12))] {
        let events = sim.switch_interval(Nanos::from_millis(millis)).events();
        let mut waits = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let on_lane = |other: &&Event| other.lane == event.lane;
            let before = events[..index].iter().rfind(on_lane).map(|event| &event.kind);
            let returns_from_io =
                matches!(before, Some(EventKind::StateEntered { state: State::Receiving }));
            if returns_from_io && event.kind == (EventKind::StateEntered { state: State::LockWait })
            {
                let next = events[index + 1..].iter().find(on_lane).unwrap();
                waits.push(next.at.since(event.at).0);
            }
        }
        let interval = millis * 1_000_000;
        let full_waits =
            waits.iter().filter(|&&wait| (interval..interval + 10_000).contains(&wait));
        assert_eq!((full_waits.count(), waits.len()), expected, "{millis} ms: {waits:?}");
        // The other waits are short because the computing thread had just finished.
        assert!(waits.iter().all(|&wait| wait < 10_000 || wait >= interval), "{waits:?}");
    }
}
