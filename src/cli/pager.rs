//! Shows a long text in the pager that the environment names.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::sync::Arc;

/// The exit codes of a shell that cannot run the pager.
const NOT_RUN: [i32; 2] = [126, 127];

/// The program that shows long texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pager {
    /// `less`, which ends by itself if the text fits on the screen.
    Less,
    /// The value of `PAGER`, for a shell.
    Shell(OsString),
}

impl Pager {
    /// Returns the pager for a value of `PAGER`. An empty value, and `cat`, mean that there is none.
    pub fn from_variable(value: Option<&OsStr>) -> Option<Self> {
        match value {
            None => Some(Self::Less),
            Some(value) if value.is_empty() || value == "cat" => None,
            Some(value) => Some(Self::Shell(value.to_owned())),
        }
    }

    /// Shows a text and waits until the pager ends. Returns `false` if there is no such pager.
    pub fn show(&self, text: &str) -> bool {
        let Ok(mut child) = self.start() else { return false };
        // The terminal sends Ctrl-C to both programs; the pager decides what it means.
        #[cfg(unix)]
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default());
        if let Some(mut stdin) = child.stdin.take() {
            // A pager that is quit before it has read everything closes the pipe.
            _ = stdin.write_all(text.as_bytes());
        }
        let status = child.wait().ok().and_then(|status| status.code());
        !status.is_some_and(|code| NOT_RUN.contains(&code))
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = match self {
            Self::Less => Command::new("less"),
            Self::Shell(_) => Command::new("sh"),
        };
        match self {
            Self::Less => command.args(["-F", "-X"]),
            Self::Shell(pager) => command.arg("-c").arg(pager),
        };
        command.stdin(Stdio::piped()).spawn()
    }
}
