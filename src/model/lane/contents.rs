//! Queries on an interval of a lane: its changes, its attempts, and the time that an attempt spent
//! at the server.

use std::ops::Range;

use super::{Entry, FirstEntry, Lane, Nanos, Span, State};

/// The content of an interval of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of changes between states or attempts.
    pub changes: usize,
    /// The number of attempts in progress during the interval.
    pub attempts: usize,
    /// The number of attempts that failed during the interval.
    pub errors: usize,
}

impl Lane {
    /// The state at a moment.
    pub fn state_at(&self, t: Nanos) -> State {
        let so_far = self.entries.partition_point(|entry| entry.at() <= t.0);
        let last = so_far.checked_sub(1).and_then(|last| self.entries.get(last));
        last.copied().map(Entry::state).unwrap_or_default()
    }

    /// Returns the content of [a, b). As in the cells, an error at a border belongs to the interval
    /// before it.
    pub fn contents(&self, a: Nanos, b: Nanos) -> Contents {
        let entries = |t: Nanos| self.entries.partition_point(|entry| entry.at() < t.0).max(1);
        let errors = |t: Nanos| self.errors.partition_point(|&at| at <= t.0 && t.0 > 0);
        let mut attempts = self.places(a, b);
        if self.span(attempts.start).and_then(|span| span.end).is_some_and(|end| end <= a) {
            attempts.start += 1;
        }
        Contents {
            changes: entries(b).saturating_sub(entries(a)),
            attempts: attempts.len(),
            errors: errors(b).saturating_sub(errors(a)),
        }
    }

    /// The indices of the attempts that begin in [a, b), and of the one before.
    pub(in crate::model) fn places(&self, a: Nanos, b: Nanos) -> Range<usize> {
        let before = |one: Option<&FirstEntry>, t| one.is_some_and(|one| self.start_of(*one) < t);
        // Most frames ask for either end, which needs no search.
        let begun = |t: Nanos| match self.attempts.len() {
            len if before(self.attempts.last(), t) => len,
            _ if !before(self.attempts.first(), t) => 0,
            _ => self.attempts.partition_point(|one| before(Some(one), t)),
        };
        begun(a).saturating_sub(1)..begun(b).max(begun(a))
    }

    /// The index of an attempt on this lane.
    pub(in crate::model) fn place_of(&self, span: &Span) -> Option<usize> {
        self.attempts_until(span.start).checked_sub(1)
    }

    /// The time that an attempt spent at the server: from sending the request until the last byte
    /// of the response.
    pub(in crate::model) fn exchange(&self, place: usize) -> Option<(Nanos, Nanos)> {
        let first = self.attempts.get(place)?.entry as usize;
        let next = self.attempts.get(place + 1).map(|next| next.entry as usize);
        let own = self.entries.get(first..next.unwrap_or(self.entries.len()))?;
        let sent = own.iter().find(|entry| entry.state() == State::Waiting)?;
        let with_server =
            |entry: &Entry| matches!(entry.state(), State::Waiting | State::Receiving);
        let left = own.iter().rposition(with_server)? + 1;
        let body = own.get(left).map(|entry| entry.at())?;
        Some((Nanos(sent.at()), Nanos(body)))
    }
}
