//! The exactness of the events of a run.

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
