//! Named worker threads, a task queue, panics caught per task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::cancel::Cancel;
use super::clock::Clock;
use super::feeder;
use super::handle::{RunHandle, Time};
use super::ledger::Ledger;
use super::room::{Place, Room};
use super::task::{Extent, Job, Report, Worker};
use crate::model::text::printable;
use crate::model::{End, Failure, FailureKind, Kind, LaneId, Outcome, Plan, State, TaskId, Why};

/// A task that so many worker processes died over is not tried again, nor anything on a lane where so
/// many died one after the other.
const MOST_LOSSES: u32 = 3;

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

/// What every thread of a run has in hand.
#[derive(Clone)]
struct Shared {
    job: Arc<dyn Job>,
    cancel: Cancel,
    queue: Receiver<TaskId>,
    ledger: Arc<Mutex<Ledger>>,
    /// The voice of the run as a whole.
    report: Report,
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task from the queue is to be done, unless the run is to stop.
    fn admits(&self, task: TaskId) -> bool {
        let mut ledger = self.ledger();
        if self.cancel.is_cancelled() {
            ledger.give_up(End::Stopped);
        }
        let admits = ledger.admits(task);
        drop(ledger);
        self.close_if_over();
        admits
    }

    /// Where no task is left, no lane waits for its turn any more.
    fn close_if_over(&self) {
        if let Some(room) = self.job.room()
            && self.ledger().is_closed()
        {
            room.close();
        }
    }

    /// Where too many worker processes died, over this task or in a row on its lane, it has failed.
    fn judged(&self, task: TaskId, outcome: Outcome, in_a_row: &mut u32) -> Outcome {
        let Outcome::Lost(last) = outcome else {
            *in_a_row = 0;
            return outcome;
        };
        *in_a_row += 1;
        let over_it = self.ledger().lose(task);
        if over_it.max(*in_a_row) < MOST_LOSSES {
            return Outcome::Lost(last);
        }
        Outcome::Failed(given_up((over_it >= MOST_LOSSES).then_some(task), &last))
    }

    /// Books how a task ended, before the next one is taken.
    fn settle(&self, task: TaskId, outcome: &Outcome, extent: Extent) {
        let mut ledger = self.ledger();
        match outcome {
            Outcome::Stopped => ledger.give_up(End::Stopped),
            Outcome::Failed(failure) if failure.kind.ends_run() => {
                ledger.give_up(End::Failed(failure.clone()));
                self.cancel.cancel();
            }
            Outcome::Lost(_) => ledger.put_back(task),
            Outcome::Done(_) | Outcome::Failed(_) => ledger.tried(task, extent, &self.report),
        }
        drop(ledger);
        self.close_if_over();
    }
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
    for lane in 0..plan.workers {
        if lane >= at_once && room.is_some_and(|room| !room.outgrows(lane)) {
            break;
        }
        let first = firsts.next();
        let (all, report) = (shared.clone(), shared.report.on(LaneId(lane)));
        let worker = move || work(first, &all, &report);
        let Ok(worker) = Builder::new().name(plan.worker_name(lane)).spawn(worker) else {
            // The workers that there are do the rest.
            let ledger = shared.ledger();
            first.into_iter().chain(firsts).for_each(|task| ledger.put_back(task));
            break;
        };
        workers.push(worker);
    }
    workers
}

/// A worker thread's life: takes tasks until the queue is closed and empty.
fn work(first: Option<TaskId>, shared: &Shared, report: &Report) {
    // Set up beforehand, so that no task's time holds it. What fails here fails again, and is told,
    // at the first task.
    let set_up = || shared.job.worker(report.clone()).ok();
    let mut worker = catch_unwind(AssertUnwindSafe(set_up)).unwrap_or_default();
    let mut first = first.map(|task| (task, shared.job.room().map(Room::give)));
    let mut losses = 0;
    while let Some((task, _place)) =
        first.take().or_else(|| next(shared, report.lane(), &mut worker))
    {
        let permit =
            guarded(shared, report, &mut worker, task, |worker| worker.acquire(&shared.cancel));
        // How many tasks there are may have come to light meanwhile.
        if !shared.admits(task) {
            report.enter(State::Idle);
            continue;
        }
        report.send(Kind::Started { task });
        let done = permit.and_then(|permit| {
            let run = |worker: &mut dyn Worker| Ok(worker.run(task, permit, &shared.cancel));
            guarded(shared, report, &mut worker, task, run)
        });
        let (outcome, extent) =
            done.unwrap_or_else(|failure| (Outcome::Failed(failure), Extent::Unknown));
        let outcome = shared.judged(task, outcome, &mut losses);
        report.send(Kind::Finished { task, outcome: outcome.clone() });
        shared.settle(task, &outcome, extent);
    }
}

/// Takes a task from the queue once the lane may have one; nothing once that is closed and empty.
fn next(
    shared: &Shared,
    lane: LaneId,
    worker: &mut Option<Box<dyn Worker>>,
) -> Option<(TaskId, Option<Place>)> {
    let mut rest = || worker.as_mut().map_or((), |worker| worker.rest());
    let place = match shared.job.room() {
        None => None,
        Some(room) => match room.try_take(lane) {
            None => {
                rest();
                Some(room.take(lane)?)
            }
            place => place,
        },
    };
    let task = shared.queue.try_recv().or_else(|_empty| {
        rest();
        shared.queue.recv()
    });
    Some((task.ok()?, place))
}

/// Lets a thread's worker act for a task, a new one if there is none. A panic becomes a failure of
/// that task, and the next gets a new worker.
fn guarded<T>(
    shared: &Shared,
    report: &Report,
    worker: &mut Option<Box<dyn Worker>>,
    task: TaskId,
    act: impl FnOnce(&mut dyn Worker) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let done = catch_unwind(AssertUnwindSafe(|| {
        let mut ready = match worker.take() {
            Some(worker) => worker,
            None => shared.job.worker(report.clone())?,
        };
        let done = act(&mut *ready);
        *worker = Some(ready);
        done
    }));
    done.unwrap_or_else(|panic| Err(panicked(task, panic.as_ref())))
}

fn panicked(task: TaskId, panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = printable(text.unwrap_or("no message"));
    let message =
        format!("task {} met a defect of threadline itself ({text}): please report it", task.0);
    Failure::new(FailureKind::Panicked, message)
}

fn given_up(over: Option<TaskId>, last: &Failure) -> Failure {
    let over =
        over.map_or_else(|| "one after another".to_owned(), |task| format!("over task {}", task.0));
    let message = format!(
        "gave up after {MOST_LOSSES} worker processes died {over} ({last}): ask for fewer with \
         --threads, or choose another --mode"
    );
    Failure::new(FailureKind::Worker, message)
}

/// The system has no thread for the run.
pub(super) fn no_threads() -> Failure {
    Failure::new(
        FailureKind::Panicked,
        "the system gives this program no more threads: end other programs, or ask for \
                  fewer with --threads or --jobs",
    )
}
