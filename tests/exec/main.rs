//! `threadline exec`: the program itself, without a screen and on one, and its engine.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "the tests of the terminal use the rest")]
mod pty;

mod engine;
mod lists;
mod on_screen;
mod reading;
mod reports;
mod stopping;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use tempfile::TempDir;
use threadline::engine::Clock;

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// How long a command lasts that is to be ended: a test that fails leaves it behind for no longer.
const LONG: &str = "sleep 300";

/// `threadline exec` with these arguments.
fn exec(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("exec").args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How the program ended.
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

/// What these arguments come to.
fn run_to_end(arguments: &[&str]) -> ExecOutput {
    ended(exec(arguments).spawn().unwrap())
}

/// What a program comes to; one that hangs is killed.
fn ended(child: Child) -> ExecOutput {
    let (id, (done, end)) = (child.id(), channel());
    Builder::new().spawn(move || done.send(child.wait_with_output())).unwrap();
    let output = end.recv_timeout(HANGS).unwrap_or_else(|_| {
        kill("-KILL", &id.to_string());
        panic!("the program hangs")
    });
    output.unwrap().into()
}

/// Runs these commands side by side; returns the JSON report.
fn json(jobs: u16, commands: &[&str]) -> serde_json::Value {
    let jobs = jobs.to_string();
    let arguments = ["-j", &jobs, "--only", "parallel", "--json", "--"];
    let ExecOutput { out, err, .. } = run_to_end(&[&arguments[..], commands].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("kill").args([signal, process]).status();
    assert!(status.unwrap().success());
}

/// A pipe with a name, by which commands tell a test something, or are told.
struct Fifo {
    place: TempDir,
}

impl Fifo {
    fn new() -> Self {
        let place = TempDir::new().unwrap();
        let made = Command::new("mkfifo").arg(place.path().join("fifo")).status();
        assert!(made.unwrap().success());
        Self { place }
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("fifo")
    }

    /// Waits until somebody reads it, and writes.
    fn write(&self, text: &'static str) {
        let (path, (done, written)) = (self.path(), channel());
        Builder::new().spawn(move || done.send(std::fs::write(path, text))).unwrap();
        written.recv_timeout(HANGS).expect("nobody reads").unwrap();
    }

    /// What `command` is, with FIFO for this.
    fn in_command(&self, command: &str) -> String {
        command.replace("FIFO", self.path().to_str().unwrap())
    }

    /// Waits for the next to write into it and close it; returns what it wrote.
    fn read(&self) -> String {
        let (path, (done, written)) = (self.path(), channel());
        let read = move || {
            let mut text = String::new();
            std::fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
            _ = done.send(text);
        };
        Builder::new().spawn(read).unwrap();
        written.recv_timeout(HANGS).expect("nobody writes").trim().to_owned()
    }
}

/// Whether a process runs: one that nobody has buried yet does not.
fn runs(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits until a process is gone.
#[track_caller]
fn assert_gone(process: &str) {
    let clock = Clock::system();
    while runs(process) {
        assert!(clock.now() < HANGS.into(), "{process} is still there");
    }
}
