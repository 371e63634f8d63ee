//! The reporter of a lane, which every part of the pool sends its events through, and the timing of the
//! lane's last request, which is taken from these events: so it is the same whichever process sends the
//! request and whichever thread holds the GIL.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

use crate::github::ApiObserver;
use crate::http::RequestObserver;
use crate::model::{Event, EventKind, LaneId, Nanos, Quota, State};
use crate::source::cancel_token::CancelToken;
use crate::source::clock::Clock;
use crate::source::gil::ThreadState;

/// Timestamps and sends the events of a lane.
#[derive(Clone, Debug)]
pub struct LaneReporter {
    lane: LaneId,
    clock: Clock,
    start: Nanos,
    events: Sender<Event>,
    /// The thread's GIL state, `None` without a GIL. Events then acquire and release the GIL.
    thread: Option<Arc<ThreadState>>,
    /// The last request of the lane, if it sends requests.
    last_request: Option<Arc<Mutex<ObservedRequest>>>,
}

impl LaneReporter {
    /// Creates the reporter of `lane` in a run that started when `clock` read `start`.
    pub const fn new(lane: LaneId, clock: Clock, start: Nanos, events: Sender<Event>) -> Self {
        Self { lane, clock, start, events, thread: None, last_request: None }
    }

    /// Returns a reporter for another lane of the same run.
    #[must_use]
    pub fn for_lane(&self, lane: LaneId) -> Self {
        Self { lane, thread: None, last_request: None, ..self.clone() }
    }

    /// Returns a reporter for the same lane on a thread that needs the GIL to compute.
    pub(in crate::source) fn with_thread(&self, thread: Arc<ThreadState>) -> Self {
        Self { thread: Some(thread), ..self.clone() }
    }

    /// Returns a reporter for the same lane that also observes its requests.
    pub(in crate::source) fn with_request_timing(&self) -> Self {
        Self { last_request: Some(Arc::default()), ..self.clone() }
    }

    /// The last request of the lane, as far as its events show it.
    pub(in crate::source) fn last_request(&self) -> ObservedRequest {
        let observed = self.last_request.as_ref();
        observed.map_or_else(ObservedRequest::default, |observed| *lock(observed))
    }

    /// The clock of the run.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
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
        if let Some(last_request) = &self.last_request {
            lock(last_request).observe(at, &kind);
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

impl RequestObserver for LaneReporter {
    fn enter_state(&self, state: State) {
        Self::enter_state(self, state);
    }
}

impl ApiObserver for LaneReporter {
    fn record_quota(&self, quota: Quota) {
        self.send(EventKind::QuotaReported(quota));
    }
}

/// The timing of a request, as times since the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestTiming {
    /// The time at which the request was sent, after any connection setup.
    pub(super) sent: Nanos,
    /// The time at which the response body was complete.
    pub(super) received: Nanos,
}

/// The last request of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::source) struct ObservedRequest {
    pub(super) timing: RequestTiming,
    /// The quota last reported.
    pub(in crate::source) quota: Option<Quota>,
    is_receiving: bool,
}

impl ObservedRequest {
    /// Observes an event of the lane.
    fn observe(&mut self, at: Nanos, kind: &EventKind) {
        match kind {
            EventKind::QuotaReported(quota) => self.quota = Some(*quota),
            EventKind::StateEntered { state: State::Waiting } => {
                self.timing = RequestTiming { sent: at, received: at };
                self.is_receiving = false;
            }
            EventKind::StateEntered { state: State::Receiving } => self.is_receiving = true,
            EventKind::StateEntered { .. } if std::mem::take(&mut self.is_receiving) => {
                self.timing.received = at;
            }
            _ => {}
        }
    }
}

fn lock(observed: &Mutex<ObservedRequest>) -> MutexGuard<'_, ObservedRequest> {
    observed.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe_states(states: &[(u64, State)]) -> RequestTiming {
        let mut observed = ObservedRequest::default();
        for &(at, state) in states {
            observed.observe(Nanos(at), &EventKind::StateEntered { state });
        }
        observed.timing
    }

    #[test]
    fn connection_setup_and_parsing_are_excluded() {
        let (sent, received) = (Nanos(30), Nanos(80));
        let begin = [(0, State::Waiting), (1, State::Connecting), (30, State::Waiting)];
        for then in [State::Computing, State::LockWait, State::HandOver] {
            let end = [(70, State::Receiving), (80, then), (90, State::Computing)];
            assert_eq!(
                observe_states(&[begin, end].concat()),
                RequestTiming { sent, received },
                "{then:?}"
            );
        }
    }

    #[test]
    fn last_request_is_returned() {
        let one = [(5, State::Waiting), (6, State::Receiving), (7, State::Computing)];
        let next = [(8, State::Waiting), (19, State::Receiving), (20, State::Computing)];
        let last = RequestTiming { sent: Nanos(8), received: Nanos(20) };
        assert_eq!(observe_states(&[one, next].concat()), last);
    }
}
