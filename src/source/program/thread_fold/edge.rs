//! The changes in the life of a thread.

use crate::model::{LaneId, Nanos, TaskId};

/// What the scheduler does with a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Unknown,
    OnCpu,
    NoCore,
    Blocked,
}

/// A change in the life of a thread that has not been sent.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) at: Nanos,
    pub(super) kind: EdgeKind,
    /// `true` if the counters' growth covers the time without a core that ends here.
    pub(super) is_counted: bool,
}

#[derive(Clone, Debug)]
pub(super) enum EdgeKind {
    Enter {
        activity: Activity,
        /// The time without a core after the wait that ends here.
        woken: Nanos,
    },
    Renamed(String),
    Ended,
}

/// Where a thread is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneTask {
    pub(super) lane: LaneId,
    pub(super) task: TaskId,
}
