//! The cost of a selection in requests, and the check against the server's quota.

use std::borrow::Cow;

use super::{ActiveRun, Session};
use crate::model::plan::MAX_TASKS;
use crate::model::time::time_of_day;
use crate::model::{
    Event, EventKind, Failure, FailureKind, ModeChoice, Quota, RunOutcome, Selection,
};

/// The number of requests that a selection needs, and the quota that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaEstimate {
    /// The number of requests.
    pub requests: u64,
    /// The quota after the profile request.
    pub quota: Quota,
}

impl Session {
    /// Turns the success of the profile request into a failure if the reported quota is too small
    /// for the selection.
    pub(super) fn with_quota_check<'event>(&self, event: &'event Event) -> Cow<'event, Event> {
        let over = event.kind == EventKind::RunFinished { outcome: RunOutcome::Finished };
        let shortage = match self.active {
            Some(ActiveRun::Profile(selection)) if over && !self.setup.agreed => {
                self.quota_shortage(selection)
            }
            _ => None,
        };
        match shortage {
            Some(failure) => {
                let kind = EventKind::RunFinished { outcome: RunOutcome::Failed(failure) };
                Cow::Owned(Event { kind, ..event.clone() })
            }
            None => Cow::Borrowed(event),
        }
    }

    fn quota_shortage(&self, selection: Selection) -> Option<Failure> {
        let QuotaEstimate { requests, quota } = self.quota_estimate(selection)?;
        let Quota { limit, remaining, .. } = quota;
        let (api, reset) = (&self.setup.target.as_ref()?.api, time_of_day(quota.reset));
        let less = match selection.choice {
            ModeChoice::Sweep => "--threads, --repeats or --per-page 100",
            ModeChoice::Race | ModeChoice::Only(_) => "--mode or --per-page 100",
        };
        let message = format!(
            "{selection} needs {requests} more requests, but {api} has {remaining} of {limit} left \
             until {reset} UTC; wait until then, request less with {less}, or override with --yes"
        );
        let kind = FailureKind::RateLimited;
        (requests > u64::from(remaining)).then_some(Failure::new(kind, message))
    }

    /// The number of requests that the selection needs after the profile request, and the quota
    /// left for them. `None` if requests cost no quota.
    pub fn quota_estimate(&self, selection: Selection) -> Option<QuotaEstimate> {
        let costs = self.setup.costs_quota(selection.workload);
        let quota = self.profile.as_ref()?.quota().filter(|_| costs)?;
        Some(QuotaEstimate {
            requests: self.count_requests(self.profile_page_count()?, selection),
            quota,
        })
    }

    /// The number of pages according to the profile's count. The list has the final say, so at
    /// least one page is fetched even if the count is 0.
    pub(super) fn profile_page_count(&self) -> Option<u32> {
        let followers = self.profile.as_ref()?.profile()?.followers;
        let pages = followers.div_ceil(u64::from(self.setup.target.as_ref()?.per_page));
        Some(pages.clamp(1, u64::from(MAX_TASKS)) as u32)
    }

    /// The number of requests that the selection needs, including the profile request, if known.
    pub fn request_cost(&self, selection: Selection) -> Option<u64> {
        let pages = self.pages.filter(|_| selection.workload.is_fetched())?;
        Some(self.count_requests(pages, selection) + 1)
    }

    /// The number of requests for `pages` pages: each mode, and each trial of a sweep, fetches all
    /// of them.
    fn count_requests(&self, pages: u32, selection: Selection) -> u64 {
        let runs = match selection.choice {
            ModeChoice::Sweep => self.new_sweep(pages).planned_trials(),
            ModeChoice::Race | ModeChoice::Only(_) => selection.modes().len(),
        };
        u64::from(pages) * runs as u64
    }
}
