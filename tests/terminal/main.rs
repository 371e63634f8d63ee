//! The program itself in a terminal.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/peer.rs"]
#[expect(dead_code, reason = "what breaks a connection is played by the built-in server here")]
mod peer;
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "CPU time is read by a benchmark alone")]
mod pty;

#[path = "../common/builtin_server.rs"]
mod builtin_server;

mod answering;
mod closely;
mod consent;
mod drawing;
mod escapes;
mod exporting;
mod few_files;
mod floods;
mod home;
mod leaving;
mod looking_up;
mod mouse;
mod paging;
mod recording;
mod slow_motion;
mod stopping;
mod stuck;
mod token;

use std::time::Duration;

use pty::{Pty, PtyExit, SHOW_CURSOR};
use threadline::github::server::{Latency, Server};

const WIDE: (u16, u16) = (120, 36);
const USUAL: (u16, u16) = (80, 24);

/// What the screen says when a race has gone well.
const SAME: &str = "same 127 followers, same order";

/// A server that answers within milliseconds.
fn quick() -> Server {
    let (latency, jitter) = (Duration::from_millis(8), Duration::from_millis(2));
    serve(Latency::Uniform { latency, jitter, seed: 1 })
}

/// A server whose pages never come: runs go on until they are stopped.
fn endless() -> Server {
    let profile = r#"{ "profile_ms": 1, "pages": [{ "wait_ms": 3600000, "receive_ms": 0 }] }"#;
    serve(Latency::Profile(serde_json::from_str(profile).expect("a latency profile")))
}

/// A server whose third page never comes.
fn two_pages() -> Server {
    let (soon, never) = (r#"{ "wait_ms": 1, "receive_ms": 0 }"#, 3_600_000);
    let never = format!(r#"{{ "wait_ms": {never}, "receive_ms": 0 }}"#);
    let profile = format!(r#"{{ "profile_ms": 1, "pages": [{soon}, {soon}, {never}] }}"#);
    serve(Latency::Profile(serde_json::from_str(&profile).expect("a latency profile")))
}

fn serve(latency: Latency) -> Server {
    builtin_server::late_and_faulty(127, latency, "")
}

/// threadline with these arguments on a usual terminal.
fn threadline(arguments: &[&str]) -> Pty {
    Pty::start(env!("CARGO_BIN_EXE_threadline"), arguments, &[], USUAL)
}

/// threadline, asking `server`, on a terminal of this size.
fn ask_with(
    server: &Server,
    arguments: &[&str],
    variables: &[(&str, &str)],
    size: (u16, u16),
) -> Pty {
    let url = server.url();
    let mut all = vec!["aaronlelevier", "--api-url", &url];
    all.extend(arguments);
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &all, variables, size)
}

fn ask(server: &Server) -> Pty {
    ask_with(server, &["--theme", "dark"], &[("COLORTERM", "truecolor")], WIDE)
}

/// A run that goes on until it is stopped.
fn running(server: &Server) -> Pty {
    let pty = ask(server);
    pty.wait_text("running: sequential");
    pty.wait_text("p1");
    pty
}

/// Asserts that the program said nothing after it had left its screen.
fn assert_silent(ended: &PtyExit) {
    assert_eq!(ended.output_after_screen(), SHOW_CURSOR, "after the screen");
    assert_eq!(ended.screen.trim(), "", "the terminal's own screen");
}
