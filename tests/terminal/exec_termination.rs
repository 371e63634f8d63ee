//! The end of `threadline exec` by keys or a closed window: no command keeps running.

use crate::exec_commands::{Fifo, assert_gone};
use crate::pty::Pty;

/// Starts the program with `command` on a terminal.
fn start_on_terminal(arguments: &[&str], command: &str) -> Pty {
    let mut command_line = vec!["exec", "--only", "sequential", "--theme", "dark"];
    command_line.extend(arguments);
    command_line.extend(["--", command]);
    Pty::start(
        env!("CARGO_BIN_EXE_threadline"),
        &command_line,
        &[("PATH", &std::env::var("PATH").unwrap())],
        (100, 30),
    )
}

#[test]
fn control_c_ends_the_running_command() {
    for arguments in [&[][..], &["--plain"]] {
        let fifo = Fifo::new();
        let command = fifo.in_command("trap '' INT TERM; echo $$ > FIFO; sleep 300; sleep 300");
        let mut pty = start_on_terminal(arguments, &command);
        let pid = fifo.read();
        pty.keys("\x03");
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 130, "{}", exit.output);
        assert_gone(&pid);
    }
}

#[test]
fn stop_quit_and_closed_window_end_the_running_command() {
    let fifo = Fifo::new();
    let command = fifo.in_command("echo half; echo $$ > FIFO; sleep 300; echo never");
    let mut pty = start_on_terminal(&[], &command);
    let pid = fifo.read();
    pty.keys("x");
    assert_gone(&pid);
    pty.wait_text("run again");
    pty.keys("r");
    let pid = fifo.read();
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0, "a run stopped by its user is no failure: {}", exit.output);
    assert_gone(&pid);
    let pty = start_on_terminal(&[], &command);
    let pid = fifo.read();
    assert_eq!(pty.hang_up(), 129);
    assert_gone(&pid);
}

/// The command's process group is not the terminal's: the kernel would stop it forever.
#[test]
fn command_that_uses_the_terminal_is_ended() {
    for command in ["read line < /dev/tty; echo never", "stty sane < /dev/tty; echo never"] {
        let pty = start_on_terminal(&["--plain"], command);
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 1, "{}", exit.output);
        assert!(
            exit.output.contains("was stopped because it tried to use the terminal"),
            "{}",
            exit.output
        );
    }
}
