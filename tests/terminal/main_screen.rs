//! Tests what stays on the main screen after the alternate one.

use crate::pty::{Pty, PtyExit, SHOW_CURSOR};
use crate::{
    RACE_SUMMARY, WIDE, assert_no_output_after_screen, assert_race_stays_after_screen, fast_server,
    server_stalled_at_page_3, start_race, start_with,
};

/// Quits and returns the output after the alternate screen, without the sequence that ends it.
fn quit(mut pty: Pty, keys: &str) -> (PtyExit, String) {
    pty.keys(keys);
    let exit = pty.wait_for_exit();
    let output = exit.output_after_screen().replacen(SHOW_CURSOR, "", 1);
    (exit, output)
}

#[test]
fn verdict_and_totals_stay_after_q() {
    let server = fast_server();
    let pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    let (exit, output) = quit(pty, "q");
    assert_eq!(exit.code, 0);
    assert_race_stays_after_screen(&exit);
    assert!(output.starts_with("\x1b[1m5 threads were "), "the verdict is bold: {output:?}");
    assert_eq!(output.matches('\x1b').count(), 2, "nothing else is styled: {output:?}");
    let next = "Next: 3 workers (--threads 3), CPU work (--workload cpu)";
    assert!(exit.screen.contains(next), "options replace the keys: {}", exit.screen);
}

#[test]
fn verdict_is_plain_with_no_color() {
    let server = fast_server();
    let pty = start_with(&server, &["--theme", "dark"], &[("NO_COLOR", "1")], WIDE);
    pty.wait_text(RACE_SUMMARY);
    let (exit, output) = quit(pty, "q");
    assert_race_stays_after_screen(&exit);
    assert!(!output.contains('\x1b'), "{output:?}");
}

#[test]
fn verdict_stays_after_ctrl_c() {
    let server = fast_server();
    let pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    let (exit, _) = quit(pty, "\x03");
    assert_eq!(exit.code, 130);
    assert_race_stays_after_screen(&exit);
}

#[test]
fn nothing_stays_if_no_run_has_ended() {
    let server = server_stalled_at_page_3();
    let pty = start_race(&server);
    pty.wait_text("2/5");
    let (exit, _) = quit(pty, "qq");
    assert_eq!(exit.code, 0);
    assert_no_output_after_screen(&exit);
}
