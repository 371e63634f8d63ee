//! Task counts that change during a run: every existing task is done exactly once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossbeam_channel::bounded;
use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::model::plan::MAX_TASKS;
use threadline::model::{Event, EventKind, FailureKind, RunOutcome, TaskId};
use threadline::source::TaskCount;

use super::{HANG_TIMEOUT, TaskFnJob, done, failed, finished_tasks, fold, plan, run_outcome};

/// Runs tasks of which the n-th reports the n-th of `task_counts`, and the others `Unknown`.
fn run(workers: u16, tasks: u32, task_counts: Vec<TaskCount>) -> Vec<Event> {
    let task_counts = Arc::new(task_counts);
    TaskFnJob::new(move |task, _, _| {
        let count = task_counts.get(task.0 as usize - 1).copied();
        (done(), count.unwrap_or(TaskCount::Unknown))
    })
    .run(&plan(workers, tasks))
}

/// Returns the finished tasks, and asserts that none was done twice.
fn finished_task_ids(events: &[Event]) -> BTreeSet<u32> {
    let all: Vec<u32> = finished_tasks(events).iter().map(|(_, task, _)| task.0).collect();
    let tasks: BTreeSet<u32> = all.iter().copied().collect();
    assert_eq!(tasks.len(), all.len(), "a task was done twice: {all:?}");
    tasks
}

/// Returns the task count that the run reported last.
fn last_task_count(events: &[Event]) -> u32 {
    let count = events.iter().rev().find_map(|event| match event.kind {
        EventKind::TaskCountChanged { tasks } => Some(tasks),
        _ => None,
    });
    count.unwrap()
}

fn tasks_up_to(last: u32) -> BTreeSet<u32> {
    (1..=last).collect()
}

#[test]
fn tasks_discovered_one_by_one_are_all_done() {
    let task_counts: Vec<TaskCount> =
        (2..=30).map(TaskCount::AtLeast).chain([TaskCount::Exactly(30)]).collect();
    for workers in [1, 4] {
        let events = run(workers, 1, task_counts.clone());
        assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(30), 30));
        assert!(fold(&plan(workers, 1), &events).is_complete());
    }
}

#[test]
fn tasks_that_turn_out_not_to_exist_are_skipped() {
    let events = run(1, 100, vec![TaskCount::Exactly(4); 100]);
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(4), 4));
    assert_eq!(run_outcome(&events), &RunOutcome::Finished);
    assert!(fold(&plan(1, 100), &events).is_complete());
}

/// In the run with one worker, page 1 reports 3 pages, so page 4 is dropped; page 3 reports 5, so
/// it is restored.
#[test]
fn dropped_task_is_restored_when_a_later_count_includes_it() {
    use TaskCount::{Exactly, Unknown};
    for workers in [1, 2, 8] {
        let task_counts = vec![Exactly(2), Exactly(5), Unknown, Unknown, Unknown];
        let events = run(workers, 4, task_counts);
        assert!(
            finished_task_ids(&events).is_superset(&tasks_up_to(last_task_count(&events))),
            "{events:?}"
        );
    }
    // One worker makes the order deterministic.
    let task_counts = vec![Exactly(3), Unknown, Exactly(5), Unknown, Unknown];
    let events = run(1, 4, task_counts);
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(5), 5));
}

/// The list grows during the run: task 2 reports six tasks before task 1, which started earlier,
/// reports five.
#[test]
fn count_from_an_earlier_task_does_not_override_a_later_one() {
    let started = [(); 7].map(|()| bounded(1));
    let task_fn = move |task: TaskId, _: &_, _: &_| {
        started[task.0 as usize].0.send(()).unwrap();
        let wait_for = |task: usize| started[task].1.recv_timeout(HANG_TIMEOUT).unwrap();
        let count = match task.0 {
            1 => {
                wait_for(3);
                TaskCount::Exactly(5)
            }
            2 => {
                wait_for(1);
                TaskCount::Exactly(6)
            }
            3 => {
                wait_for(4);
                TaskCount::Unknown
            }
            _ => TaskCount::Unknown,
        };
        (done(), count)
    };
    let events = TaskFnJob::new(task_fn).run(&plan(2, 5));
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(6), 6));
}

/// Each full page is followed by a request for one more, until a page reports an exact count.
#[test]
fn next_task_is_tried_while_the_last_known_one_is_full() {
    let full = |task: u32| TaskCount::PerhapsMore { first: u64::from(task) };
    for workers in [1, 4] {
        let task_counts: Vec<TaskCount> =
            (1..=8).map(full).chain([TaskCount::Exactly(8)]).collect();
        let events = run(workers, 3, task_counts);
        assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(9), 8));
    }
    // A full page before the last known one adds no task.
    let events = run(1, 4, vec![full(1), full(2), full(3), TaskCount::Unknown]);
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(4), 4));
    // Nor does a full page whose successor is known not to exist.
    let events = run(1, 4, vec![TaskCount::Exactly(3), full(2), full(3)]);
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(3), 3));
}

/// A server that ignores the page number returns the same page for every request.
#[test]
fn repeated_page_ends_the_search_for_more_tasks() {
    let same = TaskCount::PerhapsMore { first: 7 };
    for (workers, known, done) in [(1, 1, 2), (1, 5, 5), (4, 1, 2), (4, 5, 5)] {
        let events = run(workers, known, vec![same; 100]);
        assert_eq!(
            (finished_task_ids(&events), last_task_count(&events)),
            (tasks_up_to(done), done),
            "{workers} {known}"
        );
    }
}

#[test]
fn finished_task_stays_counted_when_a_later_count_excludes_it() {
    let events =
        run(1, 3, vec![TaskCount::Exactly(3), TaskCount::Exactly(3), TaskCount::Exactly(1)]);
    assert_eq!((finished_task_ids(&events), last_task_count(&events)), (tasks_up_to(3), 2));
}

#[test]
fn task_count_is_capped_at_the_maximum() {
    let task_fn = |task: TaskId, _: &_, _: &_| match task.0 {
        1 => (done(), TaskCount::AtLeast(u32::MAX)),
        _ => (failed(FailureKind::Refused), TaskCount::Unknown),
    };
    let events = TaskFnJob::new(task_fn).run(&plan(1, 1));
    assert_eq!(last_task_count(&events), MAX_TASKS);
    let events = TaskFnJob::new(task_fn).run(&plan(1, u32::MAX));
    assert_eq!(last_task_count(&events), MAX_TASKS);
}

fn task_count() -> impl Strategy<Value = TaskCount> {
    prop_oneof![
        Just(TaskCount::Unknown),
        (0..20_u32).prop_map(TaskCount::AtLeast),
        (0..20_u32).prop_map(TaskCount::Exactly),
        (0..5_u64).prop_map(|first| TaskCount::PerhapsMore { first }),
    ]
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn run_finishes_every_existing_task_for_any_reported_counts(
        workers in 1..6_u16,
        count in 0..20_u32,
        task_counts in prop::collection::vec(task_count(), 0..20),
    ) {
        let events = run(workers, count, task_counts);
        prop_assert_eq!(run_outcome(&events), &RunOutcome::Finished);
        let existing = tasks_up_to(last_task_count(&events));
        prop_assert!(finished_task_ids(&events).is_superset(&existing));
        prop_assert!(fold(&plan(workers, count), &events).is_complete());
    }
}
