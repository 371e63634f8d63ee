//! How runs end: by themselves, by a stop, by a failure, by nobody wanting them any more.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use crossbeam_channel::{Sender, unbounded};
use threadline::engine::{RunHandle, TaskCount};
use threadline::model::{EventKind, Failure, FailureKind, RunOutcome, TaskId, TaskOutcome};

use super::{HANGS, TaskFnJob, done, end, events, failed, failure, finished, fold, plan, wait_for};

/// Tasks that tell of their begin and then wait for the stop.
fn stuck(began: Sender<TaskId>) -> TaskFnJob {
    TaskFnJob::new(move |task, _, cancel| {
        began.send(task).unwrap();
        wait_for(cancel);
        (TaskOutcome::Stopped, TaskCount::Unknown)
    })
}

/// Starts `workers` on `tasks` stuck tasks, and waits until all are.
fn all_stuck(workers: u16, tasks: u32) -> RunHandle {
    let (began, begins) = unbounded();
    let run = stuck(began).start(&plan(workers, tasks));
    for _ in 0..u32::from(workers).min(tasks) {
        begins.recv_timeout(HANGS).unwrap();
    }
    run
}

#[test]
fn a_stop_ends_the_tasks_in_work_and_begins_no_other() {
    let run = all_stuck(3, 9);
    run.stop();
    run.stop();
    let events = events(&run);
    let mut tasks: Vec<u32> = finished(&events).iter().map(|(_, task, _)| task.0).collect();
    tasks.sort_unstable();
    assert_eq!(tasks, [1, 2, 3]);
    assert!(finished(&events).iter().all(|(_, _, outcome)| **outcome == TaskOutcome::Stopped));
    assert_eq!(end(&events), &RunOutcome::Stopped);
    let run = fold(&plan(3, 9), &events);
    assert_eq!((run.in_flight(), run.queued_tasks(), run.is_complete()), (0, 6, false));
}

/// With no task left in the queue a stopped run is still a stopped one.
#[test]
fn a_stop_during_the_last_tasks_is_a_stop() {
    for (workers, tasks) in [(1, 1), (3, 3), (5, 2)] {
        let run = all_stuck(workers, tasks);
        run.stop();
        assert_eq!(end(&events(&run)), &RunOutcome::Stopped, "{tasks} tasks");
    }
}

#[test]
fn a_stop_after_the_end_changes_nothing() {
    let run = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).start(&plan(2, 4));
    assert_eq!(end(&events(&run)), &RunOutcome::Finished);
    run.stop();
}

/// A worker that stops by itself leaves its task undone: nobody is to wait for it.
#[test]
fn a_worker_that_stops_by_itself_stops_the_run() {
    let act = |_: TaskId, _: &_, _: &_| (TaskOutcome::Stopped, TaskCount::Unknown);
    let run = TaskFnJob::new(act).start(&plan(4, 2));
    assert_eq!(end(&events(&run)), &RunOutcome::Stopped);
}

#[test]
fn a_failure_that_would_happen_again_ends_the_run() {
    for kind in [FailureKind::NotFound, FailureKind::Refused, FailureKind::RateLimited] {
        let (began, begins) = unbounded();
        let run = TaskFnJob::new(move |task, _, cancel| {
            if task == TaskId(1) {
                // Once the others are busy.
                for _ in 0..2 {
                    begins.recv_timeout(HANGS).unwrap();
                }
                return (failed(kind), TaskCount::Unknown);
            }
            began.send(()).unwrap();
            wait_for(cancel);
            (TaskOutcome::Stopped, TaskCount::Unknown)
        });
        let events = run.run(&plan(3, 100));
        assert_eq!(end(&events), &RunOutcome::Failed(failure(kind)));
        assert_eq!(finished(&events).len(), 3, "another task was begun");
        let run = fold(&plan(3, 100), &events);
        assert_eq!((run.failure(), run.failed_task()), (Some(&failure(kind)), Some(TaskId(1))));
    }
}

#[test]
fn another_failure_costs_one_task() {
    for kind in [FailureKind::Server, FailureKind::Unreachable, FailureKind::TimedOut] {
        let events = TaskFnJob::new(move |task, _, _| {
            let outcome = if task == TaskId(2) { failed(kind) } else { done() };
            (outcome, TaskCount::Unknown)
        })
        .run(&plan(2, 5));
        assert_eq!((end(&events), finished(&events).len()), (&RunOutcome::Finished, 5));
        let run = fold(&plan(2, 5), &events);
        assert_eq!((run.done_tasks(), run.is_complete()), (4, false));
        assert_eq!(run.failure(), Some(&failure(kind)));
    }
}

/// What cannot be set up is told by the first task.
#[test]
fn a_worker_that_cannot_be_set_up_fails_its_tasks() {
    let unusable = || Err(failure(FailureKind::Unreachable));
    let act = |_: TaskId, _: &_, _: &_| (done(), TaskCount::Unknown);
    let events = TaskFnJob::new(act).set_up(move |_| unusable()).run(&plan(2, 3));
    assert_eq!((end(&events), finished(&events).len()), (&RunOutcome::Finished, 3));
    let failed = failed(FailureKind::Unreachable);
    assert!(finished(&events).iter().all(|(_, _, outcome)| **outcome == failed));
    let refused = TaskFnJob::new(act).set_up(|_| Err(failure(FailureKind::Refused)));
    let events = refused.run(&plan(1, 3));
    assert_eq!(end(&events), &RunOutcome::Failed(failure(FailureKind::Refused)));
}

/// The threads are gone when the handle is: nothing of the job is left.
#[test]
fn a_handle_that_is_dropped_stops_its_run_and_waits_for_the_threads() {
    let (began, begins) = unbounded();
    let job = stuck(began);
    let held = Arc::downgrade(&job.act);
    let run = job.start(&plan(4, 8));
    for _ in 0..4 {
        begins.recv_timeout(HANGS).unwrap();
    }
    let events = run.events().clone();
    drop(run);
    assert_eq!(held.strong_count(), 0, "a thread still has the job");
    let last = events.try_iter().last().unwrap();
    assert_eq!(last.kind, EventKind::RunFinished { outcome: RunOutcome::Stopped });
}

#[test]
fn a_run_that_nobody_listens_to_can_be_dropped() {
    let run = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).start(&plan(4, 1_000));
    drop(run);
}

fn too_few_files() -> Failure {
    Failure::new(FailureKind::Exhausted, "only 64 files may be open")
}

#[test]
fn lanes_that_cannot_be_set_up_leave_their_tasks_to_the_others() {
    let plan = plan(8, 40);
    let run = fold(
        &plan,
        &TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
            .set_up(|report| if report.lane().0 > 1 { Err(too_few_files()) } else { Ok(()) })
            .run(&plan),
    );
    assert!(run.is_complete(), "{:?}", run.failure());
    assert!(run.missing_workers().iter().all(|lane| lane.0 > 1), "{:?}", run.missing_workers());
    assert_eq!(run.deaths(), 0);
}

#[test]
fn a_run_without_a_single_lane_fails_and_says_why() {
    let plan = plan(8, 40);
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
        .set_up(|_| Err(too_few_files()))
        .run(&plan);
    assert_eq!(end(&events), &RunOutcome::Failed(too_few_files()));
    assert_eq!(fold(&plan, &events).missing_workers().len(), 7);
}

/// All lanes have begun when the files run out.
#[test]
fn the_last_lane_tries_again_once_the_others_have_left() {
    let plan = plan(4, 10);
    let (attempts, begun) = (AtomicU32::new(0), Barrier::new(4));
    let short_at_first = move |_: TaskId, _: &_, _: &_| {
        if attempts.fetch_add(1, Ordering::SeqCst) < 4 {
            begun.wait();
            return (TaskOutcome::Failed(too_few_files()), TaskCount::Unknown);
        }
        (done(), TaskCount::Unknown)
    };
    let run = fold(&plan, &TaskFnJob::new(short_at_first).run(&plan));
    assert!(run.is_complete(), "{:?}", run.failure());
    assert_eq!(run.missing_workers().len(), 3);
}
