//! The report of a panic on stderr. Its message may quote any text that the program held, so the secrets of
//! the session are removed from it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::thread;

use crate::model::printable::{escape_controls, lines};
use crate::source::panic_message;

/// Installs the report for the panics of all threads. `redact` removes the secrets from a text.
pub fn install(redact: impl Fn(&str) -> String + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        let report = describe_panic(info, &redact);
        // There is no other stream to report a failure on.
        _ = io::stderr().write_all(report.as_bytes());
    }));
}

/// Returns the report in the form that Rust programs have, with a backtrace if one was asked for with
/// `RUST_BACKTRACE`.
fn describe_panic(info: &PanicHookInfo<'_>, redact: &impl Fn(&str) -> String) -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let place = info.location().map_or_else(String::new, |location| format!(" at {location}"));
    let message = redact(panic_message(info.payload()).unwrap_or("no message"));
    let message: String = lines(&message).map(|line| escape_controls(line) + "\n").collect();
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => format!("stack backtrace:\n{backtrace}"),
        _ => String::new(),
    };
    format!("thread '{name}' panicked{place}:\n{message}{backtrace}")
}
