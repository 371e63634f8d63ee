//! Makes things happen: worker threads that do tasks and report events over a channel.

pub mod cancel;
pub mod clock;
pub mod followers;
pub mod launcher;
mod ledger;
pub mod pool;
pub mod task;

pub use cancel::Cancel;
pub use clock::Clock;
pub use followers::GithubJob;
pub use launcher::{Jobs, Launcher};
pub use pool::{RunHandle, start};
pub use task::{Extent, Job, Report, Worker};
