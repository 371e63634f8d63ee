//! `threadline watch` on a terminal: the program has a terminal of its own, and ends or goes on as its
//! user says.

use crate::exec_commands::{Fifo, assert_gone, is_running};
use crate::pty::{LEAVE_ALTERNATE_SCREEN, Pty};

/// Starts `threadline watch` of a script on a terminal.
fn start_watch(options: &[&str], script: &str) -> Pty {
    let mut arguments = vec!["watch", "--theme", "dark"];
    arguments.extend(options);
    arguments.extend(["--", "sh", "-c", script]);
    start_with_path(&arguments)
}

fn start_with_path(arguments: &[&str]) -> Pty {
    let path = std::env::var("PATH").unwrap();
    let variables = [("PATH", path.as_str()), ("COLORTERM", "truecolor")];
    Pty::start(env!("CARGO_BIN_EXE_threadline"), arguments, &variables, (100, 30))
}

/// Waits until the program has ended. What it left behind may still live.
fn wait_for_end(pty: &Pty) {
    pty.wait("the end", |view| view.has("exit status ") || view.has("   signal "));
}

#[test]
fn output_never_leaves_the_screen_and_is_printed_escaped_after_it() {
    let script = "test -t 1 && test -t 2 && echo terminal; stty size <&1; read line || echo empty; \
                  printf '\\033]0;evil\\007\\033[2J\\033[31mred\\033[0m\\n' > /dev/tty; echo err >&2; \
                  exit 5";
    let mut pty = start_watch(&[], script);
    wait_for_end(&pty);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 5, "{}", exit.output);
    let (screen, after) = exit.output.rsplit_once(LEAVE_ALTERNATE_SCREEN).unwrap();
    let printed = "terminal\r\n30 100\r\nempty\r\n\\u{1b}]0;evil\\u{7}\\u{1b}[2Jred\r\nerr\r\n";
    assert!(after.contains(printed), "{after:?}");
    for part in [screen, after] {
        assert!(!part.contains("\x1b]0;evil") && !part.contains("\x1b[31mred"), "{part:?}");
    }
}

#[test]
fn program_sees_a_resize() {
    let fifo = Fifo::new();
    let wait =
        "echo $$ > FIFO; until test \"$(stty size < /dev/tty)\" = '20 90'; do :; done; exit 4";
    let mut pty = start_watch(&[], &fifo.in_command(wait));
    fifo.read();
    pty.resize((90, 20));
    wait_for_end(&pty);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 4);
}

#[test]
fn x_asks_the_program_to_end() {
    let fifo = Fifo::new();
    let script = fifo.in_command("trap 'exit 3' TERM; echo $$ > FIFO; sleep 1000 & wait");
    let mut pty = start_watch(&[], &script);
    let pid = fifo.read();
    pty.keys("x");
    wait_for_end(&pty);
    assert_gone(&pid);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 3, "{}", exit.output);
}

#[test]
fn second_x_kills_the_program_after_asking() {
    let fifo = Fifo::new();
    let script = fifo.in_command("trap '' TERM; echo $$ > FIFO; sleep 1000; sleep 1000");
    let mut pty = start_watch(&[], &script);
    let pid = fifo.read();
    pty.keys("x");
    pty.wait_text("asked the program to end (SIGTERM)");
    pty.keys("x");
    pty.wait_text("Kill it (SIGKILL)?");
    assert!(is_running(&pid), "a question kills nothing");
    pty.keys("\x1b");
    pty.wait("the question closed", |view| !view.has("Kill it (SIGKILL)?"));
    pty.keys("xx");
    assert_gone(&pid);
    wait_for_end(&pty);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 137);
}

#[test]
fn q_ends_the_program_if_its_user_says_so() {
    let fifo = Fifo::new();
    let script = fifo.in_command("echo started; echo $$ > FIFO; exec sleep 1000");
    let mut pty = start_watch(&[], &script);
    let pid = fifo.read();
    pty.keys("q");
    pty.wait_text("The program still runs.");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 143, "{}", exit.output);
    assert!(exit.output_after_screen().contains("started\r\n"), "{:?}", exit.output);
    assert_gone(&pid);
}

/// It writes to its terminal after threadline has ended.
const SURVIVOR: &str =
    "echo $$ > FIFO; cat GO; echo more; echo even more > /dev/tty && echo on > FIFO";

#[test]
fn program_that_is_let_go_keeps_its_terminal() {
    for keys in ["qd", "dq"] {
        let (fifo, go) = (Fifo::new(), Fifo::new());
        let script = fifo.in_command(SURVIVOR).replace("GO", go.path().to_str().unwrap());
        let mut pty = start_watch(&[], &script);
        let pid = fifo.read();
        let (first, second) = keys.split_at(1);
        pty.keys(first);
        pty.wait("the answer to the first key", |view| {
            view.has("The program still runs.")
                || view.has("the program continues without threadline")
        });
        if first == "d" {
            pty.wait_text("no longer watched");
        }
        pty.keys(second);
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 0, "{keys}: {}", exit.output);
        assert!(is_running(&pid), "{keys}");
        go.write("go\n");
        assert_eq!(fifo.read(), "on");
        assert_gone(&pid);
    }
}

#[test]
fn interrupt_and_closed_window_end_the_program() {
    let fifo = Fifo::new();
    let script = fifo.in_command("echo $$ > FIFO; exec sleep 1000");
    let mut pty = start_watch(&[], &script);
    let pid = fifo.read();
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
    assert_gone(&pid);
    let pty = start_watch(&[], &script);
    let pid = fifo.read();
    assert_eq!(pty.hang_up(), 129);
    assert_gone(&pid);
}

/// The terminal of the program closes with this one, as any terminal does.
#[test]
fn program_ends_when_threadline_is_killed() {
    let fifo = Fifo::new();
    let script = fifo.in_command("echo $$ > FIFO; exec sleep 1000");
    let pty = start_watch(&[], &script);
    let pid = fifo.read();
    pty.signal("KILL");
    assert_gone(&pid);
}

#[test]
fn program_without_a_screen_cannot_use_the_terminal() {
    let pty =
        start_watch(&["--plain"], "read line || echo empty; read line < /dev/tty; echo never");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 1, "{}", exit.output);
    assert!(exit.output.contains("empty"), "{}", exit.output);
    assert!(exit.output.contains("was stopped because it tried to use the terminal"));
}

#[test]
fn q_leaves_a_process_that_ran_before() {
    let mut sleeper = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = sleeper.id().to_string();
    let mut pty = start_with_path(&["watch", "--theme", "dark", "-p", &pid]);
    pty.wait_text("watched for");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    assert!(is_running(&pid));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn processes_of_the_same_name_can_be_chosen() {
    let folder = tempfile::TempDir::new().unwrap();
    let name = format!("pick{}", std::process::id());
    std::os::unix::fs::symlink("/bin/sleep", folder.path().join(&name)).unwrap();
    let start = || std::process::Command::new(folder.path().join(&name)).arg("1000").spawn();
    let mut twins = [start().unwrap(), start().unwrap()];
    let mut pty = start_with_path(&["watch", "--plain", "--duration", "50ms", "-p", &name]);
    pty.wait_text(&format!("2 processes are called {name}. Watch number:"));
    for (number, twin) in (1..).zip(&twins) {
        let row = format!("{number})  {:>8}", twin.id());
        assert!(pty.inspect(|view| view.has(&row)), "{row}");
    }
    pty.keys("2\n");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0, "{}", exit.output);
    for twin in &mut twins {
        twin.kill().unwrap();
        twin.wait().unwrap();
    }
}
