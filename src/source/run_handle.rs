//! The handle of a run in progress: its events, its time and its end.

use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never};

use super::cancel_token::CancelToken;
use crate::model::{Event, Nanos};

/// The maximum time for a stopped run to end.
pub(crate) const STOP_GRACE: Duration = Duration::from_millis(300);

/// A run in progress. Dropping the handle stops the run.
pub struct RunHandle {
    /// Kills what a stopped run that does not end in time leaves behind. `None` for a simulated run
    /// and for one that failed before any task was started.
    pub(super) abandon: Option<Box<dyn Fn() + Send + Sync>>,
    /// The start of the run on the clock.
    pub(super) started: Nanos,
    pub(super) events: Receiver<Event>,
    pub(super) over: Receiver<Never>,
    pub(super) cancel: CancelToken,
    /// The thread that ends last.
    pub(super) thread: Option<JoinHandle<()>>,
}

/// A type without values: the message of a channel that can only be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl RunHandle {
    /// Returns the elapsed time of the run when the clock reads `now`.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        now.since(self.started)
    }

    /// The events of the run. The channel closes after the last one.
    pub const fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// A channel that closes once the last event has been sent, so that a caller that takes events in
    /// batches notices the end at once.
    pub const fn over(&self) -> &Receiver<Never> {
        &self.over
    }

    /// Stops the run: cancels requests in flight, and the run's last event follows.
    pub fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.stop();
        // Releases a run that waits for space in the channel.
        self.events = never();
        // A busy worker may not notice the stop in time: it is then left to itself.
        let left = self.over.recv_timeout(STOP_GRACE) == Err(RecvTimeoutError::Timeout);
        if let Some(abandon) = self.abandon.as_ref().filter(|_| left) {
            abandon();
        }
        if let Some(thread) = self.thread.take().filter(|_| !left) {
            // A panic on that thread has been reported already.
            _ = thread.join();
        }
    }
}
