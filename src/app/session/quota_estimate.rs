//! The cost of a selection in requests, and the quota that is left for it.

use std::fmt;

use super::Session;
use crate::model::{Nanos, Quota, QuotaCheck, Selection};

/// The number of requests that the active selection still needs, and the quota that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaEstimate {
    /// The number of requests.
    pub requests: u64,
    /// The quota after the latest response.
    pub quota: Quota,
}

/// The number of requests that a selection needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestCost {
    /// The number of pages is known.
    Exactly(u64),
    /// The number of pages is not known yet; each run fetches at least one.
    AtLeast(u64),
}

/// `6 requests`, `at least 2 requests`.
impl fmt::Display for RequestCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, requests) = match self {
            Self::Exactly(requests) => ("", requests),
            Self::AtLeast(requests) => ("at least ", requests),
        };
        write!(f, "{prefix}{requests} {}", if *requests == 1 { "request" } else { "requests" })
    }
}

/// The time of a request in estimates before any was measured.
const ASSUMED_REQUEST_TIME: Nanos = Nanos::from_millis(100);

/// The number of pages in estimates of sweeps before it is known.
const EXAMPLE_PAGES: u32 = 100;

impl Session {
    /// The check of the quota for a run of a selection. `None` if requests cost no quota, or if the
    /// user has agreed to run out of it.
    pub(super) fn quota_check(&self, selection: Selection, index: usize) -> Option<QuotaCheck> {
        let is_needed = self.setup.costs_quota(selection.workload) && !self.setup.agreed;
        is_needed.then(|| self.request_plan(selection, index)).flatten()
    }

    fn request_plan(&self, selection: Selection, index: usize) -> Option<QuotaCheck> {
        Some(QuotaCheck {
            selection,
            api: self.setup.api()?.to_owned(),
            ended_runs: self.sweep(selection).map_or(index, |sweep| sweep.trials().len()),
            sweep: self.setup.sweep.clone(),
        })
    }

    /// The number of requests that the active selection still needs, and the quota left for them.
    /// `None` if requests cost no quota, or before the first response.
    pub fn quota_estimate(&self) -> Option<QuotaEstimate> {
        let selection = self.active()?;
        let pages = self.pages.filter(|_| self.setup.costs_quota(selection.workload))?;
        // Runs that cost quota follow one another.
        let (id, run) = self.active_runs().next()?;
        let check = self.request_plan(selection, id.0.into())?;
        let requests = check.remaining_requests(pages, run.started_tasks());
        Some(QuotaEstimate { requests, quota: self.latest_quota()? })
    }

    /// The quota that the server reported last.
    pub fn latest_quota(&self) -> Option<Quota> {
        let active = self.active_runs().map(|(_, run)| run);
        active.chain(self.latest_run()).find_map(|run| run.limits().quota())
    }

    /// The number of requests that the selection needs, if it needs any.
    pub fn request_cost(&self, selection: Selection) -> Option<RequestCost> {
        if !selection.workload.is_fetched() {
            return None;
        }
        let plan = self.request_plan(selection, 0)?;
        let plan = QuotaCheck { ended_runs: 0, ..plan };
        Some(match self.pages {
            Some(pages) => RequestCost::Exactly(plan.remaining_requests(pages, 0)),
            None => RequestCost::AtLeast(plan.remaining_requests(1, 0)),
        })
    }

    /// Returns the clause that follows the cost of a selection: the time that a sweep takes, and the
    /// assumptions of that. Empty if there is nothing to add.
    pub fn cost_remark(&self, selection: Selection) -> String {
        let unknown = "; the number of pages is not known yet";
        let is_sweep = selection.is_sweep();
        match self.pages {
            None if is_sweep => {
                let trials = self.setup.sweep.trials_for(EXAMPLE_PAGES) as u64;
                let requests = trials * u64::from(EXAMPLE_PAGES);
                let time = self.sweep_time(EXAMPLE_PAGES, ASSUMED_REQUEST_TIME).approximate();
                format!(
                    "{unknown}: {EXAMPLE_PAGES} pages would take {requests} requests and about \
                     {time} at {ASSUMED_REQUEST_TIME} each"
                )
            }
            None => unknown.to_owned(),
            Some(pages) if is_sweep => {
                let measured = self.measured_task_time(selection.workload);
                let each = measured.unwrap_or(ASSUMED_REQUEST_TIME);
                let time = self.sweep_time(pages, each).approximate();
                let basis = if measured.is_some() { ", as measured" } else { "" };
                format!(", and about {time} at {each} each{basis}")
            }
            Some(_) => String::new(),
        }
    }

    /// Returns `true` if the user has to agree to the cost of the selection before it starts: a sweep
    /// takes many requests.
    pub fn awaits_confirmation(&self, selection: Selection) -> bool {
        let costs = self.setup.costs_quota(selection.workload) && !self.setup.agreed;
        selection.is_sweep() && costs && self.runs(selection).is_empty()
    }
}
