//! One attempt at a task with its outcome: the unit of the search and of the table.

use super::event::{Answer, Failure, LaneId, Outcome};
use super::lane::Span;
use super::run::Run;
use super::time::Nanos;

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
pub enum Fate<'run> {
    /// The attempt is in progress.
    Open,
    /// The attempt succeeded, with the server's response if the task sent a request.
    Done(Option<Answer>),
    /// The attempt failed, with or without a retry after it.
    Failed(&'run Failure),
    /// The run was stopped during the attempt.
    Stopped,
}

impl Run {
    /// Returns a lane's attempt by its index, which counts from 0.
    pub fn attempt(&self, lane: LaneId, place: usize) -> Option<Attempt<'_>> {
        let span = self.lanes().get(usize::from(lane.0))?.span(place)?;
        Some(Attempt { run: self, lane, span })
    }

    /// Returns the failure of an attempt of this run, or `None` if it is in progress or did not
    /// fail.
    pub fn failure_in(&self, span: &Span) -> Option<&Failure> {
        span.end?;
        let before = self.failed_attempts(span.task);
        match before.get((span.attempt as usize).saturating_sub(1)) {
            Some(failed) => Some(&failed.failure),
            None => self.failure_of(span.task),
        }
    }
}

impl<'run> Attempt<'run> {
    /// Returns the outcome of the attempt.
    pub fn fate(&self) -> Fate<'run> {
        let task = self.span.task;
        if self.span.end.is_none() {
            return Fate::Open;
        }
        if let Some(failure) = self.failure() {
            return Fate::Failed(failure);
        }
        match self.run.task(task).and_then(|record| record.outcome) {
            Some(Outcome::Done(done)) => Fate::Done(done.answer),
            Some(Outcome::Stopped) => Fate::Stopped,
            _ => Fate::Open,
        }
    }

    /// Returns the failure of the attempt, if it failed.
    pub fn failure(&self) -> Option<&'run Failure> {
        self.run.failure_in(&self.span)
    }

    /// Returns the HTTP status of the response, successful or not.
    pub fn status(&self) -> Option<u16> {
        match self.fate() {
            Fate::Done(answer) => Some(answer?.status),
            Fate::Failed(failure) => failure.status,
            Fate::Open | Fate::Stopped => None,
        }
    }

    /// Returns the service time of a finished attempt.
    pub fn service(&self) -> Option<Nanos> {
        self.run.service(self.run.lanes().get(usize::from(self.lane.0))?, &self.span)
    }

    /// Returns the size of the response body, or of a command's output.
    pub fn bytes(&self) -> Option<u64> {
        match (self.fate(), self.run.output(self.span.task)) {
            (Fate::Done(Some(answer)), _) => Some(answer.bytes),
            (Fate::Done(_) | Fate::Failed(_), Some(output)) => Some(output.bytes),
            _ => None,
        }
    }

    /// Returns the number of followers on the fetched page, or `None` if the attempt fetched none.
    pub fn followers(&self) -> Option<usize> {
        let is_last = self.span.end.is_some() && self.failure().is_none();
        self.run.page(self.span.task).filter(|_| is_last).map(super::Page::len)
    }
}
