//! The query for the terminal's background, and until when the terminal owes its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::Nanos;

/// Asks for the background (OSC 11), then for the device attributes (DA1), which every terminal
/// answers: the second answer says that no other comes. OSC 11 ends with BEL, as urxvt would end its
/// answer with half a terminator otherwise. No passthrough: tmux answers by itself.
pub(super) const QUERY: &[u8] = b"\x1b]11;?\x07\x1b[c";

/// The maximum time that a terminal is given to answer before it goes to the shell: twice the round
/// trip of a slow line. Nothing else waits for the answers.
const MAX_ROUND_TRIP: Duration = Duration::from_millis(500);

/// The query that was sent last.
#[derive(Debug, Default)]
pub(super) struct BackgroundQuery {
    /// When it was sent; `None` once the terminal owes no answer.
    sent_at: Option<Nanos>,
    expected: AnswerFlag,
}

/// Tells the thread that reads the terminal to expect the answers to a query.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerFlag(Arc<AtomicBool>);

impl BackgroundQuery {
    /// Notes that the query is sent now.
    pub(super) fn send(&mut self, now: Nanos) {
        self.sent_at = Some(now);
        self.expected.0.store(true, Ordering::SeqCst);
    }

    /// Notes that the terminal has answered, or that nobody waits for that any more.
    pub(super) const fn close(&mut self) {
        self.sent_at = None;
    }

    /// Returns how long to wait for the answers, or `None` if none is due.
    pub(super) fn remaining(&self, now: Nanos) -> Option<Duration> {
        let elapsed = Duration::from(now.since(self.sent_at?));
        MAX_ROUND_TRIP.checked_sub(elapsed)
    }

    /// Returns the reading thread's side.
    pub(super) fn expected(&self) -> AnswerFlag {
        self.expected.clone()
    }
}

impl AnswerFlag {
    /// Returns whether a query was sent since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
