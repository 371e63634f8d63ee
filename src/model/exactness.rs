//! The exactness of a run: what its source can know, and what it lost.

use serde::{Deserialize, Serialize};

use super::time::Nanos;

/// The exactness of the events of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exactness {
    /// Workers report each change at its own moment.
    #[default]
    Exact,
    /// Times are sums of a counter that is read periodically.
    Counted {
        /// The time between two readings.
        period: Nanos,
    },
    /// States are seen only now and then.
    Coarse,
}

/// A loss of events. It is sent before later events of its lanes, which are in [`State::Unknown`]
/// from its start until their next event.
///
/// [`State::Unknown`]: super::State::Unknown
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The time of the last event before the loss.
    pub from: Nanos,
    /// The time from which on events are complete again.
    pub to: Nanos,
    /// The number of lost events.
    pub lost: u64,
    /// The lanes that lost events.
    pub scope: GapScope,
}

/// The lanes that a gap affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapScope {
    /// The lane of the event.
    Lane,
    /// All lanes of the run.
    Run,
}

/// The losses of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The number of gaps.
    pub gaps: u32,
    /// The number of lost events.
    pub events: u64,
    /// The total duration of the gaps.
    pub time: Nanos,
}

impl Losses {
    pub(super) fn add(&mut self, gap: &Gap) {
        self.gaps = self.gaps.saturating_add(1);
        self.events = self.events.saturating_add(gap.lost);
        self.time = Nanos(self.time.0.saturating_add(gap.to.since(gap.from).0));
    }
}
