//! Tests of `threadline URL` on the screen: bodies that are not JSON, and secrets that a server repeats.

use crate::peer::{Peer, PeerStep, response_bytes};
use crate::pty::Pty;
use crate::{DEFAULT_SIZE, WIDE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

#[test]
fn bodies_that_are_not_json_count_bytes() {
    let server = Peer::answering(response_bytes(200, "", "a,b\n1,2\n"));
    let url = format!("{}/x?page={{1..3}}", server.url());
    for size in [WIDE, DEFAULT_SIZE] {
        let mut pty = Pty::start(PROGRAM, &[&url], &[], size);
        pty.wait("the sizes", |view| view.has("Both got 24 bytes") && view.has(" bytes "));
        pty.inspect(|view| assert!(!view.has("items"), "{}", view.screen.contents()));
        pty.keys("qq");
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 0, "{}", exit.screen);
    }
}

#[test]
fn screen_has_no_secret_of_a_header_or_of_the_query() {
    let server = Peer::start(|request| {
        let key = request.header("x-key").unwrap();
        let echo = format!("no {key} for {}", request.target);
        let (status, body) = if request.page() == 2 { (404, &*echo) } else { (200, "[1]") };
        vec![PeerStep::Send(response_bytes(status, "", body))]
    });
    let url = format!("{}/x?token=marked-query&page={{1..3}}", server.url());
    let arguments = [&url, "-H", "X-Key: marked-header", "--retries", "0"];
    let mut pty = Pty::start(PROGRAM, &arguments, &[], WIDE);
    pty.wait("the failure", |view| view.has("with 404: no [x-key] for /x?token=***"));
    pty.keys("j\r");
    pty.wait_text("attempt");
    pty.keys("qqq");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 6, "{}", exit.screen);
    assert!(!exit.output.contains("marked-"), "{}", exit.output);
}
