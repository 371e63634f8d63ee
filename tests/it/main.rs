//! The program and the library without a terminal; a module for each area.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "../common/app_driver.rs"]
mod app_driver;
#[path = "../common/builtin_server.rs"]
mod builtin_server;
#[path = "../common/clean_command.rs"]
mod clean_command;
#[cfg(unix)]
#[path = "../common/exec_commands.rs"]
mod exec_commands;
#[path = "../common/fabricated_runs.rs"]
mod fabricated_runs;
#[path = "../common/fault_relay.rs"]
mod fault_relay;
#[path = "../common/peer.rs"]
mod peer;
#[path = "../common/samples.rs"]
mod samples;
#[path = "../common/scripted_program.rs"]
mod scripted_program;
#[path = "../common/scripted_server.rs"]
mod scripted_server;
#[path = "../common/source.rs"]
mod source;
#[path = "../common/stub_server.rs"]
mod stub_server;

mod architecture;
mod circles;
mod cli;
mod client;
#[cfg(unix)]
mod decoder;
mod engine;
mod exec;
mod export;
mod faults;
mod fold;
mod fuzz;
mod gil;
mod golden;
#[cfg(unix)]
mod learn;
mod lessons;
mod pages;
mod palette;
mod process;
mod program;
mod readme;
mod recording;
mod refusals;
mod scaling;
mod screens;
mod server;
mod session;
mod simulate;
mod text;
mod verdict;
mod viewport;
#[cfg(target_os = "linux")]
mod watch;
mod words;
mod workloads;
