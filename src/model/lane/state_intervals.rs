//! The states of a lane in order, each with its exact times.

use super::{Lane, Nanos, State};

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
}
