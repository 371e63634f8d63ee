//! The timing of a lane's last request, taken from the lane's events: so it is the same whichever
//! process sends the request and whichever thread holds the GIL.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{EventKind, Nanos, Quota, State};

/// The timing of a request, as times since the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::source) struct RequestTiming {
    /// The time at which the request was sent, after any connection setup.
    pub(in crate::source) sent: Nanos,
    /// The time at which the response body was complete.
    pub(in crate::source) received: Nanos,
}

/// Observes the events of a lane.
#[derive(Debug, Default)]
pub(in crate::source) struct TimingObserver(Mutex<ObservedRequest>);

#[derive(Clone, Copy, Debug, Default)]
struct ObservedRequest {
    last: RequestTiming,
    receiving: bool,
    quota: Option<Quota>,
}

impl TimingObserver {
    /// Observes an event of the lane.
    pub(in crate::source) fn observe(&self, at: Nanos, kind: &EventKind) {
        let mut observed = self.observed();
        match kind {
            EventKind::QuotaReported(quota) => observed.quota = Some(*quota),
            EventKind::StateEntered { state: State::Waiting } => {
                (observed.last, observed.receiving) =
                    (RequestTiming { sent: at, received: at }, false);
            }
            EventKind::StateEntered { state: State::Receiving } => observed.receiving = true,
            EventKind::StateEntered { .. } if std::mem::take(&mut observed.receiving) => {
                observed.last.received = at;
            }
            _ => {}
        }
    }

    /// Returns the timing of the last request, and the quota last reported.
    pub(in crate::source) fn last(&self) -> (RequestTiming, Option<Quota>) {
        let ObservedRequest { last, quota, .. } = *self.observed();
        (last, quota)
    }

    fn observed(&self) -> MutexGuard<'_, ObservedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe_states(states: &[(u64, State)]) -> RequestTiming {
        let timing_observer = TimingObserver::default();
        for &(at, state) in states {
            timing_observer.observe(Nanos(at), &EventKind::StateEntered { state });
        }
        timing_observer.last().0
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
