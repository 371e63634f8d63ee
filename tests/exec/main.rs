//! `threadline exec`: the program with and without a screen, and the engine that runs the commands.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "the terminal tests use the rest")]
mod pty;

mod command_lists;
mod engine;
mod output_view;
mod reports;
mod terminal;
mod termination;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use tempfile::TempDir;
use threadline::source::Clock;

/// The time after which a test counts as hung.
const MAX_WAIT: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// A command that outlasts every test and yet ends by itself if a failed test leaves it behind.
const LONG_SLEEP: &str = "sleep 300";

/// Returns `threadline exec` with these arguments.
fn exec(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("exec").args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The exit code and the output of a program that has ended.
struct ExecOutput {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for ExecOutput {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `threadline exec` with these arguments until it ends.
fn run_to_end(arguments: &[&str]) -> ExecOutput {
    wait_for_output(exec(arguments).spawn().unwrap())
}

/// Waits for a program and returns its output; kills it if it hangs.
fn wait_for_output(child: Child) -> ExecOutput {
    let (id, (sender, receiver)) = (child.id(), channel());
    Builder::new().spawn(move || sender.send(child.wait_with_output())).unwrap();
    let output = receiver.recv_timeout(MAX_WAIT).unwrap_or_else(|_| {
        kill("-KILL", &id.to_string());
        panic!("the program hangs")
    });
    output.unwrap().into()
}

/// Runs these commands side by side; returns the JSON report.
fn json_report(jobs: u16, commands: &[&str]) -> serde_json::Value {
    let jobs = jobs.to_string();
    let arguments = ["-j", &jobs, "--only", "parallel", "--json", "--"];
    let ExecOutput { out, err, .. } = run_to_end(&[&arguments[..], commands].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("kill").args([signal, process]).status();
    assert!(status.unwrap().success());
}

/// A named pipe between a test and its commands.
struct Fifo {
    folder: TempDir,
}

impl Fifo {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let status = Command::new("mkfifo").arg(folder.path().join("fifo")).status();
        assert!(status.unwrap().success());
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("fifo")
    }

    /// Waits for a reader and writes `text` to it.
    fn write(&self, text: &'static str) {
        let (path, (sender, receiver)) = (self.path(), channel());
        Builder::new().spawn(move || sender.send(std::fs::write(path, text))).unwrap();
        receiver.recv_timeout(MAX_WAIT).expect("no command reads the pipe").unwrap();
    }

    /// Replaces FIFO in `command` with the path of this pipe.
    fn in_command(&self, command: &str) -> String {
        command.replace("FIFO", self.path().to_str().unwrap())
    }

    /// Waits until a command has written to the pipe and closed it; returns the text.
    fn read(&self) -> String {
        let (path, (sender, receiver)) = (self.path(), channel());
        let read = move || {
            let mut text = String::new();
            std::fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
            _ = sender.send(text);
        };
        Builder::new().spawn(read).unwrap();
        receiver.recv_timeout(MAX_WAIT).expect("no command writes to the pipe").trim().to_owned()
    }
}

/// Returns whether a process is running; a zombie is not.
fn is_running(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits until a process has ended.
#[track_caller]
fn assert_gone(process: &str) {
    let clock = Clock::system();
    while is_running(process) {
        assert!(clock.now() < MAX_WAIT.into(), "process {process} is still running");
    }
}
