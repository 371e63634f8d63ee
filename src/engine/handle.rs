//! A run that goes on: its events, its time, its end.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never};
use tokio::sync::watch;

use super::cancel::Cancel;
use super::simulate::{Course, Pace};
use super::task::Job;
use crate::model::{Event, Nanos};

/// How long a run that is stopped may take to end.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// A run that goes on. Dropping it stops the run.
pub struct RunHandle {
    /// Nothing in a run that is simulated, or failed before anything was begun.
    pub(super) job: Option<Arc<dyn Job>>,
    pub(super) time: Time,
    pub(super) events: Receiver<Event>,
    pub(super) over: Receiver<Never>,
    pub(super) cancel: Cancel,
    /// What ends last of it.
    pub(super) thread: Option<JoinHandle<()>>,
}

/// What a run's own time is.
#[derive(Debug)]
pub(super) enum Time {
    /// The clock's, from this moment on.
    Real { started: Nanos },
    /// One that passes as it is told.
    Virtual(watch::Sender<Course>),
}

/// Nothing is ever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl RunHandle {
    /// The run's own time when the clock that it was started with stands at `now`: of a simulated run
    /// never more than is computed, nor later than its end.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        match &self.time {
            Time::Real { started } => now.since(*started),
            Time::Virtual(course) => course.borrow().at(now),
        }
    }

    /// A simulated run goes on at this pace from `now` on; a real one has its own.
    pub fn set_pace(&self, pace: Pace, now: Nanos) {
        if let Time::Virtual(course) = &self.time {
            course.send_modify(|course| course.set_pace(pace, now));
        }
    }

    /// What happens in it. The channel closes when nothing more will.
    pub const fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Closes once the last event is in the channel: for whoever takes events in batches, at moments
    /// of their own, and must still know the end at once.
    pub const fn over(&self) -> &Receiver<Never> {
        &self.over
    }

    /// Stops it: requests in flight end now, and the run's last event follows.
    pub fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.stop();
        // Nobody listens any more: a run that waits for room in the channel need not.
        self.events = never();
        // A server may keep a worker busy, so that it does not get to see the stop: it is left to
        // itself then. Nothing is ever sent: the channel closes.
        let left = self.over.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout);
        if let Some(job) = self.job.as_ref().filter(|_| left) {
            job.abandon();
        }
        if let Some(thread) = self.thread.take().filter(|_| !left) {
            // A panic on that thread has nothing to add here.
            _ = thread.join();
        }
    }
}
