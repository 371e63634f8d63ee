//! The rate limiter that every request of a run passes. A rate limit that one worker meets holds all
//! of them back, for as long as the API's [`LimitPolicy`] says; fewer requests may then be in flight.
//! With `--threads auto`, the outcome of each request adjusts the number that may be in flight.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::adaptive_limit::{AdaptiveLimit, LimitUpdate};
use super::lane_reporter::{LaneReporter, ObservedRequest};
use super::lane_slots::LaneSlots;
use crate::http::{LimitPolicy, RateLimit, Refusal, Suspension};
use crate::model::{ChangeReason, EventKind, Failure, LimitKind, Nanos, Plan, ReachedLimit, State};
use crate::source::clock::Clock;

/// The most recent limit, which a run passes on to the next run of the session.
pub(in crate::source) type SharedLimit = Arc<Mutex<Option<ActiveLimit>>>;

/// A limit that holds all requests back until its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct ActiveLimit {
    kind: LimitKind,
    until: Nanos,
    until_utc: u64,
}

/// The rate limiter of a run.
#[derive(Debug)]
pub(in crate::source) struct RateLimiter {
    policy: Arc<dyn LimitPolicy>,
    clock: Clock,
    workers: u16,
    shared_limit: SharedLimit,
    /// The lane slots, if the number of requests in flight is adjusted automatically.
    lane_slots: Option<Arc<LaneSlots>>,
    state: watch::Sender<LimiterState>,
}

#[derive(Debug, Default)]
struct LimiterState {
    active_limit: Option<ActiveLimit>,
    /// Set once the current limit has been reported in an event.
    is_reported: bool,
    /// The number of limits met so far. A limit met by a request that was sent before the last one
    /// does not count as new.
    limit_count: u32,
    /// The number of limits met since the last success.
    consecutive_limits: u32,
    /// Adjusts the maximum number of requests in flight; `None` if it is not automatic.
    adaptive_limit: Option<AdaptiveLimit>,
    /// The maximum number of requests in flight.
    max_in_flight: u16,
    in_flight: u16,
    /// The number of successes since `max_in_flight` changed.
    successes: u16,
}

/// The permission to have one request in flight, released when dropped.
#[derive(Debug)]
pub struct Permit {
    rate_limiter: Arc<RateLimiter>,
    limit_count: u32,
    /// The time at which it was granted, since the run's start.
    acquired_at: Nanos,
}

/// The event that a request has to wait for.
enum AcquireBlock {
    RateLimit(ActiveLimit),
    Concurrency,
}

impl RateLimiter {
    /// Creates the rate limiter of a run of `plan`.
    pub(in crate::source) fn new(
        policy: Arc<dyn LimitPolicy>,
        clock: Clock,
        plan: &Plan,
        shared_limit: SharedLimit,
    ) -> Self {
        let active_limit = *shared_limit.lock().unwrap_or_else(PoisonError::into_inner);
        let workers = plan.workers;
        let adaptive_limit = plan.auto.then(|| AdaptiveLimit::new(workers));
        let max_in_flight = adaptive_limit.as_ref().map_or(workers, AdaptiveLimit::limit);
        let lane_slots = adaptive_limit.is_some().then(|| Arc::new(LaneSlots::new(max_in_flight)));
        let state = watch::Sender::new(LimiterState {
            active_limit,
            adaptive_limit,
            max_in_flight,
            ..LimiterState::default()
        });
        Self { policy, clock, workers, shared_limit, lane_slots, state }
    }

    /// The lane slots, if the number of requests in flight is adjusted automatically.
    pub(in crate::source) const fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.lane_slots.as_ref()
    }

    /// The number of permits in use.
    #[cfg(test)]
    pub(in crate::source) fn in_flight(&self) -> u16 {
        self.state.borrow().in_flight
    }

    /// Waits until a request may be sent. Fails if the wait would exceed the maximum.
    pub(in crate::source) async fn acquire(
        self: &Arc<Self>,
        reporter: &LaneReporter,
    ) -> Result<Permit, Failure> {
        let mut changes = self.state.subscribe();
        let mut held = false;
        loop {
            let block = match self.try_acquire(reporter) {
                Ok(permit) => return Ok(permit),
                Err(block) => block,
            };
            if let AcquireBlock::RateLimit(active_limit) = block {
                self.check_wait(active_limit)?;
            }
            if !std::mem::replace(&mut held, true) {
                reporter.enter_state(State::Throttled);
            }
            match block {
                AcquireBlock::Concurrency => _ = changes.changed().await,
                AcquireBlock::RateLimit(active_limit) => tokio::select! {
                    () = self.clock.sleep_until(active_limit.until) => {}
                    _ = changes.changed() => {}
                },
            }
        }
    }

    fn try_acquire(self: &Arc<Self>, reporter: &LaneReporter) -> Result<Permit, AcquireBlock> {
        let now = self.clock.now();
        let mut permitted = Err(AcquireBlock::Concurrency);
        self.state.send_if_modified(|state| {
            let active_limit = state.active_limit.filter(|active_limit| now < active_limit.until);
            if let Some(active_limit) = active_limit {
                if !std::mem::replace(&mut state.is_reported, true) {
                    reporter.send(EventKind::RateLimited(active_limit.to_reached_limit(reporter)));
                }
                permitted = Err(AcquireBlock::RateLimit(active_limit));
            } else if state.in_flight < state.max_in_flight {
                state.in_flight += 1;
                permitted = Ok(state.limit_count);
            }
            false
        });
        let acquired_at = reporter.run_time(now);
        permitted.map(|limit_count| Permit {
            rate_limiter: Arc::clone(self),
            limit_count,
            acquired_at,
        })
    }

    /// Changes the maximum number of requests in flight, and reports the change.
    fn set_max_in_flight(
        &self,
        state: &mut LimiterState,
        LimitUpdate { max_in_flight, reason }: LimitUpdate,
        reporter: &LaneReporter,
    ) {
        (state.max_in_flight, state.successes) = (max_in_flight, 0);
        reporter.send(EventKind::ConcurrencyChanged { in_flight: max_in_flight, reason });
        if let Some(lane_slots) = &self.lane_slots {
            lane_slots.set_limit(max_in_flight);
        }
    }

    fn check_wait(&self, limit: ActiveLimit) -> Result<(), Failure> {
        let ActiveLimit { kind, until, until_utc } = limit;
        let wait = Duration::from(until.since(self.clock.now()));
        self.policy.check_wait(kind, wait, until_utc)
    }
}

impl Permit {
    /// Records that the request, which is the last one of the reporter's lane, succeeded.
    pub(super) fn record_success(self, reporter: &LaneReporter) {
        let rate_limiter = &self.rate_limiter;
        rate_limiter.state.send_if_modified(|state| {
            // A request sent before the last limit says nothing about the time after it.
            if self.limit_count < state.limit_count {
                return false;
            }
            state.consecutive_limits = 0;
            let changes = match &mut state.adaptive_limit {
                Some(adaptive_limit) => {
                    let ObservedRequest { timing, quota, .. } = reporter.last_request();
                    let left = quota.and_then(|quota| adaptive_limit.update_quota(quota));
                    [left, adaptive_limit.record_response(timing, state.in_flight)]
                }
                None => [state.recover(rate_limiter.workers), None],
            };
            let before = state.max_in_flight;
            for change in changes.into_iter().flatten() {
                rate_limiter.set_max_in_flight(state, change, reporter);
            }
            state.max_in_flight > before
        });
    }

    /// Records that the request failed, perhaps because too many were in flight.
    pub(super) fn record_failure(self, reason: ChangeReason, reporter: &LaneReporter) {
        self.rate_limiter.state.send_if_modified(|state| {
            self.reduce_limit(state, reason, reporter);
            false
        });
    }

    /// Lowers the maximum number of requests in flight, if it is adjusted automatically.
    fn reduce_limit(
        &self,
        state: &mut LimiterState,
        reason: ChangeReason,
        reporter: &LaneReporter,
    ) {
        let cut = |adaptive_limit: &mut AdaptiveLimit| {
            adaptive_limit.record_failure(self.acquired_at, reporter.now(), reason)
        };
        if let Some(change) = state.adaptive_limit.as_mut().and_then(cut) {
            self.rate_limiter.set_max_in_flight(state, change, reporter);
        }
    }

    /// Records that the request met a limit: holds all requests back, and returns until when, as time
    /// since the run's start. Fails if limits were met too often in a row.
    pub(super) fn record_limit(
        self,
        limit: RateLimit,
        reporter: &LaneReporter,
    ) -> Result<Nanos, Failure> {
        let rate_limiter = &self.rate_limiter;
        let mut result = Ok(Nanos::ZERO);
        rate_limiter.state.send_modify(|state| {
            let new = state.limit_count == self.limit_count;
            if new {
                state.limit_count += 1;
                state.consecutive_limits += 1;
            }
            let refusal = Refusal {
                limit,
                in_a_row: state.consecutive_limits,
                in_flight: state.in_flight.min(state.max_in_flight),
                utc: rate_limiter.clock.utc(),
            };
            let Suspension { wait, max_in_flight } = match rate_limiter.policy.suspend(&refusal) {
                Ok(suspension) => suspension,
                Err(failure) => {
                    result = Err(failure);
                    return;
                }
            };
            let until = (rate_limiter.clock.now() + wait.into()).min(Nanos::MAX);
            if new || state.active_limit.is_none_or(|active_limit| active_limit.until < until) {
                let until_utc = refusal.utc.saturating_add(wait.as_secs());
                let active_limit = ActiveLimit { kind: limit.kind, until, until_utc };
                (state.active_limit, state.is_reported) = (Some(active_limit), true);
                *rate_limiter.shared_limit.lock().unwrap_or_else(PoisonError::into_inner) =
                    state.active_limit;
                reporter.send(EventKind::RateLimited(active_limit.to_reached_limit(reporter)));
            }
            if let Some(max_in_flight) = max_in_flight.filter(|_| new) {
                let reason = ChangeReason::RateLimit;
                if state.adaptive_limit.is_some() {
                    self.reduce_limit(state, reason, reporter);
                } else {
                    let change = LimitUpdate { max_in_flight, reason };
                    rate_limiter.set_max_in_flight(state, change, reporter);
                }
            }
            result = Ok(reporter
                .run_time(state.active_limit.map_or(until, |active_limit| active_limit.until)));
        });
        result
    }
}

impl LimiterState {
    /// After a limit, allows one more request in flight for each full round of successes.
    fn recover(&mut self, workers: u16) -> Option<LimitUpdate> {
        if self.max_in_flight >= workers {
            return None;
        }
        self.successes += 1;
        let (max_in_flight, reason) = (self.max_in_flight + 1, ChangeReason::Recovered);
        (self.successes >= self.max_in_flight).then_some(LimitUpdate { max_in_flight, reason })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.rate_limiter.state.send_if_modified(|state| {
            state.in_flight -= 1;
            // Without a reduced maximum, no request waits for another to end.
            state.max_in_flight < self.rate_limiter.workers
        });
    }
}

impl ActiveLimit {
    fn to_reached_limit(self, reporter: &LaneReporter) -> ReachedLimit {
        let Self { kind, until, until_utc } = self;
        ReachedLimit { kind, until: reporter.run_time(until), until_utc }
    }
}
