//! `threadline exec` on a terminal: bars, outputs, and what it prints after the screen.

use crate::exec_commands::Fifo;
use crate::pty::{LEAVE_ALTERNATE_SCREEN, Pty};

fn start_on_terminal(arguments: &[&str]) -> Pty {
    let mut command_line = vec!["exec", "--theme", "dark"];
    command_line.extend(arguments);
    let path = std::env::var("PATH").unwrap();
    Pty::start(
        env!("CARGO_BIN_EXE_threadline"),
        &command_line,
        &[("PATH", &path), ("COLORTERM", "truecolor")],
        (110, 30),
    )
}

/// A command that prints escape codes: a title, a cleared screen, a colour.
const ESCAPES: &str = "printf '\\033]0;evil\\007\\033[2J\\033[31mred\\033[0m\\n'";

#[test]
fn output_is_escaped_on_the_screen_and_printed_raw_after_it() {
    let fifo = Fifo::new();
    let wait = fifo.in_command("cat FIFO; echo over");
    let mut pty = start_on_terminal(&["-j", "2", "--only", "parallel", "--", ESCAPES, &wait]);
    pty.wait("the second command on its bar", |view| view.has("cat /"));
    pty.keys("jj\r");
    pty.wait_text("command 2 of 2, running");
    pty.wait_text("Still running; its output is shown here when it ends.");
    fifo.write("from outside\n");
    pty.wait_text("command 2 of 2, exit status 0");
    pty.wait("its output", |view| view.has("from outside") && view.has("over"));
    pty.keys(",");
    pty.wait_text("\\u{1b}]0;evil\\u{7}\\u{1b}[2J\\u{1b}[31mred\\u{1b}[0m");
    pty.keys("\x1b");
    pty.wait("the output closed", |view| !view.has("evil\\u{7}"));
    pty.wait_text("run again");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    let (screen, after) = exit.output.rsplit_once(LEAVE_ALTERNATE_SCREEN).unwrap();
    assert!(!screen.contains("\x1b]0;evil"), "the output reached the terminal behind the screen");
    assert!(after.contains("\x1b]0;evil\x07\x1b[2J\x1b[31mred\x1b[0m\r\n"), "raw: {after:?}");
    assert!(after.contains("\r\nfrom outside\r\nover\r\n"), "{after:?}");
    assert!(after.contains(" 2/2 "), "the report: {after:?}");
}

/// A command that opens the terminal itself is stopped.
#[test]
fn command_cannot_write_to_the_terminal_behind_the_screen() {
    let mut pty = start_on_terminal(&[
        "--only",
        "sequential",
        "--",
        "echo evil-$((6 * 7)) > /dev/tty; echo on",
    ]);
    pty.wait_text("run again");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 1);
    assert!(
        exit.output_after_screen().contains("was stopped because it tried to use the terminal"),
        "{}",
        exit.screen
    );
    assert!(!exit.output.contains("evil-42"), "{:?}", exit.output);
}

#[test]
fn failures_are_printed_after_the_screen() {
    let mut pty = start_on_terminal(&["-j", "2", "--", "exit 3", "true"]);
    pty.wait_text("run again");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 1);
    let message = "threadline: command 1, \"exit 3\", ended with exit status 3\r\n";
    assert!(exit.output_after_screen().contains(message), "{:?}", exit.output_after_screen());
}

#[test]
fn race_shows_commands_on_its_bars() {
    let (go, done) = (Fifo::new(), Fifo::new());
    let wait = go.in_command("cat FIFO; ") + &done.in_command("echo > FIFO");
    let mut pty = start_on_terminal(&["-j", "2", "--", &wait, "echo 日本語"]);
    pty.wait_text("cat /");
    for run in ["sequential\n", "parallel\n"] {
        go.write(run);
        done.read();
    }
    pty.wait_text("run again");
    pty.keys("j\r");
    pty.wait("the first lane's latest command", |view| view.has("command 2 of 2, exit status 0"));
    pty.wait_text("日本語");
    pty.keys("qq");
    assert_eq!(pty.wait_for_exit().code, 0);
}
