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

    /// Returns the number of followers on the fetched page, or `None` if the attempt fetched none.
    pub fn follower_count(&self) -> Option<usize> {
        let is_last = self.span.end.is_some() && self.failure().is_none();
        self.run
            .tasks()
            .page(self.span.task)
            .filter(|_| is_last)
            .map(crate::model::FollowerPage::len)
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
