//! Sources of events: worker threads and processes, the simulator, and recordings.

pub mod cancel_token;
pub mod clock;
pub(crate) mod event_loop;
pub mod gil;
pub mod launcher;
pub mod pool;
pub mod recording;
pub(crate) mod run_handle;
pub mod simulate;
pub mod tasks;

pub use cancel_token::CancelToken;
pub use clock::Clock;
pub use gil::Gil;
pub use launcher::{JobProvider, Launcher};
pub use pool::lane_reporter::LaneReporter;
pub use pool::lane_slots::LaneSlots;
pub use pool::rate_limiter::Permit;
pub use pool::task::{Job, TaskCount, Worker};
pub use pool::{FailedRun, Pool};
pub use run_handle::{Never, RunHandle};
pub use simulate::SimulatedRun;
pub use tasks::gil_job::GilJob;

/// A source of events that is ready to start. It may take the number of its events and tasks as
/// it comes: all that is known in advance is that its last event reports how it ended.
pub trait Source {
    /// Starts the source. A failure is reported by the last event, as any other end is.
    fn start(self, clock: &Clock) -> RunHandle;
}
