//! Programs that are watched from outside: processes of the system, in any language. What the kernel
//! records and reports about their threads ([`reading`]) is folded into events ([`thread_fold`]).

#[cfg(target_os = "linux")]
pub mod accuracy_ladder;
pub mod kernel_record;
#[cfg(target_os = "linux")]
pub mod observer;
pub mod proc_line;
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
