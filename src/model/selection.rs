//! The user's selection of a workload and its modes, in the order of the keys; and the worker counts
//! of a sweep.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::workload::{Mode, ModeChoice, Workload};

/// The default worker counts of a sweep. Six are enough to tell the scaling models apart.
const DEFAULT_COUNTS: [u16; 6] = [1, 2, 4, 8, 12, 16];

/// The maximum number of tasks for which a sweep tries every worker count by default.
const MAX_TASKS_FOR_ALL_COUNTS: u32 = 8;

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

    /// Returns the modes to run, in order. The built-in server's race may have more of them.
    pub fn modes(self, is_built_in: bool) -> &'static [Mode] {
        match self.choice {
            ModeChoice::Race if is_built_in => self.workload.spec().built_in_race_modes,
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

    /// Returns the verb and the pronoun that agree with the name: `race is`, `GIL threads are`.
    pub const fn agreement(self) -> [&'static str; 2] {
        match self.choice {
            ModeChoice::Race | ModeChoice::Sweep | ModeChoice::Only(Mode::Sequential) => {
                ["is", "it"]
            }
            ModeChoice::Only(Mode::Threads | Mode::Gil | Mode::Processes) => ["are", "them"],
        }
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

/// The name for a reader. Modes are named by what they mean.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.choice {
            ModeChoice::Race => f.pad("race"),
            ModeChoice::Sweep => f.pad("sweep"),
            ModeChoice::Only(Mode::Threads) => f.pad(self.workload.spec().threads_name),
            ModeChoice::Only(Mode::Gil) => f.pad("GIL threads"),
            ModeChoice::Only(mode) => mode.fmt(f),
        }
    }
}

/// The setup of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepSetup {
    /// The worker counts, if set by the user.
    pub counts: Option<Vec<u16>>,
    /// The number of trials per worker count.
    pub repeats: u16,
}

impl Default for SweepSetup {
    fn default() -> Self {
        Self { counts: None, repeats: 3 }
    }
}

impl SweepSetup {
    /// Returns the worker counts for `tasks` tasks: those set by the user, or else the default ones.
    pub fn counts_for(&self, tasks: u32) -> Vec<u16> {
        let mut counts = self.counts.clone().unwrap_or_else(|| default_counts(tasks));
        counts.sort_unstable();
        counts.dedup();
        counts
    }

    /// Returns the number of trials for `tasks` tasks.
    pub fn trials_for(&self, tasks: u32) -> usize {
        self.counts_for(tasks).len() * usize::from(self.repeats)
    }
}

/// Returns the default worker counts for `tasks` tasks. Workers beyond the number of tasks would be
/// idle.
fn default_counts(tasks: u32) -> Vec<u16> {
    if tasks <= MAX_TASKS_FOR_ALL_COUNTS {
        return (1..=tasks.max(1) as u16).collect();
    }
    let mut counts = DEFAULT_COUNTS.to_vec();
    counts.retain(|&count| u32::from(count) <= tasks);
    counts
}
