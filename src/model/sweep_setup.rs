//! The setup of a sweep: its worker counts and the number of trials for each.

use serde::{Deserialize, Serialize};

/// The default worker counts of a sweep. Six are enough to tell the scaling models apart.
const DEFAULT_COUNTS: [u16; 6] = [1, 2, 4, 8, 12, 16];

/// The maximum number of tasks for which a sweep tries every worker count by default.
const MAX_TASKS_FOR_ALL_COUNTS: u32 = 8;

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
