//! Panics on worker threads: the task fails and the run continues.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use threadline::model::{FailureKind, LaneId, RunOutcome, State, TaskId, TaskOutcome};
use threadline::source::TaskCount;

use super::{TaskFnJob, done, finished_tasks, fold, plan, run_outcome};

fn panic_message(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Failed(failure) if failure.kind == FailureKind::Panicked => &failure.message,
        other => panic!("{other:?} is not a panic"),
    }
}

#[test]
fn panicking_task_fails_and_its_lane_gets_a_new_worker() {
    let setup_count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&setup_count);
    let task_fn = |task: TaskId, _: &_, _: &_| {
        assert_ne!(task.0, 2, "task 2 is broken");
        (done(), TaskCount::Unknown)
    };
    let events = TaskFnJob::new(task_fn)
        .set_up(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .run(&plan(1, 4));
    let finished = finished_tasks(&events);
    let tasks: Vec<u32> = finished.iter().map(|(_, task, _)| task.0).collect();
    assert_eq!((tasks, run_outcome(&events)), (vec![1, 2, 3, 4], &RunOutcome::Finished));
    let message = panic_message(finished[1].2);
    assert!(message.contains("task 2") && message.contains("task 2 is broken"), "{message}");
    assert_eq!(setup_count.load(Ordering::SeqCst), 2, "a worker that panicked is reused");
    let run = fold(&plan(1, 4), &events);
    assert_eq!((run.progress().done_tasks(), run.failed_task()), (3, Some(TaskId(2))));
    let errors =
        run.lanes()[0].state_times_between(threadline::model::Nanos::ZERO, run.duration().unwrap());
    assert_eq!(errors[State::Error], 0, "an error has no duration");
}

#[test]
fn worker_setup_is_retried_after_a_panic() {
    let attempts = Arc::new(AtomicU32::new(0));
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
        .set_up(move |_| {
            assert!(attempts.fetch_add(1, Ordering::SeqCst) > 0, "not yet");
            Ok(())
        })
        .run(&plan(1, 3));
    assert!(fold(&plan(1, 3), &events).is_complete());
}

#[test]
fn worker_setup_that_always_panics_fails_every_task() {
    let task_fn = |_: TaskId, _: &_, _: &_| (done(), TaskCount::Unknown);
    let events = TaskFnJob::new(task_fn).set_up(|_| panic!("never")).run(&plan(2, 5));
    assert_eq!((run_outcome(&events), finished_tasks(&events).len()), (&RunOutcome::Finished, 5));
    for (lane, task, outcome) in finished_tasks(&events) {
        assert!(lane <= LaneId(1) && panic_message(outcome).contains("never"), "{task:?}");
    }
}

#[test]
fn panic_messages_are_escaped_for_the_terminal() {
    let task_fn = |task: TaskId, _: &_, _: &_| match task.0 {
        1 => panic!("\u{1b}[2Jcleared\u{202e}\nnext {}", 7),
        _ => panic_any(7_u8),
    };
    let events = TaskFnJob::new(task_fn).run(&plan(1, 2));
    let messages: Vec<&str> =
        finished_tasks(&events).iter().map(|(_, _, outcome)| panic_message(outcome)).collect();
    assert!(messages[0].contains("\\u{1b}[2Jcleared\\u{202e} next 7"), "{}", messages[0]);
    assert!(messages[1].contains("no message"), "{}", messages[1]);
    assert!(messages.iter().all(|text| !text.chars().any(char::is_control)));
}
