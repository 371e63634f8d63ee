//! The work of tasks: pages of followers, CPU work, the user's commands; under a GIL, or
//! in worker processes.

#[cfg(unix)]
pub(in crate::source) mod commands;
pub mod compute;
pub(in crate::source) mod followers;
pub(in crate::source) mod gil_job;
pub mod page_client;
pub mod pages;
pub mod process;
pub(in crate::source) mod requests;
