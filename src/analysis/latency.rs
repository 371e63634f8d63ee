//! The times of requests: service time, as seen by the sender, and response time, which includes
//! the wait in the queue. Under load, service time alone hides that wait. Little's law checks them.

use super::stats::Quantiles;
use crate::model::{Lane, Nanos, Run, Span, TaskKind};

/// The maximum number of requests that are sampled for quantiles, which bounds the cost of a frame.
/// Of more requests, every second, third, and so on is sampled.
const MAX_SAMPLES: usize = 1_000;

/// The maximum relative difference between the two sides of Little's law. They are exactly equal if events arrive
/// in the order of their times; events of different workers may be swapped by microseconds.
const TOLERANCE: f64 = 0.001;

/// The times of the successful requests in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySummary {
    /// The sampling interval: one request in this number was sampled.
    pub sample_stride: usize,
    /// From sending the request to the last byte of the body.
    pub service: Option<Quantiles>,
    /// From entering the queue to the last byte of the body.
    pub response: Option<Quantiles>,
}

impl LatencySummary {
    /// Summarizes the successful requests of a run that ended in (from, to].
    pub fn between(run: &Run, from: Nanos, to: Nanos) -> Self {
        let indices: Vec<_> =
            run.lanes().iter().map(|lane| (lane, lane.attempt_indices(from, to))).collect();
        let all: usize = indices.iter().map(|(_, indices)| indices.len()).sum();
        let sample_stride = all.div_ceil(MAX_SAMPLES).max(1);
        let (mut service, mut response) = (Vec::new(), Vec::new());
        let mut next = 0;
        for (lane, indices) in indices {
            for index in indices.clone().skip(next).step_by(sample_stride) {
                let ended = |span: &Span| span.end.is_some_and(|end| from < end && end <= to);
                let span = lane.span(index).filter(ended).filter(|span| run.is_success(span));
                let Some(span) = span else { continue };
                if let Some((sent, body)) = service_interval(run, lane, index, &span) {
                    service.push(body.since(sent));
                    response.extend(run.timing().enqueue_time(span.task).map(|at| body.since(at)));
                }
            }
            // Sampling continues on the next lane at the same interval.
            next = (next + sample_stride - indices.len() % sample_stride) % sample_stride;
        }
        Self {
            sample_stride,
            service: Quantiles::from_values(&mut service),
            response: Quantiles::from_values(&mut response),
        }
    }
}

/// Returns the service times of the successful tasks of a run.
pub fn service_times(run: &Run) -> impl Iterator<Item = Nanos> + '_ {
    let spans = run.lanes().iter().flat_map(|lane| lane.spans().map(move |span| (lane, span)));
    let done = spans.filter(|(_, span)| run.is_success(span));
    done.filter_map(|(lane, span)| service_time(run, lane, &span))
}

/// Returns the service time of a finished attempt: for a request, from sending it to the last
/// byte of the body; for other tasks, from start to end.
pub fn service_time(run: &Run, lane: &Lane, span: &Span) -> Option<Nanos> {
    let (sent, body) = service_interval(run, lane, lane.attempt_index(span)?, span)?;
    Some(body.since(sent))
}

/// Returns the response time of a finished attempt: from entering the queue to the end of the
/// service time.
pub fn response_time(run: &Run, lane: &Lane, span: &Span) -> Option<Nanos> {
    let (_, body) = service_interval(run, lane, lane.attempt_index(span)?, span)?;
    Some(body.since(run.timing().enqueue_time(span.task)?))
}

/// Returns the interval in which a finished attempt was served.
pub(super) fn service_interval(
    run: &Run,
    lane: &Lane,
    index: usize,
    span: &Span,
) -> Option<(Nanos, Nanos)> {
    let end = span.end?;
    match run.plan().workload().kind() {
        TaskKind::Page => lane.request_times(index),
        _ => Some((span.start, end)),
    }
}

/// Both sides of Little's law, L = X R, over a run, from independent computations: the mean number of
/// requests in flight is the rate of requests times their mean duration (J. D. C. Little and S. C.
/// Graves, "Little's Law", 2008; over a finite time by P. J. Denning and J. P. Buzen, "The Operational
/// Analysis of Queueing Network Models", 1978).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LittlesLaw {
    /// L: the mean number of requests in flight, from the area under their curve.
    pub in_flight: f64,
    /// X: requests per second.
    pub rate: f64,
    /// R: the mean time that a request was in flight, in seconds, from the lanes' attempts.
    pub time: f64,
}

impl LittlesLaw {
    /// Evaluates the law from the start of a run until a moment. It is exact for complete requests;
    /// of requests in flight, the time until that moment counts. Returns `None` before the first
    /// request.
    pub fn for_run(run: &Run, until: Nanos) -> Option<Self> {
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let times = spans
            .filter(|span| span.start < until)
            .map(|span| span.end.unwrap_or(until).min(until).since(span.start).0);
        let (count, sum) =
            times.fold((0_u64, 0_u128), |(count, sum), time| (count + 1, sum + u128::from(time)));
        (count > 0).then(|| Self {
            in_flight: run.timing().in_flight_level().mean(Nanos::ZERO, until),
            rate: count as f64 / until.as_secs_f64(),
            time: sum as f64 / count as f64 / 1e9,
        })
    }

    /// Returns `true` if both sides are equal within the tolerance.
    pub fn holds(&self) -> bool {
        (self.in_flight - self.rate * self.time).abs()
            <= TOLERANCE * self.in_flight.max(f64::EPSILON)
    }
}
