//! The requests that a server refused because too many were in flight, and the number that it accepts.

use super::attempt::{Attempt, AttemptOutcome};
use crate::model::{FailureKind, LimitKind, Nanos, ReachedLimit, Run, Span};

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
        let in_flight = run.timing().in_flight_level();
        let is_primary = |limit: &ReachedLimit| limit.kind == LimitKind::Primary;
        // Nearly all runs need no look at each attempt. A used-up quota says nothing about a ceiling.
        if run.progress().retry_count() == 0 || run.limits().reached().iter().any(is_primary) {
            return Self { highest_answered: in_flight.peak(), ..Self::default() };
        }
        let ended = run.attempts().into_iter().filter(|attempt| attempt.span.end.is_some());
        let (mut refused, others): (Vec<Attempt<'_>>, Vec<Attempt<'_>>) =
            ended.partition(is_refusal);
        let answered = others.iter().filter(|attempt| run.is_success(&attempt.span));
        let changes: Vec<(Nanos, u32)> = in_flight.changes().collect();
        let peaks = refused.iter().map(|attempt| peak_in_flight(&changes, &attempt.span));
        Self {
            lowest_refused: peaks.min().unwrap_or(0),
            highest_answered: answered.map(mean_in_flight).max().unwrap_or(0),
            times: count_times(&mut refused),
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
        let ceiling = self.lowest_refused.checked_sub(1).filter(|&ceiling| ceiling > 0)?;
        (self.times >= MIN_TIMES && self.highest_answered == ceiling).then_some(ceiling)
    }
}

fn is_refusal(attempt: &Attempt<'_>) -> bool {
    let AttemptOutcome::Failed { failure, .. } = attempt.outcome() else { return false };
    failure.kind == FailureKind::RateLimited
        || failure.status.is_some_and(|status| REFUSALS.contains(&status))
}

/// Counts the times that the server refused: a request that was sent before the first refusal of a time
/// arrived belongs to it.
fn count_times(refused: &mut [Attempt<'_>]) -> u32 {
    refused.sort_by_key(|attempt| attempt.span.end);
    let (mut times, mut since) = (0, None);
    for attempt in refused {
        if since.is_none_or(|since| Some(attempt.span.start) >= since) {
            (times, since) = (times + 1, Some(attempt.span.end));
        }
    }
    times
}

/// Returns the maximum number in flight during an attempt: the server saw no more.
fn peak_in_flight(changes: &[(Nanos, u32)], span: &Span) -> u32 {
    let [before, to] = [span.start, span.end.unwrap_or(span.start)]
        .map(|time| changes.partition_point(|&(at, _)| at <= time));
    // The level at the start is that of the last change until then.
    let from = before.saturating_sub(1);
    let during = changes.get(from..to.max(before)).unwrap_or(&[]).iter();
    during.map(|&(_, level)| level).max().unwrap_or(1)
}

/// Returns the mean number in flight during an attempt, to the nearest whole one. An answer on its way
/// beside the next request adds a little to it, but not one.
fn mean_in_flight(attempt: &Attempt<'_>) -> u32 {
    let (level, span) = (attempt.run.timing().in_flight_level(), attempt.span);
    level.mean(span.start, span.end.unwrap_or(span.start)).round() as u32
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
