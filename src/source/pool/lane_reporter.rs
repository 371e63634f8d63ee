//! The reporter of a lane, which every part of the pool sends its events through.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::Sender;

use super::request_timing::TimingObserver;
use crate::model::{Event, EventKind, LaneId, Nanos, State};
use crate::source::cancel_token::CancelToken;
use crate::source::clock::Clock;
use crate::source::gil::thread_state::ThreadState;

/// Timestamps and sends the events of a lane.
#[derive(Clone, Debug)]
pub struct LaneReporter {
    lane: LaneId,
    clock: Clock,
    start: Nanos,
    events: Sender<Event>,
    /// The thread's GIL state, `None` without a GIL. Events then acquire and release the GIL.
    thread: Option<Arc<ThreadState>>,
    timing_observer: Option<Arc<TimingObserver>>,
}

impl LaneReporter {
    /// Creates the reporter of `lane` in a run that started when `clock` read `start`.
    pub const fn new(lane: LaneId, clock: Clock, start: Nanos, events: Sender<Event>) -> Self {
        Self { lane, clock, start, events, thread: None, timing_observer: None }
    }

    /// Returns a reporter for another lane of the same run.
    #[must_use]
    pub fn for_lane(&self, lane: LaneId) -> Self {
        Self { lane, thread: None, timing_observer: None, ..self.clone() }
    }

    /// Returns a reporter for the same lane on a thread that needs the GIL to compute.
    pub(in crate::source) fn with_thread(&self, thread: Arc<ThreadState>) -> Self {
        Self { thread: Some(thread), ..self.clone() }
    }

    /// Returns a reporter for the same lane that also passes its events to `listener`.
    pub(in crate::source) fn with_observer(&self, timing_observer: Arc<TimingObserver>) -> Self {
        Self { timing_observer: Some(timing_observer), ..self.clone() }
    }

    /// The lane that this reports for.
    pub const fn lane(&self) -> LaneId {
        self.lane
    }

    /// Converts a time of the clock to the time since the run's start.
    pub const fn run_time(&self, clock: Nanos) -> Nanos {
        clock.since(self.start)
    }

    /// Sends an event that happens now. Under a GIL, first acquires the GIL if the lane is about to
    /// compute, and afterwards releases it if the lane does something else.
    pub fn send(&self, kind: EventKind) {
        match &self.thread {
            None => self.send_unsynchronized(kind),
            Some(thread) => thread.report_event(kind, |kind| self.send_unsynchronized(kind)),
        }
    }

    /// Sends an event that happens now, without acquiring or releasing the GIL.
    pub(in crate::source) fn send_unsynchronized(&self, kind: EventKind) {
        self.send_at(self.now(), kind);
    }

    /// Sends an event with a given time, such as one that a worker process timestamped.
    pub(in crate::source) fn send_at(&self, at: Nanos, kind: EventKind) {
        if let Some(timing_observer) = &self.timing_observer {
            timing_observer.observe(at, &kind);
        }
        // The receiver is gone once the screen shows another run.
        _ = self.events.send(Event { at, lane: self.lane, kind });
    }

    /// The time since the run's start.
    pub(in crate::source) fn now(&self) -> Nanos {
        self.run_time(self.clock.now())
    }

    /// The run's start on the machine-wide monotonic clock, or `None` if there is none.
    pub(in crate::source) fn zero(&self) -> Option<Nanos> {
        self.clock.zero().map(|zero| zero + self.start)
    }

    /// Reports that the lane enters `state` now.
    pub fn enter_state(&self, state: State) {
        self.send(EventKind::StateEntered { state });
    }

    /// The flag to poll between two turns of CPU work. While it is set, call [`Self::check_breaker`].
    pub fn breaker<'flag>(&'flag self, cancel: &'flag CancelToken) -> &'flag AtomicBool {
        self.thread.as_ref().map_or(cancel.flag(), |thread| thread.breaker())
    }

    /// Yields the GIL if another thread has requested it, and waits to get it back. Returns `false` if
    /// the run is being stopped.
    pub fn check_breaker(&self, cancel: &CancelToken) -> bool {
        match &self.thread {
            Some(thread) if !cancel.is_cancelled() => {
                thread.yield_gil(|kind| self.send_unsynchronized(kind))
            }
            _ => !cancel.is_cancelled(),
        }
    }
}
