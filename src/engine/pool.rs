//! A run on named worker threads that take tasks from one queue.
//!
//! [`start`] spawns a coordinator, which fills the queue, spawns the workers and waits for the last
//! of them; `worker_thread` is the life of one worker, `shared` what all of them have in common.

mod shared;
mod worker_thread;

use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{bounded, unbounded};

use super::cancel::Cancel;
use super::clock::Clock;
use super::feeder;
use super::handle::{RunHandle, Time};
use super::ledger::Ledger;
use super::task::{Job, Report};
use crate::model::{End, Failure, FailureKind, Kind, LaneId, Plan, TaskId, Why};
use shared::Shared;
use worker_thread::WorkerThread;

/// Starts a run of `plan`, whose tasks `job` knows how to do. A run for which the system has no
/// thread fails at once, and says so as every run says how it ended.
pub fn start(plan: Plan, job: Arc<dyn Job>, clock: &Clock) -> RunHandle {
    let (sender, events) = unbounded();
    let cancel = Cancel::default();
    let started = clock.now();
    let (ledger, queue) = Ledger::new();
    let report = Report::new(LaneId(0), clock.clone(), started, sender);
    report.send(Kind::RunStarted { plan: plan.clone() });
    let shared = Shared {
        job: Arc::clone(&job),
        cancel: cancel.clone(),
        queue,
        ledger: Arc::new(Mutex::new(ledger)),
        report: report.clone(),
    };
    let (going, over) = bounded(0);
    let coordinator = Builder::new().name("coordinator".to_owned()).spawn(move || {
        coordinate(shared, &plan);
        drop(going);
    });
    if coordinator.is_err() {
        report.send(Kind::RunFinished { end: End::Failed(no_threads()) });
    }
    let (time, job) = (Time::Real { started }, Some(job));
    RunHandle { time, job, events, over, cancel, thread: coordinator.ok() }
}

/// A run that fails before anything is begun.
pub(super) fn fail(plan: Plan, failure: Failure, clock: &Clock) -> RunHandle {
    let (sender, events) = unbounded();
    let started = clock.now();
    let report = Report::new(LaneId(0), clock.clone(), started, sender);
    report.send(Kind::RunStarted { plan });
    report.send(Kind::RunFinished { end: End::Failed(failure) });
    let (_, over) = bounded(0);
    let time = Time::Real { started };
    RunHandle { time, job: None, events, over, cancel: Cancel::default(), thread: None }
}

/// A run's life: fills the queue, starts the workers, and waits until the last of them is done.
fn coordinate(mut shared: Shared, plan: &Plan) {
    if let Some(room) = shared.job.room() {
        let in_flight = room.lanes();
        shared.report.send(Kind::Allowed { in_flight, why: Why::Start });
    }
    shared.ledger().begin(plan.tasks, &shared.report);
    let backlog = shared.queue.clone();
    let feeder = plan.queue.map(|most| feeder::start(backlog, most, shared.report.clone()));
    let (feeder, workers) = match feeder.transpose() {
        Ok(None) => (None, spawn(&shared, plan)),
        Ok(Some((feeder, queue))) => {
            shared.queue = queue;
            (Some(feeder), spawn(&shared, plan))
        }
        Err(_no_thread) => (None, Vec::new()),
    };
    if workers.is_empty() {
        shared.ledger().give_up(End::Failed(no_threads()));
    }
    for thread in workers {
        // Its panics were caught and reported task by task.
        _ = thread.join();
    }
    // Where there was not one worker, somebody must take what the feeder brings.
    shared.queue.iter().for_each(drop);
    feeder.map(JoinHandle::join);
    let end = shared.ledger().end();
    shared.report.send(Kind::RunFinished { end });
}

/// As many of the planned workers as the machine has threads for; where not all lanes may have a task,
/// each once its lane may.
fn spawn(shared: &Shared, plan: &Plan) -> Vec<JoinHandle<()>> {
    // Their first tasks are taken for them, so that the first lane begins with the first page,
    // whichever thread the system wakes first.
    let room = shared.job.room();
    let at_once = room.map_or(plan.workers, |room| room.lanes().min(plan.workers));
    let firsts = plan.tasks.min(u32::from(at_once)) as usize;
    let firsts: Vec<TaskId> = shared.queue.iter().take(firsts).collect();
    let mut firsts = firsts.into_iter();
    let mut workers = Vec::new();
    // No lane is to believe that it is the only one because the others have not been spawned yet.
    shared.ledger().set_lanes(at_once);
    for lane in 0..plan.workers {
        if lane >= at_once && room.is_some_and(|room| !room.outgrows(lane)) {
            break;
        }
        let first = firsts.next();
        let (all, report) = (shared.clone(), shared.report.on(LaneId(lane)));
        if lane >= at_once {
            shared.ledger().add_lane();
        }
        let worker = move || WorkerThread::new(&all, &report).run(first);
        let Ok(worker) = Builder::new().name(plan.worker_name(lane)).spawn(worker) else {
            // The workers that there are do the rest.
            let mut ledger = shared.ledger();
            (lane..at_once.max(lane + 1)).for_each(|_| _ = ledger.withdraw_lane());
            first.into_iter().chain(firsts).for_each(|task| ledger.put_back(task));
            break;
        };
        workers.push(worker);
    }
    workers
}

/// The system has no thread for the run.
pub(super) fn no_threads() -> Failure {
    Failure::new(
        FailureKind::Panicked,
        "the system gives this program no more threads: end other programs, or ask for \
                  fewer with --threads or --jobs",
    )
}
