//! What looks at the threads of a watched program.

use std::time::Duration;

use crate::model::Event;

/// Looks at the threads of a program and tells of them in events.
pub(super) trait ThreadObserver {
    /// Reads what has happened since the last call and passes its events to `emit`.
    fn poll(&mut self, emit: &mut dyn FnMut(Event)) -> PollStatus;

    /// Ends the lives of all threads and the lanes. Called once, last.
    fn finish(&mut self, emit: &mut dyn FnMut(Event));
}

/// The state of a program after a look at its threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct PollStatus {
    /// The time until the next look is due.
    pub(super) wait: Duration,
    /// `false` once no thread of it lives any more.
    pub(super) threads_alive: bool,
}
