//! Changes of the concurrency limit in the JSON report.

use serde::Serialize;

use crate::model::{ChangeReason, LimitChange, Run};

/// A change of the maximum number of requests in flight.
#[derive(Clone, Debug, Serialize)]
pub struct LimitChangeReport {
    /// The time of the change.
    pub at_s: f64,
    /// The new maximum.
    pub in_flight: u16,
    /// The reason: `start`, `no queue`, `queue`, `probe`, `probed`, `rate limit`, `server error`,
    /// `timed out`, `broken connection`, `quota` or `recovered`.
    pub why: String,
    /// The estimated number of requests queued at the server; null if the queue was not the reason.
    pub queue: Option<f64>,
}

impl LimitChangeReport {
    /// Returns all changes during a run.
    pub(super) fn for_run(run: &Run) -> Vec<Self> {
        run.limits().concurrency_changes().iter().map(Self::from_change).collect()
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
