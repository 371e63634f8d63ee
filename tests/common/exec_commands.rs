//! Commands that `threadline exec` runs in a test: a pipe to them, and a wait for their end.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use tempfile::TempDir;
use threadline::source::Clock;

/// The time after which a test counts as hung.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// A named pipe between a test and its commands.
pub(crate) struct Fifo {
    folder: TempDir,
}

impl Fifo {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let status = Command::new("mkfifo").arg(folder.path().join("fifo")).status();
        assert!(status.unwrap().success());
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("fifo")
    }

    /// Waits for a reader and writes `text` to it.
    pub(crate) fn write(&self, text: &'static str) {
        let (path, (sender, receiver)) = (self.path(), channel());
        Builder::new().spawn(move || sender.send(std::fs::write(path, text))).unwrap();
        receiver.recv_timeout(MAX_WAIT).expect("no command reads the pipe").unwrap();
    }

    /// Replaces FIFO in `command` with the path of this pipe.
    pub(crate) fn in_command(&self, command: &str) -> String {
        command.replace("FIFO", self.path().to_str().unwrap())
    }

    /// Waits until a command has written to the pipe and closed it; returns the text.
    pub(crate) fn read(&self) -> String {
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
pub(crate) fn is_running(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits until a process has ended.
#[track_caller]
pub(crate) fn assert_gone(process: &str) {
    let clock = Clock::system();
    while is_running(process) {
        assert!(clock.now() < MAX_WAIT.into(), "process {process} is still running");
    }
}
