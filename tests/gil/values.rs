//! The same work comes to the same, whoever does it.

use std::collections::BTreeSet;

use threadline::model::{Completion, ComputeSpec, Mode, Nanos, Plan, TaskOutcome, WorkSpec};

use super::{WORKS, compute, launcher, plan_of, run, value};

#[test]
fn every_mode_comes_to_the_same_values() {
    let launcher = launcher();
    for work in WORKS {
        let values = [(Mode::Sequential, 1), (Mode::Threads, 3), (Mode::Gil, 3)].map(|how| {
            let (mode, workers) = how;
            let (run, _) = run(&launcher, &Plan::new(work(compute()), mode, workers, 7));
            assert!(run.is_complete(), "{mode}: {:?}", run.failure());
            (1..=7).map(|task| value(&run, task)).collect::<Vec<u64>>()
        });
        assert_eq!(values[0], values[1], "threads");
        assert_eq!(values[0], values[2], "gil");
        let different: BTreeSet<u64> = values[0].iter().copied().collect();
        assert_eq!(different.len(), 7, "every task is another");
    }
}

/// A value tells how many turns were made: native code makes as many as other code does, and what is
/// half I/O half as many.
#[test]
fn values_tell_how_much_was_computed() {
    let launcher = launcher();
    let first = |work: WorkSpec| {
        let (run, _) = run(&launcher, &Plan::new(work, Mode::Threads, 1, 1));
        value(&run, 1)
    };
    let whole = compute();
    let half = ComputeSpec { turns: whole.turns / 2, ..whole };
    assert_eq!(first(WorkSpec::Cpu(whole)), first(WorkSpec::Native(whole)));
    assert_ne!(first(WorkSpec::Cpu(whole)), first(WorkSpec::Cpu(half)));
    assert_eq!(first(WorkSpec::Mixed(whole)), first(WorkSpec::Cpu(half)));
    assert_eq!(
        first(WorkSpec::Mixed(ComputeSpec { share: 100, ..whole })),
        first(WorkSpec::Cpu(whole))
    );
}

/// No turn at all is still a task: pure I/O.
#[test]
fn mixed_work_may_be_all_io() {
    let launcher = launcher();
    let work = WorkSpec::Mixed(ComputeSpec { share: 0, ..compute() });
    let (run, _) = run(&launcher, &Plan::new(work, Mode::Gil, 2, 4));
    assert!(run.is_complete(), "{:?}", run.failure());
    assert_eq!((1..=4).map(|task| value(&run, task)).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// More tasks than the server has pages; each worker keeps its connection.
#[test]
fn mixed_work_may_have_more_tasks_than_there_are_pages() {
    let launcher = launcher();
    let work = WorkSpec::Mixed(ComputeSpec { size: Nanos(1), turns: 1, ..compute() });
    let (run, _) = run(&launcher, &Plan::new(work, Mode::Threads, 2, 250));
    assert!(run.is_complete(), "{:?}", run.failure());
    let connected = |outcome: &TaskOutcome| match outcome {
        TaskOutcome::Done(Completion { response: Some(answer), .. }) => answer.connected,
        other => panic!("{other:?} has no answer"),
    };
    let outcomes = run.tasks().filter_map(|(_, record)| record.outcome);
    let connections = outcomes.filter(connected).count();
    assert!((1..=2).contains(&connections), "{connections} connections");
}

/// The amount is measured once a sitting, and every run of it gets the same.
#[test]
fn an_amount_that_nobody_gave_is_measured_before_the_run_starts() {
    let launcher = launcher();
    let amount = |millis| {
        let compute = ComputeSpec { size: Nanos::from_millis(millis), turns: 0, ..compute() };
        let plan = Plan::new(WorkSpec::Cpu(compute), Mode::Threads, 2, 2);
        let (run, events) = run(&launcher, &plan);
        assert!(run.is_complete());
        plan_of(&events).work.compute().unwrap().turns
    };
    let turns = amount(2);
    assert!(turns > 0);
    assert_eq!(amount(2), turns);
    assert!(amount(6).abs_diff(3 * turns) <= 3);
}
