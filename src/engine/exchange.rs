//! The timing of a lane's last request, taken from the lane's events: so it is the same whichever
//! process sends the request and whichever thread holds the GIL.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Kind, Nanos, Quota, State};

/// The timing of a request, as times since the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The time at which the request was sent, after any connection setup.
    pub(super) sent: Nanos,
    /// The time at which the response body was complete.
    pub(super) done: Nanos,
}

/// Observes the events of a lane.
#[derive(Debug, Default)]
pub(super) struct Listener(Mutex<Heard>);

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    last: Exchange,
    receiving: bool,
    quota: Option<Quota>,
}

impl Listener {
    /// Observes an event of the lane.
    pub(super) fn hear(&self, at: Nanos, kind: &Kind) {
        let mut heard = self.heard();
        match kind {
            Kind::Quota(quota) => heard.quota = Some(*quota),
            Kind::Entered { state: State::Waiting } => {
                (heard.last, heard.receiving) = (Exchange { sent: at, done: at }, false);
            }
            Kind::Entered { state: State::Receiving } => heard.receiving = true,
            Kind::Entered { .. } if std::mem::take(&mut heard.receiving) => heard.last.done = at,
            _ => {}
        }
    }

    /// Returns the timing of the last request, and the quota last reported.
    pub(super) fn last(&self) -> (Exchange, Option<Quota>) {
        let Heard { last, quota, .. } = *self.heard();
        (last, quota)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(states: &[(u64, State)]) -> Exchange {
        let listener = Listener::default();
        for &(at, state) in states {
            listener.hear(Nanos(at), &Kind::Entered { state });
        }
        listener.last().0
    }

    #[test]
    fn connection_setup_and_parsing_are_excluded() {
        let (sent, done) = (Nanos(30), Nanos(80));
        let begin = [(0, State::Waiting), (1, State::Connecting), (30, State::Waiting)];
        for then in [State::Computing, State::LockWait, State::HandOver] {
            let end = [(70, State::Receiving), (80, then), (90, State::Computing)];
            assert_eq!(heard(&[begin, end].concat()), Exchange { sent, done }, "{then:?}");
        }
    }

    #[test]
    fn last_request_is_returned() {
        let one = [(5, State::Waiting), (6, State::Receiving), (7, State::Computing)];
        let next = [(8, State::Waiting), (19, State::Receiving), (20, State::Computing)];
        let last = Exchange { sent: Nanos(8), done: Nanos(20) };
        assert_eq!(heard(&[one, next].concat()), last);
    }
}
