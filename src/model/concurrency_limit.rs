//! The concurrency limit of a run over time, with the reason for each change.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Nanos;
use super::time_series::{LevelSeries, StepSeries, ZeroSeries};

/// The reason for a change of the concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeReason {
    /// The run starts.
    Start,
    /// The server's queue is almost empty.
    NoQueue {
        /// The estimated number of queued requests, in tenths.
        tenths: u32,
    },
    /// The server's queue is too long.
    Queue {
        /// The estimated number of queued requests, in tenths.
        tenths: u32,
    },
    /// The limit is lowered for a moment to measure the latency without queueing.
    Probe,
    /// The measurement is complete: the limit returns to its previous value.
    #[serde(rename = "probed")]
    ProbeEnd,
    /// The server reported a secondary rate limit: too many concurrent requests.
    RateLimit,
    /// The server answered with an error.
    ServerError,
    /// A request timed out.
    TimedOut,
    /// A connection failed or could not be established.
    Broken,
    /// The quota allows no more than this number of requests.
    Quota,
    /// A round succeeded after a rate limit.
    Recovered,
}

/// A change of the concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The time of the change.
    pub at: Nanos,
    /// The limit before, or `None` for the first one.
    pub from: Option<u16>,
    /// The limit from now on.
    pub to: u16,
    /// The reason for the change.
    pub reason: ChangeReason,
}

/// The concurrency limit over a run: the maximum number of requests in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct ConcurrencyLimit {
    changes: Vec<LimitChange>,
    series: StepSeries,
    peak: u16,
}

impl ConcurrencyLimit {
    /// Sets the limit from `at` on. A time before the last change counts as that change's time.
    pub(super) fn record_change(&mut self, at: Nanos, to: u16, reason: ChangeReason) {
        let last = self.changes.last();
        let at = last.map_or(at, |last| at.max(last.at));
        self.changes.push(LimitChange { at, from: last.map(|last| last.to), to, reason });
        self.series.push_step(at, to.into());
        self.peak = self.peak.max(to);
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.changes.shrink_to_fit();
    }

    pub(super) fn changes(&self) -> &[LimitChange] {
        &self.changes
    }

    /// The change in effect at a moment.
    pub(super) fn change_at(&self, t: Nanos) -> Option<&LimitChange> {
        let so_far = self.changes.partition_point(|step| step.at <= t);
        self.changes.get(so_far.checked_sub(1)?)
    }

    pub(super) fn level(&self) -> LevelSeries<'_> {
        LevelSeries::new(&self.series, &ZeroSeries, self.peak.into())
    }
}

impl ChangeReason {
    /// The reason in words, without figures: `no queue`, `queue`, `rate limit`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Start => "start",
            Self::NoQueue { .. } => "no queue",
            Self::Probe => "probe",
            Self::ProbeEnd => "probed",
            Self::RateLimit => "rate limit",
            Self::ServerError => "server error",
            Self::TimedOut => "timed out",
            Self::Broken => "broken connection",
            Self::Quota => "quota",
            Self::Recovered => "recovered",
        }
    }
}

/// The reason in words: `no queue`, `queue 2.3`, `rate limit`.
impl fmt::Display for ChangeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { tenths } => write!(f, "queue {}.{}", tenths / 10, tenths % 10),
            _ => f.pad(self.label()),
        }
    }
}
