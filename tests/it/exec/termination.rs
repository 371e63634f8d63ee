//! The end of the program by signals: no command keeps running.

use std::process::Child;

use super::{ExecOutput, Fifo, LONG_SLEEP, assert_gone, exec, is_running, kill, wait_for_output};

/// Starts `command` in `jobs` jobs without a screen; returns the program and the process ids that
/// the commands wrote to FIFO.
fn start_jobs(jobs: usize, command: &str) -> (Child, Vec<String>) {
    let fifos: Vec<Fifo> = (0..jobs).map(|_| Fifo::new()).collect();
    let commands: Vec<String> = fifos.iter().map(|fifo| fifo.in_command(command)).collect();
    let jobs = jobs.to_string();
    let mut arguments = vec!["-j", &jobs, "--only", "parallel", "--plain", "--"];
    arguments.extend(commands.iter().map(String::as_str));
    let child = exec(&arguments).spawn().unwrap();
    let pids: Vec<String> = fifos.iter().map(Fifo::read).collect();
    assert!(pids.iter().all(|pid| is_running(pid)), "{pids:?}");
    (child, pids)
}

/// Sends a signal; asserts the exit code, and that every command ends.
fn assert_ended_by(signal: &str, code: i32, (child, pids): (Child, Vec<String>)) -> ExecOutput {
    kill(signal, &child.id().to_string());
    let output = wait_for_output(child);
    assert_eq!(output.code, Some(code), "{}", output.err);
    for pid in &pids {
        assert_gone(pid);
    }
    output
}

#[test]
fn signals_end_running_commands() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        if is_ignored(signal) {
            continue;
        }
        let command = format!("echo half; echo $$ > FIFO; {LONG_SLEEP}; echo never");
        let output = assert_ended_by(signal, code, start_jobs(3, &command));
        assert_eq!(output.out.matches(", stopped, ").count(), 3, "{}", output.out);
        assert_eq!(output.out.matches("\nhalf\n").count(), 3, "{}", output.out);
        assert!(output.out.contains("3 commands not completed\n"), "{}", output.out);
        assert!(!output.out.contains("never\n="), "{}", output.out);
    }
}

/// Returns whether this process ignores a signal, as in a script's background job.
fn is_ignored(signal: &str) -> bool {
    let script =
        format!("trap 'exit 7' {}; kill {signal} $$; exit 0", signal.trim_start_matches('-'));
    let status = std::process::Command::new("sh").args(["-c", &script]).status().unwrap();
    status.code() != Some(7)
}

#[test]
fn command_that_ignores_sigterm_is_killed() {
    let command = format!("trap '' TERM; echo $$ > FIFO; {LONG_SLEEP}; {LONG_SLEEP}");
    assert_ended_by("-TERM", 143, start_jobs(2, &command));
}

#[test]
fn command_has_time_to_clean_up() {
    let folder = tempfile::TempDir::new().unwrap();
    let mark = folder.path().join("mark");
    let command = format!(
        "trap 'echo clean > {}; exit 0' TERM; echo $$ > FIFO; {LONG_SLEEP} & wait",
        mark.display()
    );
    let output = assert_ended_by("-TERM", 143, start_jobs(1, &command));
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "clean\n");
    assert!(
        output.out.contains(", stopped, "),
        "its own exit code 0 does not count as success: {}",
        output.out
    );
}

#[test]
fn grandchildren_end_with_their_process_group() {
    for child in [LONG_SLEEP, "trap \"\" TERM; sleep 300; sleep 300"] {
        let command = format!("sh -c 'echo $$ > FIFO; {child}' & wait");
        assert_ended_by("-TERM", 143, start_jobs(2, &command));
        // The same holds if the shell itself ends at once.
        let command = format!("sh -c 'echo $$ > FIFO; {child}' | cat");
        assert_ended_by("-TERM", 143, start_jobs(2, &command));
    }
}

/// SIGSTOP and SIGCONT do not end a command.
#[test]
fn suspended_and_continued_command_completes() {
    let (pid, go) = (Fifo::new(), Fifo::new());
    let command = pid.in_command("echo $$ > FIFO; ") + &go.in_command("cat FIFO");
    let child = exec(&["--only", "sequential", "--plain", "--", &command]).spawn().unwrap();
    let process = pid.read();
    kill("-STOP", &process);
    kill("-CONT", &process);
    go.write("went on\n");
    let ExecOutput { code, out, .. } = wait_for_output(child);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nwent on\n"), "{out}");
}
