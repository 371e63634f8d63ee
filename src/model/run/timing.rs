//! The timing of a run: its load over time, and the times of its last events.

use crate::model::event::Gap;
use crate::model::identifiers::TaskId;
use crate::model::time::Nanos;
use crate::model::time_series::{CountSeries, LevelSeries, StepSeries};

/// The times of a run's events, and its tasks in the queue and in flight over time.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    events: u64,
    losses: Losses,
    pub(super) last_event: Nanos,
    /// The end of the last task.
    pub(super) last_finish: Nanos,
    /// The number of tasks that had entered the queue by each time; both increase.
    enqueued: Vec<(Nanos, u32)>,
    /// The total number of requests.
    expected: StepSeries,
    started: CountSeries,
    finished: CountSeries,
    max_in_flight: u32,
    max_queue_length: u32,
}

/// The losses of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The number of gaps.
    pub gaps: u32,
    /// The number of lost events.
    pub events: u64,
    /// The total duration of the gaps.
    pub time: Nanos,
}

impl Timing {
    pub(super) fn record_event(&mut self, at: Nanos) {
        self.events += 1;
        self.last_event = self.last_event.max(at);
    }

    /// Records that the first `tasks` tasks had entered the queue by `at`.
    pub(super) fn record_enqueued(&mut self, at: Nanos, tasks: u32) {
        let (last, so_far) = self.enqueued.last().copied().unwrap_or_default();
        if tasks > so_far {
            self.enqueued.push((at.max(last), tasks));
        }
    }

    /// Sets the total number of requests from `at` on.
    pub(super) fn set_expected(&mut self, at: Nanos, requests: u32) {
        self.expected.push_step(at, requests);
        let queue_length = requests.saturating_sub(self.request_count());
        self.max_queue_length = self.max_queue_length.max(queue_length);
    }

    /// Records the start of a request.
    pub(super) fn record_start(&mut self, at: Nanos) {
        self.started.push(at);
        self.max_in_flight = self.max_in_flight.max(self.in_flight());
    }

    /// Records the end of a request.
    pub(super) fn record_finish(&mut self, at: Nanos) {
        self.finished.push(at);
    }

    pub(super) fn record_gap(&mut self, gap: &Gap) {
        let Losses { gaps, events, time } = &mut self.losses;
        *gaps = gaps.saturating_add(1);
        *events = events.saturating_add(gap.lost);
        *time = Nanos(time.0.saturating_add(gap.to.since(gap.from).0));
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.enqueued.shrink_to_fit();
        self.started.shrink_to_fit();
        self.finished.shrink_to_fit();
    }

    /// The number of events so far.
    pub const fn event_count(&self) -> u64 {
        self.events
    }

    /// The events that were lost so far.
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// The number of requests, including retries.
    pub const fn request_count(&self) -> u32 {
        self.started.count()
    }

    /// The number of requests in flight.
    pub const fn in_flight(&self) -> u32 {
        self.started.count().saturating_sub(self.finished.count())
    }

    /// The number of tasks in flight over time.
    pub const fn in_flight_level(&self) -> LevelSeries<'_> {
        LevelSeries::new(&self.started, Some(&self.finished), self.max_in_flight)
    }

    /// The number of tasks in the queue over time.
    pub const fn queue_level(&self) -> LevelSeries<'_> {
        LevelSeries::new(&self.expected, Some(&self.started), self.max_queue_length)
    }

    /// Returns the time at which a task entered the queue.
    pub fn enqueue_time(&self, task: TaskId) -> Option<Nanos> {
        let before = self.enqueued.partition_point(|&(_, tasks)| tasks < task.0);
        self.enqueued.get(before).map(|&(at, _)| at)
    }
}
