//! Tests of what the system does not permit everywhere.

use std::io::Write as _;

/// Tells that a test holds nothing here, and why. Written past the test harness, which shows the stderr
/// of failed tests alone: `grep -c ^skipped:` counts them.
#[expect(clippy::explicit_write, reason = "the harness captures what `eprintln!` writes")]
pub(crate) fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    writeln!(std::io::stderr(), "skipped: {test}: {reason}").unwrap();
}
