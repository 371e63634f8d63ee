//! Sources of events: worker threads and processes, the simulator, and recordings.

pub mod cancel_token;
pub mod clock;
pub mod gil;
pub mod launcher;
mod machine_load;
pub mod pool;
pub mod program;
pub mod recording;
pub mod simulate;
pub mod tasks;

use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never};

use crate::model::{Event, Nanos};
pub use cancel_token::CancelToken;
pub use clock::Clock;
pub use gil::Gil;
pub use launcher::{JobProvider, Launcher};
pub use pool::lane_reporter::LaneReporter;
pub use pool::lane_slots::LaneSlots;
pub use pool::rate_limiter::Permit;
pub use pool::task_tracker::{TaskCount, TaskResult};
pub(crate) use pool::worker_thread::panic_message;
pub use pool::{FailedRun, Job, Pool, Worker};
pub use simulate::SimulatedRun;
pub use tasks::gil_job::GilJob;

/// A source of events that is ready to start. It may take the number of its events and tasks as
/// it comes: all that is known in advance is that its last event reports how it ended.
pub trait Source {
    /// Starts the source. A failure is reported by the last event, as any other end is.
    fn start(self, clock: &Clock) -> RunHandle;
}

/// The maximum time for a stopped run of workers to end.
const STOP_GRACE: Duration = Duration::from_millis(300);

/// A run in progress. Dropping the handle stops the run.
pub struct RunHandle {
    /// Kills what a stopped run that does not end in time leaves behind. `None` for a simulated run
    /// and for one that failed before any task was started.
    abandon: Option<Box<dyn Fn() + Send + Sync>>,
    /// The start of the run on the clock.
    started: Nanos,
    events: Receiver<Event>,
    over: Receiver<Never>,
    cancel: CancelToken,
    /// The maximum time for the run to end once it is stopped.
    stop_grace: Duration,
    /// The thread that ends last.
    thread: Option<JoinHandle<()>>,
}

/// A type without values: the message of a channel that can only be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl RunHandle {
    /// Returns the elapsed time of the run when the clock reads `now`.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        now.since(self.started)
    }

    /// The start of the run on the launcher's clock.
    pub const fn started(&self) -> Nanos {
        self.started
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

    /// The maximum time for the run to end once it is stopped.
    pub const fn stop_grace(&self) -> Duration {
        self.stop_grace
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
        let left = self.over.recv_timeout(self.stop_grace) == Err(RecvTimeoutError::Timeout);
        if let Some(abandon) = self.abandon.as_ref().filter(|_| left) {
            abandon();
        }
        if let Some(thread) = self.thread.take().filter(|_| !left) {
            // A panic on that thread has been reported already.
            _ = thread.join();
        }
    }
}
