//! The attempts of a run's lanes and their results.

use crate::model::{Completion, Failure, Product, Run, Span, TaskOutcome};

/// An attempt of a lane at a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptRecord {
    /// The lane, from 0.
    pub(super) lane: u16,
    /// The task, the number and the time of the attempt.
    pub(super) span: Span,
    /// `true` if no other attempt at the task follows.
    is_last: bool,
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub(super) struct AttemptResult {
    /// `done`, `past_end` for a page beyond the last one, `failed`, `stopped`, `retried` if it failed
    /// and another attempt followed, `lost` if the worker process died, or `running`.
    pub(super) outcome_word: &'static str,
    /// The completion of a successful attempt.
    pub(super) done: Option<Completion>,
    /// The failure of an unsuccessful attempt.
    pub(super) error: Option<Failure>,
}

impl AttemptRecord {
    /// Returns all attempts of a run, ordered by task.
    pub(super) fn for_run(run: &Run) -> Vec<Self> {
        let lanes = run.lanes().iter().zip(0..);
        let spans = lanes.flat_map(|(lane, at)| lane.spans().map(move |span| (at, span)));
        let spans = spans.map(|(lane, span)| Self { lane, span, is_last: true });
        let mut attempts: Vec<Self> = spans.collect();
        attempts.sort_by_key(|attempt| (attempt.span.task, attempt.span.attempt));
        let mut next = None;
        for attempt in attempts.iter_mut().rev() {
            attempt.is_last = next != Some(attempt.span.task);
            next = Some(attempt.span.task);
        }
        attempts
    }

    /// Returns the result of the attempt. Only the last attempt has the outcome of the task.
    pub(super) fn result(&self, run: &Run) -> AttemptResult {
        let outcome = run.task(self.span.task).and_then(|record| record.outcome);
        let place = (self.span.attempt as usize).saturating_sub(1);
        let failed = run.failed_attempts(self.span.task).get(place);
        let ended = run.is_over() || self.span.end.is_some();
        let (outcome_word, done, error) = match (outcome, failed) {
            (_, Some(attempt)) if attempt.was_requeued => {
                ("lost", None, Some(attempt.failure.clone()))
            }
            (outcome, Some(attempt)) if !self.is_last || (outcome.is_none() && !run.is_over()) => {
                ("retried", None, Some(attempt.failure.clone()))
            }
            (Some(TaskOutcome::Done(done)), _) => {
                let past_end = run.is_past_end(self.span.task);
                (if past_end { "past_end" } else { "done" }, Some(done), None)
            }
            (Some(TaskOutcome::Failed(failure)), _) => ("failed", None, Some(failure)),
            (None, None) if !ended => ("running", None, None),
            (Some(TaskOutcome::Requeued(_) | TaskOutcome::Stopped) | None, _) => {
                ("stopped", None, None)
            }
        };
        AttemptResult { outcome_word, done, error }
    }
}

impl AttemptResult {
    /// Returns the HTTP status of the response, whether the attempt succeeded or not.
    pub(super) fn status(&self) -> Option<u16> {
        let answer = self.done.as_ref().and_then(|done| done.response);
        let refused = || self.error.as_ref()?.status;
        answer.map(|answer| answer.status).or_else(refused)
    }

    /// Returns the number of followers on the fetched page.
    pub(super) fn followers(&self) -> Option<u64> {
        match &self.done.as_ref()?.product {
            Product::Followers(page) => Some(page.len() as u64),
            Product::PastLastPage | Product::Value(_) | Product::Success => None,
        }
    }

    /// Returns the value of the CPU work in 16 hexadecimal digits.
    pub(super) fn value(&self) -> Option<String> {
        match &self.done.as_ref()?.product {
            Product::Value(value) => Some(format!("{value:016x}")),
            Product::Followers(_) | Product::PastLastPage | Product::Success => None,
        }
    }
}
