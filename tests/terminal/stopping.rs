//! Tests stopping and quitting while requests are blocked by a slow or throttling server.

use crate::fault_relay::FaultRelay;
use crate::pty::Pty;
use crate::{WIDE, start_at};

/// The faults that block requests, and the words that the screen shows for each.
const FAULTS: [(&str, &str); 6] = [
    (r#""stall""#, "waiting"),
    (r#""slow","wait_ms":3600000"#, "waiting"),
    (r#""stall_in_body""#, "receiving"),
    (r#""drip","every_ms":1000"#, "receiving"),
    (r#""secondary_limit","retry_after":60"#, "secondary rate limit"),
    (r#""status","status":503,"retry_after":60"#, "with 503"),
];

/// Calls `test` once per fault with a program whose eight workers are blocked by it.
fn for_each_fault(test: impl Fn(Pty)) {
    for (fault, words) in FAULTS {
        let relay = FaultRelay::start(1_000, &format!(r#"{{"from":1,"times":0,"fault":{fault}}}"#));
        let arguments = ["--theme", "dark", "--mode", "threads", "--threads", "8"];
        let mut pty = start_at(&relay.url(), &arguments, &[], WIDE);
        pty.wait_text("worker-8");
        pty.keys("j");
        // Only rows in boxes count: the legend outside of them has all words.
        let is_shown = |row: String| row.starts_with('│') && row.contains(words);
        pty.wait(words, |view| view.has("x stop") && view.screen.rows(0, WIDE.0).any(is_shown));
        test(pty);
    }
}

#[test]
fn x_stops_a_run_blocked_by_any_fault() {
    for_each_fault(|mut pty| {
        pty.keys("x");
        pty.wait_text("stopped");
        pty.keys("q");
        assert_eq!(pty.wait_for_exit().code, 0);
    });
}

#[test]
fn ctrl_c_exits_while_any_fault_blocks_the_run() {
    for_each_fault(|mut pty| {
        pty.keys("\x03");
        assert_eq!(pty.wait_for_exit().code, 130);
    });
}
