//! The error of `threadline watch`.

use thiserror::Error;

#[cfg(target_os = "linux")]
use crate::source::program::LaunchError;
#[cfg(target_os = "linux")]
use crate::source::program::observer::AttachError;

/// The reason why a program cannot be watched.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Another system than Linux.
    #[error("watch works on Linux only: no other system reports which thread runs when")]
    NotLinux,
    /// The path of this program, which starts itself as a holder, is not known.
    #[error("cannot start the program: the path of the threadline executable is unknown")]
    NoExecutable,
    /// The program cannot be started.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The process cannot be watched.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// No process has this name.
    #[error("no process is called {0}; ps -e lists those that run")]
    NoProcessNamed(String),
    /// This process.
    #[error("process {0} is this threadline; name another process")]
    Own(u32),
    /// Several processes have this name.
    #[error("{count} processes are called {name}; choose one with -p PID")]
    Several {
        /// The number of processes.
        count: usize,
        /// The name, safe to print.
        name: String,
    },
}

impl WatchError {
    /// The exit code, if it is that of a shell for the program.
    pub(super) const fn program_exit(&self) -> Option<u8> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Launch(error) => Some(error.exit_code()),
            _ => None,
        }
    }

    /// Returns `true` if another argument would do.
    pub(super) const fn is_usage(&self) -> bool {
        !matches!(self, Self::NotLinux | Self::NoExecutable)
    }
}
