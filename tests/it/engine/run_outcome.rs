//! The outcome of a run after completion, a stop, a failure or a dropped handle.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use crossbeam_channel::{Sender, unbounded};
use threadline::model::{EventKind, Failure, FailureKind, RunOutcome, TaskId, TaskOutcome};
use threadline::source::{RunHandle, TaskCount};

use super::{
    HANG_TIMEOUT, TaskFnJob, collect_events, done, failed, failure, finished_tasks, fold, plan,
    run_outcome, wait_for_cancel,
};

/// A job whose tasks report their start and then block until the stop.
fn blocking_job(started: Sender<TaskId>) -> TaskFnJob {
    TaskFnJob::new(move |task, _, cancel| {
        started.send(task).unwrap();
        wait_for_cancel(cancel);
        (TaskOutcome::Stopped, TaskCount::Unknown)
    })
}

/// Starts `workers` on `tasks` blocking tasks, and waits until each worker is blocked.
fn start_blocked(workers: u16, tasks: u32) -> RunHandle {
    let (started, starts) = unbounded();
    let run = blocking_job(started).start(&plan(workers, tasks));
    for _ in 0..u32::from(workers).min(tasks) {
        starts.recv_timeout(HANG_TIMEOUT).unwrap();
    }
    run
}

#[test]
fn stop_cancels_running_tasks_and_starts_no_others() {
    let run = start_blocked(3, 9);
    run.stop();
    run.stop();
    let events = collect_events(&run);
    let mut tasks: Vec<u32> = finished_tasks(&events).iter().map(|(_, task, _)| task.0).collect();
    tasks.sort_unstable();
    assert_eq!(tasks, [1, 2, 3]);
    assert!(
        finished_tasks(&events).iter().all(|(_, _, outcome)| **outcome == TaskOutcome::Stopped)
    );
    assert_eq!(run_outcome(&events), &RunOutcome::Stopped);
    let run = fold(&plan(3, 9), &events);
    assert_eq!((run.timing().in_flight(), run.queued_tasks(), run.is_complete()), (0, 6, false));
}

#[test]
fn stop_with_an_empty_queue_still_ends_the_run_as_stopped() {
    for (workers, tasks) in [(1, 1), (3, 3), (5, 2)] {
        let run = start_blocked(workers, tasks);
        run.stop();
        assert_eq!(run_outcome(&collect_events(&run)), &RunOutcome::Stopped, "{tasks} tasks");
    }
}

#[test]
fn stop_after_the_end_has_no_effect() {
    let run = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).start(&plan(2, 4));
    assert_eq!(run_outcome(&collect_events(&run)), &RunOutcome::Finished);
    run.stop();
}

/// The stopped task stays undone, so the run must not wait for it.
#[test]
fn task_that_reports_stopped_stops_the_run() {
    let task_fn = |_: TaskId, _: &_, _: &_| (TaskOutcome::Stopped, TaskCount::Unknown);
    let run = TaskFnJob::new(task_fn).start(&plan(4, 2));
    assert_eq!(run_outcome(&collect_events(&run)), &RunOutcome::Stopped);
}

#[test]
fn permanent_failure_ends_the_run() {
    for kind in [FailureKind::NotFound, FailureKind::Refused, FailureKind::RateLimited] {
        let (started, starts) = unbounded();
        let run = TaskFnJob::new(move |task, _, cancel| {
            if task == TaskId(1) {
                // Fails only after the other workers have started a task.
                for _ in 0..2 {
                    starts.recv_timeout(HANG_TIMEOUT).unwrap();
                }
                return (failed(kind), TaskCount::Unknown);
            }
            started.send(()).unwrap();
            wait_for_cancel(cancel);
            (TaskOutcome::Stopped, TaskCount::Unknown)
        });
        let events = run.run(&plan(3, 100));
        assert_eq!(run_outcome(&events), &RunOutcome::Failed(failure(kind)));
        assert_eq!(finished_tasks(&events).len(), 3, "a task started after the failure");
        let run = fold(&plan(3, 100), &events);
        assert_eq!((run.failure(), run.failed_task()), (Some(&failure(kind)), Some(TaskId(1))));
    }
}

#[test]
fn transient_failure_fails_only_its_task() {
    for kind in [FailureKind::Server, FailureKind::Unreachable, FailureKind::TimedOut] {
        let events = TaskFnJob::new(move |task, _, _| {
            let outcome = if task == TaskId(2) { failed(kind) } else { done() };
            (outcome, TaskCount::Unknown)
        })
        .run(&plan(2, 5));
        assert_eq!(
            (run_outcome(&events), finished_tasks(&events).len()),
            (&RunOutcome::Finished, 5)
        );
        let run = fold(&plan(2, 5), &events);
        assert_eq!((run.progress().done_tasks(), run.is_complete()), (4, false));
        assert_eq!(run.failure(), Some(&failure(kind)));
    }
}

/// A worker whose setup failed reports the setup error as the outcome of each task that it takes.
#[test]
fn worker_setup_failure_fails_its_tasks() {
    let task_fn = |_: TaskId, _: &_, _: &_| (done(), TaskCount::Unknown);
    let events =
        TaskFnJob::new(task_fn).set_up(|_| Err(failure(FailureKind::Unreachable))).run(&plan(2, 3));
    assert_eq!((run_outcome(&events), finished_tasks(&events).len()), (&RunOutcome::Finished, 3));
    let failed = failed(FailureKind::Unreachable);
    assert!(finished_tasks(&events).iter().all(|(_, _, outcome)| **outcome == failed));
    let refused = TaskFnJob::new(task_fn).set_up(|_| Err(failure(FailureKind::Refused)));
    let events = refused.run(&plan(1, 3));
    assert_eq!(run_outcome(&events), &RunOutcome::Failed(failure(FailureKind::Refused)));
}

/// The first task finds that it is the only one, while a stop reaches both.
#[test]
fn stopped_task_that_does_not_exist_leaves_the_run_complete() {
    let (started, starts) = unbounded();
    let ((release_first, first), (release_second, second)) = (unbounded(), unbounded());
    let job = TaskFnJob::new(move |task, _, _| {
        started.send(task).unwrap();
        let release = if task == TaskId(1) { &first } else { &second };
        release.recv_timeout(HANG_TIMEOUT).unwrap();
        match task {
            TaskId(1) => (done(), TaskCount::Exactly(1)),
            _ => (TaskOutcome::Stopped, TaskCount::Unknown),
        }
    });
    let run = job.start(&plan(2, 2));
    for _ in 0..2 {
        starts.recv_timeout(HANG_TIMEOUT).unwrap();
    }
    run.stop();
    release_first.send(()).unwrap();
    let next = || run.events().recv_timeout(HANG_TIMEOUT).unwrap().kind;
    while next() != (EventKind::TaskCountChanged { tasks: 1 }) {}
    release_second.send(()).unwrap();
    let last = run.events().iter().last().unwrap().kind;
    let outcome = RunOutcome::Finished;
    assert_eq!(last, EventKind::RunFinished { outcome, machine_load: None });
}

/// Once the handle is dropped, no thread holds the job any more.
#[test]
fn dropped_handle_stops_the_run_and_joins_its_threads() {
    let (started, starts) = unbounded();
    let job = blocking_job(started);
    let weak_job = Arc::downgrade(&job.task_fn);
    let run = job.start(&plan(4, 8));
    for _ in 0..4 {
        starts.recv_timeout(HANG_TIMEOUT).unwrap();
    }
    let events = run.events().clone();
    drop(run);
    assert_eq!(weak_job.strong_count(), 0, "a thread still holds the job");
    let last = events.try_iter().last().unwrap();
    assert_eq!(
        last.kind,
        EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None }
    );
}

#[test]
fn run_whose_events_are_not_read_can_be_dropped() {
    let run = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).start(&plan(4, 1_000));
    drop(run);
}

fn file_limit_failure() -> Failure {
    Failure::new(FailureKind::Exhausted, "only 64 files may be open")
}

#[test]
fn remaining_lanes_do_the_tasks_of_lanes_that_fail_setup() {
    let plan = plan(8, 40);
    let run = fold(
        &plan,
        &TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
            .set_up(|report| if report.lane().0 > 1 { Err(file_limit_failure()) } else { Ok(()) })
            .run(&plan),
    );
    assert!(run.is_complete(), "{:?}", run.failure());
    assert!(
        run.processes().missing_workers().iter().all(|lane| lane.0 > 1),
        "{:?}",
        run.processes().missing_workers()
    );
    assert_eq!(run.processes().deaths(), 0);
}

#[test]
fn run_fails_with_the_setup_error_if_no_lane_can_be_set_up() {
    let plan = plan(8, 40);
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown))
        .set_up(|_| Err(file_limit_failure()))
        .run(&plan);
    assert_eq!(run_outcome(&events), &RunOutcome::Failed(file_limit_failure()));
    assert_eq!(fold(&plan, &events).processes().missing_workers().len(), 7);
}

/// The file limit is reached only after all lanes have started a task.
#[test]
fn last_lane_retries_after_the_others_run_out_of_resources() {
    let plan = plan(4, 10);
    let (attempts, all_started) = (AtomicU32::new(0), Barrier::new(4));
    let fail_first_attempts = move |_: TaskId, _: &_, _: &_| {
        if attempts.fetch_add(1, Ordering::SeqCst) < 4 {
            all_started.wait();
            return (TaskOutcome::Failed(file_limit_failure()), TaskCount::Unknown);
        }
        (done(), TaskCount::Unknown)
    };
    let run = fold(&plan, &TaskFnJob::new(fail_first_attempts).run(&plan));
    assert!(run.is_complete(), "{:?}", run.failure());
    assert_eq!(run.processes().missing_workers().len(), 3);
}
