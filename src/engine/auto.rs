//! The adaptive limit of requests in flight (`--threads auto`), after TCP Vegas (Brakmo and Peterson,
//! 1995, <https://doi.org/10.1109/49.464716>). Round by round, it raises the limit while no requests
//! queue at the server, lowers it once some do, and halves it when many fail. It reads no clock: all
//! times are passed in.

use std::cmp::Reverse;

use super::exchange::Exchange;
use crate::model::{Nanos, Quota, Why};

/// The initial limit.
const FIRST: u16 = 4;

/// The minimum number of responses in a round.
const SHORTEST_ROUND: u32 = 4;

/// The target length of the queue as a share of the requests in flight, and at least one request; up to
/// twice that is tolerated. A service that handles 8 requests at once so gets 9 or 10. TCP Vegas and
/// Netflix's concurrency-limits aim at a queue of 3 to 6, and would give it 11 to 14.
const WANTED_SHARE: f64 = 1.0 / 8.0;

/// The failures per round, as a share of the limit, up to which they count as chance and not as
/// overload: even an idle server or network fails now and then.
const BORNE_SHARE: f64 = 1.0 / 2.0;

/// The number of rounds after which the time of a request without a queue is measured again, because
/// the server may have become slower or faster.
const ROUNDS_TO_PROBE: u32 = 32;

/// Adjusts the number of requests that may be in flight.
#[derive(Debug)]
pub(super) struct Auto {
    /// The maximum limit.
    most: u16,
    limit: u16,
    /// The next increase.
    step: u16,
    /// Set if the last increase was larger than one and no queue has been observed since.
    leapt: bool,
    /// The time of the last halving. After one, the limit grows by one only.
    halved: Option<Nanos>,
    /// The quota last reported.
    quota: Option<Quota>,
    /// The mean time of a request without a queue, in nanoseconds.
    unqueued: Option<f64>,
    round: Round,
    /// The number of rounds since the last probe.
    rounds: u32,
    /// During a probe, the limit to return to.
    back: Option<u16>,
    /// The limit last reported.
    said: u16,
}

/// The responses under one limit.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    began: Nanos,
    answers: u32,
    failures: u32,
    /// The sum of the request times, in nanoseconds.
    sum: u64,
    /// The maximum number of requests in flight.
    busiest: u16,
}

/// A new limit and the reason for it.
pub(super) type Change = (u16, Why);

impl Auto {
    /// Creates a limit of at most `most` requests, and at least one.
    pub(super) fn new(most: u16) -> Self {
        let most = most.max(1);
        let limit = FIRST.min(most);
        Self {
            most,
            limit,
            step: limit,
            leapt: true,
            halved: None,
            quota: None,
            unqueued: None,
            round: Round::default(),
            rounds: 0,
            back: None,
            said: limit,
        }
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
    pub(super) fn answered(&mut self, exchange: Exchange, in_flight: u16) -> Option<Change> {
        let Exchange { sent, done } = exchange;
        self.round.busiest = self.round.busiest.max(in_flight);
        // A request counts if it was under this limit for most of its time; during a probe, which waits
        // for the queue to drain, for all of it.
        let middle = Nanos(sent.0 + done.since(sent).0 / 2);
        let counts = if self.back.is_some() { sent } else { middle };
        if counts < self.round.began {
            return None;
        }
        self.round.answers += 1;
        self.round.sum = self.round.sum.saturating_add(done.since(sent).0);
        if self.round.answers < self.shortest_round() {
            return None;
        }
        let round = std::mem::replace(&mut self.round, Round { began: done, ..Round::default() });
        let why = self.judge(round)?;
        self.change(why)
    }

    /// Records a failed request. One that was sent before the last halving does not count, because it
    /// belongs to the same overload. Returns the new limit if it changes.
    pub(super) fn failed(&mut self, sent: Nanos, now: Nanos, why: Why) -> Option<Change> {
        if self.halved.is_some_and(|last| sent <= last) {
            return None;
        }
        self.round.failures += 1;
        let may_be_chance = matches!(why, Why::ServerError | Why::Broken);
        let borne = f64::from(self.shortest_round()) * BORNE_SHARE;
        if may_be_chance && f64::from(self.round.failures) <= borne {
            return None;
        }
        // During a probe the limit is halved already: halve the original one.
        let limit = self.back.take().unwrap_or(self.limit);
        (self.halved, self.step, self.leapt) = (Some(now), 1, false);
        self.limit = (limit / 2).max(1);
        self.round = Round { began: now, ..Round::default() };
        self.change(why)
    }

    /// Records a reported quota. Responses may arrive out of order. Returns the new limit if it
    /// changes.
    pub(super) fn left(&mut self, quota: Quota) -> Option<Change> {
        let age = |quota: Quota| (quota.reset, Reverse(quota.remaining));
        if self.quota.is_none_or(|known| age(quota) > age(known)) {
            self.quota = Some(quota);
        }
        self.change(Why::Quota)
    }

    /// The number of responses in a round: the limit, or the minimum if that is larger.
    fn shortest_round(&self) -> u32 {
        SHORTEST_ROUND.max(self.limit().into())
    }

    /// Evaluates a round: changes the limit and returns the reason, or `None` if it stays.
    fn judge(&mut self, round: Round) -> Option<Why> {
        let mean = (round.sum as f64 / f64::from(round.answers)).max(1.0);
        self.rounds += 1;
        if let Some(back) = self.back.take() {
            (self.unqueued, self.limit) = (Some(mean), back);
            return Some(Why::Probed);
        }
        if self.rounds >= ROUNDS_TO_PROBE && self.limit > 1 {
            (self.back, self.rounds) = (Some(self.limit), 0);
            self.limit = self.limit.div_ceil(2);
            return Some(Why::Probe);
        }
        let in_flight = f64::from(round.busiest.min(self.limit));
        let queue = in_flight * (1.0 - self.without_queue(mean) / mean).max(0.0);
        let wanted = (in_flight * WANTED_SHARE).max(1.0);
        let tenths = (queue * 10.0).round() as u32;
        if queue > 2.0 * wanted {
            // After a large increase, the queue shows the whole excess; otherwise one round may be
            // chance.
            let over = if std::mem::take(&mut self.leapt) { queue.ceil() as u16 } else { 1 };
            self.step = 1;
            self.limit = self.limit.min(round.busiest).saturating_sub(over).max(1);
            return Some(Why::Queue { tenths });
        }
        if queue >= wanted {
            self.step = 1;
            return None;
        }
        // Do not raise a limit of which less than half is used.
        if self.limit() < self.limit || round.busiest < self.limit.div_ceil(2) {
            return None;
        }
        self.limit = self.limit.saturating_add(self.step).min(self.most);
        self.leapt = self.step > 1;
        self.step = if self.halved.is_some() { 1 } else { self.step.saturating_mul(2) };
        Some(Why::NoQueue { tenths })
    }

    /// Updates and returns the estimate of the mean time without a queue, given the mean of a round. A
    /// lower mean moves the estimate by half, as it may be chance; but in full after the first round,
    /// which had new connections only.
    fn without_queue(&mut self, mean: f64) -> f64 {
        let known = self.unqueued.unwrap_or(mean);
        let lower = if self.rounds > 2 { f64::midpoint(known, mean) } else { mean };
        *self.unqueued.insert(known.min(lower))
    }

    fn change(&mut self, why: Why) -> Option<Change> {
        let limit = self.limit();
        (std::mem::replace(&mut self.said, limit) != limit).then_some((limit, why))
    }
}

#[cfg(test)]
mod tests;
