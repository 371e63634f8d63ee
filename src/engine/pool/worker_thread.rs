//! One worker thread: takes tasks until none is left, or withdraws when system resources are too short
//! for it and other workers can continue. Panics are caught task by task.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::shared::Shared;
use crate::engine::room::{Place, Room};
use crate::engine::task::{Extent, Report, Worker};
use crate::model::text::printable;
use crate::model::{Failure, FailureKind, Kind, Outcome, State, TaskId};

/// The number of worker processes that may die on one task, or in a row on one lane, before the task
/// fails.
const MAX_LOSSES: u32 = 3;

/// A worker thread of a run.
pub(super) struct WorkerThread<'run> {
    shared: &'run Shared,
    report: &'run Report,
    /// `None` before the setup, and after a panic or a shortage.
    worker: Option<Box<dyn Worker>>,
    /// The number of worker processes that have died on this lane in a row.
    losses: u32,
}

impl<'run> WorkerThread<'run> {
    pub(super) const fn new(shared: &'run Shared, report: &'run Report) -> Self {
        Self { shared, report, worker: None, losses: 0 }
    }

    /// Does tasks, `first` before all others, until the queue is closed and empty.
    pub(super) fn run(mut self, first: Option<TaskId>) {
        // Set up in advance, so that no task's time includes the setup. If that fails, it fails again
        // at the first task, and is reported there.
        let set_up = || self.shared.job.worker(self.report.clone()).ok();
        self.worker = catch_unwind(AssertUnwindSafe(set_up)).unwrap_or_default();
        let mut first = first.map(|task| (task, self.shared.job.room().map(Room::give)));
        while let Some((task, _place)) = first.take().or_else(|| self.next()) {
            if self.perform(task).is_break() {
                return;
            }
        }
    }

    /// Waits for a slot, then for a task. Returns `None` once the queue is closed and empty.
    fn next(&mut self) -> Option<(TaskId, Option<Place>)> {
        let Self { shared, report, worker, .. } = self;
        let mut rest = || worker.as_mut().map_or((), |worker| worker.rest());
        let place = match shared.job.room() {
            None => None,
            Some(room) => match room.try_take(report.lane()) {
                None => {
                    rest();
                    Some(room.take(report.lane())?)
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

    /// Does a task. Breaks if the lane withdraws.
    fn perform(&mut self, task: TaskId) -> ControlFlow<()> {
        let Self { shared, report, .. } = *self;
        let alone = shared.ledger().has_one_lane();
        let permit = self.guarded(task, |worker| worker.acquire(&shared.cancel));
        if let Some(shortage) = permit.as_ref().err().filter(|failure| is_shortage(failure))
            && let Some(flow) = self.step_aside(alone)
        {
            if flow.is_break() {
                report.send(Kind::Withdrawn { shortage: shortage.clone() });
            }
            shared.ledger().put_back(task);
            return flow;
        }
        // While waiting for the permit, another worker may have found that the task does not exist.
        if !shared.admits(task) {
            report.enter(State::Idle);
            return ControlFlow::Continue(());
        }
        report.send(Kind::Started { task });
        let done = permit.and_then(|permit| {
            self.guarded(task, |worker| Ok(worker.run(task, permit, &shared.cancel)))
        });
        let (outcome, extent) =
            done.unwrap_or_else(|failure| (Outcome::Failed(failure), Extent::Unknown));
        self.finish(task, outcome, extent, alone)
    }

    /// Reports and records the outcome of a task.
    fn finish(
        &mut self,
        task: TaskId,
        outcome: Outcome,
        extent: Extent,
        alone: bool,
    ) -> ControlFlow<()> {
        let mut outcome = self.judge(task, outcome);
        let mut flow = ControlFlow::Continue(());
        if let Outcome::Failed(shortage) = &outcome
            && is_shortage(shortage)
            && let Some(after) = self.step_aside(alone)
        {
            (outcome, flow) = (Outcome::Lost(shortage.clone()), after);
        }
        self.report.send(Kind::Finished { task, outcome: outcome.clone() });
        if let (Outcome::Lost(shortage), ControlFlow::Break(())) = (&outcome, flow) {
            self.report.send(Kind::Withdrawn { shortage: shortage.clone() });
        }
        self.shared.settle(task, &outcome, extent);
        flow
    }

    /// Calls `act` with the worker, which is set up first if there is none. A panic becomes a failure
    /// of the task, and the next task gets a new worker.
    fn guarded<T>(
        &mut self,
        task: TaskId,
        act: impl FnOnce(&mut dyn Worker) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut ready = match self.worker.take() {
                Some(worker) => worker,
                None => self.shared.job.worker(self.report.clone())?,
            };
            let done = act(&mut *ready);
            self.worker = Some(ready);
            done
        }));
        done.unwrap_or_else(|panic| Err(panicked(task, panic.as_ref())))
    }

    /// Releases the lane's resources during a shortage. Breaks if the lane withdraws, and continues
    /// if it is the last one left and may try again. Returns `None` if it was the only lane (`alone`)
    /// when it took the task, so that trying again is pointless.
    fn step_aside(&mut self, alone: bool) -> Option<ControlFlow<()>> {
        self.worker = None;
        if self.shared.withdraw(self.report.lane()) {
            return Some(ControlFlow::Break(()));
        }
        // The other lanes have withdrawn since then, and their resources are free.
        (!alone).then_some(ControlFlow::Continue(()))
    }

    /// Decides whether a task whose worker process died is put back into the queue or fails.
    fn judge(&mut self, task: TaskId, outcome: Outcome) -> Outcome {
        let Outcome::Lost(death) = outcome else {
            self.losses = 0;
            return outcome;
        };
        self.losses += 1;
        let over_task = self.shared.ledger().lose(task);
        if over_task.max(self.losses) < MAX_LOSSES {
            return Outcome::Lost(death);
        }
        Outcome::Failed(given_up((over_task >= MAX_LOSSES).then_some(task), &death))
    }
}

fn is_shortage(failure: &Failure) -> bool {
    failure.kind == FailureKind::Exhausted
}

fn panicked(task: TaskId, panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = printable(text.unwrap_or("no message"));
    let message =
        format!("task {} panicked ({text}); this is a bug in threadline, please report it", task.0);
    Failure::new(FailureKind::Panicked, message)
}

fn given_up(over: Option<TaskId>, last: &Failure) -> Failure {
    let over = over.map_or_else(|| "in a row".to_owned(), |task| format!("on task {}", task.0));
    let message = format!(
        "gave up after {MAX_LOSSES} worker processes died {over} ({last}); lower --threads or choose \
         another --mode"
    );
    Failure::new(FailureKind::Worker, message)
}
