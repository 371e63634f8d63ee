//! The requests that a server refused because too many were in flight, and the number that it accepts.

use super::attempt::{Attempt, AttemptOutcome};
use super::latency;
use crate::model::{FailureKind, LaneId, LimitKind, Nanos, ReachedLimit, Run};

/// The HTTP statuses of refusals: Too Many Requests and Service Unavailable. GitHub also sends 403,
/// which arrives as [`FailureKind::RateLimited`].
const REFUSALS: [u16; 2] = [429, 503];

/// The minimum number of separate refusals that show a ceiling. A limit of requests per minute may be
/// met once at any number in flight.
const MIN_TIMES: u32 = 2;

/// The refusals of one or more runs, and the numbers of requests in flight at which they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// The number of times that the server refused. Requests that were already in flight when it did so
    /// belong to the same time.
    pub times: u32,
    /// The minimum number in flight at which a request was refused.
    lowest_refused: u32,
    /// The maximum number in flight at which a request was answered.
    highest_answered: u32,
    /// The time in which no request was sent because of the refusals.
    pub held_back: Nanos,
}

impl Refusals {
    /// Collects the refusals of a run and the answers beside them. Without a refusal, `times` is zero.
    pub fn of_run(run: &Run) -> Self {
        let is_primary = |limit: &ReachedLimit| limit.kind == LimitKind::Primary;
        // Nearly all runs need no look at each request. A used-up quota says nothing about a ceiling.
        if run.progress().retry_count() == 0 || run.limits().reached().iter().any(is_primary) {
            let highest_answered = run.timing().in_flight_level().peak();
            return Self { highest_answered, ..Self::default() };
        }
        let requests = requests(run);
        let levels = in_flight_levels(&requests);
        let of_kind = |result| requests.iter().filter(move |request| request.result == result);
        let peaks = of_kind(RequestResult::Refused).map(|request| request.peak(&levels));
        let answered = of_kind(RequestResult::Answered);
        Self {
            times: count_times(of_kind(RequestResult::Refused)),
            lowest_refused: peaks.min().unwrap_or(0),
            highest_answered: answered.map(|one| one.median_level(&levels)).max().unwrap_or(0),
            held_back: held_back(run),
        }
    }

    /// Adds the refusals of another run of the same requests.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let refused = [self, other].into_iter().filter(|one| one.times > 0);
        Self {
            times: self.times + other.times,
            lowest_refused: refused.map(|one| one.lowest_refused).min().unwrap_or(0),
            highest_answered: self.highest_answered.max(other.highest_answered),
            held_back: self.held_back + other.held_back,
        }
    }

    /// Returns the number of requests that the server accepts at once: so many were answered, no more
    /// were ever answered, and refusals came only above it. Returns `None` if these do not agree, as with
    /// a limit of requests per minute.
    pub fn ceiling(&self) -> Option<u32> {
        self.possible_ceiling().filter(|_| self.times >= MIN_TIMES)
    }

    /// Returns the number at or below which all requests were answered, if the server refused once and that
    /// was above it. A limit of requests per minute looks the same if it is met at the only moment with so
    /// many in flight, so this is an observation, from which nothing follows.
    pub fn above_once(&self) -> Option<u32> {
        self.possible_ceiling().filter(|_| self.times == 1)
    }

    fn possible_ceiling(&self) -> Option<u32> {
        let ceiling = self.lowest_refused.checked_sub(1).filter(|&ceiling| ceiling > 0)?;
        (self.times > 0 && self.highest_answered == ceiling).then_some(ceiling)
    }
}

/// A request, from sending it until the last byte of the response. Its lane may parse the response when
/// the next request is in flight already.
struct Request {
    sent: Nanos,
    received: Nanos,
    result: RequestResult,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestResult {
    Answered,
    Refused,
    /// The request failed for another reason.
    Other,
}

impl Request {
    /// Returns the part of the levels during the request, with the level at its start.
    fn levels<'levels>(&self, levels: &'levels [(Nanos, u32)]) -> &'levels [(Nanos, u32)] {
        let from = levels.partition_point(|&(at, _)| at <= self.sent).saturating_sub(1);
        let to = levels.partition_point(|&(at, _)| at < self.received);
        levels.get(from..to).unwrap_or(&[])
    }

    /// Returns the maximum number in flight during the request: the server saw no more.
    fn peak(&self, levels: &[(Nanos, u32)]) -> u32 {
        self.levels(levels).iter().map(|&(_, level)| level).max().unwrap_or(1)
    }

    /// Returns the number in flight for half of the request's time or more. Refusals and answers on
    /// their way beside it last less.
    fn median_level(&self, levels: &[(Nanos, u32)]) -> u32 {
        let own = self.levels(levels);
        let ends = own.iter().skip(1).map(|&(at, _)| at).chain([self.received]);
        let parts = own.iter().zip(ends);
        let mut parts: Vec<(u32, u64)> =
            parts.map(|(&(at, level), end)| (level, end.since(at.max(self.sent)).0)).collect();
        parts.sort_unstable();
        let half = self.received.since(self.sent).0.div_ceil(2);
        let mut below = 0;
        let median = parts.into_iter().find(|&(_, time)| {
            below += time;
            below >= half
        });
        median.map_or(1, |(level, _)| level)
    }
}

/// Returns the finished requests of a run, ordered by lane.
fn requests(run: &Run) -> Vec<Request> {
    let lanes = (0..).map(LaneId).zip(run.lanes());
    let spans = lanes.flat_map(|(id, lane)| {
        lane.spans().enumerate().map(move |(index, span)| (id, lane, index, span))
    });
    let requests = spans.filter_map(|(id, lane, index, span)| {
        let (sent, received) = latency::service_interval(run, lane, index, &span)?;
        let result = match (Attempt { run, lane: id, span }).outcome() {
            AttemptOutcome::Done(_) => RequestResult::Answered,
            AttemptOutcome::Failed { failure, .. }
                if failure.kind == FailureKind::RateLimited
                    || failure.status.is_some_and(|status| REFUSALS.contains(&status)) =>
            {
                RequestResult::Refused
            }
            _ => RequestResult::Other,
        };
        (sent < received).then_some(Request { sent, received, result })
    });
    requests.collect()
}

/// Returns the number of requests in flight after each change.
fn in_flight_levels(requests: &[Request]) -> Vec<(Nanos, u32)> {
    let each = requests.iter().flat_map(|one| [(one.sent, true), (one.received, false)]);
    let mut changes: Vec<(Nanos, bool)> = each.collect();
    changes.sort_unstable();
    let mut level = 0_u32;
    let levels = changes.into_iter().map(|(at, is_sent)| {
        level = if is_sent { level + 1 } else { level.saturating_sub(1) };
        (at, level)
    });
    levels.collect()
}

/// Counts the times that the server refused: a request that was sent before the first refusal of a time
/// arrived belongs to it.
fn count_times<'run>(refused: impl Iterator<Item = &'run Request>) -> u32 {
    let mut refused: Vec<&Request> = refused.collect();
    refused.sort_by_key(|request| request.received);
    let (mut times, mut since) = (0, Nanos::ZERO);
    for request in refused {
        if times == 0 || request.sent >= since {
            (times, since) = (times + 1, request.received);
        }
    }
    times
}

/// Returns the time in which a secondary limit let no request pass.
fn held_back(run: &Run) -> Nanos {
    let end = run.elapsed(Nanos::ZERO);
    let limits = run.limits().reached_times();
    let secondary = limits.filter(|(_, limit)| limit.kind == LimitKind::Secondary);
    let (held_back, _) = secondary.fold((Nanos::ZERO, Nanos::ZERO), |(sum, last), (at, limit)| {
        let (from, until) = (at.max(last), limit.until.min(end));
        (sum + until.since(from), last.max(until))
    });
    held_back
}
