//! The values that compute tasks produce, and the amount of work that is measured for them.

use std::collections::BTreeSet;

use threadline::model::{Completion, ComputeSpec, Mode, Nanos, Plan, TaskOutcome, WorkSpec};

use super::{COMPUTE_WORK, launcher, plan_of, run, short_compute, task_value};

#[test]
fn all_modes_compute_the_same_values() {
    let launcher = launcher();
    for work in COMPUTE_WORK {
        let values =
            [(Mode::Sequential, 1), (Mode::Threads, 3), (Mode::Gil, 3)].map(|(mode, workers)| {
                let (run, _) = run(&launcher, &Plan::new(work(short_compute()), mode, workers, 7));
                assert!(run.is_complete(), "{mode}: {:?}", run.failure());
                (1..=7).map(|task| task_value(&run, task)).collect::<Vec<u64>>()
            });
        assert_eq!(values[0], values[1], "threads");
        assert_eq!(values[0], values[2], "gil");
        let different: BTreeSet<u64> = values[0].iter().copied().collect();
        assert_eq!(different.len(), 7, "each task has a value of its own");
    }
}

/// Native work makes as many turns as CPU work of the same size; mixed work with a share of 50 %
/// makes half as many.
#[test]
fn value_depends_on_the_number_of_turns() {
    let launcher = launcher();
    let first = |work: WorkSpec| {
        let (run, _) = run(&launcher, &Plan::new(work, Mode::Threads, 1, 1));
        task_value(&run, 1)
    };
    let whole = short_compute();
    let half = ComputeSpec { turns: whole.turns / 2, ..whole };
    assert_eq!(first(WorkSpec::Cpu(whole)), first(WorkSpec::Native(whole)));
    assert_ne!(first(WorkSpec::Cpu(whole)), first(WorkSpec::Cpu(half)));
    assert_eq!(first(WorkSpec::Mixed(whole)), first(WorkSpec::Cpu(half)));
    assert_eq!(
        first(WorkSpec::Mixed(ComputeSpec { share: 100, ..whole })),
        first(WorkSpec::Cpu(whole))
    );
}

/// With a share of 0 the tasks make no turns.
#[test]
fn mixed_work_can_be_all_io() {
    let launcher = launcher();
    let work = WorkSpec::Mixed(ComputeSpec { share: 0, ..short_compute() });
    let (run, _) = run(&launcher, &Plan::new(work, Mode::Gil, 2, 4));
    assert!(run.is_complete(), "{:?}", run.failure());
    assert_eq!((1..=4).map(|task| task_value(&run, task)).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// Each worker keeps its connection for all tasks.
#[test]
fn mixed_work_can_have_more_tasks_than_the_server_has_pages() {
    let launcher = launcher();
    let work = WorkSpec::Mixed(ComputeSpec { size: Nanos(1), turns: 1, ..short_compute() });
    let (run, _) = run(&launcher, &Plan::new(work, Mode::Threads, 2, 250));
    assert!(run.is_complete(), "{:?}", run.failure());
    let connected = |outcome: &TaskOutcome| match outcome {
        TaskOutcome::Done(Completion { response: Some(response), .. }) => response.connected,
        other => panic!("{other:?} has no response"),
    };
    let outcomes = run.tasks().iter().filter_map(|(_, record)| record.outcome);
    let connections = outcomes.filter(connected).count();
    assert!((1..=2).contains(&connections), "{connections} connections");
}

/// The speed is measured once per launcher, and each run scales it to its task size.
#[test]
fn unset_turns_are_measured_once_before_the_run() {
    let launcher = launcher();
    let measured_turns = |millis| {
        let compute = ComputeSpec { size: Nanos::from_millis(millis), turns: 0, ..short_compute() };
        let plan = Plan::new(WorkSpec::Cpu(compute), Mode::Threads, 2, 2);
        let (run, events) = run(&launcher, &plan);
        assert!(run.is_complete());
        plan_of(&events).work.compute().unwrap().turns
    };
    let turns = measured_turns(2);
    assert!(turns > 0);
    assert_eq!(measured_turns(2), turns);
    assert!(measured_turns(6).abs_diff(3 * turns) <= 3);
}
