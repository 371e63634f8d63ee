//! `threadline watch` without a screen: which program or process, its streams, its exit code, and what
//! becomes of it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use threadline::source::Clock;

use crate::clean_command::threadline;
use crate::exec_commands::{Fifo, MAX_WAIT, assert_gone, is_running};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The exit code, stdout and stderr of `threadline watch`.
fn watch(arguments: &[&str]) -> (Option<i32>, String, String) {
    watch_with_input(arguments, "")
}

fn watch_with_input(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = threadline().arg("watch").args(arguments).write_stdin(input).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A process of the test's own, which dies with the test.
struct Sleeper(Child);

impl Sleeper {
    /// Starts a program that sleeps and has this name.
    fn start(folder: &TempDir, name: &str) -> Self {
        let program = folder.path().join(name);
        if !program.exists() {
            std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
        }
        let sleeper = Self(Command::new(program).arg("1000").spawn().unwrap());
        // Between fork and exec it has the name of the test.
        wait_until("the sleeper has its name", || sleeper.stat().contains(&format!("({name})")));
        sleeper
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn stat(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Returns a name of a program that no other test uses.
fn unique_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("nap{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let clock = Clock::system();
    while !condition() {
        assert!(clock.now() < MAX_WAIT.into(), "timed out waiting until {what}");
        std::thread::yield_now();
    }
}

#[test]
fn exit_code_is_that_of_the_program() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill $$", 143)] {
        let (found, _, err) = watch(&["--plain", "--", "sh", "-c", script]);
        assert_eq!(found, Some(code), "{script}: {err}");
    }
}

#[test]
fn program_that_cannot_be_executed_is_named() {
    let folder = TempDir::new().unwrap();
    let script = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = script("plain", "#!/bin/sh\n", 0o644);
    let orphan = script("orphan", "#!/no/such/interpreter\n", 0o755);
    for (program, code, message) in [
        ("frobnicate", 127, "cannot run frobnicate: not found; check its name, or the PATH\n"),
        (&plain, 126, ": permission denied; make it executable (chmod +x), or name its"),
        // It is there, so only executing it shows that it cannot be.
        (&orphan, 127, ": not found; check its path, and the interpreter in its first line\n"),
    ] {
        let (found, _, err) = watch(&["--plain", "--", program]);
        assert_eq!(found, Some(code), "{err}");
        assert!(err.starts_with("threadline: cannot run ") && err.contains(message), "{err}");
    }
}

#[test]
fn exit_code_127_of_the_program_itself_is_no_error() {
    let (code, _, err) = watch(&["--plain", "--", "sh", "-c", "exit 127"]);
    assert_eq!((code, err.as_str()), (Some(127), ""));
}

#[test]
fn redirected_input_reaches_the_program_and_its_output_goes_to_stderr() {
    let script = "tr a-z A-Z; echo more >&2";
    let (code, out, err) = watch_with_input(&["--json", "--", "sh", "-c", script], "abc\n");
    assert_eq!((code, err.as_str()), (Some(0), "ABC\nmore\n"));
    assert!(out.starts_with('{') && !out.contains("ABC"), "{out}");
}

#[test]
fn arguments_and_environment_reach_the_program_unchanged() {
    let script = "printf '%s|' \"$@\"; echo \"$PWD\"";
    let here = std::env::current_dir().unwrap();
    let arguments = ["--plain", "--", "sh", "-c", script, "sh", "a b", "", "--plain", "*"];
    let (_, _, err) = watch(&arguments);
    assert_eq!(err, format!("a b||--plain|*|{}\n", here.display()));
}

#[test]
fn program_ends_with_its_time_and_what_it_left_behind_with_threadline() {
    let (code, _, err) = watch(&["--plain", "--duration", "50ms", "--", "sleep", "1000"]);
    assert_eq!(code, Some(143), "{err}");
    let script = "sleep 1000 & echo $!; exit 3";
    let (code, _, err) = watch(&["--plain", "--", "sh", "-c", script]);
    assert_eq!(code, Some(3), "{err}");
    let (pid, rest) = err.split_once('\n').unwrap();
    assert_eq!(rest, "threadline: the program left 1 process behind; now ended\n");
    assert_gone(pid);
}

#[test]
fn signal_to_threadline_ends_the_program() {
    for signal in ["INT", "TERM", "HUP"] {
        let fifo = Fifo::new();
        let script = fifo.in_command("echo $$ > FIFO; exec sleep 1000");
        let mut child = Command::new(PROGRAM)
            .args(["watch", "--plain", "--", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = fifo.read();
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let code = child.wait().unwrap().code();
        assert!(code.is_some_and(|code| code > 128), "{signal}: {code:?}");
        assert_gone(&pid);
    }
}

/// The holder is stopped when its parent dies, and would stay so for ever.
#[test]
fn holder_dies_with_its_parent_before_the_program_begins() {
    let folder = TempDir::new().unwrap();
    let (mark, pid_file) = (folder.path().join("mark"), folder.path().join("pid"));
    let script = "\"$0\" hold /dev/null -- touch \"$1\" & echo $! > \"$2.new\"; \
                  mv \"$2.new\" \"$2\"; wait";
    let mut parent =
        Command::new("sh").args(["-c", script, PROGRAM]).args([&mark, &pid_file]).spawn().unwrap();
    wait_until("the holder was started", || pid_file.exists());
    let holder = std::fs::read_to_string(&pid_file).unwrap().trim().to_owned();
    let stat = || std::fs::read_to_string(format!("/proc/{holder}/stat")).unwrap_or_default();
    wait_until("the holder has stopped itself", || stat().contains(") T "));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_gone(&holder);
    assert!(!mark.exists(), "the program began without its parent");
}

#[test]
fn process_that_runs_already_goes_on_afterwards() {
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    for process in [&sleeper.pid(), &name] {
        let (code, out, err) = watch(&["--plain", "--duration", "50ms", "-p", process]);
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(is_running(&sleeper.pid()), "{process}");
    }
}

#[test]
fn watching_a_process_ends_with_it() {
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    let recording = folder.path().join("r.jsonl");
    let child = Command::new(PROGRAM)
        .args(["watch", "--plain", "--record", recording.to_str().unwrap(), "-p", &name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the process is watched", || {
        std::fs::read_to_string(&recording).is_ok_and(|text| text.contains("\"started\""))
    });
    drop(sleeper);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn processes_of_the_same_name_are_listed() {
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let twins = [Sleeper::start(&folder, &name), Sleeper::start(&folder, &name)];
    let (code, _, err) = watch(&["-p", &name]);
    assert_eq!(code, Some(2), "{err}");
    for twin in &twins {
        let row = |line: &str| line.trim_start().starts_with(&twin.pid()) && line.contains(&name);
        assert!(err.lines().any(|line| row(line) && line.ends_with(" 1000")), "{err}");
    }
    let last = format!("threadline: 2 processes are called {name}; choose one with -p PID\n");
    assert!(err.ends_with(&last), "{err}");
}

#[test]
fn process_that_cannot_be_watched_is_refused() {
    let mut zombie = Command::new("true").spawn().unwrap();
    let pid = zombie.id().to_string();
    let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    wait_until("the process has ended", || stat().contains(") Z "));
    for (process, message) in [
        ("4294967295", "cannot watch process 4294967295: no such process; find its ID with ps"),
        ("no-such-name", "no process is called no-such-name; ps -e lists those that run"),
        ("\u{1b}[2J", "no process is called \\u{1b}[2J; "),
        (&pid, ": it has ended"),
    ] {
        let (code, _, err) = watch(&["--plain", "-p", process]);
        assert!(code == Some(2) && err.contains(message), "{code:?} {err}");
    }
    zombie.wait().unwrap();
    let is_kernel = |pid: &&str| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "kthreadd\n")
    };
    for pid in ["2"].iter().filter(|pid| is_kernel(pid)) {
        let (code, _, err) = watch(&["--plain", "-p", pid]);
        assert!(code == Some(2) && err.contains("it is a thread of the kernel"), "{err}");
    }
}

#[test]
fn missing_and_contradictory_programs_are_refused() {
    for (arguments, message) in [
        (&[][..], "watch needs a program or a process\nhint: use threadline watch -- CMD"),
        (&["--", ""], "watch needs a program or a process"),
        (&["-p", "1", "--", "true"], "exclude each other\nhint: leave out one of them"),
        (&["--duration", "5", "--", "true"], "add the unit: 500ms, 30s or 5m"),
        (&["python", "app.py"], "threadline watch -- python app.py\n"),
    ] {
        let (code, _, err) = watch(arguments);
        assert!(code == Some(2) && err.contains(message), "{arguments:?}: {code:?} {err}");
    }
}

/// The rows of a table of what may be seen.
fn access_rows(out: &str) -> Vec<&str> {
    out.lines().skip_while(|line| !line.starts_with("information ")).skip(1).collect()
}

const SUBJECTS: [&str; 6] =
    ["switch records", "system calls", "kernel functions", "memory", "counters", "states"];

#[test]
fn check_tells_what_may_be_seen_of_a_process_a_program_and_this_machine() {
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    for (arguments, subject) in [
        (&["-p", &sleeper.pid()][..], format!("process {}", sleeper.pid())),
        (&["--", "sleep", "1000"], "program".to_owned()),
        (&[], "this machine".to_owned()),
    ] {
        let (code, out, err) = watch(&[&["--check"], arguments].concat());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.starts_with(&subject), "{out}");
        let rows = access_rows(&out);
        assert_eq!(rows.len(), SUBJECTS.len(), "{out}");
        for (row, subject) in rows.iter().zip(SUBJECTS) {
            assert!(row.starts_with(subject), "{row}");
            assert!(row.ends_with("  yes") || row.contains("  no: "), "{row}");
        }
        // Counters and states of one's own programs may be seen everywhere.
        assert!(rows[4].ends_with("  yes") && rows[5].ends_with("  yes"), "{out}");
    }
    assert!(is_running(&sleeper.pid()), "a check leaves it alone");
}

/// Another user's process: its counters and states may be seen, and no more.
#[cfg(target_os = "linux")]
#[test]
fn process_of_another_user_is_watched_coarsely_and_that_is_said() {
    use crate::program::skipped::skip;

    if !rustix::process::getuid().is_root() {
        return skip("setuid: only root can become another user (EPERM)");
    }
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("threadline");
    std::fs::copy(PROGRAM, &program).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]);
        let output = command.arg(&program).arg("watch").args(arguments).output();
        output.map(|output| {
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (output.status.code(), text(output.stdout), text(output.stderr))
        })
    };
    let check = match as_nobody(&["--check", "-p", &sleeper.pid()]) {
        Ok(check) => check,
        Err(error) => return skip(&format!("setpriv: {error}")),
    };
    let (code, out, err) = check;
    assert_eq!(code, Some(0), "{err}");
    let rows = access_rows(&out);
    for (subject, row) in SUBJECTS.iter().zip(&rows) {
        let may = ["counters", "states"].contains(subject);
        assert_eq!(row.ends_with("  yes"), may, "{row}");
        assert!(may || row.contains("sudo"), "{row}");
    }
    let json = ["--json", "--duration", "50ms", "-p", &sleeper.pid()];
    let (code, out, err) = as_nobody(&json).unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains(r#""edges": "coarse""#) && out.contains(r#""reasons": "none""#), "{out}");
    assert!(is_running(&sleeper.pid()));
}

#[test]
fn program_without_a_screen_goes_on_when_threadline_is_killed() {
    let fifo = Fifo::new();
    let script = fifo.in_command("echo $$ > FIFO; exec sleep 1000");
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    let start = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(["watch", "--plain"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut launched = start(&["--", "sh", "-c", &script]);
    let pid = fifo.read();
    launched.kill().unwrap();
    launched.wait().unwrap();
    assert!(is_running(&pid));
    let killed = Command::new("kill").args(["-9", &pid]).status();
    assert!(killed.unwrap().success());
    let recording = folder.path().join("r.jsonl");
    let mut attached = start(&["--record", recording.to_str().unwrap(), "-p", &name]);
    wait_until("the process is watched", || {
        std::fs::read_to_string(&recording).is_ok_and(|text| text.contains("\"started\""))
    });
    attached.kill().unwrap();
    attached.wait().unwrap();
    assert!(is_running(&sleeper.pid()));
}

#[test]
fn stopped_process_is_said_to_be_stopped_and_stays_so() {
    let (folder, name) = (TempDir::new().unwrap(), unique_name());
    let sleeper = Sleeper::start(&folder, &name);
    let stopped = Command::new("kill").args(["-STOP", &sleeper.pid()]).status();
    assert!(stopped.unwrap().success());
    wait_until("the process is stopped", || sleeper.stat().contains(") T "));
    let pid = sleeper.pid();
    for accuracy in [&[][..], &["--accuracy", "counted"]] {
        let options = [&["--json", "--duration", "300ms", "-p", pid.as_str()], accuracy].concat();
        let (code, out, err) = watch(&options);
        assert_eq!(code, Some(0), "{err}");
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        let seconds = &report["threads"][0]["seconds"];
        assert!(seconds["stopped"].as_f64().unwrap() > 0.0, "{seconds}");
        assert_eq!(seconds["sleeping"].as_f64(), Some(0.0), "{seconds}");
        assert!(sleeper.stat().contains(") T "));
    }
}
