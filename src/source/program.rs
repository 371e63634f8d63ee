//! Programs that are watched from outside: processes of the system, in any language. What the kernel
//! records and reports about their threads ([`reading`]) is folded into events ([`thread_fold`]).
//!
//! ```text
//! held_program.rs: a program, stopped before its first instruction
//!     -> observer.rs: its threads, from the kernel's records or by regular looks
//!     -> program_source.rs: the run, which polls the observer until the program ends or is let go
//! ```
//!
//! `pseudo_terminal.rs` takes the program's output, `program_control.rs` what the user does to it.

#[cfg(target_os = "linux")]
mod accuracy_check;
#[cfg(target_os = "linux")]
pub mod accuracy_ladder;
mod cpu_quota;
#[cfg(target_os = "linux")]
pub mod held_program;
pub mod kernel_record;
#[cfg(target_os = "linux")]
mod launch_error;
#[cfg(target_os = "linux")]
pub mod observer;
pub mod proc_line;
#[cfg(target_os = "linux")]
pub mod process_table;
#[cfg(target_os = "linux")]
pub mod program_access;
#[cfg(target_os = "linux")]
pub mod program_control;
#[cfg(target_os = "linux")]
mod program_source;
#[cfg(target_os = "linux")]
mod program_streams;
#[cfg(target_os = "linux")]
pub mod pseudo_terminal;
pub mod python;
#[cfg(target_os = "linux")]
mod python_watch;
pub mod reading;
#[cfg(target_os = "linux")]
pub mod switch_records;
pub mod system_calls;
#[cfg(target_os = "linux")]
pub mod thread_files;
pub mod thread_fold;
#[cfg(target_os = "linux")]
pub mod thread_readers;
pub mod wait_reason;

#[cfg(target_os = "linux")]
pub use accuracy_check::{ProgramCheck, check_process};
#[cfg(target_os = "linux")]
pub use held_program::ProgramLaunch;
#[cfg(target_os = "linux")]
pub use launch_error::LaunchError;
#[cfg(target_os = "linux")]
pub use program_control::ProgramControl;
#[cfg(target_os = "linux")]
pub use program_source::{AccuracyChoice, ProgramSource, WatchTarget};
#[cfg(target_os = "linux")]
pub use program_streams::StreamRoutes;
#[cfg(target_os = "linux")]
pub use pseudo_terminal::TerminalSize;
