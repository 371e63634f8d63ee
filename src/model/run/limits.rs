//! The limits of a run over time: the server's quota, the rate limits that were reached, and the
//! concurrency limit.

use crate::model::event::ChangeReason;
use crate::model::quota::{Quota, ReachedLimit};
use crate::model::time::Nanos;
use crate::model::time_series::{LevelSeries, StepSeries};

/// The resolution of the remaining quota, in steps per quota: no picture has as many rows.
const RESOLUTION: u32 = 512;

/// The limits of a run.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The latest quota that the server reported.
    quota: Option<Quota>,
    /// The quota of the last step of `remaining`.
    drawn_quota: Option<Quota>,
    /// The remaining quota at the resolution of the screen.
    remaining: StepSeries,
    reached: Vec<ReachedLimit>,
    /// The time at which each reached limit was first reported.
    reached_at: Vec<Nanos>,
    concurrency_changes: Vec<LimitChange>,
    concurrency: StepSeries,
    max_concurrency: u16,
}

/// A change of the concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The time of the change.
    pub at: Nanos,
    /// The limit before, or `None` for the first one.
    pub from: Option<u16>,
    /// The limit from now on.
    pub to: u16,
    /// The reason for the change.
    pub reason: ChangeReason,
}

impl Limits {
    /// Records a reported quota. Responses of one window may arrive out of order: the lowest value
    /// is the newest.
    pub(super) fn record_quota(&mut self, at: Nanos, quota: Quota) {
        let window = self.quota.filter(|latest| latest.reset == quota.reset);
        if window.is_some_and(|latest| latest.remaining <= quota.remaining) {
            return;
        }
        self.quota = Some(quota);
        let drawn = self.drawn_quota.filter(|drawn| drawn.reset == quota.reset);
        let is_drawn = drawn.is_some_and(|drawn| {
            drawn.remaining - quota.remaining < quota.limit / RESOLUTION && quota.remaining > 0
        });
        if !is_drawn {
            self.drawn_quota = Some(quota);
            self.remaining.push_step(at, quota.remaining);
        }
    }

    /// Records a rate limit. One that is reported again while in effect is the same limit with a new
    /// end.
    pub(super) fn record_rate_limit(&mut self, at: Nanos, limit: ReachedLimit) {
        let lasts = |last: &&mut ReachedLimit| at < last.until && last.kind == limit.kind;
        if let Some(last) = self.reached.last_mut().filter(lasts) {
            *last = limit;
        } else {
            self.reached.push(limit);
            self.reached_at.push(at);
        }
    }

    /// Sets the concurrency limit from `at` on. A time before the last change counts as that
    /// change's time.
    pub(super) fn record_concurrency(&mut self, at: Nanos, to: u16, reason: ChangeReason) {
        let last = self.concurrency_changes.last();
        let at = last.map_or(at, |last| at.max(last.at));
        let from = last.map(|last| last.to);
        self.concurrency_changes.push(LimitChange { at, from, to, reason });
        self.concurrency.push_step(at, to.into());
        self.max_concurrency = self.max_concurrency.max(to);
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.concurrency_changes.shrink_to_fit();
    }

    /// The latest quota that the server reported.
    pub const fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The remaining quota over time. Its peak is the full quota.
    pub const fn quota_level(&self) -> LevelSeries<'_> {
        let peak = match self.quota {
            Some(quota) => quota.limit,
            None => 0,
        };
        LevelSeries::new(&self.remaining, None, peak)
    }

    /// The rate limits that the server reported, in order.
    pub fn reached(&self) -> &[ReachedLimit] {
        &self.reached
    }

    /// Returns each rate limit with the time at which it was first reported.
    pub fn reached_times(&self) -> impl Iterator<Item = (Nanos, &ReachedLimit)> {
        self.reached_at.iter().copied().zip(&self.reached)
    }

    /// The current concurrency limit, if one was reported.
    pub fn concurrency(&self) -> Option<u16> {
        self.concurrency_changes.last().map(|change| change.to)
    }

    /// The concurrency limit over time; 0 before the first report.
    pub fn concurrency_level(&self) -> LevelSeries<'_> {
        LevelSeries::new(&self.concurrency, None, self.max_concurrency.into())
    }

    /// Returns all changes of the concurrency limit, in order.
    pub fn concurrency_changes(&self) -> &[LimitChange] {
        &self.concurrency_changes
    }

    /// Returns the change of the concurrency limit in effect at a moment.
    pub fn concurrency_change_at(&self, t: Nanos) -> Option<&LimitChange> {
        let so_far = self.concurrency_changes.partition_point(|change| change.at <= t);
        self.concurrency_changes.get(so_far.checked_sub(1)?)
    }
}
