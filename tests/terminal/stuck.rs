//! Terminals that take nothing, or go away without a word.

use std::fs;

use tempfile::TempDir;

use crate::pty::Pty;
use crate::{SAME, USUAL, ask, endless, quick, running, two_pages};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The terminal is as it was once it takes something again: `ended` asserts that.
#[test]
fn a_stuck_terminal_delays_no_signal() {
    let server = endless();
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let mut pty = running(&server);
        pty.stop_reading();
        pty.signal(signal);
        assert_eq!(pty.exit_code(), code, "SIG{signal}");
        pty.assert_settings_are_back();
        pty.resume_reading();
        pty.wait_for_exit();
    }
}

#[test]
fn a_stuck_terminal_takes_no_keys_away() {
    let server = endless();
    for (keys, code) in [("\x03", 130), ("qq", 0)] {
        let mut pty = running(&server);
        pty.stop_reading();
        pty.keys(keys);
        assert_eq!(pty.exit_code(), code, "{keys:?}");
        pty.resume_reading();
        pty.wait_for_exit();
    }
}

#[test]
fn a_terminal_that_comes_to_itself_shows_the_newest() {
    let server = endless();
    let mut pty = running(&server);
    pty.stop_reading();
    pty.keys("?");
    pty.resume_reading();
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the picture", |view| view.has("worker-5") && !view.has("Shift-Tab"));
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn followers_are_written_however_the_terminal_ends() {
    let (server, place) = (two_pages(), TempDir::new().expect("a folder"));
    let url = server.url();
    for (way, shown) in [("--theme=dark", "2/5"), ("--plain", " 2/5 pages")] {
        for window_closes in [true, false] {
            let path = place.path().join("f.csv");
            let output = path.to_str().expect("a path");
            let arguments = ["aaronlelevier", "--api-url", &url, way, "-o", output];
            let mut pty = Pty::start(PROGRAM, &arguments, &[], USUAL);
            pty.wait_text(shown);
            if window_closes {
                assert_eq!(pty.hang_up(), 129, "{way}");
            } else {
                pty.stop_reading();
                pty.signal("TERM");
                assert_eq!(pty.exit_code(), 143, "{way}");
            }
            let list = fs::read_to_string(&path).expect("the followers");
            assert_eq!(list.lines().count(), 61, "{way}");
            fs::remove_file(path).expect("the followers");
        }
    }
}

/// Nobody sends SIGHUP to whom ignores it, or has its terminal from elsewhere.
#[test]
fn a_window_that_closes_without_a_signal_ends_the_program() {
    let server = quick();
    let url = server.url();
    let run = "trap '' HUP; exec \"$0\" \"$@\"";
    let arguments = ["-c", run, PROGRAM, "aaronlelevier", "--api-url", &url, "--theme", "dark"];
    let pty = Pty::start("/bin/sh", &arguments, &[], USUAL);
    pty.wait_text(SAME);
    pty.assert_quiet();
    assert_eq!(pty.hang_up(), 1);
}

/// A shell that got the terminal meanwhile has written on it and set how it takes keys.
#[test]
fn stopped_without_a_warning_and_back() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.signal("STOP");
    pty.wait_stopped();
    pty.at_the_shell("stty sane; printf '\\033[2Jready>'");
    pty.wait("the shell", |view| view.has("ready>") && !view.has(SAME));
    pty.signal("CONT");
    pty.wait("the whole screen again", |view| view.has(SAME) && !view.has("ready>"));
    pty.assert_settings_are_taken();
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}
