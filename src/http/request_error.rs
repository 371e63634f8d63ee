//! Failed requests, and whether a retry may help.

use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use super::limit_policy::RateLimit;
use crate::model::time::describe_duration;
use crate::model::{Failure, FailureKind};

/// A failed request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestError {
    /// The failure and its message.
    pub failure: Failure,
    /// The action that may help.
    #[serde(rename = "remedy")]
    pub retry_action: RetryAction,
}

/// The action that may help after a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAction {
    /// None: a retry would fail too.
    None,
    /// Retrying later, and not before this delay if the server requested one.
    Retry(Option<Duration>),
    /// Retrying once the limit is over.
    Limit(RateLimit),
}

impl RequestError {
    /// Creates an error that a retry would not change.
    pub(crate) fn permanent(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure::new(kind, message), retry_action: RetryAction::None }
    }

    /// Creates an error that a retry may change.
    pub(crate) fn transient(kind: FailureKind, message: String) -> Self {
        Self { failure: Failure::new(kind, message), retry_action: RetryAction::Retry(None) }
    }

    /// Adds the status of the response to the failure.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { failure: self.failure.with_status(status.as_u16()), ..self }
    }
}

/// Returns `true` if a response with this status is to be requested again.
pub(crate) fn is_transient_status(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// The server requests a delay longer than the maximum.
pub fn retry_after_exceeds_max_wait(
    failure: &Failure,
    asked: Duration,
    max_wait: Duration,
) -> Failure {
    let (asked, most) = (describe_duration(asked), describe_duration(max_wait));
    let message = format!("{failure}; it asks for {asked}, and --max-wait is {most}");
    Failure { message, ..failure.clone() }
}
