//! One worker thread: takes tasks until none is left, or withdraws when system resources are too short
//! for it and other workers can continue. Panics are caught task by task.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::lane_reporter::LaneReporter;
use super::lane_slots::{LaneSlot, LaneSlots};
use super::task_tracker::TaskResult;
use super::{RunShared, Worker};
use crate::model::printable::printable;
use crate::model::{CloseReason, EventKind, Failure, FailureKind, State, TaskId, TaskOutcome};

/// The number of worker processes that may die on one task, or in a row on one lane, before the task
/// fails.
const MAX_CRASHES: u32 = 3;

/// A worker thread of a run.
pub(super) struct WorkerThread<'run> {
    shared: &'run RunShared,
    reporter: &'run LaneReporter,
    /// `None` before the setup, and after a panic or a shortage.
    worker: Option<Box<dyn Worker>>,
    /// The number of worker processes that have died on this lane in a row.
    consecutive_crashes: u32,
}

impl<'run> WorkerThread<'run> {
    /// Does tasks, `first` before all others, until the queue is closed and empty.
    pub(super) fn run(
        shared: &'run RunShared,
        reporter: &'run LaneReporter,
        first: Option<TaskId>,
    ) {
        let mut thread = Self { shared, reporter, worker: None, consecutive_crashes: 0 };
        // Set up in advance, so that no task's time includes the setup. If that fails, it fails again
        // at the first task, and is reported there.
        let set_up = || shared.job.create_worker(reporter.clone()).ok();
        thread.worker = catch_unwind(AssertUnwindSafe(set_up)).unwrap_or_default();
        let slot = |task| (task, shared.job.lane_slots().map(LaneSlots::take_unconditionally));
        let mut first = first.map(slot);
        while let Some((task, _slot)) = first.take().or_else(|| thread.next_task()) {
            if thread.run_task(task).is_break() {
                return;
            }
        }
        reporter.send(EventKind::LaneClosed { reason: CloseReason::Finished });
    }

    /// Waits for a slot, then for a task. Returns `None` once the queue is closed and empty.
    fn next_task(&mut self) -> Option<(TaskId, Option<LaneSlot>)> {
        let Self { shared, reporter, worker, .. } = self;
        let mut rest = || worker.as_mut().map_or((), |worker| worker.release_resources());
        let slot = match shared.job.lane_slots() {
            None => None,
            Some(lane_slots) => match lane_slots.try_take(reporter.lane()) {
                None => {
                    rest();
                    Some(lane_slots.take(reporter.lane())?)
                }
                slot => slot,
            },
        };
        let task = shared.queue.try_recv().or_else(|_empty| {
            rest();
            shared.queue.recv()
        });
        Some((task.ok()?, slot))
    }

    /// Does a task. Breaks if the lane withdraws.
    fn run_task(&mut self, task: TaskId) -> ControlFlow<()> {
        let Self { shared, reporter, .. } = *self;
        let alone = shared.task_tracker().has_one_lane();
        let permit = self.catch_panic(task, |worker| worker.acquire(&shared.cancel));
        if let Some(shortage) = permit.as_ref().err().filter(|failure| is_shortage(failure))
            && let Some(flow) = self.step_aside(alone)
        {
            if flow.is_break() {
                reporter.send(closed_by(shortage));
            }
            shared.task_tracker().requeue_task(task);
            return flow;
        }
        // While waiting for the permit, another worker may have found that the task does not exist.
        if !shared.admit_task(task) {
            reporter.enter_state(State::Idle);
            return ControlFlow::Continue(());
        }
        reporter.send(EventKind::TaskStarted { task });
        let done = permit.and_then(|permit| {
            self.catch_panic(task, |worker| Ok(worker.run(task, permit, &shared.cancel)))
        });
        let result = done.unwrap_or_else(|failure| TaskOutcome::Failed(failure).into());
        self.finish_task(task, result, alone)
    }

    /// Reports and records the outcome of a task.
    fn finish_task(&mut self, task: TaskId, result: TaskResult, alone: bool) -> ControlFlow<()> {
        let mut outcome = self.limit_crashes(task, result.outcome);
        let mut flow = ControlFlow::Continue(());
        if let TaskOutcome::Failed(shortage) = &outcome
            && is_shortage(shortage)
            && let Some(after) = self.step_aside(alone)
        {
            (outcome, flow) = (TaskOutcome::Requeued(shortage.clone()), after);
        }
        self.reporter.send(EventKind::TaskFinished { task, outcome: outcome.clone() });
        if let (TaskOutcome::Requeued(shortage), ControlFlow::Break(())) = (&outcome, flow) {
            self.reporter.send(closed_by(shortage));
        }
        self.shared.record_outcome(task, TaskResult { outcome, ..result });
        flow
    }

    /// Calls `act` with the worker, which is set up first if there is none. A panic becomes a failure
    /// of the task, and the next task gets a new worker.
    fn catch_panic<T>(
        &mut self,
        task: TaskId,
        act: impl FnOnce(&mut dyn Worker) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut ready = match self.worker.take() {
                Some(worker) => worker,
                None => self.shared.job.create_worker(self.reporter.clone())?,
            };
            let done = act(&mut *ready);
            self.worker = Some(ready);
            done
        }));
        done.unwrap_or_else(|panic| {
            let message = panic_message(panic.as_ref()).unwrap_or("no message");
            Err(panic_failure(task, &self.shared.job.redact(message)))
        })
    }

    /// Releases the lane's resources during a shortage. Breaks if the lane withdraws, and continues
    /// if it is the last one left and may try again. Returns `None` if it was the only lane (`alone`)
    /// when it took the task, so that trying again is pointless.
    fn step_aside(&mut self, alone: bool) -> Option<ControlFlow<()>> {
        self.worker = None;
        if self.shared.withdraw_lane(self.reporter.lane()) {
            return Some(ControlFlow::Break(()));
        }
        // The other lanes have withdrawn since then, and their resources are free.
        (!alone).then_some(ControlFlow::Continue(()))
    }

    /// Decides whether a task whose worker process died is put back into the queue or fails.
    fn limit_crashes(&mut self, task: TaskId, outcome: TaskOutcome) -> TaskOutcome {
        let TaskOutcome::Requeued(death) = outcome else {
            self.consecutive_crashes = 0;
            return outcome;
        };
        self.consecutive_crashes += 1;
        let over_task = self.shared.task_tracker().record_crash(task);
        if over_task.max(self.consecutive_crashes) < MAX_CRASHES {
            return TaskOutcome::Requeued(death);
        }
        TaskOutcome::Failed(crash_failure((over_task >= MAX_CRASHES).then_some(task), &death))
    }
}

fn closed_by(shortage: &Failure) -> EventKind {
    EventKind::LaneClosed { reason: CloseReason::Shortage(shortage.clone()) }
}

fn is_shortage(failure: &Failure) -> bool {
    failure.kind == FailureKind::Exhausted
}

/// Returns the message of a panic. `None` if its payload is no text.
pub(crate) fn panic_message(payload: &dyn Any) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

fn panic_failure(task: TaskId, text: &str) -> Failure {
    let text = printable(text);
    let message =
        format!("task {} panicked ({text}); this is a bug in threadline, please report it", task.0);
    Failure::new(FailureKind::Panicked, message)
}

fn crash_failure(over: Option<TaskId>, last: &Failure) -> Failure {
    let over = over.map_or_else(|| "in a row".to_owned(), |task| format!("on task {}", task.0));
    let message = format!(
        "gave up after {MAX_CRASHES} worker processes died {over} ({last}); lower --threads or choose \
         another --mode"
    );
    Failure::new(FailureKind::Worker, message)
}
