//! Makes things happen: worker threads that do tasks and report events over a channel.

mod attempts;
pub mod cancel;
pub mod clock;
#[cfg(unix)]
mod commands;
pub mod compute;
mod event_loop;
mod feeder;
mod followers;
mod gate;
pub mod gil;
pub mod launcher;
mod ledger;
pub mod pool;
pub mod task;

pub use cancel::Cancel;
pub use clock::Clock;
pub use gil::Gil;
pub use gil::under::UnderGil;
pub use launcher::{Jobs, Launcher};
pub use pool::{RunHandle, start};
pub use task::{Extent, Job, Report, Worker};
