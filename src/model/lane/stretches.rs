//! The states of a lane in order, each with its exact times.

use super::{Lane, Nanos, State};

/// An interval in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
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
    pub fn stretches(&self, until: Nanos) -> impl Iterator<Item = Stretch> + '_ {
        let ends = self.entries.iter().skip(1).map(|entry| entry.at()).chain([u64::MAX]);
        let stretches = self.entries.iter().zip(ends).map(move |(entry, end)| Stretch {
            state: entry.state(),
            start: Nanos(entry.at()).min(until),
            end: Nanos(end).min(until),
        });
        stretches.filter(|stretch| stretch.start < stretch.end || stretch.state == State::Error)
    }
}
