//! Worker processes die: their tasks are given to others, and nothing is lost or done twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{WaitId, WaitIdOptions, waitid};
use threadline::engine::Clock;
use threadline::github::Patience;
use threadline::model::{
    Event, Failure, FailureKind, Kind, LaneId, Mode, Outcome, Plan, Run, State, TaskId,
};

use super::scripted::{Reply, Scripted};
use super::{
    Going, PROGRAM, asking, asking_with, compute, cpu, distinct, followers, impatient, is_there,
    kill, launcher, number, suspend,
};

/// Long enough that a worker is mostly killed in the middle of a task.
const TURNS: u64 = 100_000;

/// The values of these tasks.
fn sequential(tasks: u32) -> Vec<u64> {
    let plan = Plan { mode: Mode::Sequential, workers: 1, ..cpu(TURNS, 1, tasks) };
    Going::over(&launcher(PROGRAM, &Clock::system()), &plan).values()
}

/// The lane of an event that says that its process computes.
fn computes(event: &Event) -> Option<LaneId> {
    (event.kind == Kind::Entered { state: State::Computing }).then_some(event.lane)
}

/// The tasks that were done, none twice.
fn done(events: &[Event]) -> BTreeSet<TaskId> {
    let mut done = BTreeSet::new();
    for event in events {
        if let Kind::Finished { task, outcome: Outcome::Done(_) } = event.kind {
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
    attempts.filter(|attempt| attempt.lost).map(|attempt| attempt.failure.clone()).collect()
}

#[test]
fn a_worker_that_is_killed_costs_no_task() {
    let mut going = Going::start(&launcher(PROGRAM, &Clock::system()), &cpu(TURNS, 2, 12));
    // One that is quicker than the signal has done its task, and is replaced unseen.
    while going.run.lost() == 0 && !going.run.is_over() {
        if let Some(lane) = computes(&going.next()) {
            let pid = going.pid(lane).unwrap();
            kill(pid);
            let over = |event: &Event| matches!(event.kind, Kind::Finished { .. });
            while !going.events.last().is_some_and(|event| event.lane == lane && over(event)) {
                going.next();
            }
        }
    }
    going.end();
    assert_eq!(going.run.lost(), 1, "nobody was killed in the middle of twelve tasks");
    assert_eq!(going.values(), sequential(12));
    assert_eq!(done(&going.events).len(), 12);
    let lost = (1..=12).map(TaskId).find_map(|task| losses(&going.run, task).pop()).unwrap();
    assert_eq!(lost.kind, FailureKind::Worker);
    let words = &lost.message;
    assert!(words.starts_with("worker process "), "{words}");
    assert!(words.ends_with(" was killed by signal 9"), "{words}");
}

#[test]
fn every_worker_may_be_killed_once() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..cpu(TURNS, 4, 24) };
        let mut going = Going::start(&launcher(PROGRAM, &Clock::system()), &plan);
        let mut killed = BTreeSet::new();
        while !going.run.is_over() {
            let event = going.next();
            if let Some(lane) = computes(&event)
                && killed.insert(lane)
            {
                kill(going.pid(lane).unwrap());
            }
        }
        going.end();
        assert_eq!(going.values(), sequential(24));
        assert_eq!(done(&going.events).len(), 24);
        assert!(going.run.lost() as usize <= killed.len());
        let pids = going.pids();
        assert_eq!(distinct(&pids).len(), pids.len(), "a new process has a new number");
    }
}

/// The other worker does an endless task meanwhile, and is waited for.
#[test]
fn a_worker_that_is_stopped_is_replaced_and_one_that_computes_is_not() {
    let plan = cpu(u64::MAX / 2, 2, 2);
    let mut going = Going::start(&impatient(PROGRAM, &Clock::system()), &plan);
    let mut busy = Vec::new();
    while busy.len() < 2 {
        busy.extend(computes(&going.next()));
    }
    let stopped = going.pid(busy[1]).unwrap();
    suspend(stopped);
    // Another process begins one of the tasks.
    while busy.len() < 3 {
        busy.extend(computes(&going.next()));
    }
    let lost = [1, 2].map(|task| losses(&going.run, TaskId(task))).concat();
    let [lost] = lost.as_slice() else { panic!("{lost:?}") };
    let words = format!("worker process {stopped} did not respond for 2 s");
    assert_eq!((lost.kind, &lost.message), (FailureKind::Worker, &words));
    assert_eq!((busy[2], is_there(stopped)), (busy[1], false));
    going.handle.stop();
    going.end();
}

/// In the middle of a request, whose own timeout does not help.
#[test]
fn a_worker_that_is_stopped_in_a_request_costs_no_page() {
    let asked = AtomicU32::new(0);
    let server = Scripted::list(180, 180, move |page| {
        (page == 3 && asked.fetch_add(1, Ordering::SeqCst) == 0).then(Reply::never)
    });
    let patience = Patience { timeout: Duration::from_secs(4), ..Patience::default() };
    let mut going = Going::start(&asking_with(server.url(), patience), &followers(2, 6));
    server.wait_for_page(3);
    going.until(|run| in_work(run, TaskId(3)).is_some());
    suspend(going.pid(in_work(&going.run, TaskId(3)).unwrap()).unwrap());
    going.end();
    assert!(going.run.is_whole(), "{:?}", going.run.failure());
    assert_eq!(going.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    let lost = losses(&going.run, TaskId(3));
    assert!(lost[0].message.ends_with(" did not respond for 6 s"), "{lost:?}");
    assert_eq!(server.pages()[&3], 2);
}

/// In the middle of a request, which another process then makes.
#[test]
fn a_worker_that_is_killed_in_a_request_costs_no_page() {
    let asked = AtomicU32::new(0);
    let server = Scripted::list(180, 180, move |page| {
        (page == 3 && asked.fetch_add(1, Ordering::SeqCst) == 0).then(Reply::never)
    });
    let mut going = Going::start(&asking(server.url()), &followers(2, 6));
    server.wait_for_page(3);
    going.until(|run| in_work(run, TaskId(3)).is_some());
    kill(going.pid(in_work(&going.run, TaskId(3)).unwrap()).unwrap());
    going.end();
    assert!(going.run.is_whole(), "{:?}", going.run.failure());
    assert_eq!(going.run.follower_ids().collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    assert_eq!((going.run.lost(), losses(&going.run, TaskId(3)).len()), (1, 1));
    assert_eq!((server.pages()[&3], going.run.requests()), (2, 7));
}

/// A task that kills whoever does it is given up, and the run with it.
#[test]
fn a_task_that_three_workers_died_over_is_given_up() {
    let server = Scripted::list(180, 180, |page| (page == 2).then(Reply::never));
    let mut going = Going::start(&asking(server.url()), &followers(2, 6));
    for died in 0..3 {
        server.wait_for_page(2);
        going
            .until(|run| losses(run, TaskId(2)).len() == died && in_work(run, TaskId(2)).is_some());
        let lane = in_work(&going.run, TaskId(2)).unwrap();
        kill(going.pid(lane).unwrap());
    }
    going.end();
    let failure = going.failure();
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains("after 3 worker processes died on task 2 ("), "{failure}");
    assert_eq!((going.run.lost(), going.run.failed_task()), (2, Some(TaskId(2))));
}

/// The second worker has nothing to do when it dies: nobody need know.
#[test]
fn a_worker_that_dies_idle_is_replaced_in_silence() {
    let (said, pages) = (AtomicU32::new(0), std::sync::Barrier::new(2));
    let (go, gone) = crossbeam_channel::bounded::<()>(0);
    let server = Scripted::list(30, 120, move |page| {
        match page {
            1 => _ = gone.recv(),
            // Two at once, so that both workers have one.
            _ if said.fetch_add(1, Ordering::SeqCst) < 2 => _ = pages.wait(),
            _ => {}
        }
        None
    });
    let mut going = Going::start(&asking(server.url()), &followers(2, 1));
    let idle = LaneId(1);
    while going.pid(idle).is_none() || going.run.started_tasks() == 0 {
        going.next();
    }
    let old = going.pid(idle).unwrap();
    kill(old);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(number(old)), options).unwrap();
    drop(go);
    going.end();
    assert!(going.run.is_whole(), "{:?}", going.run.failure());
    assert_eq!((going.run.lost(), going.run.done_tasks()), (0, 4));
    assert_ne!(going.pid(idle), Some(old));
    assert!(!is_there(old), "a zombie is left");
}

/// Calibrated work is as much in every process, whoever starts it anew.
#[test]
fn work_that_is_not_settled_yet_is_settled_for_all() {
    let plan = Plan { tasks: 4, ..cpu(0, 2, 4) };
    let going = Going::over(&launcher(PROGRAM, &Clock::system()), &plan);
    going.values();
    let turns = going.run.plan().work.compute().unwrap().turns;
    assert!(turns > 0 && turns != compute(0).turns);
}
