//! A sweep that costs quota is begun by a person who was told what it costs.

use threadline::github::server::Server;

use crate::builtin_server::faulty;
use crate::pty::{Pty, PtyExit};
use crate::{USUAL, WIDE};

/// The sweep's question.
const QUESTION: &str = "Start? [y/N]";

/// One page: links to others would lead to another address.
const FOLLOWERS: u32 = 25;

/// threadline's sweep over two counts, by an address that is this machine's and no loopback address,
/// so that it counts as somebody else's.
fn sweep(server: &Server, more: &[&str], size: (u16, u16)) -> Pty {
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    let mut all = vec!["aaronlelevier", "--api-url", &url, "--mode", "sweep"];
    all.extend(["--threads", "1,2", "--repeats", "1"]);
    all.extend(more);
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &all, &[("NO_PROXY", "*")], size)
}

/// Answers the question; returns how the program ended, and how many requests were made.
fn answered(keys: &str) -> (PtyExit, u64) {
    let server = faulty(FOLLOWERS, "");
    let mut pty = sweep(&server, &["--plain"], USUAL);
    pty.wait_text(QUESTION);
    pty.keys(keys);
    (pty.wait_for_exit(), server.request_counts().requests)
}

/// The quota and the profile were asked for: that much a price costs.
const PRICE: u64 = 2;

#[test]
fn yes_begins_and_everything_else_does_not() {
    let (PtyExit { code, output, .. }, requests) = answered("y\r");
    assert_eq!((code, requests), (0, 2 * PRICE + 2), "{output}");
    assert!(output.contains("sweep takes 3 requests of the "), "{output}");
    assert!(output.contains("threads    trials"), "{output}");
    for keys in ["n\r", "\r", "\u{4}"] {
        let (PtyExit { code, output, .. }, requests) = answered(keys);
        assert_eq!((code, requests), (2, PRICE), "{keys:?}: {output}");
        assert!(output.contains("not started; --threads and --repeats"), "{output}");
    }
}

#[test]
fn a_signal_is_heeded_while_it_waits_for_an_answer() {
    let (PtyExit { code, output, .. }, requests) = answered("\u{3}");
    assert_eq!((code, requests), (130, PRICE), "{output}");
}

#[test]
fn on_the_screen_a_key_begins_it() {
    let server = faulty(FOLLOWERS, "");
    let mut pty = sweep(&server, &[], WIDE);
    pty.wait_text("It costs 3 requests of the");
    assert_eq!(server.request_counts().requests, PRICE);
    pty.keys("r");
    pty.wait_text("r run again");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    assert_eq!(server.request_counts().requests, 2 * PRICE + 2);
}
