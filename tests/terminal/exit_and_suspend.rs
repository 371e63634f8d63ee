//! Tests that every exit and every suspension restores the terminal.

use crate::pty::{Pty, SHOW_CURSOR};
use crate::{
    RACE_SUMMARY, WIDE, assert_no_output_after_screen, fast_server, stalled_server, start,
    start_race, start_running_race, start_with,
};

#[test]
fn ctrl_c_exits_with_130() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.assert_raw_mode();
    pty.keys("\x03");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 130);
    assert_no_output_after_screen(&exit);
}

#[test]
fn signals_exit_with_128_plus_their_number() {
    let server = stalled_server();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let pty = start_running_race(&server);
        pty.signal(signal);
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, code, "SIG{signal}");
        assert_no_output_after_screen(&exit);
    }
}

#[test]
fn q_during_a_run_asks_before_quitting() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("\x1b");
    pty.wait("the prompt to close", |view| !view.has("Quit anyway?"));
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_no_output_after_screen(&exit);
}

#[test]
fn unknown_user_is_reported_on_the_screen_and_after_it() {
    let server = fast_server();
    let mut pty = start(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user \"nobody\"");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 3);
    assert!(exit.screen.contains("knows no user \"nobody\""), "{}", exit.screen);
    assert!(
        !exit.output_after_screen().replace(SHOW_CURSOR, "").contains('\x1b'),
        "escape sequences in the message"
    );
}

/// Asserts that a program that is being suspended restores the terminal, then resumes it and
/// asserts that it redraws the whole screen.
pub(crate) fn assert_suspends_and_resumes(pty: &mut Pty) {
    pty.wait_stopped();
    pty.wait("the terminal to be restored", |view| {
        !view.screen.alternate_screen() && !view.screen.hide_cursor()
    });
    pty.assert_termios_restored();
    let before = pty.inspect(|view| {
        assert!(!view.screen.bracketed_paste());
        assert_eq!(view.screen.contents().trim(), "", "the main screen");
        view.bytes.len()
    });
    pty.signal("CONT");
    // The alternate screen is empty when it is entered: only a full redraw fills it.
    pty.wait("a full redraw", |view| {
        view.screen.alternate_screen()
            && view.has("? help")
            && view.has("threadline")
            && view.has("worker-5")
    });
    assert!(pty.inspect(|view| view.bytes.len()) > before);
    pty.assert_raw_mode();
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help to close", |view| !view.has("Shift-Tab"));
}

#[test]
fn ctrl_z_suspends_and_sigcont_resumes() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    for _ in 0..2 {
        pty.keys("\x1a");
        assert_suspends_and_resumes(&mut pty);
    }
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn sigtstp_suspends_a_finished_race() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.signal("TSTP");
    assert_suspends_and_resumes(&mut pty);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

/// Ctrl-Z, a shell command, and `fg`.
#[test]
fn program_suspends_and_resumes_under_an_interactive_shell() {
    let server = stalled_server();
    let mut pty = Pty::start("/bin/sh", &["-i"], &[("PS1", "ready> ")], WIDE);
    pty.wait_text("ready>");
    let program = env!("CARGO_BIN_EXE_threadline");
    let url = server.url();
    pty.keys(format!("{program} aaronlelevier --api-url {url} --theme dark\r"));
    pty.wait_text("one page after another");
    pty.keys("\x1a");
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen()
            && view.has("topped")
            && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo $((6 * 7))\r");
    pty.wait_text("42");
    pty.keys("fg\r");
    pty.wait("a full redraw", |view| {
        view.screen.alternate_screen() && view.has("was suspended too") && view.has("worker-5")
    });
    pty.keys("\x03");
    // Keys typed before the program has exited would go to the program.
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen() && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo code $?\r");
    pty.wait_text("code 130");
    pty.keys("exit\r");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn closed_window_exits_with_129() {
    let server = stalled_server();
    let pty = start_running_race(&server);
    assert_eq!(pty.hang_up(), 129);
}

/// The error message cannot be written to a closed window, which does not change the exit code.
#[test]
fn closed_window_after_a_failed_run_exits_with_129() {
    let server = fast_server();
    let pty = start(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user");
    assert_eq!(pty.hang_up(), 129);
}

#[test]
fn race_with_a_lost_page_exits_with_6() {
    // The fault happens once, in the first run; the second run gets the page.
    let server = crate::builtin_server::faulty(127, r#"{"page":3,"fault":"status","status":410}"#);
    let mut pty = start_with(&server, &["--theme", "dark"], &[], WIDE);
    pty.wait_text("410");
    pty.wait_text("r run again");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 6);
    assert!(exit.screen.contains("sequential: 4 of 5 pages fetched"), "{}", exit.screen);
}
