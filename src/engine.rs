//! The engine: worker threads that do tasks and report events over a channel.

mod attempts;
mod auto;
pub mod cancel;
pub mod clock;
#[cfg(unix)]
mod commands;
pub mod compute;
mod errand;
mod event_loop;
mod exchange;
mod feeder;
mod followers;
mod gate;
pub mod gil;
pub(crate) mod handle;
pub mod launcher;
mod ledger;
pub mod pool;
pub mod process;
mod room;
pub mod simulate;
pub mod task;

pub use cancel::Cancel;
pub use clock::Clock;
pub use gate::Permit;
pub use gil::Gil;
pub use gil::under::UnderGil;
pub use handle::{Never, RunHandle};
pub use launcher::{Jobs, Launcher};
pub use pool::start;
pub use room::Room;
pub use simulate::Pace;
pub use task::{Extent, Job, Report, Worker};
