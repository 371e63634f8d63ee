//! Programs that are watched from outside.

mod births;
mod gil;
#[cfg(target_os = "linux")]
mod live;
mod properties;
mod python;
#[cfg(target_os = "linux")]
mod refusals;
#[cfg(target_os = "linux")]
pub(crate) mod skipped;
mod tape;
mod tapes;
#[cfg(target_os = "linux")]
mod timed_threads;
#[cfg(target_os = "linux")]
mod truth;
mod waits;
