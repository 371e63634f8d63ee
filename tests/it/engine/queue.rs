//! The queue: every task is done exactly once, and no run hangs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::model::{Event, EventKind, FailureKind, RunOutcome, TaskId, TaskOutcome};
use threadline::source::TaskCount;

use super::{
    TaskFnJob, collect_events, done, failed, failure, finished_tasks, fold, plan, run_outcome,
    wait_for_cancel,
};

#[test]
fn permanent_failure_ends_a_run_with_tasks_in_the_queue() {
    let refuse_fifth = |task: TaskId, _: &_, _: &_| match task.0 {
        5 => (failed(FailureKind::Refused), TaskCount::Unknown),
        _ => (done(), TaskCount::Unknown),
    };
    let events = TaskFnJob::new(refuse_fifth).run(&plan(2, 1_000));
    assert_eq!(run_outcome(&events), &RunOutcome::Failed(failure(FailureKind::Refused)));
}

/// The worker process dies once per entry of `deadly`, each a task's number.
#[test]
fn tasks_lost_with_a_worker_process_are_requeued_and_done() {
    for deadly in [[4, 9], [9, 9]] {
        let plan = plan(3, 30);
        let deadly = std::sync::Mutex::new(deadly.to_vec());
        let events = TaskFnJob::new(move |task, _, _| {
            let mut deadly = deadly.lock().unwrap();
            let dies = deadly.iter().position(|&other| other == task.0);
            let dies = dies.map(|at| deadly.remove(at));
            drop(deadly);
            (dies.map_or_else(done, died), TaskCount::Unknown)
        })
        .run(&plan);
        let run = fold(&plan, &events);
        assert!(run.is_complete(), "{:?}", run.failure());
        assert_eq!(
            (run.progress().done_tasks(), run.processes().requeue_count(), run.started_tasks()),
            (30, 2, 30)
        );
        assert_eq!((run.queued_tasks(), run.timing().in_flight()), (0, 0));
        let is_done =
            |(_, _, outcome): &(_, _, &TaskOutcome)| matches!(outcome, TaskOutcome::Done(_));
        let done: Vec<TaskId> =
            finished_tasks(&events).into_iter().filter(is_done).map(|(_, task, _)| task).collect();
        assert_eq!((done.len(), done.iter().collect::<BTreeSet<_>>().len()), (30, 30));
    }
}

#[test]
fn three_worker_deaths_on_one_task_end_the_run() {
    let plan = plan(2, 5);
    let dies = |task: TaskId, _: &_, _: &_| {
        (if task.0 == 2 { died(2) } else { done() }, TaskCount::Unknown)
    };
    let events = TaskFnJob::new(dies).run(&plan);
    assert_run_failed(&events, "after 3 worker processes died on task 2 (");
    let run = fold(&plan, &events);
    assert_eq!((run.processes().requeue_count(), run.failed_task()), (2, Some(TaskId(2))));
}

/// Every task from the sixth on kills its worker, and the run ends before it has tried them all.
#[test]
fn three_consecutive_worker_deaths_end_the_run() {
    let plan = plan(1, 1_000);
    let dies = |task: TaskId, _: &_, _: &_| {
        (if task.0 > 5 { died(task.0) } else { done() }, TaskCount::Unknown)
    };
    let events = TaskFnJob::new(dies).run(&plan);
    assert_run_failed(&events, "after 3 worker processes died in a row (");
    let run = fold(&plan, &events);
    assert_eq!(
        (run.processes().requeue_count(), run.failed_task(), run.progress().done_tasks()),
        (2, Some(TaskId(8)), 5)
    );
}

fn assert_run_failed(events: &[Event], expected: &str) {
    let RunOutcome::Failed(failure) = run_outcome(events) else {
        panic!("{:?}", run_outcome(events))
    };
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains(expected), "{failure}");
    assert!(failure.message.contains("killed by signal 9"), "{failure}");
}

fn died(task: u32) -> TaskOutcome {
    let message = format!("worker process {task} was killed by signal 9");
    TaskOutcome::Requeued(threadline::model::Failure::new(FailureKind::Worker, message))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    /// Each `stuck`-th task blocks until the stop; the others end immediately.
    #[test]
    fn stop_at_any_moment_ends_the_run(
        workers in 1..6_u16,
        count in 0..40_u32,
        stuck in 1..60_u32,
        after in 0..120_usize,
    ) {
        let plan = plan(workers, count);
        let handle = TaskFnJob::new(move |task, _, cancel| {
            if task.0 % stuck == 0 {
                wait_for_cancel(cancel);
                return (TaskOutcome::Stopped, TaskCount::Unknown);
            }
            (done(), TaskCount::Unknown)
        })
        .start(&plan);
        let mut received: Vec<Event> = Vec::new();
        while received.len() < after {
            // Does not wait for an event: none comes while all workers are blocked.
            let Ok(event) = handle.events().try_recv() else { break };
            received.push(event);
        }
        handle.stop();
        let is_over = received
            .last()
            .is_some_and(|event| matches!(event.kind, EventKind::RunFinished { .. }));
        if !is_over {
            received.extend(collect_events(&handle));
        }
        prop_assert!(matches!(run_outcome(&received), RunOutcome::Stopped | RunOutcome::Finished));
    }
}
