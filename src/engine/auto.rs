//! How many requests are to be in flight at once, found while fetching, as in TCP Vegas (Brakmo and
//! Peterson, 1995, <https://doi.org/10.1109/49.464716>): round by round, more while no request waits
//! in a queue at the server, fewer once some do; half as many where many fail. No clock: it is told.

use std::cmp::Reverse;

use super::exchange::Exchange;
use crate::model::{Nanos, Quota, Why};

/// So many to begin with.
const FIRST: u16 = 4;

/// A round has at least as many answers: fewer tell little.
const SHORTEST_ROUND: u32 = 4;

/// The queue that is wanted is this share of what is in flight, and at least one request; up to twice
/// that is borne. So a service that does 8 at once gets 9 or 10. TCP Vegas and Netflix's
/// concurrency-limits hold 3 to 6, and would give it 11 to 14.
const WANTED_SHARE: f64 = 1.0 / 8.0;

/// A server and a network fail now and then, however little they have to do. Up to this share of what
/// may be in flight a round, that is chance; more is for the load.
const BORNE_SHARE: f64 = 1.0 / 2.0;

/// After so many rounds it is probed how long a request takes without a queue: the server may have
/// become slower, or quicker.
const ROUNDS_TO_PROBE: u32 = 32;

/// Decides how many requests may be in flight.
#[derive(Debug)]
pub(super) struct Auto {
    /// Never more than this.
    most: u16,
    limit: u16,
    /// By how many it grows next.
    step: u16,
    /// Whether it grew by more than one the last time, and no queue was seen since.
    leapt: bool,
    /// When it was halved last: from then on it grows by one.
    halved: Option<Nanos>,
    /// What is left of the quota.
    quota: Option<Quota>,
    /// The mean time that a request takes where none waits, in nanoseconds.
    unqueued: Option<f64>,
    round: Round,
    /// Rounds since the last probe.
    rounds: u32,
    /// While it probes: where it goes back to.
    back: Option<u16>,
    /// What was said last.
    said: u16,
}

/// The answers to requests under one limit.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    began: Nanos,
    answers: u32,
    failures: u32,
    /// Of the times that they took, in nanoseconds.
    sum: u64,
    /// The most that were in flight.
    busiest: u16,
}

/// So many may be in flight from now on, and why.
pub(super) type Change = (u16, Why);

impl Auto {
    /// At most so many, and one at least.
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

    /// How many may be in flight.
    pub(super) fn limit(&self) -> u16 {
        let left = self
            .quota
            .map_or(u16::MAX, |quota| u16::try_from(quota.remaining).unwrap_or(u16::MAX).max(1));
        self.limit.min(left)
    }

    /// A request went well, while so many were in flight, itself included.
    pub(super) fn answered(&mut self, exchange: Exchange, in_flight: u16) -> Option<Change> {
        let Exchange { sent, done } = exchange;
        self.round.busiest = self.round.busiest.max(in_flight);
        // It was under this limit for most of its time; where a queue is to be gone, for all of it.
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

    /// A request that went out at `sent` failed, as is known now. What went out before it was halved
    /// last was too much for the same reason.
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
        // A probe is half of what it was already.
        let limit = self.back.take().unwrap_or(self.limit);
        (self.halved, self.step, self.leapt) = (Some(now), 1, false);
        self.limit = (limit / 2).max(1);
        self.round = Round { began: now, ..Round::default() };
        self.change(why)
    }

    /// The server said what is left of the quota. Answers may come in another order than they were
    /// given in.
    pub(super) fn left(&mut self, quota: Quota) -> Option<Change> {
        let age = |quota: Quota| (quota.reset, Reverse(quota.remaining));
        if self.quota.is_none_or(|known| age(quota) > age(known)) {
            self.quota = Some(quota);
        }
        self.change(Why::Quota)
    }

    /// As many answers as may be in flight.
    fn shortest_round(&self) -> u32 {
        SHORTEST_ROUND.max(self.limit().into())
    }

    /// What a round means: changes the limit, and says why.
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
            // A leap went as far too far as there is a queue; otherwise a round may be chance.
            let over = if std::mem::take(&mut self.leapt) { queue.ceil() as u16 } else { 1 };
            self.step = 1;
            self.limit = self.limit.min(round.busiest).saturating_sub(over).max(1);
            return Some(Why::Queue { tenths });
        }
        if queue >= wanted {
            self.step = 1;
            return None;
        }
        // Whoever does not use half of what is allowed needs no more.
        if self.limit() < self.limit || round.busiest < self.limit.div_ceil(2) {
            return None;
        }
        self.limit = self.limit.saturating_add(self.step).min(self.most);
        self.leapt = self.step > 1;
        self.step = if self.halved.is_some() { 1 } else { self.step.saturating_mul(2) };
        Some(Why::NoQueue { tenths })
    }

    /// The mean time without a queue, as far as is known after a round with this mean. What is lower
    /// counts by half, as it may be chance; but the first round was on new connections only.
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
