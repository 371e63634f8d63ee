//! A run on named worker threads that take tasks from one queue.
//!
//! [`start`] spawns a coordinator, which fills the queue, spawns the workers and joins them;
//! `worker_thread` is the loop of one worker, `shared` the state that all of them share.

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

/// Starts a run of `plan`, whose tasks `job` does. If the system has no thread for it, the run fails
/// at once; like every failure, that is reported by its last event.
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

/// Returns a run that fails before any task is started.
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

/// Runs a run: fills the queue, starts the workers, and waits until all of them have ended.
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
        // Panics are caught and reported task by task.
        _ = thread.join();
    }
    // Without workers, the feeder would block on a full queue.
    shared.queue.iter().for_each(drop);
    feeder.map(JoinHandle::join);
    let end = shared.ledger().end();
    shared.report.send(Kind::RunFinished { end });
}

/// Spawns the planned workers, or as many as the system has threads for. If the number of active lanes
/// is limited, spawns each worker once its lane may take a task.
fn spawn(shared: &Shared, plan: &Plan) -> Vec<JoinHandle<()>> {
    // The first tasks are assigned here, so that the first lane begins with the first page, whichever
    // thread the system wakes first.
    let room = shared.job.room();
    let at_once = room.map_or(plan.workers, |room| room.lanes().min(plan.workers));
    let firsts = plan.tasks.min(u32::from(at_once)) as usize;
    let firsts: Vec<TaskId> = shared.queue.iter().take(firsts).collect();
    let mut firsts = firsts.into_iter();
    let mut workers = Vec::new();
    // Set before any worker runs, so that the first one does not take itself for the only one.
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
            // The workers spawned so far do the rest.
            let mut ledger = shared.ledger();
            (lane..at_once.max(lane + 1)).for_each(|_| _ = ledger.withdraw_lane());
            first.into_iter().chain(firsts).for_each(|task| ledger.put_back(task));
            break;
        };
        workers.push(worker);
    }
    workers
}

/// Returns the failure of a run for which the system has no thread.
pub(super) fn no_threads() -> Failure {
    Failure::new(
        FailureKind::Panicked,
        "cannot start a thread: the system allows no more; lower --threads or --jobs, or close \
         other programs",
    )
}
