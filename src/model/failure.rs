//! The failure of a task or of a whole run, with its kind, which determines the reaction.

use serde::{Deserialize, Serialize};

use super::state::State;

/// The failure of a task or of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind of failure, which determines the exit code and whether the run continues.
    pub kind: FailureKind,
    /// The message for the user: the problem, the object and the remedy. Safe to print.
    pub message: String,
    /// The HTTP status of the rejection, if the server sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Failure {
    /// Creates a failure without an HTTP status.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None }
    }

    /// Adds the HTTP status of a response to the failure.
    #[must_use]
    pub fn with_status(self, status: impl Into<Option<u16>>) -> Self {
        Self { status: status.into(), ..self }
    }

    /// The state of a lane after the failure of an attempt, until the next attempt.
    pub const fn wait_state(&self) -> State {
        match self.kind {
            FailureKind::RateLimited => State::Throttled,
            _ => State::RetryWait,
        }
    }
}

/// The kinds of failure that call for different reactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The user does not exist.
    NotFound,
    /// The server rejected the token or the request.
    Refused,
    /// The server's rate limit is used up.
    RateLimited,
    /// The connection failed or could not be established.
    Unreachable,
    /// The server did not respond in time.
    TimedOut,
    /// The server answered with an error or an invalid response.
    Server,
    /// The server answered with something else than the items that were asked for.
    Content,
    /// The maximum number of requests that the user allows is used up.
    RequestLimit,
    /// A worker process could not be started, or crashed repeatedly.
    Worker,
    /// The system lacks a resource that a worker needs, such as open files.
    Exhausted,
    /// A command could not be started, was killed by a signal, or exited with a status other than
    /// 0.
    Command,
    /// The task panicked: a bug in this program.
    Panicked,
    /// The recording ends before the run does, so the outcome is unknown.
    Unrecorded,
}

impl FailureKind {
    /// Returns `true` if further requests would fail in the same way, so that the run ends.
    pub const fn ends_run(self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::Refused
                | Self::RateLimited
                | Self::Content
                | Self::RequestLimit
                | Self::Worker
                | Self::Exhausted
        )
    }
}
