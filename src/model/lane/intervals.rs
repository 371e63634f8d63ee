//! The intervals of a lane: its states in order, the content of a range, and the time that an attempt
//! spent at the server.

use std::ops::Range;

use super::{AttemptStart, Lane, Nanos, Span, State, StateChange};

/// The content of an interval of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeSummary {
    /// The number of changes between states or attempts.
    pub changes: usize,
    /// The number of attempts in progress during the interval.
    pub attempts: usize,
    /// The number of attempts that failed during the interval.
    pub errors: usize,
}

/// An interval in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateInterval {
    /// The state.
    pub state: State,
    /// The start of the interval.
    pub start: Nanos,
    /// The end of the interval. An error may have no duration.
    pub end: Nanos,
}

impl Lane {
    /// Returns the states in order, up to `until`. States without a duration are omitted, except
    /// errors.
    pub fn state_intervals(&self, until: Nanos) -> impl Iterator<Item = StateInterval> + '_ {
        let ends = self.changes.iter().skip(1).map(|change| change.at()).chain([u64::MAX]);
        let intervals = self.changes.iter().zip(ends).map(move |(change, end)| StateInterval {
            state: change.state(),
            start: Nanos(change.at()).min(until),
            end: Nanos(end).min(until),
        });
        intervals.filter(|interval| interval.start < interval.end || interval.state == State::Error)
    }

    /// Returns the interval in one state around a moment, up to `until`. Attempts do not divide it.
    pub fn interval_at(&self, t: Nanos, until: Nanos) -> StateInterval {
        let next = self.changes.partition_point(|change| change.at() <= t.0);
        let state = self.state_at(t);
        let is_other = |change: &StateChange| change.state() != state;
        let (before, after) = self.changes.split_at(next);
        let first = before.iter().rposition(is_other).map_or(0, |other| other + 1);
        let start = before.get(first).map_or(0, |change| change.at());
        let end = after.iter().find(|change| is_other(change)).map_or(u64::MAX, |one| one.at());
        StateInterval { state, start: Nanos(start), end: Nanos(end).min(until) }
    }

    /// Returns the states in [a, b) in order, each with its part of that time. States without a duration
    /// are omitted.
    pub fn state_intervals_between(
        &self,
        a: Nanos,
        b: Nanos,
    ) -> impl DoubleEndedIterator<Item = StateInterval> + '_ {
        let index = |t: Nanos| self.changes.partition_point(|change| change.at() < t.0);
        let interval = move |index: usize| {
            let change = self.changes.get(index)?;
            let end = self.changes.get(index + 1).map_or(u64::MAX, |next| next.at());
            let (start, end) = (Nanos(change.at()).max(a), Nanos(end).min(b));
            (start < end).then(|| StateInterval { state: change.state(), start, end })
        };
        (index(a).saturating_sub(1)..index(b)).filter_map(interval)
    }

    /// The state at a moment.
    pub fn state_at(&self, t: Nanos) -> State {
        let so_far = self.changes.partition_point(|change| change.at() <= t.0);
        let last = so_far.checked_sub(1).and_then(|last| self.changes.get(last));
        last.copied().map(StateChange::state).unwrap_or_default()
    }

    /// Returns the content of [a, b). As in the cells, an error at a border belongs to the interval
    /// before it.
    pub fn summarize_range(&self, a: Nanos, b: Nanos) -> RangeSummary {
        let entries = |t: Nanos| self.changes.partition_point(|change| change.at() < t.0).max(1);
        let errors = |t: Nanos| self.errors.partition_point(|&at| at <= t.0 && t.0 > 0);
        let mut attempts = self.attempt_indices(a, b);
        if self.span(attempts.start).and_then(|span| span.end).is_some_and(|end| end <= a) {
            attempts.start += 1;
        }
        RangeSummary {
            changes: entries(b).saturating_sub(entries(a)),
            attempts: attempts.len(),
            errors: errors(b).saturating_sub(errors(a)),
        }
    }

    /// The indices of the attempts that begin in [a, b), and of the one before.
    pub(crate) fn attempt_indices(&self, a: Nanos, b: Nanos) -> Range<usize> {
        let before =
            |one: Option<&AttemptStart>, t| one.is_some_and(|one| self.attempt_start(*one) < t);
        // Most frames ask for either end, which needs no search.
        let begun = |t: Nanos| match self.attempts.len() {
            len if before(self.attempts.last(), t) => len,
            _ if !before(self.attempts.first(), t) => 0,
            _ => self.attempts.partition_point(|one| before(Some(one), t)),
        };
        begun(a).saturating_sub(1)..begun(b).max(begun(a))
    }

    /// The index of an attempt on this lane.
    pub(crate) fn attempt_index(&self, span: &Span) -> Option<usize> {
        self.attempt_count_until(span.start).checked_sub(1)
    }

    /// The time that an attempt spent at the server: from sending the request until the last byte
    /// of the response.
    pub(crate) fn request_times(&self, index: usize) -> Option<(Nanos, Nanos)> {
        let first = self.attempts.get(index)?.first_change as usize;
        let next = self.attempts.get(index + 1).map(|next| next.first_change as usize);
        let own = self.changes.get(first..next.unwrap_or(self.changes.len()))?;
        let sent = own.iter().find(|change| change.state() == State::Waiting)?;
        let with_server =
            |change: &StateChange| matches!(change.state(), State::Waiting | State::Receiving);
        let left = own.iter().rposition(with_server)? + 1;
        let body = own.get(left).map(|change| change.at())?;
        Some((Nanos(sent.at()), Nanos(body)))
    }
}
