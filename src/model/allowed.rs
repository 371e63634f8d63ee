//! The concurrency limit of a run over time, with the reason for each change.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::level::{Level, Nothing, Steps};
use super::time::Nanos;

/// The reason for a change of the concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
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
    Probed,
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
pub struct Step {
    /// The time of the change.
    pub at: Nanos,
    /// The limit before, or `None` for the first one.
    pub from: Option<u16>,
    /// The limit from now on.
    pub to: u16,
    /// The reason for the change.
    pub why: Why,
}

/// The concurrency limit over a run: the maximum number of requests in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    steps: Vec<Step>,
    curve: Steps,
    peak: u16,
}

impl Allowed {
    /// Sets the limit from `at` on. A time before the last change counts as that change's time.
    pub(super) fn set(&mut self, at: Nanos, to: u16, why: Why) {
        let last = self.steps.last();
        let at = last.map_or(at, |last| at.max(last.at));
        self.steps.push(Step { at, from: last.map(|last| last.to), to, why });
        self.curve.set(at, to.into());
        self.peak = self.peak.max(to);
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn close(&mut self) {
        self.steps.shrink_to_fit();
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The change in effect at a moment.
    pub(super) fn step_at(&self, t: Nanos) -> Option<&Step> {
        let so_far = self.steps.partition_point(|step| step.at <= t);
        self.steps.get(so_far.checked_sub(1)?)
    }

    pub(super) fn level(&self) -> Level<'_> {
        Level::new(&self.curve, &Nothing, self.peak.into())
    }
}

impl Why {
    /// The reason in words, without figures: `no queue`, `queue`, `rate limit`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Start => "start",
            Self::NoQueue { .. } => "no queue",
            Self::Probe => "probe",
            Self::Probed => "probed",
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
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { tenths } => write!(f, "queue {}.{}", tenths / 10, tenths % 10),
            _ => f.pad(self.words()),
        }
    }
}
