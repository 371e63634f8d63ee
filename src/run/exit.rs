//! The end of a command: its exit code, which follows from the runs of a session, or from the error that
//! ended it.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use thiserror::Error as ThisError;

use super::finished_lessons::FinishedLessonsError;
use super::watch_error::WatchError;
use crate::cli::{self, CliError};
use crate::github::ApiError;
use crate::model::{ExitStatus, FailureKind, Run};
use crate::report::ExportError;
use crate::server::{ServerError, ServerFileError};
use crate::source::recording::{ReadRecordingError, WriteRecordingError};
use crate::source::tasks::page_client::list_server::ListServerError;
use crate::source::tasks::process::child::WorkerError;

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
    /// The exit code of the program that was watched.
    Program(u8),
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

    /// Returns the exit code of a watched program, which is its own. A program that was running already
    /// has none.
    pub fn for_program(runs: &[Run]) -> Self {
        let run = runs.first().filter(|run| run.has_started());
        match run.and_then(|run| run.program()?.exit()) {
            Some(ExitStatus::Signal(signal)) => Self::Signal(signal),
            Some(ExitStatus::Code(0)) => Self::Success,
            Some(ExitStatus::Code(code)) => Self::Program(u8::try_from(code).unwrap_or(u8::MAX)),
            None if run.is_none_or(|run| run.failure().is_some()) => Self::Failed,
            None => Self::Success,
        }
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
            Self::Program(code) => code,
            Self::Signal(number) => u8::try_from(number.saturating_add(128)).unwrap_or(u8::MAX),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that ends a command before its runs can determine the exit code.
#[derive(Debug, ThisError)]
pub enum CommandError {
    /// The arguments cannot be used.
    #[error(transparent)]
    Arguments(#[from] CliError),
    /// The destination of an export cannot be used.
    #[error(transparent)]
    Output(#[from] ExportError),
    /// The destination of the recording cannot be used.
    #[error(transparent)]
    Record(#[from] WriteRecordingError),
    /// The recording to replay cannot be read.
    #[error(transparent)]
    Recording(#[from] ReadRecordingError),
    /// The built-in server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The address of the built-in server is invalid: a defect.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server of a list cannot be requested.
    #[error(transparent)]
    ListServer(#[from] ListServerError),
    /// A file for `threadline serve` cannot be used.
    #[error(transparent)]
    ServerFile(#[from] ServerFileError),
    /// The address of `threadline serve` could not be printed, or the signal handlers not be installed.
    #[error("cannot run the server")]
    Serve(#[source] io::Error),
    /// `threadline worker` was not started by threadline.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The finished lessons cannot be forgotten.
    #[error(transparent)]
    FinishedLessons(#[from] FinishedLessonsError),
    /// The program cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// `--compare` was given, but the screen is not shown.
    #[error("--compare needs the screen; run it in a terminal, or leave it out")]
    CompareWithoutScreen,
    /// The terminal cannot be used.
    #[error("cannot use this terminal; --plain works without one")]
    Screen(#[source] io::Error),
    /// The system refuses to register signal handlers: too many files or threads are open.
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
    /// stdout cannot be written to.
    #[error("cannot write to stdout")]
    Stdout(#[from] io::Error),
}

impl CommandError {
    /// Returns `true` if stdout is a pipe that its reader closed, as `| head` does. Such an error
    /// is not printed.
    fn is_broken_pipe(&self) -> bool {
        let (Self::Stdout(error) | Self::Serve(error)) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }

    /// Returns the program's exit code for this error.
    pub fn exit(&self) -> Exit {
        /// The signal that ends a program which writes to a closed pipe.
        const SIGPIPE: i32 = 13;
        match self {
            _ if self.is_broken_pipe() => Exit::Signal(SIGPIPE),
            Self::Output(error) if error.is_usage() => Exit::Usage,
            Self::Record(error) if error.is_usage() => Exit::Usage,
            Self::Watch(error) => match error.program_exit() {
                Some(code) => Exit::Program(code),
                None if error.is_usage() => Exit::Usage,
                None => Exit::Failed,
            },
            Self::Arguments(_)
            | Self::ListServer(_)
            | Self::Worker(WorkerError::NoParent)
            | Self::CompareWithoutScreen => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// Prints the error: what is wrong and what to do, in one line. An error in the arguments has
    /// lines of its own for the advice and the usage.
    pub(super) fn print(&self, err: &mut dyn Write) {
        if self.is_broken_pipe() {
            return;
        }
        let message = message(self);
        let Self::Arguments(arguments) = self else { return print_error(err, &message) };
        let (problem, hint) = cli::split_hint(&message);
        print_error(err, problem);
        // If stderr cannot be written, the exit code still says that the arguments are unusable.
        for (label, line) in [("hint", hint), ("usage", arguments.usage())] {
            _ = line.map(|line| writeln!(err, "{label}: {line}"));
        }
    }
}

/// Prints an error to stderr, in one line.
pub(super) fn print_error(err: &mut dyn Write, sentence: &str) {
    // An error is ignored: there is no other stream to report it on.
    _ = writeln!(err, "threadline: {sentence}");
}

/// Returns the error and its causes as one line.
fn message(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    sentence
}
