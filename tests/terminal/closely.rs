//! Looking closely at a run that is over, with the keys of a real terminal.

use crate::{SAME, ask, quick};

#[test]
fn keys_go_from_span_to_span_and_back_again() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("j.\r");
    pty.wait_text("p1, attempt 1 of 1, main");
    pty.wait_text("queued to end");
    pty.keys("..");
    pty.wait_text("p3, attempt 1 of 1, main");
    pty.keys(",jj");
    pty.wait_text("attempt 1 of 1, worker-2");
    pty.keys("\x1b");
    pty.wait("the pane to go", |view| !view.has("attempt 1 of 1"));
    pty.keys("v}}}");
    pty.wait_text("ended in range");
    pty.keys("uuu");
    pty.wait("the range to go", |view| !view.has("ended in range"));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
