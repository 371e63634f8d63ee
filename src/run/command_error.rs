//! The errors that end a command, and their text on stderr.

use std::error::Error;
use std::io::{self, Write};

use thiserror::Error as ThisError;

use super::exit::Exit;
use super::serve::ServeError;
use crate::cli::{self, CliError};
use crate::github::ApiError;
use crate::report::ExportError;
use crate::server::ServerError;
use crate::source::recording::{ReadRecordingError, WriteRecordingError};
use crate::source::tasks::process::child::WorkerError;

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
    /// `threadline serve` did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// `threadline worker` was not started by threadline.
    #[error(transparent)]
    Worker(#[from] WorkerError),
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
        let (Self::Stdout(error) | Self::Serve(ServeError::System(error))) = self else {
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
            Self::Arguments(_)
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
