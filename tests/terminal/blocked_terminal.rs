//! Tests terminals that block all output, or close without a signal, and a program stopped by
//! SIGSTOP.

use std::fs;

use tempfile::TempDir;

use crate::pty::Pty;
use crate::{
    DEFAULT_SIZE, RACE_SUMMARY, fast_server, server_stalled_at_page_3, stalled_server, start_race,
    start_running_race,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The terminal is restored once it reads again, which [`Pty::wait_for_exit`] asserts.
#[test]
fn signals_end_the_program_while_the_terminal_blocks() {
    let server = stalled_server();
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let mut pty = start_running_race(&server);
        pty.stop_reading();
        pty.signal(signal);
        assert_eq!(pty.wait_for_exit_code(), code, "SIG{signal}");
        pty.assert_termios_restored();
        pty.resume_reading();
        pty.wait_for_exit();
    }
}

#[test]
fn quit_keys_work_while_the_terminal_blocks() {
    let server = stalled_server();
    for (keys, code) in [("\x03", 130), ("qq", 0)] {
        let mut pty = start_running_race(&server);
        pty.stop_reading();
        pty.keys(keys);
        assert_eq!(pty.wait_for_exit_code(), code, "{keys:?}");
        pty.resume_reading();
        pty.wait_for_exit();
    }
}

#[test]
fn terminal_shows_the_latest_frame_after_it_was_blocked() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.stop_reading();
    pty.keys("?");
    pty.resume_reading();
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help to close", |view| view.has("worker-5") && !view.has("Shift-Tab"));
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn followers_are_written_if_the_terminal_closes_or_blocks() {
    let (server, directory) = (server_stalled_at_page_3(), TempDir::new().expect("a directory"));
    let url = server.url();
    for (option, progress) in [("--theme=dark", "2/5"), ("--plain", " 2/5 pages")] {
        for window_closes in [true, false] {
            let path = directory.path().join("f.csv");
            let output = path.to_str().expect("a path");
            let arguments = ["aaronlelevier", "--api-url", &url, option, "-o", output];
            let mut pty = Pty::start(PROGRAM, &arguments, &[], DEFAULT_SIZE);
            pty.wait_text(progress);
            if window_closes {
                assert_eq!(pty.hang_up(), 129, "{option}");
            } else {
                pty.stop_reading();
                pty.signal("TERM");
                assert_eq!(pty.wait_for_exit_code(), 143, "{option}");
            }
            let list = fs::read_to_string(&path).expect("the followers");
            assert_eq!(list.lines().count(), 61, "{option}");
            fs::remove_file(path).expect("the followers");
        }
    }
}

/// SIGHUP does not arrive if it is ignored, or if the terminal is not the controlling one.
#[test]
fn closed_terminal_without_sighup_ends_the_program() {
    let server = fast_server();
    let url = server.url();
    let command = "trap '' HUP; exec \"$0\" \"$@\"";
    let arguments = ["-c", command, PROGRAM, "aaronlelevier", "--api-url", &url, "--theme", "dark"];
    let pty = Pty::start("/bin/sh", &arguments, &[], DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    pty.assert_output_stops();
    assert_eq!(pty.hang_up(), 1);
}

/// Meanwhile a shell writes to the terminal and changes its settings.
#[test]
fn program_redraws_the_screen_after_sigstop() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.signal("STOP");
    pty.wait_stopped();
    pty.run_shell_commands("stty sane; printf '\\033[2Jready>'");
    pty.wait("the shell", |view| view.has("ready>") && !view.has(RACE_SUMMARY));
    pty.signal("CONT");
    pty.wait("a full redraw", |view| view.has(RACE_SUMMARY) && !view.has("ready>"));
    pty.assert_raw_mode();
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}
