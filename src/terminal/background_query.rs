//! The query for the terminal's background, and the time limit for its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::Nanos;

/// The query for the background (OSC 11), followed by one for the device attributes (DA1). Every
/// terminal answers DA1, so its answer marks the end. OSC 11 ends with BEL, because urxvt would
/// otherwise end its answer with half a terminator. There is no passthrough, because tmux answers
/// itself.
pub(crate) const QUERY: &[u8] = b"\x1b]11;?\x07\x1b[c";

/// The maximum time to wait for answers before the terminal is returned to the shell: twice the round
/// trip of a slow line. Nothing else waits for the answers.
const MAX_ROUND_TRIP: Duration = Duration::from_millis(500);

/// The latest query.
#[derive(Debug, Default)]
pub(crate) struct BackgroundQuery {
    /// The time at which it was sent, or `None` if no answer is pending.
    sent_at: Option<Nanos>,
    expected: AnswerFlag,
}

/// A flag that makes the reading thread expect the answers to a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerFlag(Arc<AtomicBool>);

impl BackgroundQuery {
    /// Records that the query is sent now.
    pub(crate) fn send(&mut self, now: Nanos) {
        self.sent_at = Some(now);
        self.expected.0.store(true, Ordering::SeqCst);
    }

    /// Records that the terminal has answered, or that the answer is no longer needed.
    pub(crate) const fn close(&mut self) {
        self.sent_at = None;
    }

    /// Returns the remaining time to wait for answers, or `None` if none is pending.
    pub(crate) fn remaining(&self, now: Nanos) -> Option<Duration> {
        let elapsed = Duration::from(now.since(self.sent_at?));
        MAX_ROUND_TRIP.checked_sub(elapsed)
    }

    /// Returns the flag for the reading thread.
    pub(crate) fn expected(&self) -> AnswerFlag {
        self.expected.clone()
    }
}

impl AnswerFlag {
    /// Returns whether a query was sent since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
