//! The program without a screen: arguments and environment in; stdout, stderr, files and exit code
//! out.

mod completions;
mod compute;
mod configuration;
mod exit_codes;
mod exit_of_runs;
mod exports;
mod first_wave;
mod inconsistent_servers;
mod json_report;
mod narrate;
#[cfg(unix)]
mod open_file_limit;
mod output;
mod parsed_values;
mod plain_report;
mod proxy;
mod quota;
mod replay;
mod serve;
mod signals;
mod sweep;
mod usage;

use crate::builtin_server::faulty;
use crate::clean_command::threadline;
use assert_cmd::Command;
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
    faulty(followers, "")
}

/// Returns a command that fetches the followers from that server.
fn command_for_server(server: &Server) -> Command {
    command_for_default_user(&server.url())
}

/// Returns a command that fetches the followers of the built-in server's user from the API at `url`.
fn command_for_default_user(url: &str) -> Command {
    let mut command = threadline();
    command.args([DEFAULT_USER, "--api-url", url]);
    command
}

/// Returns the termination signals and the exit code of each. Signals that this process ignores, as
/// in a script's background job, are left out: the program inherits that and keeps them ignored.
#[cfg(unix)]
pub(crate) fn termination_signals() -> Vec<(&'static str, i32)> {
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
