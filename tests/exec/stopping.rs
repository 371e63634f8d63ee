//! Whatever ends the program ends what runs: nothing is left behind.

use std::process::Child;

use super::pty::Pty;
use super::{ExecOutput, Fifo, LONG, PROGRAM, assert_gone, ended, exec, kill, runs};

/// The program without a screen, and the processes that `command` wrote into FIFO, as many as run.
fn started(jobs: usize, command: &str) -> (Child, Vec<String>) {
    let fifos: Vec<Fifo> = (0..jobs).map(|_| Fifo::new()).collect();
    let commands: Vec<String> = fifos.iter().map(|fifo| fifo.in_command(command)).collect();
    let jobs = jobs.to_string();
    let mut arguments = vec!["-j", &jobs, "--only", "parallel", "--plain", "--"];
    arguments.extend(commands.iter().map(String::as_str));
    let child = exec(&arguments).spawn().unwrap();
    let pids: Vec<String> = fifos.iter().map(Fifo::read).collect();
    assert!(pids.iter().all(|pid| runs(pid)), "{pids:?}");
    (child, pids)
}

/// Sends a signal, and sees everything end.
fn assert_ended_by(signal: &str, code: i32, (child, pids): (Child, Vec<String>)) -> ExecOutput {
    kill(signal, &child.id().to_string());
    let ended = ended(child);
    assert_eq!(ended.code, Some(code), "{}", ended.err);
    for pid in &pids {
        assert_gone(pid);
    }
    ended
}

#[test]
fn signals_end_what_runs() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        if ignored(signal) {
            continue;
        }
        let command = format!("echo half; echo $$ > FIFO; {LONG}; echo never");
        let ended = assert_ended_by(signal, code, started(3, &command));
        assert_eq!(ended.out.matches(", stopped, ").count(), 3, "{}", ended.out);
        assert_eq!(ended.out.matches("\nhalf\n").count(), 3, "{}", ended.out);
        assert!(ended.out.contains("3 commands not completed\n"), "{}", ended.out);
        assert!(!ended.out.contains("never\n="), "{}", ended.out);
    }
}

/// Whether these tests were started with a signal ignored, as in a script's background job.
fn ignored(signal: &str) -> bool {
    let script =
        format!("trap 'exit 7' {}; kill {signal} $$; exit 0", signal.trim_start_matches('-'));
    let status = std::process::Command::new("sh").args(["-c", &script]).status().unwrap();
    status.code() != Some(7)
}

#[test]
fn who_ignores_the_signal_is_killed() {
    let command = format!("trap '' TERM; echo $$ > FIFO; {LONG}; {LONG}");
    assert_ended_by("-TERM", 143, started(2, &command));
}

#[test]
fn who_cleans_up_has_time_for_it() {
    let place = tempfile::TempDir::new().unwrap();
    let mark = place.path().join("mark");
    let command = format!(
        "trap 'echo clean > {}; exit 0' TERM; echo $$ > FIFO; {LONG} & wait",
        mark.display()
    );
    let ended = assert_ended_by("-TERM", 143, started(1, &command));
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "clean\n");
    assert!(ended.out.contains(", stopped, "), "it ended well, but was told to: {}", ended.out);
}

#[test]
fn grandchildren_end_with_their_group() {
    for child in [LONG, "trap \"\" TERM; sleep 300; sleep 300"] {
        let command = format!("sh -c 'echo $$ > FIFO; {child}' & wait");
        assert_ended_by("-TERM", 143, started(2, &command));
        // Also where the shell itself is gone at once.
        let command = format!("sh -c 'echo $$ > FIFO; {child}' | cat");
        assert_ended_by("-TERM", 143, started(2, &command));
    }
}

/// The program on a terminal, running `command` alone.
fn on_terminal(arguments: &[&str], command: &str) -> Pty {
    let mut all = vec!["exec", "--only", "sequential", "--theme", "dark"];
    all.extend(arguments);
    all.extend(["--", command]);
    Pty::start(PROGRAM, &all, &[("PATH", &std::env::var("PATH").unwrap())], (100, 30))
}

#[test]
fn control_c_ends_what_runs() {
    for arguments in [&[][..], &["--plain"]] {
        let fifo = Fifo::new();
        let command = fifo.in_command("trap '' INT TERM; echo $$ > FIFO; sleep 300; sleep 300");
        let mut pty = on_terminal(arguments, &command);
        let pid = fifo.read();
        pty.keys("\x03");
        let ended = pty.wait_for_exit();
        assert_eq!(ended.code, 130, "{}", ended.output);
        assert_gone(&pid);
    }
}

#[test]
fn x_and_q_and_a_closed_window_end_what_runs() {
    let fifo = Fifo::new();
    let command = fifo.in_command("echo half; echo $$ > FIFO; sleep 300; echo never");
    let mut pty = on_terminal(&[], &command);
    let pid = fifo.read();
    pty.keys("x");
    assert_gone(&pid);
    pty.wait_text("run again");
    pty.keys("r");
    let pid = fifo.read();
    pty.keys("q");
    pty.wait_text("Quit anyway?");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0, "a person stopped it: {}", ended.output);
    assert_gone(&pid);
    let pty = on_terminal(&[], &command);
    let pid = fifo.read();
    assert_eq!(pty.hang_up(), 129);
    assert_gone(&pid);
}

/// Its group has no part in the terminal: it would be stopped for ever.
#[test]
fn a_command_that_wants_the_terminal_is_ended() {
    for command in ["read line < /dev/tty; echo never", "stty sane < /dev/tty; echo never"] {
        let pty = on_terminal(&["--plain"], command);
        let ended = pty.wait_for_exit();
        assert_eq!(ended.code, 1, "{}", ended.output);
        assert!(
            ended.output.contains("was stopped because it tried to use the terminal"),
            "{}",
            ended.output
        );
    }
}

/// A person may hold a command and let it go on.
#[test]
fn a_command_that_is_held_is_waited_for() {
    let (pid, go) = (Fifo::new(), Fifo::new());
    let command = pid.in_command("echo $$ > FIFO; ") + &go.in_command("cat FIFO");
    let child = exec(&["--only", "sequential", "--plain", "--", &command]).spawn().unwrap();
    let process = pid.read();
    kill("-STOP", &process);
    kill("-CONT", &process);
    go.write("went on\n");
    let ExecOutput { code, out, .. } = ended(child);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nwent on\n"), "{out}");
}
