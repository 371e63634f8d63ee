//! Every way out, and away for a while: the terminal is as it was.

use crate::pty::{Pty, SHOW_CURSOR};
use crate::{SAME, WIDE, ask, ask_with, assert_silent, endless, quick, running, threadline};

#[test]
fn control_c_ends_with_130() {
    let server = endless();
    let mut pty = running(&server);
    pty.assert_settings_are_taken();
    pty.keys("\x03");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 130);
    assert_silent(&ended);
}

#[test]
fn signals_end_with_128_and_their_number() {
    let server = endless();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let pty = running(&server);
        pty.signal(signal);
        let ended = pty.wait_for_exit();
        assert_eq!(ended.code, code, "SIG{signal}");
        assert_silent(&ended);
    }
}

#[test]
fn quitting_in_the_middle_is_asked_once() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("\x1b");
    pty.wait("the question gone", |view| !view.has("Quit anyway?"));
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

#[test]
fn an_unknown_user_is_reported_on_the_screen_and_after_it() {
    let server = quick();
    let mut pty = threadline(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user \"nobody\"");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 3);
    assert!(ended.screen.contains("knows no user \"nobody\""), "{}", ended.screen);
    assert!(!ended.output_after_screen().replace(SHOW_CURSOR, "").contains('\x1b'), "plain words");
}

/// Waits until the program is stopped and the terminal is the shell's, and calls it back.
pub(crate) fn assert_stopped_and_back(pty: &mut Pty) {
    pty.wait_stopped();
    pty.wait("the terminal given back", |view| {
        !view.screen.alternate_screen() && !view.screen.hide_cursor()
    });
    pty.assert_settings_are_back();
    let before = pty.inspect(|view| {
        assert!(!view.screen.bracketed_paste());
        assert_eq!(view.screen.contents().trim(), "", "the shell's screen");
        view.bytes.len()
    });
    pty.signal("CONT");
    // The alternate screen is empty when it is entered: only a full repaint fills it.
    pty.wait("the whole screen again", |view| {
        view.screen.alternate_screen()
            && view.has("? help")
            && view.has("threadline")
            && view.has("worker-5")
    });
    assert!(pty.inspect(|view| view.bytes.len()) > before);
    pty.assert_settings_are_taken();
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help gone", |view| !view.has("Shift-Tab"));
}

#[test]
fn control_z_and_back() {
    let server = endless();
    let mut pty = running(&server);
    for _ in 0..2 {
        pty.keys("\x1a");
        assert_stopped_and_back(&mut pty);
    }
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn stopped_from_outside_and_back() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.signal("TSTP");
    assert_stopped_and_back(&mut pty);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

/// As a person does it: Ctrl-Z, a word with the shell, `fg`.
#[test]
fn under_a_shell_with_job_control() {
    let server = endless();
    let mut pty = Pty::start("/bin/sh", &["-i"], &[("PS1", "ready> ")], WIDE);
    pty.wait_text("ready>");
    let program = env!("CARGO_BIN_EXE_threadline");
    let url = server.url();
    pty.keys(format!("{program} aaronlelevier --api-url {url} --theme dark\r"));
    pty.wait_text("running: sequential");
    pty.keys("\x1a");
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen()
            && view.has("topped")
            && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo $((6 * 7))\r");
    pty.wait_text("42");
    pty.keys("fg\r");
    pty.wait("the whole screen again", |view| {
        view.screen.alternate_screen() && view.has("was suspended too") && view.has("worker-5")
    });
    pty.keys("\x03");
    // What is typed before the program has ended would be its own.
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen() && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo code $?\r");
    pty.wait_text("code 130");
    pty.keys("exit\r");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn a_closed_window_ends_the_program() {
    let server = endless();
    let pty = running(&server);
    assert_eq!(pty.hang_up(), 129);
}

/// Where nobody reads why a run failed, that is no failure of its own.
#[test]
fn a_closed_window_ends_the_program_after_a_failed_run_too() {
    let server = quick();
    let pty = threadline(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user");
    assert_eq!(pty.hang_up(), 129);
}

#[test]
fn a_race_whose_first_half_lost_a_page_is_partial() {
    // The second half gets it: a fault is met once, and then again in its turn.
    let server = crate::builtin_server::faulty(127, r#"{"page":3,"fault":"status","status":410}"#);
    let mut pty = ask_with(&server, &["--theme", "dark"], &[], WIDE);
    pty.wait_text("410");
    pty.wait_text("r run again");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 6);
    assert!(ended.screen.contains("sequential: 4 of 5 pages fetched"), "{}", ended.screen);
}
