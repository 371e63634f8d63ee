//! Programs that are watched from outside.

mod births;
mod gil;
#[cfg(target_os = "linux")]
mod live;
mod properties;
mod python;
#[cfg(target_os = "linux")]
mod refusals;
mod tape;
mod tapes;
mod waits;
