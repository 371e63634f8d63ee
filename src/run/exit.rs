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
            _ if runs.iter().any(|run| run.progress().done_tasks() > 0) => Self::Partial,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, RunOutcome};
    use crate::report::fixture::{computed, ended, not_begun, run};

    const WHOLE: [Result<&[u64], FailureKind>; 2] = [Ok(&[1, 2]), Ok(&[3])];

    fn race(threads: Run) -> Exit {
        Exit::for_runs(&[run(Mode::Sequential, 1, &WHOLE), threads])
    }

    #[test]
    fn complete_runs_exit_with_whole() {
        assert_eq!(race(run(Mode::Threads, 2, &WHOLE)), Exit::Success);
        let hidden = [run(Mode::Sequential, 1, &[Ok(&[])])];
        assert_eq!(Exit::for_runs(&hidden), Exit::Success);
    }

    #[test]
    fn failures_with_a_code_of_their_own_decide() {
        for (kind, exit) in [
            (FailureKind::NotFound, Exit::NoSuchUser),
            (FailureKind::Refused, Exit::Refused),
            (FailureKind::RateLimited, Exit::RateLimited),
        ] {
            assert_eq!(Exit::for_runs(&[run(Mode::Sequential, 1, &[Err(kind)])]), exit);
            assert_eq!(race(run(Mode::Threads, 2, &[Ok(&[1, 2]), Err(kind)])), exit);
        }
    }

    #[test]
    fn some_results_are_partial_and_none_is_failed() {
        let broken = FailureKind::Server;
        assert_eq!(race(run(Mode::Threads, 2, &[Ok(&[1, 2]), Err(broken)])), Exit::Partial);
        assert_eq!(race(ended(Mode::Threads, 2, &WHOLE[..1], RunOutcome::Stopped)), Exit::Partial);
        let nothing = [run(Mode::Threads, 2, &[Err(broken), Err(broken)])];
        assert_eq!(Exit::for_runs(&nothing), Exit::Failed);
        let no_worker = run(Mode::Processes, 1, &[Err(FailureKind::Worker)]);
        assert_eq!(Exit::for_runs(std::slice::from_ref(&no_worker)), Exit::Failed);
        let computed = computed(Mode::Sequential, 1, &[7]);
        assert_eq!(Exit::for_runs(&[computed, no_worker]), Exit::Partial);
    }

    #[test]
    fn runs_that_never_started_are_ignored() {
        let kind = FailureKind::RateLimited;
        let runs = [run(Mode::Sequential, 1, &[Err(kind)]), not_begun(Mode::Threads)];
        assert_eq!(Exit::for_runs(&runs), Exit::RateLimited);
        assert_eq!(Exit::for_runs(&[not_begun(Mode::Threads)]), Exit::Failed);
    }

    #[test]
    fn exit_codes_are_stable() {
        let codes = [
            Exit::Success,
            Exit::Failed,
            Exit::Usage,
            Exit::NoSuchUser,
            Exit::Refused,
            Exit::RateLimited,
            Exit::Partial,
            Exit::Signal(2),
            Exit::Signal(15),
        ];
        assert_eq!(codes.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 130, 143]);
    }
}
