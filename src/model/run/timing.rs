//! The times of requests: service time, as seen by the sender, and response time, which includes
//! the wait in the queue. Under load, service time alone hides that wait.

use super::Run;
use crate::model::event::TaskId;
use crate::model::lane::{Lane, Span, Sums};
use crate::model::plan::Workload;
use crate::model::stats::Quantiles;
use crate::model::time::Nanos;

/// The maximum number of requests that are sampled for quantiles, which bounds the cost of a frame.
/// Of more requests, every second, third, and so on is sampled.
const SAMPLE: usize = 1_000;

/// The times of the successful requests in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The sampling interval: one request in this number was sampled.
    pub every: usize,
    /// From sending the request to the last byte of the body.
    pub service: Option<Quantiles>,
    /// From entering the queue to the last byte of the body.
    pub response: Option<Quantiles>,
}

impl Run {
    /// Returns the time at which a task entered the queue.
    pub fn queued_at(&self, task: TaskId) -> Option<Nanos> {
        self.arrivals.of(task)
    }

    /// Returns the service time of a finished attempt: for a request, from sending it to the last
    /// byte of the body; for other tasks, from start to end.
    pub fn service(&self, lane: &Lane, span: &Span) -> Option<Nanos> {
        let (sent, body) = self.served(lane, lane.place_of(span)?, span)?;
        Some(body.since(sent))
    }

    /// Returns the response time of a finished attempt: from entering the queue to the end of the
    /// service time.
    pub fn response(&self, lane: &Lane, span: &Span) -> Option<Nanos> {
        let (_, body) = self.served(lane, lane.place_of(span)?, span)?;
        Some(body.since(self.queued_at(span.task)?))
    }

    /// The interval in which an attempt was served.
    fn served(&self, lane: &Lane, place: usize, span: &Span) -> Option<(Nanos, Nanos)> {
        let end = span.end?;
        match self.plan.workload() {
            Workload::Profile | Workload::Followers => lane.exchange(place),
            _ => Some((span.start, end)),
        }
    }

    /// Returns the times of the successful requests that ended in (from, to].
    pub fn times(&self, from: Nanos, to: Nanos) -> Times {
        let places: Vec<_> = self.lanes.iter().map(|lane| (lane, lane.places(from, to))).collect();
        let all: usize = places.iter().map(|(_, places)| places.len()).sum();
        let every = all.div_ceil(SAMPLE).max(1);
        let (mut service, mut response) = (Vec::new(), Vec::new());
        let mut next = 0;
        for (lane, places) in places {
            for place in places.clone().skip(next).step_by(every) {
                let ended = |span: &Span| span.end.is_some_and(|end| from < end && end <= to);
                let span = lane.span(place).filter(ended).filter(|span| self.is_well(span));
                let Some(span) = span else { continue };
                if let Some((sent, body)) = self.served(lane, place, &span) {
                    service.push(body.since(sent));
                    response.extend(self.queued_at(span.task).map(|at| body.since(at)));
                }
            }
            // Sampling continues on the next lane at the same interval.
            next = (next + every - places.len() % every) % every;
        }
        Times {
            every,
            service: Quantiles::of(&mut service),
            response: Quantiles::of(&mut response),
        }
    }

    /// Returns `true` if an attempt ended its task successfully.
    fn is_well(&self, span: &Span) -> bool {
        let failed = self.tasks.failed_attempts(span.task).len();
        self.tasks.is_done(span.task) && span.attempt as usize > failed
    }

    /// The time in each state in [a, b), summed over all lanes.
    pub fn between(&self, a: Nanos, b: Nanos) -> Sums {
        let mut sums = Sums::default();
        // A run that ended before `a` adds nothing.
        let lanes = if a < b { self.lanes.as_slice() } else { &[] };
        for lane in lanes {
            for (sum, time) in sums.iter_mut().zip(lane.between(a, b)) {
                *sum = sum.saturating_add(time);
            }
        }
        sums
    }
}
