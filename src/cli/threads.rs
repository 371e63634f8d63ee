//! `--threads`: how many, or that they are to be found while fetching.

use super::usage::UsageError;
use crate::app::session::{MOST_PROCESSES, most_workers};
use crate::model::{Mode, Selection, Workload};

/// `--threads`, as it was given. How many are allowed depends on the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreadsArg {
    /// So many.
    Count(u32),
    /// As many as turn out to help.
    Auto,
}

/// What `--threads` comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Threads {
    /// How many workers, where that was said.
    pub(super) workers: Option<u16>,
    /// Whether their number is found while fetching.
    pub(super) auto: bool,
}

impl ThreadsArg {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = text.parse().map(Self::Count);
        count.map_err(|_not_whole| "give a whole number from 1 up, or auto")
    }

    /// Checks it against what there may be.
    pub(super) fn resolve(
        self,
        costs_quota: bool,
        selection: Selection,
    ) -> Result<Threads, UsageError> {
        match self {
            Self::Count(asked) => {
                let workers = Some(workers(asked, costs_quota, selection)?);
                Ok(Threads { workers, auto: false })
            }
            Self::Auto if selection.workload == Workload::Followers => {
                Ok(Threads { workers: None, auto: true })
            }
            Self::Auto => Err(UsageError::AutoWithoutServer { workload: selection.workload }),
        }
    }
}

fn workers(asked: u32, costs_quota: bool, selection: Selection) -> Result<u16, UsageError> {
    let most = most_workers(costs_quota);
    let processes = selection.modes().contains(&Mode::Processes);
    match u16::try_from(asked) {
        Ok(workers) if processes && (MOST_PROCESSES + 1..=most).contains(&workers) => {
            Err(UsageError::Processes { asked, most: MOST_PROCESSES })
        }
        Ok(workers) if (1..=most).contains(&workers) => Ok(workers),
        _ if costs_quota => Err(UsageError::ThreadsOnQuota { asked, most }),
        _ => Err(UsageError::ThreadsHere { asked, most }),
    }
}
