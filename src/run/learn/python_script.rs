//! The Python script of the lesson that watches a program: looks for a python3 that works, and writes the
//! script to a folder of its own, which is deleted with the lessons.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::bounded;
use tempfile::TempDir;

use crate::cli::real_program_script;
use crate::source::program::{ProgramLaunch, StreamRoutes, TerminalSize, WatchTarget};
use crate::terminal::screen::stdout_size;

use super::{PYTHON, SCRIPT_NAME};

/// A program that only a working interpreter with threads prints the answer of.
const PROBE: &str = "import threading, queue; print(40 + threading.active_count())";

/// The answer.
const PROBE_ANSWER: &str = "41";

/// The maximum time of the probe. Some systems have a python3 that only offers to install it, and waits for an answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The size of the script's terminal if the lessons have none.
const TERMINAL_SIZE: (u16, u16) = (80, 24);

/// The script, ready to be watched.
#[derive(Debug)]
pub(super) struct PythonScript {
    /// The folder, which is deleted when this is dropped.
    pub(super) folder: TempDir,
    /// The command that runs the script.
    pub(super) target: WatchTarget,
}

impl PythonScript {
    /// Writes the script if there is a python3 in `path` that works. `holder` is the path of this
    /// program's executable. Otherwise returns the reason.
    pub(super) fn prepare(holder: PathBuf, path: Option<&OsStr>) -> Result<Self, String> {
        let no_file = |error: io::Error| format!("cannot write the script: {error}");
        let folder = tempfile::Builder::new().prefix("threadline-").tempdir().map_err(no_file)?;
        let script = folder.path().join(SCRIPT_NAME);
        fs::write(&script, real_program_script()).map_err(no_file)?;
        let (columns, rows) = stdout_size().unwrap_or(TERMINAL_SIZE);
        let streams = StreamRoutes {
            terminal: Some(TerminalSize { columns, rows }),
            stdin_is_terminal: true,
            stderr_is_terminal: true,
        };
        let launch = ProgramLaunch { holder, command: vec![PYTHON.into(), script.into()], streams };
        launch.check(path).map_err(|_missing| format!("there is no {PYTHON}"))?;
        if !works() {
            return Err(format!("the {PYTHON} here does not run"));
        }
        Ok(Self { folder, target: WatchTarget::Launched(launch) })
    }
}

/// Returns `true` if python3 runs a program, as one that only offers to install it does not.
fn works() -> bool {
    let mut command = Command::new(PYTHON);
    let command = command.args(["-c", PROBE]).stdin(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else { return false };
    let answer = read_answer(&mut child);
    if answer.is_none() {
        // Fails if it has ended.
        _ = child.kill();
    }
    let has_succeeded = child.wait().is_ok_and(|status| status.success());
    has_succeeded && answer.is_some_and(|answer| answer.trim() == PROBE_ANSWER)
}

/// Returns what the child writes until it closes its stdout, or `None` if that takes too long.
fn read_answer(child: &mut Child) -> Option<String> {
    let mut stdout = child.stdout.take()?.take(1024);
    let (sender, answer) = bounded(1);
    let read = move || {
        let mut text = String::new();
        // Text that is no UTF-8 is no answer.
        _ = stdout.read_to_string(&mut text);
        // Fails if it took too long.
        _ = sender.send(text);
    };
    Builder::new().name("probe".to_owned()).spawn(read).ok()?;
    answer.recv_timeout(PROBE_TIMEOUT).ok()
}
