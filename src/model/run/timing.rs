//! How long requests took: to whoever sent them (service time), and to whoever put them into the queue
//! (response time). Under load the first hides what the second tells: requests wait before they are
//! sent, too.

use super::Run;
use crate::model::event::TaskId;
use crate::model::lane::{Lane, Span, Sums};
use crate::model::plan::Workload;
use crate::model::stats::Quantiles;
use crate::model::time::Nanos;

/// No more requests are looked at for quantiles, so that a frame's cost has a bound: of more, every
/// second, third, ... is.
const SAMPLE: usize = 1_000;

/// How long the requests took that went well in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// One of so many was looked at.
    pub every: usize,
    /// From sent to body.
    pub service: Option<Quantiles>,
    /// From queued to body.
    pub response: Option<Quantiles>,
}

impl Run {
    /// When a task was put into the queue.
    pub fn queued_at(&self, task: TaskId) -> Option<Nanos> {
        self.arrivals.of(task)
    }

    /// The service time of an attempt that is over: of a request for a page, from sent to body; of any
    /// other, from its start to its end.
    pub fn service(&self, lane: &Lane, span: &Span) -> Option<Nanos> {
        let (sent, body) = self.served(lane, lane.place_of(span)?, span)?;
        Some(body.since(sent))
    }

    /// The response time of an attempt that is over: from when its task was put into the queue to when
    /// its service was.
    pub fn response(&self, lane: &Lane, span: &Span) -> Option<Nanos> {
        let (_, body) = self.served(lane, lane.place_of(span)?, span)?;
        Some(body.since(self.queued_at(span.task)?))
    }

    /// When the attempt at a place was served.
    fn served(&self, lane: &Lane, place: usize, span: &Span) -> Option<(Nanos, Nanos)> {
        let end = span.end?;
        match self.plan.workload() {
            Workload::Profile | Workload::Followers => lane.exchange(place),
            _ => Some((span.start, end)),
        }
    }

    /// How long the requests took that ended in (from, to] and went well.
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
            // Every lane goes on counting where the one before ended.
            next = (next + every - places.len() % every) % every;
        }
        Times {
            every,
            service: Quantiles::of(&mut service),
            response: Quantiles::of(&mut response),
        }
    }

    /// Whether an attempt ended its task, and well.
    fn is_well(&self, span: &Span) -> bool {
        let failed = self.tasks.failed_attempts(span.task).len();
        self.tasks.is_done(span.task) && span.attempt as usize > failed
    }

    /// Time per state in [a, b), of all lanes together.
    pub fn between(&self, a: Nanos, b: Nanos) -> Sums {
        let mut sums = Sums::default();
        for lane in &self.lanes {
            for (sum, time) in sums.iter_mut().zip(lane.between(a, b)) {
                *sum = sum.saturating_add(time);
            }
        }
        sums
    }
}
