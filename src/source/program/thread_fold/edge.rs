//! The changes in the life of a thread.

use crate::model::{InterpreterId, LaneId, Nanos, TaskId};

/// The scheduler's treatment of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Unknown,
    OnCpu,
    NoCore,
    Blocked,
}

/// The relation of a thread to a GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GilRole {
    /// Its process has none that is known.
    NoGil,
    /// It holds none of those of its process.
    Without,
    /// It holds that of an interpreter.
    Holds(InterpreterId),
}

/// The source of a thread's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameSource {
    /// The thread that created it: it may get a name of its own yet.
    Creator,
    /// The kernel.
    Kernel,
    /// The program, as CPython knows it. The kernel's name is ignored from then on.
    Python,
}

/// The progress of the look at a thread that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookState {
    /// The current wait has not been looked at.
    Pending,
    /// It has been looked at, or needs no look.
    Done,
}

/// The last regular look at a thread whose switches are not recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastSample {
    pub(super) at: Nanos,
    /// `true` if the thread held a GIL.
    pub(super) held_gil: bool,
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
    Role(GilRole),
    Ended,
}

/// The lane and the task of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneTask {
    pub(super) lane: LaneId,
    pub(super) task: TaskId,
}

/// Returns `true` for an edge at which the activity before it ends.
pub(super) const fn ends_activity(edge: &Edge) -> bool {
    matches!(edge.kind, EdgeKind::Enter { .. } | EdgeKind::Ended)
}

impl Edge {
    /// Returns `true` if the thread takes a GIL.
    pub(super) const fn is_taking(&self) -> bool {
        matches!(self.kind, EdgeKind::Role(GilRole::Holds(_)))
    }

    pub(super) const fn is_role(&self) -> bool {
        matches!(self.kind, EdgeKind::Role(_))
    }
}
