//! Commands on the screen: their bars, their outputs, and what is printed afterwards.

use super::pty::{LEAVE, Pty};
use super::{Fifo, PROGRAM};

fn exec(arguments: &[&str]) -> Pty {
    let mut all = vec!["exec", "--theme", "dark"];
    all.extend(arguments);
    let path = std::env::var("PATH").unwrap();
    Pty::start(PROGRAM, &all, &[("PATH", &path), ("COLORTERM", "truecolor")], (110, 30))
}

/// What a terminal would act on: a title, a cleared screen, a colour.
const EVIL: &str = "printf '\\033]0;evil\\007\\033[2J\\033[31mred\\033[0m\\n'";

#[test]
fn an_output_is_read_on_the_screen_and_printed_after_it() {
    let fifo = Fifo::new();
    let wait = fifo.in_command("cat FIFO; echo over");
    let mut pty = exec(&["-j", "2", "--only", "parallel", "--", EVIL, &wait]);
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
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    let (screen, after) = ended.output.rsplit_once(LEAVE).unwrap();
    assert!(!screen.contains("\x1b]0;evil"), "nothing reaches the terminal while the screen is up");
    assert!(after.contains("\x1b]0;evil\x07\x1b[2J\x1b[31mred\x1b[0m\r\n"), "raw: {after:?}");
    assert!(after.contains("\r\nfrom outside\r\nover\r\n"), "{after:?}");
    assert!(after.contains(" 2/2 "), "the report: {after:?}");
}

/// Who goes round its outputs does not get through either.
#[test]
fn nobody_writes_on_the_terminal_beside_the_screen() {
    let mut pty = exec(&["--only", "sequential", "--", "echo evil-$((6 * 7)) > /dev/tty; echo on"]);
    pty.wait_text("run again");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 1);
    assert!(
        ended.output_after_screen().contains("was stopped because it tried to use the terminal"),
        "{}",
        ended.screen
    );
    assert!(!ended.output.contains("evil-42"), "{:?}", ended.output);
}

#[test]
fn failures_are_reported_after_the_screen() {
    let mut pty = exec(&["-j", "2", "--", "exit 3", "true"]);
    pty.wait_text("run again");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 1);
    let named = "threadline: command 1, \"exit 3\", ended with exit status 3\r\n";
    assert!(ended.output_after_screen().contains(named), "{:?}", ended.output_after_screen());
}

/// No command of a race is on the screen as a page.
#[test]
fn a_race_has_the_commands_on_its_bars() {
    let (go, done) = (Fifo::new(), Fifo::new());
    let wait = go.in_command("cat FIFO; ") + &done.in_command("echo > FIFO");
    let mut pty = exec(&["-j", "2", "--", &wait, "echo 日本語"]);
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
