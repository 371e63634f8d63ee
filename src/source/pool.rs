//! A run on named worker threads that take tasks from one queue: a [`Job`] creates a [`Worker`] on each
//! thread, which reports on its lane.
//!
//! [`Pool`] spawns a coordinator, which fills the queue, spawns the workers and joins them;
//! `worker_thread` is the loop of one worker.

mod adaptive_limit;
pub(super) mod lane_reporter;
pub(super) mod lane_slots;
pub(super) mod rate_limiter;
pub(super) mod retry_loop;
pub(super) mod task_tracker;
pub(super) mod worker_thread;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::cancel_token::CancelToken;
use super::clock::Clock;
use super::machine_load::LoadMeter;
use super::{Never, RunHandle, STOP_GRACE, Source};
use crate::model::{
    ChangeReason, EventKind, Failure, FailureKind, LaneId, Plan, RunOutcome, TaskId, TaskOutcome,
};
use lane_reporter::LaneReporter;
use lane_slots::LaneSlots;
use rate_limiter::Permit;
use task_tracker::{TaskResult, TaskTracker};
use worker_thread::WorkerThread;

/// A kind of work, shared by the threads of a run.
pub trait Job: Send + Sync {
    /// Creates the worker of one thread. Called on that thread.
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure>;

    /// The lane slots, or `None` if all lanes may take tasks at any time.
    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        None
    }

    /// Returns the failure of a run all of whose tasks have ended, if their results do not fit together.
    fn mismatch(&self) -> Option<Failure> {
        None
    }

    /// Returns the message of a panic without the secrets that the workers hold.
    fn redact(&self, text: &str) -> String {
        text.to_owned()
    }

    /// Kills processes that would outlive the program. Called when a stopped run does not end in time.
    fn abandon(&self) {}
}

/// Does the tasks of one thread.
pub trait Worker {
    /// Waits until the lane's task may start, and returns its permit, which is released when the task
    /// ends. Returns `None` if the run is cancelled or the job needs no permits. Fails, and the task
    /// with it, if the wait would exceed the user's maximum.
    fn acquire(&mut self, cancel: &CancelToken) -> Result<Option<Permit>, Failure> {
        _ = cancel;
        Ok(None)
    }

    /// Releases what other lanes may need. Called before the thread waits for a task.
    fn release_resources(&mut self) {}

    /// Does a task with the permit that was acquired for it, or stops soon after `cancel` is set.
    fn run(&mut self, task: TaskId, permit: Option<Permit>, cancel: &CancelToken) -> TaskResult;
}

/// A run of `plan`, whose tasks `job` does. If the system has no thread for it, the run fails at
/// once.
pub struct Pool {
    /// The plan of the run.
    pub plan: Plan,
    /// The work of its tasks.
    pub job: Arc<dyn Job>,
}

impl Source for Pool {
    fn start(self, clock: &Clock) -> RunHandle {
        let Self { plan, job } = self;
        let (going, over) = bounded(0);
        let (reporter, mut handle) = open_run(&plan, clock, over);
        let (task_tracker, queue) = TaskTracker::new();
        let shared = RunShared {
            job: Arc::clone(&job),
            cancel: handle.cancel.clone(),
            queue,
            task_tracker: Arc::new(Mutex::new(task_tracker)),
            reporter: reporter.clone(),
        };
        let coordinator = Builder::new().name("coordinator".to_owned()).spawn(move || {
            coordinate_run(&shared, &plan);
            drop(shared);
            drop(going);
        });
        if coordinator.is_err() {
            let outcome = RunOutcome::Failed(no_threads_failure());
            reporter.send(EventKind::RunFinished { outcome, machine_load: None });
        }
        handle.abandon = Some(Box::new(move || job.abandon()));
        handle.thread = coordinator.ok();
        handle
    }
}

/// A run that fails before any task is started.
#[derive(Debug)]
pub struct FailedRun {
    /// The plan of the run.
    pub plan: Plan,
    /// The reason.
    pub failure: Failure,
}

impl Source for FailedRun {
    fn start(self, clock: &Clock) -> RunHandle {
        let (reporter, handle) = open_run(&self.plan, clock, bounded(0).1);
        let outcome = RunOutcome::Failed(self.failure);
        reporter.send(EventKind::RunFinished { outcome, machine_load: None });
        handle
    }
}

/// Starts a run now: sends its first event, and opens its lanes.
fn open_run(plan: &Plan, clock: &Clock, over: Receiver<Never>) -> (LaneReporter, RunHandle) {
    let (sender, events) = unbounded();
    let started = clock.now();
    let reporter = LaneReporter::new(LaneId(0), clock.clone(), started, sender);
    plan.opening().for_each(|(lane, kind)| reporter.for_lane(lane).send(kind));
    let cancel = CancelToken::default();
    (
        reporter,
        RunHandle {
            abandon: None,
            started,
            events,
            over,
            cancel,
            stop_grace: STOP_GRACE,
            thread: None,
        },
    )
}

/// Runs a run: fills the queue, starts the workers, and waits until all of them have ended.
fn coordinate_run(shared: &RunShared, plan: &Plan) {
    let meter = LoadMeter::start(plan, shared.reporter.clock());
    if let Some(lane_slots) = shared.job.lane_slots() {
        let in_flight = lane_slots.limit();
        shared
            .reporter
            .send(EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::Start });
    }
    shared.task_tracker().start(plan.tasks, &shared.reporter);
    let workers = spawn_workers(shared, plan);
    if workers.is_empty() {
        shared.task_tracker().give_up(RunOutcome::Failed(no_threads_failure()));
    }
    for thread in workers {
        // Panics are caught and reported task by task.
        _ = thread.join();
    }
    let outcome = match shared.task_tracker().outcome() {
        RunOutcome::Finished => {
            shared.job.mismatch().map_or(RunOutcome::Finished, RunOutcome::Failed)
        }
        outcome => outcome,
    };
    // Worker processes have been waited for, so their time counts as the program's own.
    let machine_load = meter.finish();
    shared.reporter.send(EventKind::RunFinished { outcome, machine_load });
}

/// Spawns the planned workers, or as many as the system has threads for. If the number of active lanes
/// is limited, spawns each worker once its lane may take a task.
fn spawn_workers(shared: &RunShared, plan: &Plan) -> Vec<JoinHandle<()>> {
    // The first tasks are assigned here, so that the first lane begins with the first page, whichever
    // thread the system wakes first.
    let lane_slots = shared.job.lane_slots();
    let at_once =
        lane_slots.map_or(plan.workers, |lane_slots| lane_slots.limit().min(plan.workers));
    let firsts = plan.tasks.min(u32::from(at_once)) as usize;
    let firsts: Vec<TaskId> = shared.queue.iter().take(firsts).collect();
    let mut firsts = firsts.into_iter();
    let mut workers = Vec::new();
    // Set before any worker runs, so that the first one does not take itself for the only one.
    shared.task_tracker().set_lanes(at_once);
    for lane in 0..plan.workers {
        if lane >= at_once
            && lane_slots.is_some_and(|lane_slots| !lane_slots.wait_for_more_than(lane))
        {
            break;
        }
        let first = firsts.next();
        let (all, reporter) = (shared.clone(), shared.reporter.for_lane(LaneId(lane)));
        if lane >= at_once {
            shared.task_tracker().add_lane();
        }
        let worker = move || WorkerThread::run(&all, &reporter, first);
        let Ok(worker) = Builder::new().name(plan.worker_name(lane)).spawn(worker) else {
            // The workers spawned so far do the rest.
            let mut task_tracker = shared.task_tracker();
            (lane..at_once.max(lane + 1)).for_each(|_| _ = task_tracker.withdraw_lane());
            first.into_iter().chain(firsts).for_each(|task| task_tracker.requeue_task(task));
            break;
        };
        workers.push(worker);
    }
    workers
}

/// Returns the failure of a run for which the system has no thread.
pub(super) fn no_threads_failure() -> Failure {
    Failure::new(
        FailureKind::Panicked,
        "cannot start a thread: the system allows no more; lower --threads or --jobs, or close \
         other programs",
    )
}

/// The state that all threads of a run share.
#[derive(Clone)]
struct RunShared {
    job: Arc<dyn Job>,
    cancel: CancelToken,
    queue: Receiver<TaskId>,
    task_tracker: Arc<Mutex<TaskTracker>>,
    /// Sends events that concern the whole run.
    reporter: LaneReporter,
}

impl RunShared {
    fn task_tracker(&self) -> MutexGuard<'_, TaskTracker> {
        self.task_tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a task from the queue is to be done: it exists, and the run has not been
    /// stopped.
    fn admit_task(&self, task: TaskId) -> bool {
        let mut task_tracker = self.task_tracker();
        let mut admits = task_tracker.admit_task(task);
        if admits && self.cancel.is_cancelled() {
            task_tracker.give_up(RunOutcome::Stopped);
            admits = false;
        }
        drop(task_tracker);
        self.close_if_over();
        admits
    }

    /// Releases the lanes that wait for a slot, if no task is left.
    fn close_if_over(&self) {
        if let Some(lane_slots) = self.job.lane_slots()
            && self.task_tracker().is_closed()
        {
            lane_slots.close();
        }
    }

    /// Withdraws a lane for which system resources are too short, unless it is the last one. Returns
    /// whether it was withdrawn.
    fn withdraw_lane(&self, lane: LaneId) -> bool {
        let withdrawn = self.task_tracker().withdraw_lane();
        if let Some(lane_slots) = self.job.lane_slots().filter(|_| withdrawn) {
            lane_slots.withdraw(lane);
        }
        withdrawn
    }

    /// Records the outcome of a task, before the worker takes the next one.
    fn record_outcome(&self, task: TaskId, result: TaskResult) {
        let mut task_tracker = self.task_tracker();
        match result.outcome {
            TaskOutcome::Stopped => task_tracker.stop_task(task),
            TaskOutcome::Failed(failure) if failure.kind.ends_run() => {
                task_tracker.give_up(RunOutcome::Failed(failure));
                self.cancel.cancel();
            }
            TaskOutcome::Requeued(_) => task_tracker.requeue_task(task),
            TaskOutcome::Done(_) | TaskOutcome::Failed(_) => {
                task_tracker.finish_task(task, result.task_count, &self.reporter);
            }
        }
        drop(task_tracker);
        self.close_if_over();
    }
}
