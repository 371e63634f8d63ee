//! The life of one worker thread: it takes tasks until none is left, or until the system has too
//! little for it while others can go on. Panics are caught task by task.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::shared::Shared;
use crate::engine::room::{Place, Room};
use crate::engine::task::{Extent, Report, Worker};
use crate::model::text::printable;
use crate::model::{Failure, FailureKind, Kind, Outcome, State, TaskId};

/// The maximum number of worker processes that may die over one task, or one after another on one
/// lane.
const MAX_LOSSES: u32 = 3;

/// A worker thread of a run.
pub(super) struct WorkerThread<'run> {
    shared: &'run Shared,
    report: &'run Report,
    /// `None` until it is set up, and again after a panic or a shortage.
    worker: Option<Box<dyn Worker>>,
    /// The worker processes that died on this lane one after another.
    losses: u32,
}

impl<'run> WorkerThread<'run> {
    pub(super) const fn new(shared: &'run Shared, report: &'run Report) -> Self {
        Self { shared, report, worker: None, losses: 0 }
    }

    /// Takes tasks, `first` before all others, until the queue is closed and empty.
    pub(super) fn run(mut self, first: Option<TaskId>) {
        // Set up in advance, so that no task's time includes it. If that fails, it fails again at the
        // first task, and is reported there.
        let set_up = || self.shared.job.worker(self.report.clone()).ok();
        self.worker = catch_unwind(AssertUnwindSafe(set_up)).unwrap_or_default();
        let mut first = first.map(|task| (task, self.shared.job.room().map(Room::give)));
        while let Some((task, _place)) = first.take().or_else(|| self.next()) {
            if self.perform(task).is_break() {
                return;
            }
        }
    }

    /// Takes a task from the queue once the lane may have one, or returns `None` once the queue is
    /// closed and empty.
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

    /// Does a task. Breaks if the lane is to take no other.
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
        // The number of tasks may have become known meanwhile.
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

    /// Reports and records how a task ended.
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

    /// Lets the worker act for a task, a new one if there is none. A panic becomes a failure of that
    /// task, and the next one gets a new worker.
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

    /// Gives back what the lane has, as the system has too little for it, and returns whether the lane
    /// takes another task. Returns `None` if there is no use in that: it was the only lane already,
    /// as `alone` says, when it took this one.
    fn step_aside(&mut self, alone: bool) -> Option<ControlFlow<()>> {
        self.worker = None;
        if self.shared.withdraw(self.report.lane()) {
            return Some(ControlFlow::Break(()));
        }
        // The others have left since then, and what they had is free.
        (!alone).then_some(ControlFlow::Continue(()))
    }

    /// Decides whether a task that a worker process died over is put back or has failed.
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
        format!("task {} met a defect of threadline itself ({text}): please report it", task.0);
    Failure::new(FailureKind::Panicked, message)
}

fn given_up(over: Option<TaskId>, last: &Failure) -> Failure {
    let over =
        over.map_or_else(|| "one after another".to_owned(), |task| format!("over task {}", task.0));
    let message = format!(
        "gave up after {MAX_LOSSES} worker processes died {over} ({last}): ask for fewer with \
         --threads, or choose another --mode"
    );
    Failure::new(FailureKind::Worker, message)
}
