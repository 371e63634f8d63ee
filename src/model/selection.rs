//! The user's selection of a workload and its modes, in the order of the keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::mode::{Mode, ModeChoice};
use super::workload::Workload;

/// The user's selection of a workload and its modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Selection {
    /// The workload.
    pub workload: Workload,
    /// The choice of modes.
    pub choice: ModeChoice,
}

impl Selection {
    /// Selects all modes of a workload.
    pub const fn race(workload: Workload) -> Self {
        Self { workload, choice: ModeChoice::Race }
    }

    /// Selects one mode of a workload.
    pub const fn only(workload: Workload, mode: Mode) -> Self {
        Self { workload, choice: ModeChoice::Only(mode) }
    }

    /// Selects a sweep of a workload over several numbers of threads.
    pub const fn sweep(workload: Workload) -> Self {
        Self { workload, choice: ModeChoice::Sweep }
    }

    /// Returns `true` if this is a sweep.
    pub const fn is_sweep(self) -> bool {
        matches!(self.choice, ModeChoice::Sweep)
    }

    /// Returns all selections of a workload, in the order of the keys.
    pub fn all(workload: Workload) -> impl Iterator<Item = Self> {
        workload.spec().mode_choices.iter().map(move |&choice| Self { workload, choice })
    }

    /// Returns the modes to run, in order.
    pub fn modes(self) -> &'static [Mode] {
        match self.choice {
            ModeChoice::Race => self.workload.spec().race_modes,
            ModeChoice::Sweep => &[Mode::Threads],
            ModeChoice::Only(mode) => match Mode::ALL.iter().position(|&other| other == mode) {
                Some(at) => Mode::ALL.get(at..=at).unwrap_or(&[]),
                None => &[],
            },
        }
    }

    /// The index of the choice among those of the workload.
    pub fn index(self) -> usize {
        self.workload
            .spec()
            .mode_choices
            .iter()
            .position(|&other| other == self.choice)
            .unwrap_or(0)
    }

    /// Returns the name of the selection for a comparison with another, including the workload if
    /// they differ.
    pub fn beside(self, other: Self) -> String {
        if self.workload == other.workload {
            self.to_string()
        } else {
            format!("{self} of {}", self.workload)
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.choice {
            ModeChoice::Race => f.pad("race"),
            ModeChoice::Sweep => f.pad("sweep"),
            ModeChoice::Only(Mode::Threads) => f.pad(self.workload.spec().threads_name),
            ModeChoice::Only(mode) => mode.fmt(f),
        }
    }
}
