//! Selects spans and ranges of a finished run with the keys of a terminal.

use crate::{RACE_SUMMARY, fast_server, start_race};

#[test]
fn keys_select_spans_and_a_range_and_close_both() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("j.\r");
    pty.wait_text("p1, attempt 1 of 1, main");
    pty.wait_text("queued to end");
    pty.keys("..");
    pty.wait_text("p3, attempt 1 of 1, main");
    pty.keys(",jj");
    pty.wait_text("attempt 1 of 1, worker-2");
    pty.keys("\x1b");
    pty.wait("the pane to close", |view| !view.has("attempt 1 of 1"));
    pty.keys("v\x1b[1;2C\x1b[1;2C\x1b[1;2C");
    pty.wait_text("ended in range");
    pty.keys("\x1b");
    pty.wait("the range to be cleared", |view| !view.has("ended in range"));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
