//! The JSON report's shape of how many requests might be in flight.

use serde::Serialize;

use crate::model::{ChangeReason, LimitChange, Run};

/// A change of how many requests might be in flight.
#[derive(Clone, Debug, Serialize)]
pub struct LimitChangeReport {
    /// When.
    pub at_s: f64,
    /// How many from then on.
    pub in_flight: u16,
    /// Why: `start`, `no queue`, `queue`, `probe`, `probed`, `rate limit`, `server error`,
    /// `timed out`, `broken connection`, `quota` or `recovered`.
    pub why: String,
    /// How many requests waited in a queue at the server by estimate; null where that was not the
    /// reason.
    pub queue: Option<f64>,
}

impl LimitChangeReport {
    /// All of a run's.
    pub(super) fn for_run(run: &Run) -> Vec<Self> {
        run.limit_changes().iter().map(Self::from_change).collect()
    }

    fn from_change(step: &LimitChange) -> Self {
        let queue = match step.reason {
            ChangeReason::Queue { tenths } | ChangeReason::NoQueue { tenths } => Some(tenths),
            _ => None,
        };
        let why = step.reason.label().to_owned();
        let queue = queue.map(|tenths| f64::from(tenths) / 10.0);
        Self { at_s: step.at.as_secs_f64(), in_flight: step.to, why, queue }
    }
}
