//! Tests the confirmation of a sweep that costs quota: it starts only after the user has seen its
//! cost.

use threadline::server::Server;

use crate::builtin_server::faulty;
use crate::pty::{Pty, PtyExit};
use crate::{DEFAULT_SIZE, WIDE};

/// The prompt before a sweep.
const PROMPT: &str = "Start? [y/N]";

/// The followers of one page: the links between several would lead to another address.
const FOLLOWERS: u32 = 25;

/// Starts a sweep over two counts at an address that reaches this machine but is no loopback
/// address, so that the program takes the server for a remote one.
fn start_sweep(server: &Server, options: &[&str], size: (u16, u16)) -> Pty {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut all = vec!["aaronlelevier", "--api-url", &url, "--mode", "sweep"];
    all.extend(["--threads", "1,2", "--repeats", "1"]);
    all.extend(options);
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &all, &[("NO_PROXY", "*")], size)
}

/// Answers the prompt; returns the program's exit, and the number of requests.
fn answer_prompt(keys: &str) -> (PtyExit, u64) {
    let server = faulty(FOLLOWERS, "");
    let mut pty = start_sweep(&server, &["--plain"], DEFAULT_SIZE);
    pty.wait_text(PROMPT);
    pty.keys(keys);
    (pty.wait_for_exit(), server.request_counts().requests)
}

#[test]
fn sweep_starts_only_if_the_prompt_is_answered_with_yes() {
    let (PtyExit { code, output, .. }, requests) = answer_prompt("y\r");
    assert_eq!((code, requests), (0, 2), "{output}");
    assert!(output.contains("sweep takes at least 2 requests at "), "{output}");
    assert!(output.contains("threads  "), "{output}");
    for keys in ["n\r", "\r", "\u{4}"] {
        let (PtyExit { code, output, .. }, requests) = answer_prompt(keys);
        assert_eq!((code, requests), (2, 0), "{keys:?}: {output}");
        assert!(output.contains("not started; --threads and --repeats"), "{output}");
    }
}

#[test]
fn interrupt_at_the_prompt_exits_with_130() {
    let (PtyExit { code, output, .. }, requests) = answer_prompt("\u{3}");
    assert_eq!((code, requests), (130, 0), "{output}");
}

#[test]
fn key_starts_the_sweep_on_the_screen() {
    let server = faulty(FOLLOWERS, "");
    let mut pty = start_sweep(&server, &[], WIDE);
    pty.wait_text("It costs at least 2 requests");
    assert_eq!(server.request_counts().requests, 0);
    pty.keys("r");
    pty.wait_text("r run again");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    assert_eq!(server.request_counts().requests, 2);
}
