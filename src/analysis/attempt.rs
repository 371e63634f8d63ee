//! One attempt at a task with its outcome: the unit of the search and of the table.

use super::latency;
use crate::model::event::{Failure, LaneId, ResponseSummary, TaskOutcome};
use crate::model::lane::Span;
use crate::model::run::Run;
use crate::model::time::Nanos;

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
    /// The attempt failed, with or without a retry after it.
    Failed(&'run Failure),
    /// The run was stopped during the attempt.
    Stopped,
}

impl Run {
    /// Returns a lane's attempt by its index, which counts from 0.
    pub fn attempt(&self, lane: LaneId, index: usize) -> Option<Attempt<'_>> {
        let span = self.lanes().get(usize::from(lane.0))?.span(index)?;
        Some(Attempt { run: self, lane, span })
    }

    /// Returns the failure of an attempt of this run, or `None` if it is in progress or did not
    /// fail.
    pub fn attempt_failure(&self, span: &Span) -> Option<&Failure> {
        span.end?;
        let before = self.failed_attempts(span.task);
        match before.get((span.attempt as usize).saturating_sub(1)) {
            Some(failed) => Some(&failed.failure),
            None => self.task_failure(span.task),
        }
    }
}

impl<'run> Attempt<'run> {
    /// Returns the outcome of the attempt.
    pub fn outcome(&self) -> AttemptOutcome<'run> {
        let task = self.span.task;
        if self.span.end.is_none() {
            return AttemptOutcome::Running;
        }
        if let Some(failure) = self.failure() {
            return AttemptOutcome::Failed(failure);
        }
        match self.run.task(task).and_then(|record| record.outcome) {
            Some(TaskOutcome::Done(done)) => AttemptOutcome::Done(done.response),
            Some(TaskOutcome::Stopped) => AttemptOutcome::Stopped,
            _ => AttemptOutcome::Running,
        }
    }

    /// Returns the failure of the attempt, if it failed.
    pub fn failure(&self) -> Option<&'run Failure> {
        self.run.attempt_failure(&self.span)
    }

    /// Returns the HTTP status of the response, successful or not.
    pub fn status(&self) -> Option<u16> {
        match self.outcome() {
            AttemptOutcome::Done(response) => Some(response?.status),
            AttemptOutcome::Failed(failure) => failure.status,
            AttemptOutcome::Running | AttemptOutcome::Stopped => None,
        }
    }

    /// Returns the service time of a finished attempt.
    pub fn service_time(&self) -> Option<Nanos> {
        latency::service_time(self.run, self.run.lanes().get(usize::from(self.lane.0))?, &self.span)
    }

    /// Returns the size of the response body, or of a command's output.
    pub fn bytes(&self) -> Option<u64> {
        match (self.outcome(), self.run.output(self.span.task)) {
            (AttemptOutcome::Done(Some(response)), _) => Some(response.bytes),
            (AttemptOutcome::Done(_) | AttemptOutcome::Failed(_), Some(output)) => {
                Some(output.bytes)
            }
            _ => None,
        }
    }

    /// Returns the number of followers on the fetched page, or `None` if the attempt fetched none.
    pub fn follower_count(&self) -> Option<usize> {
        let is_last = self.span.end.is_some() && self.failure().is_none();
        self.run.page(self.span.task).filter(|_| is_last).map(crate::model::FollowerPage::len)
    }
}
