//! When a lane's last request went out and its answer was there, by the lane's own events: whichever
//! process makes it, and whoever holds the GIL.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Kind, Nanos, Quota, State};

/// One request and its answer, in moments of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    /// When the request went out on a connection that was there: to make one takes time of its own.
    pub(super) sent: Nanos,
    /// When its answer's body was in.
    pub(super) done: Nanos,
}

/// Listens to what a lane tells.
#[derive(Debug, Default)]
pub(super) struct Listener(Mutex<Heard>);

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    last: Exchange,
    receiving: bool,
    quota: Option<Quota>,
}

impl Listener {
    /// The lane tells this.
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

    /// The last request and its answer, and what that told of the quota.
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
    fn a_connection_that_is_made_and_the_work_on_the_answer_do_not_count() {
        let (sent, done) = (Nanos(30), Nanos(80));
        let begin = [(0, State::Waiting), (1, State::Connecting), (30, State::Waiting)];
        for then in [State::Computing, State::LockWait, State::HandOver] {
            let end = [(70, State::Receiving), (80, then), (90, State::Computing)];
            assert_eq!(heard(&[begin, end].concat()), Exchange { sent, done }, "{then:?}");
        }
    }

    #[test]
    fn the_last_request_counts() {
        let one = [(5, State::Waiting), (6, State::Receiving), (7, State::Computing)];
        let next = [(8, State::Waiting), (19, State::Receiving), (20, State::Computing)];
        let last = Exchange { sent: Nanos(8), done: Nanos(20) };
        assert_eq!(heard(&[one, next].concat()), last);
    }
}
