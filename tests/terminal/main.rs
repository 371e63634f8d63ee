//! Runs the program in a pseudo-terminal: keys, signals, resizes, and the restored terminal.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "../common/peer.rs"]
#[expect(dead_code, reason = "only the tests of the client script every step")]
mod peer;
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "only a benchmark reads the CPU time")]
mod pty;

#[path = "../common/builtin_server.rs"]
mod builtin_server;
#[path = "../common/exec_commands.rs"]
mod exec_commands;
#[path = "../common/fault_relay.rs"]
#[expect(dead_code, reason = "only the tests of error messages ask for the port")]
mod fault_relay;

mod background_query;
mod blocked_terminal;
mod drawing;
mod escape_injection;
mod exec;
mod exec_termination;
mod exit_and_suspend;
mod export_menu;
mod input_stress;
mod learn;
mod lists;
mod main_screen;
mod mouse;
mod open_file_limit;
mod pager;
mod preferences;
mod progress;
mod recording;
mod search_and_compare;
mod slow_motion;
mod span_selection;
mod stopping;
mod sweep_confirmation;
mod token;
#[cfg(target_os = "linux")]
mod watch;

use std::time::Duration;

use pty::{Pty, PtyExit, SHOW_CURSOR};
use threadline::server::{Latency, Server};

const WIDE: (u16, u16) = (120, 36);
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// The verdict on the screen after a race without errors.
const RACE_SUMMARY: &str = "Both got the same 127 followers";

/// Starts a server that answers within milliseconds.
fn fast_server() -> Server {
    let (latency, jitter) = (Duration::from_millis(8), Duration::from_millis(2));
    start_server(Latency::Uniform { latency, jitter, seed: 1 })
}

/// Starts a server that never answers a page: runs last until they are stopped.
fn stalled_server() -> Server {
    let profile = r#"{ "profile_ms": 1, "pages": [{ "wait_ms": 3600000, "receive_ms": 0 }] }"#;
    start_server(Latency::Profile(serde_json::from_str(profile).expect("a latency profile")))
}

/// Starts a server that answers two pages and never the third.
fn server_stalled_at_page_3() -> Server {
    let fast = r#"{ "wait_ms": 1, "receive_ms": 0 }"#;
    let never = r#"{ "wait_ms": 3600000, "receive_ms": 0 }"#;
    let profile = format!(r#"{{ "profile_ms": 1, "pages": [{fast}, {fast}, {never}] }}"#);
    start_server(Latency::Profile(serde_json::from_str(&profile).expect("a latency profile")))
}

fn start_server(latency: Latency) -> Server {
    builtin_server::faulty_with_latency(127, latency, "")
}

/// Starts threadline with these arguments on a terminal of the default size.
fn start(arguments: &[&str]) -> Pty {
    Pty::start(env!("CARGO_BIN_EXE_threadline"), arguments, &[], DEFAULT_SIZE)
}

/// Starts threadline with `server` as its API, on a terminal of this size.
fn start_with(
    server: &Server,
    arguments: &[&str],
    variables: &[(&str, &str)],
    size: (u16, u16),
) -> Pty {
    start_at(&server.url(), arguments, variables, size)
}

/// Starts threadline with the API at this URL, on a terminal of this size.
fn start_at(url: &str, arguments: &[&str], variables: &[(&str, &str)], size: (u16, u16)) -> Pty {
    let mut all = vec!["aaronlelevier", "--api-url", url];
    all.extend(arguments);
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &all, variables, size)
}

/// Starts a race on a wide terminal with true colour.
fn start_race(server: &Server) -> Pty {
    start_with(server, &["--theme", "dark"], &[("COLORTERM", "truecolor")], WIDE)
}

/// Starts a race and waits until its first run is active; `server` must never finish it.
fn start_running_race(server: &Server) -> Pty {
    let pty = start_race(server);
    pty.wait_text("one page after another");
    pty.wait_text("p1");
    pty
}

/// Asserts that the program left the verdict and the totals of a race on the main screen.
fn assert_race_stays_after_screen(exit: &PtyExit) {
    let rows: Vec<&str> = exit.screen.lines().map(str::trim_end).collect();
    let mut first = rows.iter();
    let (verdict, check) = first.next().zip(first.next()).expect("a verdict and its check");
    assert!(verdict.starts_with("5 threads were ") && verdict.ends_with('.'), "{rows:?}");
    assert!(check.contains("got the same 127 followers"), "{rows:?}");
    for mode in ["sequential ", "threads (no GIL) x5 "] {
        let row = rows.iter().find(|row| row.starts_with(mode)).expect(mode);
        assert!(row.contains(" 5/5 ") && row.contains(" 127 "), "{row}");
    }
}

/// Asserts that the program wrote nothing after it had left the alternate screen.
fn assert_no_output_after_screen(exit: &PtyExit) {
    assert_eq!(exit.output_after_screen(), SHOW_CURSOR, "output after the alternate screen");
    assert_eq!(exit.screen.trim(), "", "the main screen");
}
