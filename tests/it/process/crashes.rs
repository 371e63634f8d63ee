//! Worker processes that die: other workers take over their tasks, and each task is done once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{WaitId, WaitIdOptions, waitid};
use threadline::http::RetryPolicy;
use threadline::model::{
    Event, EventKind, Failure, FailureKind, LaneId, Mode, Plan, Run, State, TaskId, TaskOutcome,
};
use threadline::source::Clock;

use super::{
    PROGRAM, ProcessRun, compute, cpu, distinct, followers, kill, launcher, launcher_with_api,
    launcher_with_api_and_policy, launcher_with_short_timeout, process_exists, suspend, to_pid,
};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// Makes tasks long enough that a worker is usually killed in the middle of one.
const TURNS: u64 = 100_000;

/// Returns the values that a sequential run computes for these tasks.
fn sequential_values(tasks: u32) -> Vec<u64> {
    let plan = Plan { mode: Mode::Sequential, workers: 1, ..cpu(TURNS, 1, tasks) };
    ProcessRun::run_to_end(&launcher(PROGRAM, &Clock::system()), &plan).values()
}

/// Returns the lane of an event if the event says that its process computes.
fn computing_lane(event: &Event) -> Option<LaneId> {
    (event.kind == EventKind::StateEntered { state: State::Computing }).then_some(event.lane)
}

/// Returns the completed tasks; asserts that none was completed twice.
fn done_tasks(events: &[Event]) -> BTreeSet<TaskId> {
    let mut done = BTreeSet::new();
    for event in events {
        if let EventKind::TaskFinished { task, outcome: TaskOutcome::Done(_) } = event.kind {
            assert!(done.insert(task), "{task:?} was done twice");
        }
    }
    done
}

/// Returns the lane that works on a task now.
fn working_lane(run: &Run, task: TaskId) -> Option<LaneId> {
    run.tasks().get(task).filter(|record| record.outcome.is_none()).map(|record| record.lane)
}

/// Returns the failures of the workers that died on a task.
fn worker_failures(run: &Run, task: TaskId) -> Vec<Failure> {
    let attempts = run.tasks().failed_attempts(task).iter();
    attempts.filter(|attempt| attempt.was_requeued).map(|attempt| attempt.failure.clone()).collect()
}

#[test]
fn task_of_a_killed_worker_is_requeued() {
    let mut process_run =
        ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &cpu(TURNS, 2, 12));
    // A worker that finishes its task before the signal arrives is replaced without a requeue.
    while process_run.run.processes().requeue_count() == 0 && !process_run.run.is_over() {
        if let Some(lane) = computing_lane(&process_run.next()) {
            let pid = process_run.pid(lane).unwrap();
            kill(pid);
            let is_finished = |event: &Event| matches!(event.kind, EventKind::TaskFinished { .. });
            while !process_run
                .events
                .last()
                .is_some_and(|event| event.lane == lane && is_finished(event))
            {
                process_run.next();
            }
        }
    }
    process_run.wait_for_end();
    assert_eq!(
        process_run.run.processes().requeue_count(),
        1,
        "no worker was killed in the middle of a task"
    );
    assert_eq!(process_run.values(), sequential_values(12));
    assert_eq!(done_tasks(&process_run.events).len(), 12);
    let failure = (1..=12)
        .map(TaskId)
        .find_map(|task| worker_failures(&process_run.run, task).pop())
        .unwrap();
    assert_eq!(failure.kind, FailureKind::Worker);
    let message = &failure.message;
    assert!(message.starts_with("worker process "), "{message}");
    assert!(message.ends_with(" was killed by signal 9"), "{message}");
}

#[test]
fn run_completes_if_every_worker_is_killed_once() {
    let plan = cpu(TURNS, 4, 24);
    let mut process_run = ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &plan);
    let mut killed = BTreeSet::new();
    while !process_run.run.is_over() {
        let event = process_run.next();
        if let Some(lane) = computing_lane(&event)
            && killed.insert(lane)
        {
            kill(process_run.pid(lane).unwrap());
        }
    }
    process_run.wait_for_end();
    assert_eq!(process_run.values(), sequential_values(24));
    assert_eq!(done_tasks(&process_run.events).len(), 24);
    assert!(process_run.run.processes().requeue_count() as usize <= killed.len());
    let pids = process_run.pids();
    assert_eq!(distinct(&pids).len(), pids.len(), "two processes have the same id");
}

/// The other worker computes an endless task, and the run waits for it.
#[test]
fn suspended_worker_is_replaced_and_busy_worker_is_not() {
    let plan = cpu(u64::MAX / 2, 2, 2);
    let mut process_run =
        ProcessRun::start(&launcher_with_short_timeout(PROGRAM, &Clock::system()), &plan);
    let mut busy = Vec::new();
    while busy.len() < 2 {
        busy.extend(computing_lane(&process_run.next()));
    }
    let stopped = process_run.pid(busy[1]).unwrap();
    suspend(stopped);
    // A new process starts one of the tasks.
    while busy.len() < 3 {
        busy.extend(computing_lane(&process_run.next()));
    }
    let failures = [1, 2].map(|task| worker_failures(&process_run.run, TaskId(task))).concat();
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    let message = format!("worker process {stopped} did not respond for 2 s");
    assert_eq!((failure.kind, &failure.message), (FailureKind::Worker, &message));
    assert_eq!((busy[2], process_exists(stopped)), (busy[1], false));
    process_run.handle.stop();
    process_run.wait_for_end();
}

/// The timeout of the request itself cannot fire in a suspended worker.
#[test]
fn page_of_a_worker_suspended_in_a_request_is_fetched() {
    let requests = AtomicU32::new(0);
    let server = ScriptedServer::list(180, move |page| {
        (page == 3 && requests.fetch_add(1, Ordering::SeqCst) == 0).then(ScriptedReply::never)
    });
    let retry_policy = RetryPolicy { timeout: Duration::from_secs(4), ..RetryPolicy::default() };
    let mut process_run = ProcessRun::start(
        &launcher_with_api_and_policy(server.url(), retry_policy),
        &followers(2, 6),
    );
    server.wait_for_page(3);
    process_run.wait_until(|run| working_lane(run, TaskId(3)).is_some());
    suspend(process_run.pid(working_lane(&process_run.run, TaskId(3)).unwrap()).unwrap());
    process_run.wait_for_end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(process_run.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    let failures = worker_failures(&process_run.run, TaskId(3));
    assert!(failures[0].message.ends_with(" did not respond for 6 s"), "{failures:?}");
    assert_eq!(server.pages()[&3], 2);
}

/// Another process repeats the request.
#[test]
fn page_of_a_worker_killed_in_a_request_is_fetched() {
    let requests = AtomicU32::new(0);
    let server = ScriptedServer::list(180, move |page| {
        (page == 3 && requests.fetch_add(1, Ordering::SeqCst) == 0).then(ScriptedReply::never)
    });
    let mut process_run = ProcessRun::start(&launcher_with_api(server.url()), &followers(2, 6));
    server.wait_for_page(3);
    process_run.wait_until(|run| working_lane(run, TaskId(3)).is_some());
    kill(process_run.pid(working_lane(&process_run.run, TaskId(3)).unwrap()).unwrap());
    process_run.wait_for_end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(process_run.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    assert_eq!(
        (
            process_run.run.processes().requeue_count(),
            worker_failures(&process_run.run, TaskId(3)).len()
        ),
        (1, 1)
    );
    assert_eq!((server.pages()[&3], process_run.run.timing().request_count()), (2, 7));
}

/// The failed task ends the run.
#[test]
fn task_fails_after_three_workers_die_on_it() {
    let server = ScriptedServer::list(180, |page| (page == 2).then(ScriptedReply::never));
    let mut process_run = ProcessRun::start(&launcher_with_api(server.url()), &followers(2, 6));
    for deaths in 0..3 {
        server.wait_for_page(2);
        process_run.wait_until(|run| {
            worker_failures(run, TaskId(2)).len() == deaths
                && working_lane(run, TaskId(2)).is_some()
        });
        let lane = working_lane(&process_run.run, TaskId(2)).unwrap();
        kill(process_run.pid(lane).unwrap());
    }
    process_run.wait_for_end();
    let failure = process_run.failure();
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains("after 3 worker processes died on task 2 ("), "{failure}");
    assert_eq!(
        (process_run.run.processes().requeue_count(), process_run.run.failed_task()),
        (2, Some(TaskId(2)))
    );
}

/// The second worker has no task when it dies.
#[test]
fn worker_that_dies_idle_is_replaced_without_a_requeue() {
    let (requests, pages) = (AtomicU32::new(0), std::sync::Barrier::new(2));
    let (release, released) = crossbeam_channel::bounded::<()>(0);
    let server = ScriptedServer::list(120, move |page| {
        match page {
            1 => _ = released.recv(),
            // The first two wait for each other, so that both workers get one.
            _ if requests.fetch_add(1, Ordering::SeqCst) < 2 => _ = pages.wait(),
            _ => {}
        }
        None
    });
    let mut process_run = ProcessRun::start(&launcher_with_api(server.url()), &followers(2, 1));
    let idle = LaneId(1);
    while process_run.pid(idle).is_none() || process_run.run.started_tasks() == 0 {
        process_run.next();
    }
    let old = process_run.pid(idle).unwrap();
    kill(old);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(to_pid(old)), options).unwrap();
    drop(release);
    process_run.wait_for_end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(
        (process_run.run.processes().requeue_count(), process_run.run.progress().done_tasks()),
        (0, 4)
    );
    assert_ne!(process_run.pid(idle), Some(old));
    assert!(!process_exists(old), "a zombie remains");
}

/// Every process computes the calibrated number of turns.
#[test]
fn uncalibrated_work_is_calibrated_once_for_all_processes() {
    let plan = Plan { tasks: 4, ..cpu(0, 2, 4) };
    let process_run = ProcessRun::run_to_end(&launcher(PROGRAM, &Clock::system()), &plan);
    process_run.values();
    let turns = process_run.run.plan().work.compute().unwrap().turns;
    assert!(turns > 0 && turns != compute(0).turns);
}
