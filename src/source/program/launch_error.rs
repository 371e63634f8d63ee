//! Errors at the start of a program, with the exit codes that shells give them.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::http::system_limits;
use crate::model::printable::printable;
use crate::model::{Failure, FailureKind};

/// The reason why a program could not be started.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// There is no such program.
    #[error("cannot run {program}: not found; {remedy}")]
    NotFound {
        /// The program, safe to print.
        program: String,
        /// The advice.
        remedy: &'static str,
    },
    /// The program exists, but cannot be executed.
    #[error("cannot run {program}: {reason}")]
    NotExecutable {
        /// The program, safe to print.
        program: String,
        /// The system's error, and what to do.
        reason: String,
    },
    /// The holder ended before the program began.
    #[error("cannot start the program: its holder has ended; restart threadline")]
    Holder,
    /// The system has no process, terminal or file for it.
    #[error("cannot start the program: {0}")]
    System(String),
}

impl LaunchError {
    /// Returns the error of executing `program`.
    pub(super) fn from_exec(program: &OsStr, error: &io::Error) -> Self {
        let name = printable(&program.to_string_lossy());
        let has_directory = program.as_encoded_bytes().contains(&b'/');
        let reason = match error.kind() {
            io::ErrorKind::NotFound => {
                let remedy = if has_directory {
                    "check its path, and the interpreter in its first line"
                } else {
                    "check its name, or the PATH"
                };
                return Self::NotFound { program: name, remedy };
            }
            io::ErrorKind::PermissionDenied if Path::new(program).is_dir() => {
                "it is a directory; name a program in it".into()
            }
            io::ErrorKind::PermissionDenied => {
                "permission denied; make it executable (chmod +x), or name its interpreter".into()
            }
            io::ErrorKind::ArgumentListTooLong => "its arguments are too long; shorten them".into(),
            _ => error.to_string(),
        };
        Self::NotExecutable { program: name, reason }
    }

    /// The exit code: 127 if there is no such program, 126 if it cannot be executed, else 1.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } => 126,
            Self::Holder | Self::System(_) => 1,
        }
    }

    /// Returns the failure of the run.
    pub(super) fn to_failure(&self) -> Failure {
        Failure::new(FailureKind::Command, self.to_string())
    }
}

impl From<io::Error> for LaunchError {
    fn from(error: io::Error) -> Self {
        let shortage = system_limits::spawn_shortage(&error);
        Self::System(shortage.unwrap_or_else(|| error.to_string()))
    }
}
