//! The rate limits of a server: its quota, the limits that were reached, and the check of the quota
//! against the requests that a selection still needs.

use serde::{Deserialize, Serialize};

use super::failure::{Failure, FailureKind};
use super::selection::{Selection, SweepSetup};
use super::time::{Nanos, time_of_day};
use super::workload::ModeChoice;

/// A server's rate limit quota in the current window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The maximum number of requests per window.
    pub limit: u32,
    /// The number of requests left in this window.
    pub remaining: u32,
    /// The start of the next window, in seconds since 1970 (UTC).
    pub reset: u64,
}

/// A rate limit that the server reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedLimit {
    /// The kind of limit.
    pub kind: LimitKind,
    /// The end of the limit, on the run's clock.
    pub until: Nanos,
    /// The end of the limit, in seconds since 1970 (UTC).
    pub until_utc: u64,
}

/// The two kinds of rate limits of GitHub:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// The quota of requests per hour is used up.
    Primary,
    /// Too many requests at once or in quick succession.
    Secondary,
}

/// The requests that a selection needs, as a function of its number of pages. The check is made with
/// the first response of a run, which reports both the quota and the number of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaCheck {
    /// The selection.
    pub selection: Selection,
    /// The server.
    pub api: String,
    /// The number of runs of the selection that have ended.
    pub ended_runs: usize,
    /// The worker counts, if the selection is a sweep.
    pub sweep: SweepSetup,
}

impl QuotaCheck {
    /// Returns the number of requests for `pages` pages that are still to be sent after `sent` requests
    /// of the current run: each mode, and each trial of a sweep, fetches all pages.
    pub fn remaining_requests(&self, pages: u32, sent: u32) -> u64 {
        let runs = match self.selection.choice {
            ModeChoice::Sweep => self.sweep.trials_for(pages),
            ModeChoice::Race | ModeChoice::Only(_) => self.selection.modes(false).len(),
        };
        let later = runs.saturating_sub(self.ended_runs + 1) as u64;
        u64::from(pages.saturating_sub(sent)) + u64::from(pages) * later
    }

    /// Returns the failure of the run if the quota is too small for the remaining requests.
    pub fn shortage(&self, pages: u32, sent: u32, quota: Quota) -> Option<Failure> {
        let Self { selection, api, .. } = self;
        let requests = self.remaining_requests(pages, sent);
        let Quota { limit, remaining, reset } = quota;
        let larger_pages = selection.workload.has_accounts();
        let less = match (selection.choice, larger_pages) {
            (ModeChoice::Sweep, true) => "--threads, --repeats or --per-page 100",
            (ModeChoice::Sweep, false) => "--threads or --repeats",
            (ModeChoice::Race | ModeChoice::Only(_), true) => "--mode or --per-page 100",
            (ModeChoice::Race | ModeChoice::Only(_), false) => "--mode or larger pages",
        };
        let reset = time_of_day(reset);
        let message = format!(
            "{selection} needs {requests} more requests, but {api} has {remaining} of {limit} left \
             until {reset} UTC; wait until then, request less with {less}, or override with --yes"
        );
        let kind = FailureKind::RateLimited;
        (requests > u64::from(remaining)).then(|| Failure::new(kind, message))
    }
}
