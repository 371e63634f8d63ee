//! A lane's states one after another, each with its exact times.

use super::{Lane, Nanos, State};

/// A time in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which one.
    pub state: State,
    /// When it began.
    pub start: Nanos,
    /// When the next began: an error may take no time at all.
    pub end: Nanos,
}

impl Lane {
    /// Its states in order, the last of them up to `until`. One that took no time is left out, unless
    /// it is an error.
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
