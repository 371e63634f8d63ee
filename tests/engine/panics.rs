//! A panic on a worker's thread: an error on its lane, and the run goes on.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use threadline::engine::TaskCount;
use threadline::model::{FailureKind, LaneId, RunOutcome, State, TaskId, TaskOutcome};

use super::{TaskFnJob, done, end, finished, fold, plan};

fn message(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Failed(failure) if failure.kind == FailureKind::Panicked => &failure.message,
        other => panic!("{other:?} is no panic"),
    }
}

#[test]
fn a_task_that_panics_fails_and_its_lane_goes_on_with_a_new_worker() {
    let set_ups = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&set_ups);
    let act = |task: TaskId, _: &_, _: &_| {
        assert_ne!(task.0, 2, "two is too much");
        (done(), TaskCount::Unknown)
    };
    let events = TaskFnJob::new(act)
        .set_up(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .run(&plan(1, 4));
    let finished = finished(&events);
    let tasks: Vec<u32> = finished.iter().map(|(_, task, _)| task.0).collect();
    assert_eq!((tasks, end(&events)), (vec![1, 2, 3, 4], &RunOutcome::Finished));
    let message = message(finished[1].2);
    assert!(message.contains("task 2") && message.contains("two is too much"), "{message}");
    assert_eq!(set_ups.load(Ordering::SeqCst), 2, "a worker that panicked is not used again");
    let run = fold(&plan(1, 4), &events);
    assert_eq!((run.done_tasks(), run.failed_task()), (3, Some(TaskId(2))));
    let errors =
        run.lanes()[0].state_times_between(threadline::model::Nanos::ZERO, run.duration().unwrap());
    assert_eq!(errors[State::Error as usize], 0, "an error is a moment");
}

#[test]
fn a_set_up_that_panics_once_is_tried_again() {
    let first = Arc::new(AtomicU32::new(0));
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
        .set_up(move |_| {
            assert!(first.fetch_add(1, Ordering::SeqCst) > 0, "not yet");
            Ok(())
        })
        .run(&plan(1, 3));
    assert!(fold(&plan(1, 3), &events).is_complete());
}

#[test]
fn a_set_up_that_always_panics_fails_every_task_on_its_lane() {
    let act = |_: TaskId, _: &_, _: &_| (done(), TaskCount::Unknown);
    let events = TaskFnJob::new(act).set_up(|_| panic!("never")).run(&plan(2, 5));
    assert_eq!((end(&events), finished(&events).len()), (&RunOutcome::Finished, 5));
    for (lane, task, outcome) in finished(&events) {
        assert!(lane <= LaneId(1) && message(outcome).contains("never"), "{task:?}");
    }
}

#[test]
fn what_a_panic_says_is_made_safe_to_print() {
    let act = |task: TaskId, _: &_, _: &_| match task.0 {
        1 => panic!("\u{1b}[2Jcleared\u{202e}\nnext {}", 7),
        _ => panic_any(7_u8),
    };
    let events = TaskFnJob::new(act).run(&plan(1, 2));
    let messages: Vec<&str> =
        finished(&events).iter().map(|(_, _, outcome)| message(outcome)).collect();
    assert!(messages[0].contains("\\u{1b}[2Jcleared\\u{202e} next 7"), "{}", messages[0]);
    assert!(messages[1].contains("no message"), "{}", messages[1]);
    assert!(messages.iter().all(|text| !text.chars().any(char::is_control)));
}
