//! The adaptive limit of requests in flight (`--threads auto`), after TCP Vegas (Brakmo and Peterson,
//! 1995, <https://doi.org/10.1109/49.464716>). Round by round, it raises the limit while no requests
//! queue at the server, lowers it once some do, and halves it when many fail. A limit at which the server
//! refused requests is not reached again for a long time. It reads no clock: all times are passed in.

use std::cmp::Reverse;

use super::lane_reporter::RequestTiming;
use crate::model::{ChangeReason, Nanos, Quota};

/// The initial limit.
const INITIAL_LIMIT: u16 = 4;

/// The minimum number of responses in a round.
const MIN_ROUND_RESPONSES: u32 = 4;

/// The target length of the queue as a share of the requests in flight, and at least one request; up to
/// twice that is tolerated. A service that handles 8 requests at once so gets 9 or 10. TCP Vegas and
/// Netflix's concurrency-limits aim at a queue of 3 to 6, and would give it 11 to 14.
const TARGET_QUEUE_SHARE: f64 = 1.0 / 8.0;

/// The failures per round, as a share of the limit, up to which they count as chance and not as
/// overload: even an idle server or network fails now and then.
const MAX_FAILURE_SHARE: f64 = 1.0 / 2.0;

/// The number of rounds after which the time of a request without a queue is measured again, because
/// the server may have become slower or faster.
const ROUNDS_TO_PROBE: u32 = 32;

/// The number of rounds after which a limit that the server refused is tried once more, because the
/// refusal may have had another reason; four times as many after each further refusal.
const ROUNDS_TO_RETRY: u32 = 32;

/// Adjusts the number of requests that may be in flight.
#[derive(Debug, Default)]
pub(super) struct AdaptiveLimit {
    /// The maximum limit.
    max: u16,
    limit: u16,
    /// The next increase.
    step: u16,
    /// Set if the last increase was larger than one and no queue has been observed since.
    has_jumped: bool,
    /// The time of the last halving. After one, the limit grows by one only.
    last_halving: Option<Nanos>,
    /// The quota last reported.
    quota: Option<Quota>,
    /// The mean time of a request without a queue, in nanoseconds.
    base_latency: Option<f64>,
    round: Round,
    /// The number of rounds since the last probe.
    rounds: u32,
    /// The maximum limit below one that the server refused.
    ceiling: Option<u16>,
    /// The number of rounds from a refusal to the end of the ceiling, and that of rounds left.
    rounds_to_retry: u32,
    rounds_left: u32,
    /// The maximum number in flight during a round without a refusal.
    accepted: u16,
    /// During a probe, the limit to return to.
    limit_before_probe: Option<u16>,
    /// The limit last reported.
    last_reported: u16,
}

/// The responses under one limit.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    started_at: Nanos,
    responses: u32,
    failures: u32,
    /// The sum of the request times, in nanoseconds.
    latency_sum: u64,
    /// The maximum number of requests in flight.
    max_in_flight: u16,
}

/// A change of the maximum number of requests in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitUpdate {
    pub(super) max_in_flight: u16,
    pub(super) reason: ChangeReason,
}

impl AdaptiveLimit {
    /// Creates a limit of at most `max` requests, and at least one.
    pub(super) fn new(max: u16) -> Self {
        let max = max.max(1);
        let limit = INITIAL_LIMIT.min(max);
        Self { max, limit, step: limit, has_jumped: true, last_reported: limit, ..Self::default() }
    }

    /// The number of requests that may be in flight.
    pub(super) fn limit(&self) -> u16 {
        let left = self
            .quota
            .map_or(u16::MAX, |quota| u16::try_from(quota.remaining).unwrap_or(u16::MAX).max(1));
        self.limit.min(left)
    }

    /// Records a successful request. `in_flight` is the number in flight when it ended, including
    /// itself. Returns the new limit if it changes.
    pub(super) fn record_response(
        &mut self,
        timing: RequestTiming,
        in_flight: u16,
    ) -> Option<LimitUpdate> {
        let RequestTiming { sent, received } = timing;
        self.round.max_in_flight = self.round.max_in_flight.max(in_flight);
        // A request counts if it was under this limit for most of its time; during a probe, which waits
        // for the queue to drain, for all of it.
        let middle = Nanos(sent.0 + received.since(sent).0 / 2);
        let counts = if self.limit_before_probe.is_some() { sent } else { middle };
        if counts < self.round.started_at {
            return None;
        }
        self.round.responses += 1;
        self.round.latency_sum = self.round.latency_sum.saturating_add(received.since(sent).0);
        if self.round.responses < self.min_round_responses() {
            return None;
        }
        let round =
            std::mem::replace(&mut self.round, Round { started_at: received, ..Round::default() });
        let reason = self.evaluate_round(round)?;
        self.report_change(reason)
    }

    /// Records a failed request. One that was sent before the last halving does not count, because it
    /// belongs to the same overload. Returns the new limit if it changes.
    pub(super) fn record_failure(
        &mut self,
        sent: Nanos,
        now: Nanos,
        reason: ChangeReason,
    ) -> Option<LimitUpdate> {
        if self.last_halving.is_some_and(|last| sent <= last) {
            return None;
        }
        self.round.failures += 1;
        let may_be_chance = matches!(reason, ChangeReason::ServerError | ChangeReason::Broken);
        let borne = f64::from(self.min_round_responses()) * MAX_FAILURE_SHARE;
        if may_be_chance && f64::from(self.round.failures) <= borne {
            return None;
        }
        // During a probe the limit is halved already: halve the original one.
        let limit = self.limit_before_probe.take().unwrap_or(self.limit);
        if reason == ChangeReason::RateLimit {
            self.record_refusal(limit);
        }
        (self.last_halving, self.step, self.has_jumped) = (Some(now), 1, false);
        self.limit = (limit / 2).max(1);
        self.round = Round { started_at: now, ..Round::default() };
        self.report_change(reason)
    }

    /// Sets the ceiling below a limit that the server refused. If it has accepted that limit before, the
    /// number in flight is not the reason.
    fn record_refusal(&mut self, limit: u16) {
        self.ceiling = limit.checked_sub(1).filter(|&below| below >= self.accepted.max(1));
        self.rounds_to_retry = self.rounds_to_retry.saturating_mul(4).max(ROUNDS_TO_RETRY);
        self.rounds_left = self.rounds_to_retry;
    }

    /// Records a reported quota. Responses may arrive out of order. Returns the new limit if it
    /// changes.
    pub(super) fn update_quota(&mut self, quota: Quota) -> Option<LimitUpdate> {
        let age = |quota: Quota| (quota.reset, Reverse(quota.remaining));
        if self.quota.is_none_or(|known| age(quota) > age(known)) {
            self.quota = Some(quota);
        }
        self.report_change(ChangeReason::Quota)
    }

    /// The number of responses in a round: the limit, or the minimum if that is larger.
    fn min_round_responses(&self) -> u32 {
        MIN_ROUND_RESPONSES.max(self.limit().into())
    }

    /// Evaluates a round: changes the limit and returns the reason, or `None` if it stays.
    fn evaluate_round(&mut self, round: Round) -> Option<ChangeReason> {
        let mean = (round.latency_sum as f64 / f64::from(round.responses)).max(1.0);
        self.rounds += 1;
        if let Some(back) = self.limit_before_probe.take() {
            (self.base_latency, self.limit) = (Some(mean), back);
            return Some(ChangeReason::ProbeEnd);
        }
        if self.rounds >= ROUNDS_TO_PROBE && self.limit > 1 {
            (self.limit_before_probe, self.rounds) = (Some(self.limit), 0);
            self.limit = self.limit.div_ceil(2);
            return Some(ChangeReason::Probe);
        }
        self.accepted = self.accepted.max(round.max_in_flight.min(self.limit));
        self.rounds_left = self.rounds_left.saturating_sub(1);
        self.ceiling = self.ceiling.filter(|_| self.rounds_left > 0);
        let in_flight = f64::from(round.max_in_flight.min(self.limit));
        let queue = in_flight * (1.0 - self.estimate_base_latency(mean) / mean).max(0.0);
        let wanted = (in_flight * TARGET_QUEUE_SHARE).max(1.0);
        let tenths = (queue * 10.0).round() as u32;
        if queue > 2.0 * wanted {
            // After a large increase, the queue shows the whole excess; otherwise one round may be
            // chance.
            let over = if std::mem::take(&mut self.has_jumped) { queue.ceil() as u16 } else { 1 };
            self.step = 1;
            self.limit = self.limit.min(round.max_in_flight).saturating_sub(over).max(1);
            return Some(ChangeReason::Queue { tenths });
        }
        if queue >= wanted {
            self.step = 1;
            return None;
        }
        // Do not raise a limit of which less than half is used.
        if self.limit() < self.limit || round.max_in_flight < self.limit.div_ceil(2) {
            return None;
        }
        let max = self.ceiling.map_or(self.max, |ceiling| ceiling.min(self.max));
        self.limit = self.limit.saturating_add(self.step).min(max);
        self.has_jumped = self.step > 1;
        self.step = if self.last_halving.is_some() { 1 } else { self.step.saturating_mul(2) };
        Some(ChangeReason::NoQueue { tenths })
    }

    /// Updates and returns the estimate of the mean time without a queue, given the mean of a round. A
    /// lower mean moves the estimate by half, as it may be chance; but in full after the first round,
    /// which had new connections only.
    fn estimate_base_latency(&mut self, mean: f64) -> f64 {
        let known = self.base_latency.unwrap_or(mean);
        let lower = if self.rounds > 2 { f64::midpoint(known, mean) } else { mean };
        *self.base_latency.insert(known.min(lower))
    }

    fn report_change(&mut self, reason: ChangeReason) -> Option<LimitUpdate> {
        let max_in_flight = self.limit();
        let before = std::mem::replace(&mut self.last_reported, max_in_flight);
        (before != max_in_flight).then_some(LimitUpdate { max_in_flight, reason })
    }
}

#[cfg(test)]
mod tests;
