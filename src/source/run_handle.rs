//! The handle of a run in progress: its events, its time and its end.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never};
use tokio::sync::watch;

use super::cancel_token::CancelToken;
use super::pool::task::Job;
use super::simulate::{Pace, VirtualTime};
use crate::model::{Event, Nanos};

/// The maximum time for a stopped run to end.
pub(crate) const STOP_GRACE: Duration = Duration::from_millis(300);

/// A run in progress. Dropping the handle stops the run.
pub struct RunHandle {
    /// `None` for a simulated run and for one that failed before any task was started.
    pub(super) job: Option<Arc<dyn Job>>,
    pub(super) time: RunTime,
    pub(super) events: Receiver<Event>,
    pub(super) over: Receiver<Never>,
    pub(super) cancel: CancelToken,
    /// The thread that ends last.
    pub(super) thread: Option<JoinHandle<()>>,
}

/// The source of a run's own time.
#[derive(Debug)]
pub(super) enum RunTime {
    /// The clock, from the run's start on.
    Real { started: Nanos },
    /// Virtual time, which the playback drives.
    Virtual(watch::Sender<VirtualTime>),
}

/// A type without values: the message of a channel that can only be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl RunHandle {
    /// Returns the run's own time when the clock reads `now`. For a simulated run, this is at most the
    /// time up to which it has been computed, and at most its end.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        match &self.time {
            RunTime::Real { started } => now.since(*started),
            RunTime::Virtual(virtual_time) => virtual_time.borrow().run_time_at(now),
        }
    }

    /// Changes the pace of a simulated run from `now` on. Has no effect on a real run.
    pub fn set_pace(&self, pace: Pace, now: Nanos) {
        if let RunTime::Virtual(virtual_time) = &self.time {
            virtual_time.send_modify(|virtual_time| virtual_time.set_pace(pace, now));
        }
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
        if let Some(job) = self.job.as_ref().filter(|_| left) {
            job.abandon();
        }
        if let Some(thread) = self.thread.take().filter(|_| !left) {
            // A panic on that thread has been reported already.
            _ = thread.join();
        }
    }
}
