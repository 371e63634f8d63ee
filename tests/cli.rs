//! The program from outside, without a screen: arguments and environment in; stdout, stderr, files
//! and an exit code out.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "common/builtin_server.rs"]
mod builtin_server;
#[path = "common/scripted_server.rs"]
mod scripted_server;

#[path = "cli/compute.rs"]
mod compute;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/exports.rs"]
mod exports;
#[path = "cli/faults.rs"]
mod faults;
#[cfg(unix)]
#[path = "cli/few_files.rs"]
mod few_files;
#[path = "cli/home.rs"]
mod home;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/narrate.rs"]
mod narrate;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/proxy.rs"]
mod proxy;
#[path = "cli/quota.rs"]
mod quota;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/sweep.rs"]
mod sweep;
#[path = "cli/usage.rs"]
mod usage;

use assert_cmd::Command;
use threadline::github::server::{DEFAULT_USER, Server};

/// The program, with nothing of the test's own environment that it heeds.
fn threadline() -> Command {
    let mut command = Command::cargo_bin("threadline").unwrap();
    for name in ["ACCESSIBLE", "GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL", "TERM"] {
        command.env_remove(name);
    }
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command
}

/// The program asking the API at `url` for octocat's followers, once for each page.
fn command_for(url: &str) -> Command {
    let mut command = threadline();
    command.args(["octocat", "--api-url", url, "--retries", "0", "--max-wait", "0s"]);
    command
}

/// How the program ended.
struct CliOutput {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run_to_end(command: &mut Command) -> CliOutput {
    let output = command.output().unwrap();
    CliOutput {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The built-in server, without its delays.
fn quick(followers: u32) -> Server {
    builtin_server::faulty(followers, "")
}

/// The program asking that server.
fn asking_quick(server: &Server) -> Command {
    let mut command = threadline();
    command.args([DEFAULT_USER, "--api-url", &server.url()]);
    command
}

/// The signals that ask a program to end, and what they make of its exit code; but for those that
/// these tests were started with ignored, as in a script's background job, because the program
/// then leaves them so.
#[cfg(unix)]
fn signals() -> Vec<(&'static str, i32)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    let all = [("-HUP", 1), ("-INT", 2), ("-QUIT", 3), ("-TERM", 15)].into_iter();
    let heeded = all.filter(|(_, number)| mask >> (number - 1) & 1 == 0);
    heeded.map(|(name, number)| (name, 128 + number)).collect()
}

/// Sends a signal to a process.
#[cfg(unix)]
fn kill(signal: &str, process: u32) {
    let status = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.unwrap().success());
}
