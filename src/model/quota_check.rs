//! The check of a server's quota against the requests that a selection still needs. It is made with
//! the first response of a run, which reports both the quota and the number of pages.

use super::failure::{Failure, FailureKind};
use super::mode::ModeChoice;
use super::quota::Quota;
use super::selection::Selection;
use super::sweep_setup::SweepSetup;
use super::time::time_of_day;

/// The requests that a selection needs, as a function of its number of pages.
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
            ModeChoice::Race | ModeChoice::Only(_) => self.selection.modes().len(),
        };
        let later = runs.saturating_sub(self.ended_runs + 1) as u64;
        u64::from(pages.saturating_sub(sent)) + u64::from(pages) * later
    }

    /// Returns the failure of the run if the quota is too small for the remaining requests.
    pub fn shortage(&self, pages: u32, sent: u32, quota: Quota) -> Option<Failure> {
        let Self { selection, api, .. } = self;
        let requests = self.remaining_requests(pages, sent);
        let Quota { limit, remaining, reset } = quota;
        let less = match selection.choice {
            ModeChoice::Sweep => "--threads, --repeats or --per-page 100",
            ModeChoice::Race | ModeChoice::Only(_) => "--mode or --per-page 100",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, Workload};

    fn check(choice: ModeChoice, ended_runs: usize) -> QuotaCheck {
        let selection = Selection { workload: Workload::Followers, choice };
        let sweep = SweepSetup { counts: Some(vec![1, 2, 2]), repeats: 3 };
        QuotaCheck { selection, api: "api.example".to_owned(), ended_runs, sweep }
    }

    #[test]
    fn every_run_that_is_left_fetches_all_pages() {
        assert_eq!(check(ModeChoice::Only(Mode::Threads), 0).remaining_requests(5, 1), 4);
        assert_eq!(check(ModeChoice::Only(Mode::Threads), 0).remaining_requests(5, 8), 0);
        assert_eq!(check(ModeChoice::Race, 0).remaining_requests(5, 1), 9);
        assert_eq!(check(ModeChoice::Race, 1).remaining_requests(5, 1), 4);
        assert_eq!(check(ModeChoice::Sweep, 4).remaining_requests(5, 1), 9);
    }

    #[test]
    fn quota_that_suffices_exactly_is_no_shortage() {
        let quota = |remaining| Quota { limit: 60, remaining, reset: 0 };
        assert_eq!(check(ModeChoice::Race, 0).shortage(5, 1, quota(9)), None);
        let failure = check(ModeChoice::Race, 0).shortage(5, 1, quota(8)).unwrap();
        assert_eq!(failure.kind, FailureKind::RateLimited);
        let start = "race needs 9 more requests, but api.example has 8 of 60 left until 00:00 UTC";
        assert!(failure.message.starts_with(start), "{failure}");
    }
}
