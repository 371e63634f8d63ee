//! The program as benchmarks start it, and a server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// The path of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// A running server, killed on drop.
pub(crate) struct ServerProcess {
    process: Child,
    url: String,
}

impl ServerProcess {
    /// Starts `threadline serve` with this number of followers and this latency.
    pub(crate) fn start(followers: &str, latency: &str) -> Self {
        let arguments = ["serve", "--followers", followers, "--latency", latency];
        Self::spawn(Command::new(PROGRAM).args(arguments))
    }

    /// Starts a server that prints its URL as the first line.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the server");
        let mut url = String::new();
        let out = process.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut url).expect("the server's address");
        Self { process, url: url.trim().to_owned() }
    }

    /// The URL of the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Returns the minimum, the median and the maximum.
pub(crate) fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(values.len() / 2), at(values.len().saturating_sub(1)))
}
