//! `threadline exec`: the program without a screen, and the engine that runs the commands.
#![cfg(unix)]

mod command_lists;
mod engine;
mod output_view;
mod reports;
mod termination;

use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;

use crate::exec_commands::{Fifo, MAX_WAIT, assert_gone, is_running};

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
