//! Equal tasks take ceil(tasks / workers) rounds.

use proptest::prelude::*;
use threadline::engine::simulate::SimulatedRun;
use threadline::model::stats::Waves;
use threadline::model::{ComputeSpec, Event, EventKind, Mode, Plan, Simulation, WorkSpec};

use super::*;

const MAX_WORKERS: u16 = 200;

/// How long a task takes.
const TASK: u64 = 50_000_000;

/// Tasks that only wait, in virtual time: `mixed` without CPU work.
fn simulated(tasks: u32, workers: u16) -> Vec<Event> {
    let compute = ComputeSpec {
        size: Nanos(TASK),
        share: 0,
        simulation: Some(Simulation::default()),
        ..ComputeSpec::default()
    };
    let plan = Plan::new(WorkSpec::Mixed(compute), Mode::Threads, workers, tasks);
    SimulatedRun::new(&plan).unwrap().collect()
}

fn predicted(tasks: u32, workers: u16) -> Nanos {
    Nanos(u64::from(Waves::new(tasks, workers).count) * TASK)
}

/// All 40,000 pairs. A task does not know of those behind it in the queue, so a run of 200 tasks holds
/// all shorter ones: that of `n` tasks ends when the first `n` are done.
#[test]
fn simulated_runs_take_as_many_waves() {
    for workers in 1..=MAX_WORKERS {
        let mut ends = vec![Nanos::ZERO; MAX_WORKERS.into()];
        for event in simulated(MAX_WORKERS.into(), workers) {
            if let EventKind::TaskFinished { task, .. } = event.kind {
                ends[task.0 as usize - 1] = event.at;
            }
        }
        let mut end = Nanos::ZERO;
        for (tasks, last) in (1..).zip(ends) {
            end = end.max(last);
            assert_eq!(end, predicted(tasks, workers), "{tasks} tasks, {workers} workers");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 300, ..ProptestConfig::default()
    })]

    /// The same, each run by itself, to the nanosecond.
    #[test]
    fn a_simulated_run_takes_as_many_waves(tasks in 1..=u32::from(MAX_WORKERS), workers in 1..=MAX_WORKERS) {
        let end = simulated(tasks, workers).last().map(|event| event.at);
        prop_assert_eq!(end, Some(predicted(tasks, workers)));
    }
}

/// Which of the numbers with as many waves it is changes nothing; one fewer or one more does.
#[test]
fn equal_counts_are_those_with_as_many_waves() {
    for tasks in 0..=u32::from(MAX_WORKERS) {
        for workers in 1..=MAX_WORKERS {
            let waves = Waves::new(tasks, workers);
            let equal = waves.equivalent_workers();
            let same = |workers: u16| Waves::new(tasks, workers).count == waves.count;
            assert!(equal.contains(&workers) && same(*equal.start()), "{waves:?} {equal:?}");
            assert!(*equal.start() == 1 || !same(equal.start() - 1), "{waves:?} {equal:?}");
            let last = *equal.end();
            assert!(same(last) && (last == u16::MAX || !same(last + 1)), "{waves:?} {equal:?}");
            if tasks > 0 {
                assert_eq!(u32::from(*equal.start()), tasks.div_ceil(waves.count));
            }
        }
    }
}

#[test]
fn stairs_of_a_sweep() {
    let sweep = sweep(60, &[(1, 3_000.0), (16, 200.0), (32, 100.0)]);
    assert_eq!(sweep.wave_steps(), [10..=11, 12..=14, 15..=19, 20..=29, 30..=32]);
    let narrow = super::sweep(60, &[(13, 250.0), (17, 200.0)]);
    assert_eq!(narrow.wave_steps(), [13..=14, 15..=17], "none beyond what was swept");
    assert!(Sweep::new(vec![1, 2], 1).wave_steps().is_empty(), "tasks are not known");
}
