//! The rate limiter that every request of a run passes. A rate limit that one worker meets holds all
//! of them back; after a secondary limit, fewer requests may be in flight. With `--threads auto`, the
//! outcome of each request adjusts the number that may be in flight.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::auto::{Auto, Change};
use super::clock::Clock;
use super::exchange::Exchange;
use super::room::Room;
use super::task::Report;
use crate::github::{Api, RateLimit, Wait, limited_for_ever, not_waited_for};
use crate::model::{Failure, Kind, Limit, LimitKind, Nanos, Plan, Quota, State, Why};

/// The wait after a limit without a reset time, doubled each time the limit is met again:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
const UNSAID: Duration = Duration::from_secs(60);

/// The minimum wait, also doubled each time: the server's clock and this one may differ.
const SHORTEST: Duration = Duration::from_secs(1);

/// The number of limits in a row, each of them waited for, after which the run fails.
const MOST_IN_A_ROW: u32 = 5;

/// The most recent limit, which a run passes on to the next run of the session.
pub(super) type Standing = Arc<Mutex<Option<Closed>>>;

/// A limit that holds all requests back until its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    kind: LimitKind,
    until: Nanos,
    until_utc: u64,
}

/// The rate limiter of a run.
#[derive(Debug)]
pub(super) struct Gate {
    api: Arc<Api>,
    clock: Clock,
    max_wait: Duration,
    workers: u16,
    standing: Standing,
    /// The lane slots, if the number of requests in flight is adjusted automatically.
    room: Option<Arc<Room>>,
    state: watch::Sender<GateState>,
}

#[derive(Debug)]
struct GateState {
    closed: Option<Closed>,
    /// Set once the current limit has been reported in an event.
    told: bool,
    /// The number of limits met so far. A limit met by a request that was sent before the last one
    /// does not count as new.
    limits: u32,
    /// The number of limits met since the last success.
    in_a_row: u32,
    /// Adjusts the maximum number of requests in flight; `None` if it is not automatic.
    auto: Option<Auto>,
    /// The maximum number of requests in flight.
    most: u16,
    in_flight: u16,
    /// The number of successes since `most` changed.
    successes: u16,
}

/// The permission to have one request in flight, released when dropped.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    limits: u32,
    /// The time at which it was granted, since the run's start.
    given: Nanos,
}

/// The event that a request has to wait for.
enum Wanting {
    End(Closed),
    Room,
}

impl Gate {
    /// Creates the rate limiter of a run of `plan`. A limit is waited for if it ends within `max_wait`.
    pub(super) fn new(
        api: Arc<Api>,
        clock: Clock,
        max_wait: Duration,
        plan: &Plan,
        standing: Standing,
    ) -> Self {
        let closed = *standing.lock().unwrap_or_else(PoisonError::into_inner);
        let workers = plan.workers;
        let auto = plan.auto.then(|| Auto::new(workers));
        let most = auto.as_ref().map_or(workers, Auto::limit);
        let room = auto.is_some().then(|| Arc::new(Room::new(most)));
        let state = GateState {
            closed,
            told: false,
            limits: 0,
            in_a_row: 0,
            auto,
            most,
            in_flight: 0,
            successes: 0,
        };
        let state = watch::Sender::new(state);
        Self { api, clock, max_wait, workers, standing, room, state }
    }

    /// The lane slots, if the number of requests in flight is adjusted automatically.
    pub(super) const fn room(&self) -> Option<&Arc<Room>> {
        self.room.as_ref()
    }

    /// The number of permits in use.
    #[cfg(test)]
    pub(super) fn in_flight(&self) -> u16 {
        self.state.borrow().in_flight
    }

    /// Waits until a request may be sent. Fails if the wait would exceed the maximum.
    pub(super) async fn acquire(self: &Arc<Self>, report: &Report) -> Result<Permit, Failure> {
        let mut changes = self.state.subscribe();
        let mut held = false;
        loop {
            let wanting = match self.try_acquire(report) {
                Ok(permit) => return Ok(permit),
                Err(wanting) => wanting,
            };
            if let Wanting::End(closed) = wanting {
                self.bearable(closed)?;
            }
            if !std::mem::replace(&mut held, true) {
                report.enter(State::Throttled);
            }
            match wanting {
                Wanting::Room => _ = changes.changed().await,
                Wanting::End(closed) => tokio::select! {
                    () = self.clock.sleep_until(closed.until) => {}
                    _ = changes.changed() => {}
                },
            }
        }
    }

    fn try_acquire(self: &Arc<Self>, report: &Report) -> Result<Permit, Wanting> {
        let now = self.clock.now();
        let mut permitted = Err(Wanting::Room);
        self.state.send_if_modified(|state| {
            let closed = state.closed.filter(|closed| now < closed.until);
            if let Some(closed) = closed {
                if !std::mem::replace(&mut state.told, true) {
                    report.send(Kind::Limited(closed.limit(report)));
                }
                permitted = Err(Wanting::End(closed));
            } else if state.in_flight < state.most {
                state.in_flight += 1;
                permitted = Ok(state.limits);
            }
            false
        });
        let given = report.moment(now);
        permitted.map(|limits| Permit { gate: Arc::clone(self), limits, given })
    }

    /// Changes the maximum number of requests in flight, and reports the change.
    fn allow(&self, state: &mut GateState, (most, why): Change, report: &Report) {
        (state.most, state.successes) = (most, 0);
        report.send(Kind::Allowed { in_flight: most, why });
        if let Some(room) = &self.room {
            room.allow(most);
        }
    }

    fn bearable(&self, closed: Closed) -> Result<(), Failure> {
        let Closed { kind, until, until_utc } = closed;
        let wait = Duration::from(until.since(self.clock.now()));
        if wait <= self.max_wait {
            return Ok(());
        }
        Err(not_waited_for(&self.api, kind, wait, until_utc, self.max_wait))
    }

    fn wait_of(&self, limit: RateLimit, in_a_row: u32) -> Duration {
        let doubled = |wait: Duration| wait.saturating_mul(1 << in_a_row.min(16));
        let wait = match limit.wait {
            Wait::For(wait) => wait,
            Wait::Until(utc) => Duration::from_secs(utc.saturating_sub(self.clock.utc())),
            Wait::Unsaid => doubled(UNSAID),
        };
        wait.max(doubled(SHORTEST))
    }
}

impl Permit {
    /// Records that the request succeeded, with its timing and the quota that the response reported.
    pub(super) fn succeeded(self, told: (Exchange, Option<Quota>), report: &Report) {
        let gate = &self.gate;
        gate.state.send_if_modified(|state| {
            // A request sent before the last limit says nothing about the time after it.
            if self.limits < state.limits {
                return false;
            }
            state.in_a_row = 0;
            let changes = match &mut state.auto {
                Some(auto) => {
                    let (exchange, quota) = told;
                    let left = quota.and_then(|quota| auto.left(quota));
                    [left, auto.answered(exchange, state.in_flight)]
                }
                None => [state.recovered(gate.workers), None],
            };
            let before = state.most;
            for change in changes.into_iter().flatten() {
                gate.allow(state, change, report);
            }
            state.most > before
        });
    }

    /// Records that the request failed, perhaps because too many were in flight.
    pub(super) fn failed(self, why: Why, report: &Report) {
        self.gate.state.send_if_modified(|state| {
            self.cut(state, why, report);
            false
        });
    }

    /// Lowers the maximum number of requests in flight, if it is adjusted automatically.
    fn cut(&self, state: &mut GateState, why: Why, report: &Report) {
        let cut = |auto: &mut Auto| auto.failed(self.given, report.now(), why);
        if let Some(change) = state.auto.as_mut().and_then(cut) {
            self.gate.allow(state, change, report);
        }
    }

    /// Records that the request met a limit: holds all requests back, and returns until when, as time
    /// since the run's start. Fails if limits were met too often in a row.
    pub(super) fn limited(self, limit: RateLimit, report: &Report) -> Result<Nanos, Failure> {
        let gate = &self.gate;
        let mut result = Ok(Nanos::ZERO);
        gate.state.send_modify(|state| {
            let new = state.limits == self.limits;
            if new {
                state.limits += 1;
                state.in_a_row += 1;
            }
            if state.in_a_row >= MOST_IN_A_ROW {
                result = Err(limited_for_ever(&gate.api, limit.kind, state.in_a_row));
                return;
            }
            let wait = gate.wait_of(limit, state.in_a_row.saturating_sub(1));
            let until = (gate.clock.now() + wait.into()).min(Nanos::LATEST);
            if new || state.closed.is_none_or(|closed| closed.until < until) {
                let until_utc = gate.clock.utc().saturating_add(wait.as_secs());
                let closed = Closed { kind: limit.kind, until, until_utc };
                (state.closed, state.told) = (Some(closed), true);
                *gate.standing.lock().unwrap_or_else(PoisonError::into_inner) = state.closed;
                report.send(Kind::Limited(closed.limit(report)));
            }
            if new && limit.kind == LimitKind::Secondary {
                if state.auto.is_some() {
                    self.cut(state, Why::RateLimit, report);
                } else {
                    let most = state.in_flight.min(state.most) / 2;
                    gate.allow(state, (most.max(1), Why::RateLimit), report);
                }
            }
            result = Ok(report.moment(state.closed.map_or(until, |closed| closed.until)));
        });
        result
    }
}

impl GateState {
    /// After a limit, allows one more request in flight for each full round of successes.
    fn recovered(&mut self, workers: u16) -> Option<Change> {
        if self.most >= workers {
            return None;
        }
        self.successes += 1;
        (self.successes >= self.most).then_some((self.most + 1, Why::Recovered))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.state.send_if_modified(|state| {
            state.in_flight -= 1;
            // Without a reduced maximum, no request waits for another to end.
            state.most < self.gate.workers
        });
    }
}

impl Closed {
    fn limit(self, report: &Report) -> Limit {
        let Self { kind, until, until_utc } = self;
        Limit { kind, until: report.moment(until), until_utc }
    }
}
