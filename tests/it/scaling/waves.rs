//! Waves of equal tasks: a run takes ceil(tasks / workers) of them.

use proptest::prelude::*;
use threadline::model::{ComputeSpec, Event, EventKind, Mode, Plan, Simulation, Waves, WorkSpec};
use threadline::source::simulate::SimulatedRun;

use super::*;

const MAX_WORKERS: u16 = 200;

/// The duration of a task in nanoseconds.
const TASK_NANOS: u64 = 50_000_000;

/// Simulates tasks that only wait: `mixed` work without CPU work.
fn simulate_waiting_tasks(tasks: u32, workers: u16) -> Vec<Event> {
    let compute = ComputeSpec {
        size: Nanos(TASK_NANOS),
        share: 0,
        simulation: Some(Simulation::default()),
        ..ComputeSpec::default()
    };
    let plan = Plan::new(WorkSpec::Mixed(compute), Mode::Threads, workers, tasks);
    SimulatedRun::new(&plan).unwrap().collect()
}

fn predicted_duration(tasks: u32, workers: u16) -> Nanos {
    Nanos(u64::from(Waves::new(tasks, workers).count) * TASK_NANOS)
}

/// Covers all 40,000 pairs. Later tasks do not affect earlier ones, so a run of 200 tasks contains
/// all shorter runs: the run of `n` tasks ends when the first `n` are done.
#[test]
fn prefixes_of_simulated_runs_take_the_predicted_waves() {
    for workers in 1..=MAX_WORKERS {
        let mut ends = vec![Nanos::ZERO; MAX_WORKERS.into()];
        for event in simulate_waiting_tasks(MAX_WORKERS.into(), workers) {
            if let EventKind::TaskFinished { task, .. } = event.kind {
                ends[task.0 as usize - 1] = event.at;
            }
        }
        let mut end = Nanos::ZERO;
        for (tasks, last) in (1..).zip(ends) {
            end = end.max(last);
            assert_eq!(end, predicted_duration(tasks, workers), "{tasks} tasks, {workers} workers");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 300, ..ProptestConfig::default()
    })]

    #[test]
    fn simulated_run_takes_exactly_the_predicted_time(
        tasks in 1..=u32::from(MAX_WORKERS),
        workers in 1..=MAX_WORKERS,
    ) {
        let end = simulate_waiting_tasks(tasks, workers).last().map(|event| event.at);
        prop_assert_eq!(end, Some(predicted_duration(tasks, workers)));
    }
}

/// Each count in the range has the same number of waves; the counts just outside it do not.
#[test]
fn equivalent_workers_are_the_range_with_equally_many_waves() {
    for tasks in 0..=u32::from(MAX_WORKERS) {
        for workers in 1..=MAX_WORKERS {
            let waves = Waves::new(tasks, workers);
            let range = waves.equivalent_workers();
            let has_same_count = |workers: u16| Waves::new(tasks, workers).count == waves.count;
            assert!(
                range.contains(&workers) && has_same_count(*range.start()),
                "{waves:?} {range:?}"
            );
            assert!(
                *range.start() == 1 || !has_same_count(range.start() - 1),
                "{waves:?} {range:?}"
            );
            let last = *range.end();
            assert!(
                has_same_count(last) && (last == u16::MAX || !has_same_count(last + 1)),
                "{waves:?} {range:?}"
            );
            if tasks > 0 {
                assert_eq!(u32::from(*range.start()), tasks.div_ceil(waves.count));
            }
        }
    }
}

#[test]
fn wave_steps_of_a_sweep_are_the_ranges_of_equivalent_counts() {
    let sweep = sweep(60, &[(1, 3_000.0), (16, 200.0), (32, 100.0)]);
    assert_eq!(sweep.wave_steps(), [10..=11, 12..=14, 15..=19, 20..=29, 30..=32]);
    let narrow = super::sweep(60, &[(13, 250.0), (17, 200.0)]);
    assert_eq!(narrow.wave_steps(), [13..=14, 15..=17], "no steps beyond the swept counts");
    assert!(
        Sweep::new(vec![1, 2], 1).wave_steps().is_empty(),
        "no steps without a known task count"
    );
}

/// Of 60 pages, 10 and 11 threads need six waves, 12 to 14 five, and 15 to 19 four. Two of the first
/// differ, one of the second was measured, and three of the third are alike.
#[test]
fn counts_perform_alike_only_if_they_were_measured_alike() {
    let times = [(10, 300.0), (11, 200.0), (12, 250.0), (15, 200.0), (17, 200.0), (19, 200.0)];
    assert_eq!(sweep(60, &times).equal_counts(), [15..=19]);
    let noisy = super::sweep_with_spread(60, &times, 0.3);
    assert_eq!(noisy.equal_counts(), [10..=11, 15..=19]);
}
