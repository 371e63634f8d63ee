//! How many tasks there are turns out on the way: nothing is done twice, and nothing is missed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossbeam_channel::bounded;
use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::engine::TaskCount;
use threadline::model::plan::MAX_TASKS;
use threadline::model::{Event, EventKind, FailureKind, RunOutcome, TaskId};

use super::{HANGS, TaskFnJob, done, end, failed, finished, fold, plan};

/// A run whose tasks say of the number of tasks what `extents` has at their place.
fn run(workers: u16, tasks: u32, extents: Vec<TaskCount>) -> Vec<Event> {
    let extents = Arc::new(extents);
    TaskFnJob::new(move |task, _, _| {
        let extent = extents.get(task.0 as usize - 1).copied();
        (done(), extent.unwrap_or(TaskCount::Unknown))
    })
    .run(&plan(workers, tasks))
}

/// The tasks done, none twice.
pub(super) fn tasks(events: &[Event]) -> BTreeSet<u32> {
    let all: Vec<u32> = finished(events).iter().map(|(_, task, _)| task.0).collect();
    let tasks: BTreeSet<u32> = all.iter().copied().collect();
    assert_eq!(tasks.len(), all.len(), "a task was done twice: {all:?}");
    tasks
}

/// The number of tasks that was said last.
pub(super) fn said(events: &[Event]) -> u32 {
    let said = events.iter().rev().find_map(|event| match event.kind {
        EventKind::TaskCountChanged { tasks } => Some(tasks),
        _ => None,
    });
    said.unwrap()
}

fn numbers(to: u32) -> BTreeSet<u32> {
    (1..=to).collect()
}

#[test]
fn tasks_that_come_to_light_one_by_one_are_all_done() {
    let extents: Vec<TaskCount> =
        (2..=30).map(TaskCount::AtLeast).chain([TaskCount::Exactly(30)]).collect();
    for workers in [1, 4] {
        let events = run(workers, 1, extents.clone());
        assert_eq!((tasks(&events), said(&events)), (numbers(30), 30));
        assert!(fold(&plan(workers, 1), &events).is_complete());
    }
}

#[test]
fn tasks_that_turn_out_not_to_exist_are_left() {
    let events = run(1, 100, vec![TaskCount::Exactly(4); 100]);
    assert_eq!((tasks(&events), said(&events)), (numbers(4), 4));
    assert_eq!(end(&events), &RunOutcome::Finished);
    assert!(fold(&plan(1, 100), &events).is_complete());
}

/// Page 1 says 3, so page 4 is dropped; page 3 says 5, so it exists after all.
#[test]
fn a_task_that_was_dropped_comes_back() {
    use TaskCount::{Exactly, Unknown};
    for workers in [1, 2, 8] {
        let extents = vec![Exactly(2), Exactly(5), Unknown, Unknown, Unknown];
        let events = run(workers, 4, extents);
        assert!(tasks(&events).is_superset(&numbers(said(&events))), "{events:?}");
    }
    // With one worker the order is certain.
    let extents = vec![Exactly(3), Unknown, Exactly(5), Unknown, Unknown];
    let events = run(1, 4, extents);
    assert_eq!((tasks(&events), said(&events)), (numbers(5), 5));
}

/// Task 2 sees six tasks. Task 1, begun before, saw five, but tells it later: a list that grew
/// meanwhile.
#[test]
fn what_was_seen_before_is_not_believed_after() {
    let begun = [(); 7].map(|()| bounded(1));
    let act = move |task: TaskId, _: &_, _: &_| {
        begun[task.0 as usize].0.send(()).unwrap();
        let wait_for = |task: usize| begun[task].1.recv_timeout(HANGS).unwrap();
        let extent = match task.0 {
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
        (done(), extent)
    };
    let events = TaskFnJob::new(act).run(&plan(2, 5));
    assert_eq!((tasks(&events), said(&events)), (numbers(6), 6));
}

/// Each full page is followed by one more question, until a page says that there is no more.
#[test]
fn one_more_is_tried_while_there_may_be_more() {
    let full = |task: u32| TaskCount::PerhapsMore { first: u64::from(task) };
    for workers in [1, 4] {
        let extents: Vec<TaskCount> = (1..=8).map(full).chain([TaskCount::Exactly(8)]).collect();
        let events = run(workers, 3, extents);
        assert_eq!((tasks(&events), said(&events)), (numbers(9), 8));
    }
    // A task that is not the last known one has no say.
    let events = run(1, 4, vec![full(1), full(2), full(3), TaskCount::Unknown]);
    assert_eq!((tasks(&events), said(&events)), (numbers(4), 4));
    // Nor has one whose successor is known not to exist.
    let events = run(1, 4, vec![TaskCount::Exactly(3), full(2), full(3)]);
    assert_eq!((tasks(&events), said(&events)), (numbers(3), 3));
}

/// A server that does not heed the page's number has one page, however often it is asked.
#[test]
fn the_same_task_again_is_not_followed_by_another() {
    let same = TaskCount::PerhapsMore { first: 7 };
    for (workers, known, done) in [(1, 1, 2), (1, 5, 5), (4, 1, 2), (4, 5, 5)] {
        let events = run(workers, known, vec![same; 100]);
        assert_eq!((tasks(&events), said(&events)), (numbers(done), done), "{workers} {known}");
    }
}

/// A page that was there counts, whatever a page before it claimed.
#[test]
fn what_showed_itself_to_exist_is_not_taken_back() {
    let events =
        run(1, 3, vec![TaskCount::Exactly(3), TaskCount::Exactly(3), TaskCount::Exactly(1)]);
    assert_eq!((tasks(&events), said(&events)), (numbers(3), 2));
}

#[test]
fn a_number_that_nobody_can_do_is_cut() {
    let act = |task: TaskId, _: &_, _: &_| match task.0 {
        1 => (done(), TaskCount::AtLeast(u32::MAX)),
        _ => (failed(FailureKind::Refused), TaskCount::Unknown),
    };
    let events = TaskFnJob::new(act).run(&plan(1, 1));
    assert_eq!(said(&events), MAX_TASKS);
    let events = TaskFnJob::new(act).run(&plan(1, u32::MAX));
    assert_eq!(said(&events), MAX_TASKS);
}

pub(super) fn extent() -> impl Strategy<Value = TaskCount> {
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
    fn whatever_tasks_say_the_run_ends_and_did_what_exists(
        workers in 1..6_u16,
        count in 0..20_u32,
        extents in prop::collection::vec(extent(), 0..20),
    ) {
        let events = run(workers, count, extents);
        prop_assert_eq!(end(&events), &RunOutcome::Finished);
        prop_assert!(tasks(&events).is_superset(&numbers(said(&events))));
        prop_assert!(fold(&plan(workers, count), &events).is_complete());
    }
}
