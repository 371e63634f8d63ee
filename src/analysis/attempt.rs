//! One attempt at a task with its outcome: the unit of the search, the table and the reports.

use super::latency;
use crate::model::event::{Completion, Product, ResponseSummary, TaskOutcome};
use crate::model::lane::Span;
use crate::model::run::Run;
use crate::model::time::Nanos;
use crate::model::{Failure, LaneId};

/// One attempt at a task of a run.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'run> {
    /// The run that it belongs to.
    pub run: &'run Run,
    /// The lane on which it was made.
    pub lane: LaneId,
    /// The task, the attempt's number, and its start and end.
    pub span: Span,
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome<'run> {
    /// The attempt is in progress.
    Running,
    /// The attempt succeeded, with the server's response if the task sent a request.
    Done(Option<ResponseSummary>),
    /// The attempt failed.
    Failed {
        /// The reason.
        failure: &'run Failure,
        /// The consequence for the task.
        consequence: Consequence,
    },
    /// The run was stopped during the attempt.
    Stopped,
}

/// The consequence of a failed attempt for its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The task failed.
    TaskFailed,
    /// Another attempt follows, or is to follow.
    Retry,
    /// The worker was lost, so the task returned to the queue.
    Requeue,
    /// The run was stopped before the next attempt.
    Stop,
}

impl<'run> AttemptOutcome<'run> {
    /// Returns the word for the outcome in reports: an interface.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done(_) => "done",
            Self::Failed { consequence: Consequence::TaskFailed, .. } => "failed",
            Self::Failed { consequence: Consequence::Retry, .. } => "retried",
            Self::Failed { consequence: Consequence::Requeue, .. } => "lost",
            Self::Failed { consequence: Consequence::Stop, .. } | Self::Stopped => "stopped",
        }
    }

    /// Returns the failure that reports name: that of an attempt which did not end with its run.
    pub const fn reported_failure(self) -> Option<&'run Failure> {
        match self {
            Self::Failed { consequence: Consequence::Stop, .. } => None,
            Self::Failed { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// Returns the response of a successful attempt, if the task sent a request.
    pub const fn response(self) -> Option<ResponseSummary> {
        match self {
            Self::Done(response) => response,
            _ => None,
        }
    }

    /// Returns the HTTP status of the response, successful or not.
    pub fn status(self) -> Option<u16> {
        let refused = || self.reported_failure()?.status;
        self.response().map(|response| response.status).or_else(refused)
    }
}

impl Run {
    /// Returns a lane's attempt by its index, which counts from 0.
    pub fn attempt(&self, lane: LaneId, index: usize) -> Option<Attempt<'_>> {
        let span = self.lanes().get(usize::from(lane.0))?.span(index)?;
        Some(Attempt { run: self, lane, span })
    }

    /// Returns all attempts of the run, ordered by task.
    pub fn attempts(&self) -> Vec<Attempt<'_>> {
        let lanes = (0..).map(LaneId).zip(self.lanes());
        let mut attempts: Vec<Attempt<'_>> = lanes
            .flat_map(|(lane, spans)| {
                spans.spans().map(move |span| Attempt { run: self, lane, span })
            })
            .collect();
        attempts.sort_by_key(|attempt| (attempt.span.task, attempt.span.attempt));
        attempts
    }

    /// Returns the failure of an attempt of this run, or `None` if it is in progress or did not
    /// fail.
    pub fn attempt_failure(&self, span: &Span) -> Option<&Failure> {
        span.end?;
        let before = self.tasks().failed_attempts(span.task);
        match before.get((span.attempt as usize).saturating_sub(1)) {
            Some(failed) => Some(&failed.failure),
            None => self.tasks().failure(span.task),
        }
    }
}

impl<'run> Attempt<'run> {
    /// Returns the outcome of the attempt.
    pub fn outcome(&self) -> AttemptOutcome<'run> {
        let (run, task) = (self.run, self.span.task);
        let ended = run.is_over() || self.span.end.is_some();
        let outcome = run.tasks().get(task).and_then(|record| record.outcome);
        let failed =
            run.tasks().failed_attempts(task).get((self.span.attempt as usize).saturating_sub(1));
        let consequence = match (&outcome, failed) {
            (_, Some(failed)) if failed.was_requeued => Consequence::Requeue,
            (_, Some(_)) if self.is_repeated() => Consequence::Retry,
            (None, Some(_)) if !run.is_over() => Consequence::Retry,
            (Some(TaskOutcome::Done(done)), _) => return AttemptOutcome::Done(done.response),
            (Some(TaskOutcome::Failed(_)), _) => Consequence::TaskFailed,
            (_, Some(_)) => Consequence::Stop,
            (None, None) if !ended => return AttemptOutcome::Running,
            (_, None) => return AttemptOutcome::Stopped,
        };
        let own = failed.filter(|_| consequence != Consequence::TaskFailed);
        let failure = own.map(|failed| &failed.failure).or_else(|| run.tasks().failure(task));
        failure.map_or(AttemptOutcome::Stopped, |failure| AttemptOutcome::Failed {
            failure,
            consequence,
        })
    }

    /// Returns the word for the outcome in reports, an interface: that of [`AttemptOutcome::word`], or
    /// `past_end` for a page beyond the last one.
    pub fn outcome_word(&self) -> &'static str {
        match self.outcome() {
            AttemptOutcome::Done(_) if self.run.progress().is_past_end(self.span.task) => {
                "past_end"
            }
            outcome => outcome.word(),
        }
    }

    /// Returns `true` if the next attempt on the lane is at the same task.
    fn is_repeated(&self) -> bool {
        let lane = self.run.lanes().get(usize::from(self.lane.0));
        let next = lane.and_then(|lane| lane.span_from(self.span.start + Nanos(1)));
        next.is_some_and(|next| next.task == self.span.task)
    }

    /// Returns the failure of the attempt, if it failed.
    pub fn failure(&self) -> Option<&'run Failure> {
        self.run.attempt_failure(&self.span)
    }

    /// Returns the service time of a finished attempt.
    pub fn service_time(&self) -> Option<Nanos> {
        latency::service_time(self.run, self.run.lanes().get(usize::from(self.lane.0))?, &self.span)
    }

    /// Returns the size of the response body, or of a command's output.
    pub fn bytes(&self) -> Option<u64> {
        match (self.outcome(), self.run.tasks().output(self.span.task)) {
            (AttemptOutcome::Done(Some(response)), _) => Some(response.bytes),
            (AttemptOutcome::Done(_) | AttemptOutcome::Failed { .. }, Some(output)) => {
                Some(output.bytes)
            }
            _ => None,
        }
    }

    /// Returns the number of followers or items on the fetched page, or `None` if the attempt fetched
    /// none.
    pub fn result_count(&self) -> Option<usize> {
        let is_last = self.span.end.is_some() && self.failure().is_none();
        self.run.tasks().result_count(self.span.task).filter(|_| is_last)
    }

    /// Returns the value of the CPU work in 16 hexadecimal digits.
    pub fn value(&self) -> Option<String> {
        let AttemptOutcome::Done(_) = self.outcome() else { return None };
        match self.run.tasks().get(self.span.task)?.outcome? {
            TaskOutcome::Done(Completion { product: Product::Value(value), .. }) => {
                Some(format!("{value:016x}"))
            }
            _ => None,
        }
    }
}

/// An incremental iteration over the attempts of growing runs, which visits each finished attempt once,
/// and attempts in progress every time: the number of finished ones on each lane of each run.
#[derive(Clone, Debug, Default)]
pub(super) struct AttemptCursor {
    finished_counts: Vec<Vec<usize>>,
}

/// A visited attempt.
pub(super) struct AttemptVisit<'run> {
    /// The index of its run among the visible ones.
    pub(super) run: usize,
    /// The index of the attempt on its lane.
    pub(super) index: usize,
    pub(super) attempt: Attempt<'run>,
    /// `true` if the attempt has visibly finished, so that it will not be visited again.
    pub(super) is_over: bool,
}

impl AttemptCursor {
    /// Returns `true` if a visited attempt is no longer visible, because a recording was rewound.
    /// The iteration must then restart.
    pub(super) fn is_stale(&self, visible: &[(&Run, Nanos)]) -> bool {
        let shrunk = |(over, (run, until)): (&Vec<usize>, &(&Run, Nanos))| {
            over.iter().zip(run.lanes()).any(|(&over, lane)| {
                let last = over.checked_sub(1).map(|last| lane.span(last));
                last.is_some_and(|last| last.is_none_or(|span| span.start > *until))
            })
        };
        self.finished_counts.iter().zip(visible).any(shrunk)
    }

    /// Visits the new attempts of the runs, each of which is visible up to a moment.
    pub(super) fn advance<'run>(
        &mut self,
        visible: &[(&'run Run, Nanos)],
        mut each: impl FnMut(AttemptVisit<'run>),
    ) {
        self.finished_counts.resize_with(visible.len(), Vec::new);
        for (index, (&(run, until), over)) in
            visible.iter().zip(&mut self.finished_counts).enumerate()
        {
            over.resize(run.lanes().len(), 0);
            for (id, over) in (0..).zip(over) {
                advance_lane(run, index, LaneId(id), until, over, &mut each);
            }
        }
    }
}

/// Visits the new attempts on one lane of a run.
fn advance_lane<'run>(
    run: &'run Run,
    run_index: usize,
    lane: LaneId,
    until: Nanos,
    over: &mut usize,
    each: &mut impl FnMut(AttemptVisit<'run>),
) {
    while let Some(attempt) = run.attempt(lane, *over).filter(|it| it.span.start <= until) {
        let index = *over;
        let is_over = attempt.span.end.is_some_and(|end| end <= until);
        each(AttemptVisit { run: run_index, index, attempt, is_over });
        if !is_over {
            return;
        }
        *over += 1;
    }
}
