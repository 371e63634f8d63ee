//! What to run: `Workload`, `Mode`, `Plan`, and the `Selection` that a person makes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::stats::Waves;

/// No run has more tasks: no listing of GitHub's has as many pages, and a server that claims more is
/// not believed.
pub const MOST_TASKS: u32 = 400_000;

/// Whose followers, and where they are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The user's login.
    pub user: String,
    /// Where: an API's host, or [`Self::BUILT_IN`].
    pub api: String,
    /// Followers a page, 1 to 100.
    pub per_page: u8,
    /// Whether its requests are counted against somebody's quota: not so on this machine.
    pub costs_quota: bool,
}

impl Target {
    /// What stands in an API's place where the built-in server is asked.
    pub const BUILT_IN: &str = "built-in server";

    /// Whether the built-in server is asked.
    pub fn is_built_in(&self) -> bool {
        self.api == Self::BUILT_IN
    }
}

/// A list of tasks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// The preparing request: the user's profile, one task.
    Profile,
    /// The pages of the user's followers, a task each.
    Followers,
}

/// How tasks are given to workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One after another, on one thread.
    Sequential,
    /// From a queue, to several threads.
    Threads,
}

/// One run: a workload in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose followers, and where.
    pub target: Target,
    /// What kind of tasks.
    pub workload: Workload,
    /// How they are given to workers.
    pub mode: Mode,
    /// How many workers; 1 in sequential mode.
    pub workers: u16,
    /// How many tasks, as far as is known beforehand.
    pub tasks: u32,
}

impl Plan {
    /// The name of the worker on a lane: its thread's name, and its row's.
    pub fn worker_name(&self, lane: u16) -> String {
        match self.mode {
            Mode::Sequential => "main".to_owned(),
            Mode::Threads => format!("worker-{}", u32::from(lane) + 1),
        }
    }

    /// How many rounds the workers need for this many tasks.
    pub fn waves(&self, tasks: u32) -> Waves {
        Waves::new(tasks, self.workers)
    }
}

/// What a person chose to see and run: one mode, or several on one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Sequential, then threads, on one axis.
    Race,
    /// One mode alone.
    Only(Mode),
}

impl Selection {
    /// Every selection, in the order of the keys.
    pub const ALL: [Self; 3] =
        [Self::Race, Self::Only(Mode::Sequential), Self::Only(Mode::Threads)];

    /// The modes that it runs, one after the other.
    pub const fn modes(self) -> &'static [Mode] {
        match self {
            Self::Race => &[Mode::Sequential, Mode::Threads],
            Self::Only(Mode::Sequential) => &[Mode::Sequential],
            Self::Only(Mode::Threads) => &[Mode::Threads],
        }
    }

    /// Its place in [`Self::ALL`].
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|&other| other == self).unwrap_or(0)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
        })
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Race => f.pad("race"),
            Self::Only(mode) => mode.fmt(f),
        }
    }
}
