//! `--mode`.

use clap::ValueEnum;

use crate::model::{Mode, ModeChoice};

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeArg {
    /// All modes of the workload, one after another, on one time axis
    Race,
    /// One task after another, on one thread
    Sequential,
    /// Several threads, without a GIL
    Threads,
    /// Several threads under one GIL, like Python's
    Gil,
    /// Several processes
    Processes,
    /// Threads, with several thread counts
    Sweep,
}

impl From<ModeArg> for ModeChoice {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Race => Self::Race,
            ModeArg::Sequential => Self::Only(Mode::Sequential),
            ModeArg::Threads => Self::Only(Mode::Threads),
            ModeArg::Gil => Self::Only(Mode::Gil),
            ModeArg::Processes => Self::Only(Mode::Processes),
            ModeArg::Sweep => Self::Sweep,
        }
    }
}
