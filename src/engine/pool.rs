//! Named worker threads, a task queue, panics caught per task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::cancel::Cancel;
use super::clock::Clock;
use super::task::{Extent, Job, Report, Worker};
use crate::model::text::printable;
use crate::model::{End, Event, Failure, FailureKind, Kind, LaneId, Nanos, Outcome, Plan, TaskId};

/// A run that goes on. Dropping it stops the run.
#[derive(Debug)]
pub struct RunHandle {
    started: Nanos,
    events: Receiver<Event>,
    cancel: Cancel,
    coordinator: Option<JoinHandle<()>>,
}

impl RunHandle {
    /// What the run's clock counts from, on the clock that it was started with.
    pub const fn started(&self) -> Nanos {
        self.started
    }

    /// What happens in it. The channel closes when nothing more will.
    pub const fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Stops it: requests in flight end now, and the run's last event follows.
    pub fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.stop();
        if let Some(coordinator) = self.coordinator.take() {
            // A panic on that thread has nothing to add here.
            _ = coordinator.join();
        }
    }
}

/// Starts a run of `plan`, whose tasks `job` knows how to do. A run for which the system has no
/// thread fails at once, and says so as every run says how it ended.
pub fn start(plan: Plan, job: Arc<dyn Job>, clock: &Clock) -> RunHandle {
    let (sender, events) = unbounded();
    let cancel = Cancel::default();
    let started = clock.now();
    let (tasks, queue) = unbounded();
    let report = Report::new(LaneId(0), clock.clone(), started, sender);
    report.send(Kind::RunStarted { plan: plan.clone() });
    let shared = Shared {
        job,
        cancel: cancel.clone(),
        queue,
        end: Arc::new(AtomicU32::new(plan.tasks)),
        report: report.clone(),
    };
    let coordinator = Coordinator { shared, tasks: Some(tasks), known: 0, open: 0 };
    let coordinator =
        Builder::new().name("coordinator".to_owned()).spawn(move || coordinator.run(&plan));
    if coordinator.is_err() {
        report.send(Kind::RunFinished { end: End::Failed(no_threads()) });
    }
    RunHandle { started, events, cancel, coordinator: coordinator.ok() }
}

/// What every thread of a run has in hand.
#[derive(Clone)]
struct Shared {
    job: Arc<dyn Job>,
    cancel: Cancel,
    queue: Receiver<TaskId>,
    /// Tasks above this number turned out not to exist.
    end: Arc<AtomicU32>,
    report: Report,
}

/// What a worker tells the coordinator about a task that it took from the queue.
enum Verdict {
    /// It was done or failed.
    Tried(Extent, Option<Failure>),
    /// It turned out not to exist.
    Dropped,
    /// The run was stopped first.
    Stopped,
}

/// Fills the queue, starts the workers, and closes the queue when no task is left.
struct Coordinator {
    shared: Shared,
    /// Closed, to let the workers go, by setting it to nothing.
    tasks: Option<Sender<TaskId>>,
    /// Tasks 1 to this number were put into the queue.
    known: u32,
    /// Tasks in the queue and in work.
    open: u32,
}

impl Coordinator {
    fn run(mut self, plan: &Plan) {
        self.extend(plan.tasks);
        let (verdicts, results) = unbounded();
        let workers = self.spawn(plan, &verdicts);
        drop(verdicts);
        let failure =
            if workers.is_empty() { Some(no_threads()) } else { self.supervise(&results) };
        self.tasks = None;
        for worker in workers {
            // Its panics were caught and reported task by task.
            _ = worker.join();
        }
        let end = match failure {
            Some(failure) => End::Failed(failure),
            None if self.open > 0 => End::Stopped,
            None => End::Finished,
        };
        self.shared.report.send(Kind::RunFinished { end });
    }

    /// As many of the planned workers as the machine has threads for.
    fn spawn(&self, plan: &Plan, verdicts: &Sender<Verdict>) -> Vec<JoinHandle<()>> {
        let spawn = |lane| {
            let report = self.shared.report.on(LaneId(lane));
            let (shared, verdicts) = (self.shared.clone(), verdicts.clone());
            // Its first task is taken for it, so that the first lane begins with the first page,
            // whichever thread the system wakes first.
            let first = self.shared.queue.try_recv().ok();
            let worker = move || work(first, &shared, &report, &verdicts);
            let worker = Builder::new().name(plan.worker_name(lane)).spawn(worker);
            if let (Err(_), Some(task), Some(queue)) = (&worker, first, &self.tasks) {
                // The workers that there are do it; the queue has a receiver, so this cannot fail.
                _ = queue.send(task);
            }
            worker.ok()
        };
        (0..plan.workers).map_while(spawn).collect()
    }

    /// Takes the workers' verdicts until no task is left, or the run is to end early, and why.
    fn supervise(&mut self, results: &Receiver<Verdict>) -> Option<Failure> {
        while self.open > 0 && !self.shared.cancel.is_cancelled() {
            let verdict = results.recv().ok()?;
            self.open -= 1;
            let Verdict::Tried(extent, failure) = verdict else {
                continue;
            };
            if let Some(failure) = failure.filter(|failure| failure.kind.ends_run()) {
                self.shared.cancel.cancel();
                return Some(failure);
            }
            match extent {
                Extent::Exactly(tasks) if tasks < self.end() => self.cut(tasks),
                Extent::Exactly(tasks) | Extent::AtLeast(tasks) if tasks > self.end() => {
                    self.extend(tasks);
                }
                _ => {}
            }
        }
        None
    }

    fn end(&self) -> u32 {
        self.shared.end.load(Ordering::SeqCst)
    }

    /// Tasks up to this number exist: those not known before are put into the queue.
    fn extend(&mut self, tasks: u32) {
        self.shared.end.store(tasks, Ordering::SeqCst);
        self.shared.report.send(Kind::Queued { tasks });
        for task in self.known + 1..=tasks {
            // It fails only after the queue was closed, and then nothing is wanted any more.
            if self.tasks.as_ref().is_some_and(|queue| queue.send(TaskId(task)).is_ok()) {
                self.open += 1;
            }
        }
        self.known = self.known.max(tasks);
    }

    /// Tasks above this number do not exist.
    fn cut(&self, tasks: u32) {
        self.shared.end.store(tasks, Ordering::SeqCst);
        self.shared.report.send(Kind::Queued { tasks });
    }
}

/// A worker thread's life: takes tasks until the queue is closed or the run is to stop.
fn work(first: Option<TaskId>, shared: &Shared, report: &Report, verdicts: &Sender<Verdict>) {
    // Set up beforehand, so that no task's time holds it. What fails here fails again, and is told,
    // at the first task.
    let set_up = || shared.job.worker(report.clone()).ok();
    let mut worker = catch_unwind(AssertUnwindSafe(set_up)).unwrap_or_default();
    for task in first.into_iter().chain(&shared.queue) {
        let verdict = if shared.cancel.is_cancelled() {
            Verdict::Stopped
        } else if task.0 > shared.end.load(Ordering::SeqCst) {
            Verdict::Dropped
        } else {
            report.send(Kind::Started { task });
            let (outcome, extent) = attempt(shared, report, &mut worker, task);
            let verdict = match &outcome {
                Outcome::Done(_) => Verdict::Tried(extent, None),
                Outcome::Failed(failure) => Verdict::Tried(extent, Some(failure.clone())),
                Outcome::Stopped => Verdict::Stopped,
            };
            report.send(Kind::Finished { task, outcome });
            verdict
        };
        let stopped = matches!(verdict, Verdict::Stopped);
        if verdicts.send(verdict).is_err() || stopped {
            return;
        }
    }
}

/// Does one task. A panic becomes a failure of that task, and the next gets a new worker.
fn attempt(
    shared: &Shared,
    report: &Report,
    worker: &mut Option<Box<dyn Worker>>,
    task: TaskId,
) -> (Outcome, Extent) {
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let mut ready = match worker.take() {
            Some(worker) => worker,
            None => shared.job.worker(report.clone())?,
        };
        let result = ready.run(task, &shared.cancel);
        *worker = Some(ready);
        Ok(result)
    }));
    match attempt {
        Ok(Ok(result)) => result,
        Ok(Err(failure)) => (Outcome::Failed(failure), Extent::Unknown),
        Err(panic) => (Outcome::Failed(panicked(task, panic.as_ref())), Extent::Unknown),
    }
}

fn panicked(task: TaskId, panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = printable(text.unwrap_or("no message"));
    let message =
        format!("task {} met a defect of threadline itself ({text}): please report it", task.0);
    Failure { kind: FailureKind::Panicked, message }
}

fn no_threads() -> Failure {
    Failure {
        kind: FailureKind::Panicked,
        message: "the system gives this program no more threads: end other programs, or ask for \
                  fewer with --threads"
            .to_owned(),
    }
}
