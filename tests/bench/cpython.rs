//! A real CPython that measures what gil.py can, case by case, as it is asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use threadline::github::server::DEFAULT_USER;

const SCRIPT: &str = include_str!("gil.py");

/// The process, until this is dropped.
pub(crate) struct PythonProcess {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) version: String,
}

impl PythonProcess {
    /// The one on the PATH, which asks the server at `url`; nothing where there is none.
    pub(crate) fn start(url: &str) -> Option<Self> {
        let mut process = Command::new("python3")
            .args(["-c", SCRIPT, &format!("{url}/users/{DEFAULT_USER}/followers")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (ask, answers) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
        let mut python = Self { process, ask, answers, version: String::new() };
        python.version = python.line()?;
        Some(python)
    }

    /// What it measures in a case.
    pub(crate) fn figure(&mut self, case: &str, number: u16) -> Option<f64> {
        writeln!(self.ask, "{case} {number}").ok()?;
        self.line()?.parse().ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        Some(line.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

impl Drop for PythonProcess {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
