//! One attempt at a task, with what became of it: what is found, and listed in the table.

use super::event::{Answer, Failure, LaneId, Outcome};
use super::lane::Span;
use super::run::Run;
use super::time::Nanos;

/// One attempt at a task of a run.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'run> {
    /// The run.
    pub run: &'run Run,
    /// The lane that made it.
    pub lane: LaneId,
    /// Which task, which attempt, from when to when.
    pub span: Span,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<'run> {
    /// It goes on.
    Open,
    /// It went well; where a server was asked, that answered so.
    Done(Option<Answer>),
    /// It failed, whether another was made or not.
    Failed(&'run Failure),
    /// It was stopped.
    Stopped,
}

impl Run {
    /// A lane's attempt, by its place in their order, counted from 0.
    pub fn attempt(&self, lane: LaneId, place: usize) -> Option<Attempt<'_>> {
        let span = self.lanes().get(usize::from(lane.0))?.span(place)?;
        Some(Attempt { run: self, lane, span })
    }

    /// Why one of its lanes' attempts failed, if it is over and did.
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
    /// What became of it.
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

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&'run Failure> {
        self.run.failure_in(&self.span)
    }

    /// The HTTP status of the answer to it, whether that was well or not.
    pub fn status(&self) -> Option<u16> {
        match self.fate() {
            Fate::Done(answer) => Some(answer?.status),
            Fate::Failed(failure) => failure.status,
            Fate::Open | Fate::Stopped => None,
        }
    }

    /// Its service time, once it is over.
    pub fn service(&self) -> Option<Nanos> {
        self.run.service(self.run.lanes().get(usize::from(self.lane.0))?, &self.span)
    }

    /// How large the body was that it brought; of a command, how much that wrote.
    pub fn bytes(&self) -> Option<u64> {
        match (self.fate(), self.run.output(self.span.task)) {
            (Fate::Done(Some(answer)), _) => Some(answer.bytes),
            (Fate::Done(_) | Fate::Failed(_), Some(output)) => Some(output.bytes),
            _ => None,
        }
    }

    /// How many followers it brought: nothing where it brought no page of them.
    pub fn followers(&self) -> Option<usize> {
        let is_last = self.span.end.is_some() && self.failure().is_none();
        self.run.page(self.span.task).filter(|_| is_last).map(super::Page::len)
    }
}
