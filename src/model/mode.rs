//! The modes of a run, and the choices among them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The way in which tasks are distributed to workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One task after another, on one thread.
    Sequential,
    /// Several threads that share a queue.
    Threads,
    /// Several threads that share a queue and one GIL.
    Gil,
    /// Several processes that share a queue, each with its own GIL.
    Processes,
}

impl Mode {
    /// All modes, in the order of the keys.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Threads, Self::Gil, Self::Processes];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Gil => "gil",
            Self::Processes => "processes",
        })
    }
}

/// A choice among the modes: all, one, or a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeChoice {
    /// All modes of the workload, one after another, on one time axis.
    Race,
    /// One mode.
    Only(Mode),
    /// Threads, with several numbers of workers.
    Sweep,
}

impl ModeChoice {
    /// All choices, in the order of the keys.
    pub const ALL: [Self; 6] = [
        Self::Race,
        Self::Only(Mode::Sequential),
        Self::Only(Mode::Threads),
        Self::Only(Mode::Gil),
        Self::Only(Mode::Processes),
        Self::Sweep,
    ];
}
