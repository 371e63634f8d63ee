//! A CPython process that measures the cases of gil.py on request.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use threadline::server::DEFAULT_USER;

const SCRIPT: &str = include_str!("gil.py");

/// A running CPython process, killed on drop.
pub(crate) struct PythonProcess {
    process: Child,
    cases: ChildStdin,
    results: BufReader<ChildStdout>,
    pub(crate) version: String,
}

impl PythonProcess {
    /// Starts the `python3` on the PATH, which sends its requests to the server at `url`; `None` if
    /// it cannot be started.
    pub(crate) fn start(url: &str) -> Option<Self> {
        let mut process = Command::new("python3")
            .args(["-c", SCRIPT, &format!("{url}/users/{DEFAULT_USER}/followers")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (cases, results) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
        let mut python = Self { process, cases, results, version: String::new() };
        python.version = python.read_line()?;
        Some(python)
    }

    /// Measures a case, and returns the result.
    pub(crate) fn measure(&mut self, case: &str, number: u16) -> Option<f64> {
        writeln!(self.cases, "{case} {number}").ok()?;
        self.read_line()?.parse().ok()
    }

    fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.results.read_line(&mut line).ok()?;
        Some(line.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

impl Drop for PythonProcess {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
