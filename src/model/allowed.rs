//! How many requests may be in flight at once, where that changes in a run, and why it did.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::level::{Level, Nothing, Steps};
use super::time::Nanos;

/// Why more or fewer requests may be in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The run begins.
    Start,
    /// Hardly a request waits in a queue at the server.
    NoQueue {
        /// How many do by estimate, in tenths.
        tenths: u32,
    },
    /// Too many requests wait there.
    Queue {
        /// How many do by estimate, in tenths.
        tenths: u32,
    },
    /// To see how long a request takes where none waits.
    Probe,
    /// That is known: back to what it was.
    Probed,
    /// The server said that these were too many at once.
    RateLimit,
    /// The server failed.
    ServerError,
    /// The server took too long.
    TimedOut,
    /// A connection broke, or was not made.
    Broken,
    /// The quota has so many requests left.
    Quota,
    /// A round went well after a rate limit.
    Recovered,
}

/// From a moment on, so many requests may be in flight at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Nanos,
    /// How many before; nothing where none was told.
    pub from: Option<u16>,
    /// How many since.
    pub to: u16,
    /// Why.
    pub why: Why,
}

/// How many requests may be in flight at once, over a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    steps: Vec<Step>,
    curve: Steps,
    peak: u16,
}

impl Allowed {
    /// So many from `at` on. A time before the last step counts as that step's.
    pub(super) fn set(&mut self, at: Nanos, to: u16, why: Why) {
        let last = self.steps.last();
        let at = last.map_or(at, |last| at.max(last.at));
        self.steps.push(Step { at, from: last.map(|last| last.to), to, why });
        self.curve.set(at, to.into());
        self.peak = self.peak.max(to);
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.steps.shrink_to_fit();
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The last step until a moment.
    pub(super) fn step_at(&self, t: Nanos) -> Option<&Step> {
        let so_far = self.steps.partition_point(|step| step.at <= t);
        self.steps.get(so_far.checked_sub(1)?)
    }

    pub(super) fn level(&self) -> Level<'_> {
        Level::new(&self.curve, &Nothing, self.peak.into())
    }
}

impl Why {
    /// In the words for a person, without figures: `no queue`, `queue`, `rate limit`.
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

/// In the words for a person: `no queue`, `queue 2.3`, `rate limit`.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { tenths } => write!(f, "queue {}.{}", tenths / 10, tenths % 10),
            _ => f.pad(self.words()),
        }
    }
}
