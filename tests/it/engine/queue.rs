//! Bounded queues: the bound is never exceeded, every task is done exactly once, and no run hangs.

use std::collections::BTreeSet;

use crossbeam_channel::{Sender, unbounded};
use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::model::{
    Event, EventKind, FailureKind, LaneId, Plan, Run, RunOutcome, State, TaskId, TaskOutcome,
};
use threadline::source::{RunHandle, TaskCount};

use super::task_count::{finished_task_ids, last_task_count, task_count};
use super::{
    HANG_TIMEOUT, TaskFnJob, collect_events, done, failed, failure, finished_tasks, fold, plan,
    run_outcome, wait_for_cancel,
};

/// A plan whose queue holds at most `queue` tasks.
fn bounded_plan(workers: u16, tasks: u32, queue: u32) -> Plan {
    Plan { queue: Some(queue), ..plan(workers, tasks) }
}

/// Starts a run whose tasks each wait for a message on the returned channel before they end.
fn start_gated(plan: &Plan) -> (RunHandle, Sender<()>) {
    let (release, releases) = unbounded();
    let run = TaskFnJob::new(move |_, _, _| {
        releases.recv_timeout(HANG_TIMEOUT).unwrap();
        (done(), TaskCount::Unknown)
    });
    (run.start(plan), release)
}

/// Asserts after every event that each task is enqueued before it starts, and that no more tasks
/// are enqueued and unfinished than the queue's bound plus one per lane.
fn assert_bound_is_kept(plan: &Plan, events: &[Event]) {
    let (mut run, mut enqueued, mut started, mut finished) = (Run::new(plan.clone()), 0, 0, 0);
    let bound = plan.queue.unwrap();
    for event in events {
        match event.kind {
            EventKind::TaskEnqueued { tasks } => {
                assert_eq!(tasks, enqueued + 1, "an event per enqueued task");
                enqueued = tasks;
            }
            EventKind::TaskStarted { .. } => started += 1,
            // A lane that took a task which no longer exists becomes idle without running it.
            EventKind::TaskFinished { .. } | EventKind::StateEntered { state: State::Idle } => {
                finished += 1;
            }
            _ => {}
        }
        run.apply(event);
        assert!(started <= enqueued, "a task started before it was enqueued");
        assert!(
            enqueued <= bound + u32::from(plan.workers) + finished,
            "{enqueued} tasks are enqueued"
        );
        assert!(run.queued_tasks() <= bound && run.queue_level().peak() <= bound);
    }
}

#[test]
fn queue_stays_full_while_tasks_remain() {
    let plan = bounded_plan(3, 20, 4);
    let (handle, release) = start_gated(&plan);
    let (mut run, mut received) = (Run::new(plan.clone()), Vec::new());
    for finished in 0..=20 {
        let started = (3 + finished).min(20);
        let enqueued = (3 + 4 + finished).min(20);
        while (run.started_tasks(), run.unqueued_tasks()) != (started, 20 - enqueued)
            || run.done_tasks() < finished
        {
            let event = handle.events().recv_timeout(HANG_TIMEOUT).unwrap();
            run.apply(&event);
            received.push(event);
        }
        assert_eq!(run.queued_tasks(), enqueued - started);
        assert_eq!(
            run.queued_tasks() + run.unqueued_tasks() + run.in_flight() + run.done_tasks(),
            20
        );
        _ = release.send(());
    }
    received.extend(collect_events(&handle));
    assert_bound_is_kept(&plan, &received);
    assert!(fold(&plan, &received).is_complete());
}

#[test]
fn first_lanes_take_the_first_tasks_for_any_queue_bound() {
    for queue in [1, 3, 400_000] {
        let plan = bounded_plan(8, 6, queue);
        let (handle, release) = start_gated(&plan);
        let mut started = BTreeSet::new();
        while started.len() < 6 {
            let event = handle.events().recv_timeout(HANG_TIMEOUT).unwrap();
            if let EventKind::TaskStarted { task } = event.kind {
                started.insert((event.lane, task));
            }
        }
        assert_eq!(
            started,
            (0..6).map(|lane| (LaneId(lane), TaskId(u32::from(lane) + 1))).collect()
        );
        (0..6).for_each(|_| release.send(()).unwrap());
        assert_eq!(run_outcome(&collect_events(&handle)), &RunOutcome::Finished);
    }
}

#[test]
fn permanent_failure_ends_a_run_with_a_full_queue() {
    let refuse_fifth = |task: TaskId, _: &_, _: &_| match task.0 {
        5 => (failed(FailureKind::Refused), TaskCount::Unknown),
        _ => (done(), TaskCount::Unknown),
    };
    let events = TaskFnJob::new(refuse_fifth).run(&bounded_plan(2, 1_000, 2));
    assert_eq!(run_outcome(&events), &RunOutcome::Failed(failure(FailureKind::Refused)));
}

#[test]
fn queue_bound_of_zero_counts_as_one() {
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&bounded_plan(2, 9, 0));
    assert_eq!(
        (finished_task_ids(&events).len(), run_outcome(&events)),
        (9, &RunOutcome::Finished)
    );
}

/// The worker process dies once per entry of `deadly`, each a task's number.
#[test]
fn tasks_lost_with_a_worker_process_are_requeued_and_done() {
    for (deadly, queue) in [([4, 9], None), ([4, 9], Some(1)), ([9, 9], Some(5)), ([9, 9], None)] {
        let plan = Plan { queue, ..plan(3, 30) };
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
        assert_eq!((run.done_tasks(), run.requeue_count(), run.started_tasks()), (30, 2, 30));
        assert_eq!((run.queued_tasks(), run.unqueued_tasks(), run.in_flight()), (0, 0, 0));
        let is_done =
            |(_, _, outcome): &(_, _, &TaskOutcome)| matches!(outcome, TaskOutcome::Done(_));
        let done: Vec<TaskId> =
            finished_tasks(&events).into_iter().filter(is_done).map(|(_, task, _)| task).collect();
        assert_eq!((done.len(), done.iter().collect::<BTreeSet<_>>().len()), (30, 30));
    }
}

#[test]
fn three_worker_deaths_on_one_task_end_the_run() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..plan(2, 5) };
        let dies = |task: TaskId, _: &_, _: &_| {
            (if task.0 == 2 { died(2) } else { done() }, TaskCount::Unknown)
        };
        let events = TaskFnJob::new(dies).run(&plan);
        assert_run_failed(&events, "after 3 worker processes died on task 2 (");
        let run = fold(&plan, &events);
        assert_eq!((run.requeue_count(), run.failed_task()), (2, Some(TaskId(2))));
    }
}

/// Every task from the sixth on kills its worker, and the run ends before it has tried them all.
#[test]
fn three_consecutive_worker_deaths_end_the_run() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..plan(1, 1_000) };
        let dies = |task: TaskId, _: &_, _: &_| {
            (if task.0 > 5 { died(task.0) } else { done() }, TaskCount::Unknown)
        };
        let events = TaskFnJob::new(dies).run(&plan);
        assert_run_failed(&events, "after 3 worker processes died in a row (");
        let run = fold(&plan, &events);
        assert_eq!(
            (run.requeue_count(), run.failed_task(), run.done_tasks()),
            (2, Some(TaskId(8)), 5)
        );
    }
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

    #[test]
    fn queue_bound_holds_for_any_reported_task_counts(
        workers in 1..6_u16,
        count in 0..20_u32,
        queue in 1..8_u32,
        task_counts in prop::collection::vec(task_count(), 0..20),
    ) {
        let plan = bounded_plan(workers, count, queue);
        let events = TaskFnJob::new(move |task, _, _| {
            let count = task_counts.get(task.0 as usize - 1).copied();
            (done(), count.unwrap_or(TaskCount::Unknown))
        })
        .run(&plan);
        prop_assert_eq!(run_outcome(&events), &RunOutcome::Finished);
        let existing = (1..=last_task_count(&events)).collect();
        prop_assert!(finished_task_ids(&events).is_superset(&existing));
        assert_bound_is_kept(&plan, &events);
        prop_assert!(fold(&plan, &events).is_complete());
    }

    /// Each `stuck`-th task blocks until the stop; the others end immediately.
    #[test]
    fn stop_at_any_moment_ends_the_run(
        workers in 1..6_u16,
        count in 0..40_u32,
        queue in 1..8_u32,
        stuck in 1..60_u32,
        after in 0..120_usize,
    ) {
        let plan = bounded_plan(workers, count, queue);
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
        assert_bound_is_kept(&plan, &received);
        prop_assert!(matches!(run_outcome(&received), RunOutcome::Stopped | RunOutcome::Finished));
    }
}
