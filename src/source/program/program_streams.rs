//! The streams of a program that is watched: what is redirected is passed through untouched, and what is
//! the terminal of this program's screen becomes a terminal of the watched program's own.

use std::io;
use std::os::fd::AsFd as _;
use std::process::Stdio;

use super::pseudo_terminal::{PseudoTerminal, TerminalSize};

/// The destinations of a program's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamRoutes {
    /// The size of a terminal for the program alone, in place of the one with this program's screen.
    /// Without a screen there is none: stdout goes to this program's stderr, because stdout is for
    /// the report.
    pub terminal: Option<TerminalSize>,
    /// `true` if stdin is a terminal, which the program does not get: its input is empty.
    pub stdin_is_terminal: bool,
    /// `true` if stderr is a terminal.
    pub stderr_is_terminal: bool,
}

/// The streams of a program that is about to start.
pub(super) struct ProgramStreams {
    pub(super) stdin: Stdio,
    pub(super) stdout: Stdio,
    pub(super) stderr: Stdio,
    /// `true` if stdout is a terminal for the program alone.
    pub(super) has_terminal: bool,
}

impl StreamRoutes {
    /// Opens the streams, and the terminal if there is to be one.
    pub(super) fn open(self) -> io::Result<(ProgramStreams, Option<PseudoTerminal>)> {
        let stdin = if self.stdin_is_terminal { Stdio::null() } else { Stdio::inherit() };
        let Some(size) = self.terminal else {
            let stdout = io::stderr().as_fd().try_clone_to_owned()?.into();
            let stderr = Stdio::inherit();
            return Ok((ProgramStreams { stdin, stdout, stderr, has_terminal: false }, None));
        };
        let (terminal, program_side) = PseudoTerminal::open(size)?;
        let stderr = if self.stderr_is_terminal {
            program_side.try_clone()?.into()
        } else {
            Stdio::inherit()
        };
        let stdout = program_side.into();
        Ok((ProgramStreams { stdin, stdout, stderr, has_terminal: true }, Some(terminal)))
    }
}
