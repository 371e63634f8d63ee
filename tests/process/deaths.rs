//! Worker processes die: their tasks are given to others, and nothing is lost or done twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{WaitId, WaitIdOptions, waitid};
use threadline::engine::Clock;
use threadline::github::RetryPolicy;
use threadline::model::{
    Event, EventKind, Failure, FailureKind, LaneId, Mode, Plan, Run, State, TaskId, TaskOutcome,
};

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{
    PROGRAM, ProcessRun, asking, asking_with, compute, cpu, distinct, followers, impatient,
    is_there, kill, launcher, number, suspend,
};

/// Long enough that a worker is mostly killed in the middle of a task.
const TURNS: u64 = 100_000;

/// The values of these tasks.
fn sequential(tasks: u32) -> Vec<u64> {
    let plan = Plan { mode: Mode::Sequential, workers: 1, ..cpu(TURNS, 1, tasks) };
    ProcessRun::over(&launcher(PROGRAM, &Clock::system()), &plan).values()
}

/// The lane of an event that says that its process computes.
fn computes(event: &Event) -> Option<LaneId> {
    (event.kind == EventKind::StateEntered { state: State::Computing }).then_some(event.lane)
}

/// The tasks that were done, none twice.
fn done(events: &[Event]) -> BTreeSet<TaskId> {
    let mut done = BTreeSet::new();
    for event in events {
        if let EventKind::TaskFinished { task, outcome: TaskOutcome::Done(_) } = event.kind {
            assert!(done.insert(task), "{task:?} was done twice");
        }
    }
    done
}

/// The lane that does a task now.
fn in_work(run: &Run, task: TaskId) -> Option<LaneId> {
    run.task(task).filter(|record| record.outcome.is_none()).map(|record| record.lane)
}

/// Why workers died over a task.
fn losses(run: &Run, task: TaskId) -> Vec<Failure> {
    let attempts = run.failed_attempts(task).iter();
    attempts.filter(|attempt| attempt.was_requeued).map(|attempt| attempt.failure.clone()).collect()
}

#[test]
fn a_worker_that_is_killed_costs_no_task() {
    let mut process_run =
        ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &cpu(TURNS, 2, 12));
    // One that is quicker than the signal has done its task, and is replaced unseen.
    while process_run.run.requeue_count() == 0 && !process_run.run.is_over() {
        if let Some(lane) = computes(&process_run.next()) {
            let pid = process_run.pid(lane).unwrap();
            kill(pid);
            let over = |event: &Event| matches!(event.kind, EventKind::TaskFinished { .. });
            while !process_run.events.last().is_some_and(|event| event.lane == lane && over(event))
            {
                process_run.next();
            }
        }
    }
    process_run.end();
    assert_eq!(
        process_run.run.requeue_count(),
        1,
        "nobody was killed in the middle of twelve tasks"
    );
    assert_eq!(process_run.values(), sequential(12));
    assert_eq!(done(&process_run.events).len(), 12);
    let lost = (1..=12).map(TaskId).find_map(|task| losses(&process_run.run, task).pop()).unwrap();
    assert_eq!(lost.kind, FailureKind::Worker);
    let words = &lost.message;
    assert!(words.starts_with("worker process "), "{words}");
    assert!(words.ends_with(" was killed by signal 9"), "{words}");
}

#[test]
fn every_worker_may_be_killed_once() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..cpu(TURNS, 4, 24) };
        let mut process_run = ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &plan);
        let mut killed = BTreeSet::new();
        while !process_run.run.is_over() {
            let event = process_run.next();
            if let Some(lane) = computes(&event)
                && killed.insert(lane)
            {
                kill(process_run.pid(lane).unwrap());
            }
        }
        process_run.end();
        assert_eq!(process_run.values(), sequential(24));
        assert_eq!(done(&process_run.events).len(), 24);
        assert!(process_run.run.requeue_count() as usize <= killed.len());
        let pids = process_run.pids();
        assert_eq!(distinct(&pids).len(), pids.len(), "a new process has a new number");
    }
}

/// The other worker does an endless task meanwhile, and is waited for.
#[test]
fn a_worker_that_is_stopped_is_replaced_and_one_that_computes_is_not() {
    let plan = cpu(u64::MAX / 2, 2, 2);
    let mut process_run = ProcessRun::start(&impatient(PROGRAM, &Clock::system()), &plan);
    let mut busy = Vec::new();
    while busy.len() < 2 {
        busy.extend(computes(&process_run.next()));
    }
    let stopped = process_run.pid(busy[1]).unwrap();
    suspend(stopped);
    // Another process begins one of the tasks.
    while busy.len() < 3 {
        busy.extend(computes(&process_run.next()));
    }
    let lost = [1, 2].map(|task| losses(&process_run.run, TaskId(task))).concat();
    let [lost] = lost.as_slice() else { panic!("{lost:?}") };
    let words = format!("worker process {stopped} did not respond for 2 s");
    assert_eq!((lost.kind, &lost.message), (FailureKind::Worker, &words));
    assert_eq!((busy[2], is_there(stopped)), (busy[1], false));
    process_run.handle.stop();
    process_run.end();
}

/// In the middle of a request, whose own timeout does not help.
#[test]
fn a_worker_that_is_stopped_in_a_request_costs_no_page() {
    let asked = AtomicU32::new(0);
    let server = ScriptedServer::list(180, 180, move |page| {
        (page == 3 && asked.fetch_add(1, Ordering::SeqCst) == 0).then(ScriptedReply::never)
    });
    let retry_policy = RetryPolicy { timeout: Duration::from_secs(4), ..RetryPolicy::default() };
    let mut process_run =
        ProcessRun::start(&asking_with(server.url(), retry_policy), &followers(2, 6));
    server.wait_for_page(3);
    process_run.until(|run| in_work(run, TaskId(3)).is_some());
    suspend(process_run.pid(in_work(&process_run.run, TaskId(3)).unwrap()).unwrap());
    process_run.end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(process_run.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    let lost = losses(&process_run.run, TaskId(3));
    assert!(lost[0].message.ends_with(" did not respond for 6 s"), "{lost:?}");
    assert_eq!(server.pages()[&3], 2);
}

/// In the middle of a request, which another process then makes.
#[test]
fn a_worker_that_is_killed_in_a_request_costs_no_page() {
    let asked = AtomicU32::new(0);
    let server = ScriptedServer::list(180, 180, move |page| {
        (page == 3 && asked.fetch_add(1, Ordering::SeqCst) == 0).then(ScriptedReply::never)
    });
    let mut process_run = ProcessRun::start(&asking(server.url()), &followers(2, 6));
    server.wait_for_page(3);
    process_run.until(|run| in_work(run, TaskId(3)).is_some());
    kill(process_run.pid(in_work(&process_run.run, TaskId(3)).unwrap()).unwrap());
    process_run.end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(process_run.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    assert_eq!(
        (process_run.run.requeue_count(), losses(&process_run.run, TaskId(3)).len()),
        (1, 1)
    );
    assert_eq!((server.pages()[&3], process_run.run.request_count()), (2, 7));
}

/// A task that kills whoever does it is given up, and the run with it.
#[test]
fn a_task_that_three_workers_died_over_is_given_up() {
    let server = ScriptedServer::list(180, 180, |page| (page == 2).then(ScriptedReply::never));
    let mut process_run = ProcessRun::start(&asking(server.url()), &followers(2, 6));
    for died in 0..3 {
        server.wait_for_page(2);
        process_run
            .until(|run| losses(run, TaskId(2)).len() == died && in_work(run, TaskId(2)).is_some());
        let lane = in_work(&process_run.run, TaskId(2)).unwrap();
        kill(process_run.pid(lane).unwrap());
    }
    process_run.end();
    let failure = process_run.failure();
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains("after 3 worker processes died on task 2 ("), "{failure}");
    assert_eq!(
        (process_run.run.requeue_count(), process_run.run.failed_task()),
        (2, Some(TaskId(2)))
    );
}

/// The second worker has nothing to do when it dies: nobody need know.
#[test]
fn a_worker_that_dies_idle_is_replaced_in_silence() {
    let (said, pages) = (AtomicU32::new(0), std::sync::Barrier::new(2));
    let (go, gone) = crossbeam_channel::bounded::<()>(0);
    let server = ScriptedServer::list(30, 120, move |page| {
        match page {
            1 => _ = gone.recv(),
            // Two at once, so that both workers have one.
            _ if said.fetch_add(1, Ordering::SeqCst) < 2 => _ = pages.wait(),
            _ => {}
        }
        None
    });
    let mut process_run = ProcessRun::start(&asking(server.url()), &followers(2, 1));
    let idle = LaneId(1);
    while process_run.pid(idle).is_none() || process_run.run.started_tasks() == 0 {
        process_run.next();
    }
    let old = process_run.pid(idle).unwrap();
    kill(old);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(number(old)), options).unwrap();
    drop(go);
    process_run.end();
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!((process_run.run.requeue_count(), process_run.run.done_tasks()), (0, 4));
    assert_ne!(process_run.pid(idle), Some(old));
    assert!(!is_there(old), "a zombie is left");
}

/// Calibrated work is as much in every process, whoever starts it anew.
#[test]
fn work_that_is_not_settled_yet_is_settled_for_all() {
    let plan = Plan { tasks: 4, ..cpu(0, 2, 4) };
    let process_run = ProcessRun::over(&launcher(PROGRAM, &Clock::system()), &plan);
    process_run.values();
    let turns = process_run.run.plan().work.compute().unwrap().turns;
    assert!(turns > 0 && turns != compute(0).turns);
}
