//! What went wrong with a request, in a person's words: what happened, to what, what to do now.

use std::error::Error;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::api::Api;
use super::client::REQUEST_TIMEOUT;
use super::quota;
use crate::model::text::printable;
use crate::model::{Failure, FailureKind};

/// GitHub's error body: <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
}

fn new(kind: FailureKind, message: String) -> Failure {
    Failure { kind, message }
}

/// The client could not even be made.
pub(super) fn unusable(api: &Api, reason: &str) -> Failure {
    let (host, reason) = (api.host(), printable(reason));
    new(FailureKind::Unreachable, format!("no connection to {host} can be set up: {reason}"))
}

/// The connection failed, broke or took too long.
pub(super) fn transport(api: &Api, what: &str, error: &reqwest::Error) -> Failure {
    let (host, reason) = (api.host(), root(error));
    if error.is_connect() {
        let (kind, reason) = if error.is_timeout() {
            (FailureKind::TimedOut, "no answer in time".to_owned())
        } else {
            (FailureKind::Unreachable, reason)
        };
        return new(
            kind,
            format!("{host} cannot be reached ({reason}): check the network, or --api-url"),
        );
    }
    if error.is_timeout() {
        let seconds = REQUEST_TIMEOUT.as_secs();
        let message = format!(
            "{host} did not send {what} within {seconds} s: it may be busy, try again later"
        );
        return new(FailureKind::TimedOut, message);
    }
    if error.is_redirect() {
        let message = format!("{host} does not answer for {what}: {reason}; check --api-url");
        return new(FailureKind::Server, message);
    }
    let message = format!("the connection to {host} broke in {what} ({reason}): try again");
    new(FailureKind::Unreachable, message)
}

/// The server answered, but not with success.
pub(super) fn status(
    api: &Api,
    user: &str,
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Failure {
    let host = api.host();
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let said = match printable(&body.message) {
        message if message.is_empty() => {
            status.canonical_reason().unwrap_or("no reason given").to_owned()
        }
        message => message,
    };
    match status {
        // Without GitHub's words it is some other server that knows no such page.
        StatusCode::NOT_FOUND if !body.message.is_empty() => new(
            FailureKind::NotFound,
            format!("{host} knows no user \"{}\": check the spelling", printable(user)),
        ),
        StatusCode::UNAUTHORIZED => new(FailureKind::Refused, unauthorized(api, &said)),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
            if quota::is_limit(headers, &body.message) =>
        {
            new(FailureKind::RateLimited, limited(api, headers))
        }
        StatusCode::FORBIDDEN => {
            new(FailureKind::Refused, format!("{host} refuses {what}: {said}"))
        }
        _ if status.is_server_error() => new(
            FailureKind::Server,
            format!("{host} answered {what} with {}: {said}; try again later", status.as_u16()),
        ),
        _ => new(
            FailureKind::Server,
            format!(
                "{host} answered {what} with {}: {said}; is it a GitHub API? Check --api-url",
                status.as_u16()
            ),
        ),
    }
}

/// The reply is no reply of GitHub's API.
pub(super) fn body(api: &Api, what: &str, reason: &str) -> Failure {
    let (host, reason) = (api.host(), printable(reason));
    let message = format!(
        "{host} sent something else than GitHub's API does for {what} ({reason}): check --api-url"
    );
    new(FailureKind::Server, message)
}

/// The innermost reason, which says the most.
pub(super) fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    printable(&innermost.to_string())
}

fn unauthorized(api: &Api, said: &str) -> String {
    let host = api.host();
    match api.token() {
        Some(token) => format!(
            "{host} does not accept the token in {0} ({said}): make a new one, or unset {0}",
            token.variable()
        ),
        None => format!("{host} wants a token ({said}): set GH_TOKEN"),
    }
}

fn limited(api: &Api, headers: &HeaderMap) -> String {
    let (host, again) = (api.host(), quota::again(headers));
    match api.token() {
        Some(_) => format!("{host} has had too many requests with this token: try again {again}"),
        None => format!(
            "{host} has had too many requests without a token: try again {again}, or set GH_TOKEN \
             for a larger quota"
        ),
    }
}
