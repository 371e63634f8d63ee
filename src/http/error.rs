//! Errors of requests: the phase that failed, the reason, and whether a retry may help.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use reqwest::StatusCode;

use super::retry::RequestTimeouts;
use super::system_limits;
use crate::model::FailureKind;

/// A request without a complete response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct HttpError {
    /// The reason.
    pub kind: HttpErrorKind,
    /// The status of the response, if its head arrived.
    pub status: Option<StatusCode>,
}

/// The reason why a request has no complete response. Texts may come from the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpErrorKind {
    /// The client could not be created.
    #[error("{0}")]
    Setup(String),
    /// A resource of this system ran out, such as open files.
    #[error("{0}")]
    Shortage(String),
    /// The connection was not established in time.
    #[error("timed out")]
    ConnectTimeout(ConnectStep),
    /// The connection could not be established.
    #[error("{reason}")]
    Connect {
        /// The step that failed.
        step: ConnectStep,
        /// The reason.
        reason: String,
    },
    /// The connection was established, but no response began within this time.
    #[error("no response began within {0:?}")]
    FirstByteTimeout(Duration),
    /// The response was not complete within this time.
    #[error("the response was not complete within {0:?}")]
    TotalTimeout(Duration),
    /// A redirect was not followed.
    #[error("{0}")]
    Redirect(String),
    /// The connection broke, or the bytes that arrived are not HTTP.
    #[error("{0}")]
    Broken(String),
    /// The body is larger than this number of bytes.
    #[error("it is larger than {} MB", .0 >> 20)]
    BodyTooLarge(usize),
}

/// The step of connection setup that failed. Without a proxy, the steps of the proxy are those of the
/// server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStep {
    /// The connection to the proxy.
    Tcp,
    /// The proxy's connection to the server.
    Tunnel,
    /// TLS with the server.
    Tls,
}

impl From<HttpErrorKind> for HttpError {
    fn from(kind: HttpErrorKind) -> Self {
        Self { kind, status: None }
    }
}

impl HttpErrorKind {
    /// Classifies the error of a request with these timeouts.
    pub(super) fn classify(error: &reqwest::Error, timeouts: RequestTimeouts) -> Self {
        let reason = root_cause(error);
        if error.is_connect() {
            let step = ConnectStep::of_failure(error);
            return match system_limits::shortage(error) {
                Some(shortage) => Self::Shortage(shortage),
                None if error.is_timeout() => Self::ConnectTimeout(step),
                None => Self::Connect { step, reason },
            };
        }
        if error.is_timeout() {
            Self::TotalTimeout(timeouts.total)
        } else if error.is_redirect() {
            Self::Redirect(reason)
        } else {
            Self::Broken(reason)
        }
    }

    /// Returns `true` if a retry may help.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::ConnectTimeout(_)
            | Self::Connect { .. }
            | Self::FirstByteTimeout(_)
            | Self::TotalTimeout(_)
            | Self::Broken(_) => true,
            Self::Setup(_) | Self::Shortage(_) | Self::Redirect(_) | Self::BodyTooLarge(_) => false,
        }
    }

    /// The kind of failure that this is for a task.
    pub const fn failure_kind(&self) -> FailureKind {
        match self {
            Self::Shortage(_) => FailureKind::Exhausted,
            Self::ConnectTimeout(_) | Self::FirstByteTimeout(_) | Self::TotalTimeout(_) => {
                FailureKind::TimedOut
            }
            Self::Setup(_) | Self::Connect { .. } | Self::Broken(_) => FailureKind::Unreachable,
            Self::Redirect(_) | Self::BodyTooLarge(_) => FailureKind::Server,
        }
    }
}

impl ConnectStep {
    /// Only TLS fails with these kinds of I/O errors, and only a proxy's refusal is not an I/O error.
    fn of_failure(error: &reqwest::Error) -> Self {
        let system = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
        match system.map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => Self::Tls,
            Some(_) => Self::Tcp,
            None => Self::Tunnel,
        }
    }
}

/// Iterates over an error and its causes, from the outermost to the innermost.
fn causes<'error>(
    error: &'error (dyn Error + 'static),
) -> impl Iterator<Item = &'error (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// Returns the innermost cause, which is the most specific.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let reason = causes(error).last().map(ToString::to_string).unwrap_or_default();
    // Users have no use for the error number.
    reason.split(" (os error ").next().unwrap_or_default().to_owned()
}
