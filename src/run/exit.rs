//! The exit codes, and the one that follows from the runs of a session.

use std::process::ExitCode;

use crate::model::{FailureKind, Run};

/// The exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything succeeded.
    Success,
    /// 1: nothing was fetched or computed, an output could not be written, or a command failed.
    Failed,
    /// 2: invalid arguments, address, token or proxy.
    Usage,
    /// 3: the user does not exist.
    NoSuchUser,
    /// 4: the token was rejected, or the request was forbidden.
    Refused,
    /// 5: a rate limit would have lasted longer than the maximum wait.
    RateLimited,
    /// 6: the result is incomplete.
    Partial,
    /// 128 + n: ended by signal n.
    Signal(i32),
}

impl Exit {
    /// Returns the exit code of runs. The first that is not complete decides. Runs that were not
    /// started count only if none was.
    pub fn for_runs(runs: &[Run]) -> Self {
        let mut begun = runs.iter().filter(|run| run.has_started()).peekable();
        if begun.peek().is_none() {
            return Self::Failed;
        }
        let Some(unfinished) = begun.find(|run| !run.is_complete()) else {
            return Self::Success;
        };
        match unfinished.failure().map(|failure| failure.kind) {
            Some(FailureKind::NotFound) => Self::NoSuchUser,
            Some(FailureKind::Refused) => Self::Refused,
            Some(FailureKind::RateLimited) => Self::RateLimited,
            _ if runs.iter().any(|run| run.done_tasks() > 0) => Self::Partial,
            _ => Self::Failed,
        }
    }

    /// Returns the exit code of runs of commands. If they were stopped early, the caller decides.
    pub fn for_commands(runs: &[Run]) -> Self {
        let failed = runs.iter().any(|run| run.failure().is_some());
        if failed || !runs.iter().any(Run::has_started) { Self::Failed } else { Self::Success }
    }

    /// The numeric exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoSuchUser => 3,
            Self::Refused => 4,
            Self::RateLimited => 5,
            Self::Partial => 6,
            Self::Signal(number) => u8::try_from(number.saturating_add(128)).unwrap_or(u8::MAX),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
