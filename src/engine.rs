//! The engine: worker threads that do tasks and report events over a channel.

mod adaptive_limit;
pub mod cancel_token;
pub mod clock;
#[cfg(unix)]
mod commands;
pub mod compute;
mod event_loop;
pub mod gil;
mod github_job;
mod github_request;
mod lane_slots;
pub mod launcher;
pub mod pool;
pub mod process;
mod rate_limiter;
mod request_timing;
mod retry_loop;
pub(crate) mod run_handle;
pub mod simulate;
pub mod task;
mod task_tracker;

pub use cancel_token::CancelToken;
pub use clock::Clock;
pub use gil::Gil;
pub use gil::gil_job::GilJob;
pub use lane_slots::LaneSlots;
pub use launcher::{JobProvider, Launcher};
pub use pool::start;
pub use rate_limiter::Permit;
pub use run_handle::{Never, RunHandle};
pub use simulate::Pace;
pub use task::{Job, LaneReporter, TaskCount, Worker};
