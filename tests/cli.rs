//! The program without a screen: arguments and environment in; stdout, stderr, files and exit code
//! out.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "common/builtin_server.rs"]
mod builtin_server;
#[path = "common/clean_command.rs"]
mod clean_command;
#[path = "common/scripted_server.rs"]
mod scripted_server;

#[path = "cli/completions.rs"]
mod completions;
#[path = "cli/compute.rs"]
mod compute;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/exit_codes.rs"]
mod exit_codes;
#[path = "cli/exports.rs"]
mod exports;
#[path = "cli/inconsistent_servers.rs"]
mod inconsistent_servers;
#[path = "cli/json_report.rs"]
mod json_report;
#[path = "cli/narrate.rs"]
mod narrate;
#[cfg(unix)]
#[path = "cli/open_file_limit.rs"]
mod open_file_limit;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/plain_report.rs"]
mod plain_report;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/proxy.rs"]
mod proxy;
#[path = "cli/quota.rs"]
mod quota;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/signals.rs"]
mod signals;
#[path = "cli/sweep.rs"]
mod sweep;
#[path = "cli/usage.rs"]
mod usage;

use assert_cmd::Command;
use clean_command::threadline;
use threadline::server::{DEFAULT_USER, Server};

/// Returns a command that fetches octocat's followers from the API at `url` without retries.
fn command_for_url(url: &str) -> Command {
    let mut command = threadline();
    command.args(["octocat", "--api-url", url, "--retries", "0", "--max-wait", "0s"]);
    command
}

/// The exit code and the output of a program that has ended.
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

/// Starts the built-in server without its delays.
fn start_server(followers: u32) -> Server {
    builtin_server::faulty(followers, "")
}

/// Returns a command that fetches the followers from that server.
fn command_for_server(server: &Server) -> Command {
    let mut command = threadline();
    command.args([DEFAULT_USER, "--api-url", &server.url()]);
    command
}

/// Returns the termination signals and the exit code of each. Signals that this process ignores, as
/// in a script's background job, are left out: the program inherits that and keeps them ignored.
#[cfg(unix)]
fn termination_signals() -> Vec<(&'static str, i32)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    let all = [("-HUP", 1), ("-INT", 2), ("-QUIT", 3), ("-TERM", 15)].into_iter();
    let active = all.filter(|(_, number)| mask >> (number - 1) & 1 == 0);
    active.map(|(name, number)| (name, 128 + number)).collect()
}

/// Sends a signal to a process.
#[cfg(unix)]
fn kill(signal: &str, process: u32) {
    let status = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.unwrap().success());
}
