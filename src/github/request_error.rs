//! Errors of requests: a message (what failed, on what, what to do), and whether a retry may help.

use reqwest::StatusCode;
use serde::Deserialize;

use super::api::Api;
use super::rate_limit::{limit_from_refusal, rate_limited};
use crate::http::retry::retry_after;
use crate::http::{ConnectStep, HttpError, HttpErrorKind, HttpResponse, RequestError, RetryAction};
use crate::model::printable::printable;
use crate::model::time::describe_duration;
use crate::model::{Failure, FailureKind};

/// GitHub's error body:
/// <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    documentation_url: String,
}

/// The HTTP client could not be created.
pub(super) fn client_failure(api: &Api, reason: &str) -> Failure {
    let (host, reason) = (api.host(), sanitize_text(api, reason));
    let message = format!("cannot set up a connection to {host}: {reason}");
    Failure::new(FailureKind::Unreachable, message)
}

/// The API's address cannot be used for requests.
pub(super) fn invalid_address(api: &Api) -> RequestError {
    RequestError {
        failure: client_failure(api, "its address cannot have a path"),
        retry_action: RetryAction::None,
    }
}

/// A request has no complete response.
pub(super) fn transport_error(api: &Api, what: &str, error: &HttpError) -> RequestError {
    let (peer, kind) = (peer(api), &error.kind);
    let reason = sanitize_text(api, &kind.to_string());
    let message = match kind {
        HttpErrorKind::Setup(_) => client_failure(api, &reason).message,
        HttpErrorKind::Shortage(_) => format!(
            "cannot open a connection to {peer}: {reason}; ask for fewer workers with --threads, \
             or raise the limit"
        ),
        HttpErrorKind::ConnectTimeout(step) | HttpErrorKind::Connect { step, .. } => {
            unreachable(api, &reason, *step)
        }
        HttpErrorKind::FirstByteTimeout(time) => format!(
            "{peer} did not start to answer for {what} within {}; it may be busy, try again later",
            describe_duration(*time)
        ),
        HttpErrorKind::TotalTimeout(time) => format!(
            "{peer} did not send {what} within {}; it may be busy, try again later or raise \
             --timeout",
            describe_duration(*time)
        ),
        HttpErrorKind::Redirect(_) => {
            format!("{peer} does not answer for {what}: {reason}; check --api-url")
        }
        HttpErrorKind::Broken(_) => {
            format!("the connection to {peer} broke during {what} ({reason}); try again")
        }
        HttpErrorKind::BodyTooLarge(_) => unexpected_response_message(api, what, &reason),
    };
    let new = if kind.is_transient() { RequestError::transient } else { RequestError::permanent };
    let answer = new(kind.failure_kind(), message);
    match error.status {
        Some(status) => answer.with_status(status),
        None => answer,
    }
}

/// Returns the message for a connection that could not be established. With a proxy, the failure is
/// in the connection to the proxy, in the proxy's connection to the API, or in TLS with the API.
fn unreachable(api: &Api, reason: &str, step: ConnectStep) -> String {
    let Some(proxy) = api.proxy().filter(|_| step != ConnectStep::Tls) else {
        let peer = peer(api);
        return format!("{peer} cannot be reached ({reason}); check the network, or --api-url");
    };
    let failed = match step {
        ConnectStep::Tunnel => format!("does not connect to {}", api.host()),
        ConnectStep::Tcp | ConnectStep::Tls => "cannot be reached".to_owned(),
    };
    format!("the proxy {proxy} {failed} ({reason}); check {}", proxy.variable())
}

/// Returns the API's host, and the proxy if there is one.
fn peer(api: &Api) -> String {
    let host = api.host();
    match api.proxy() {
        Some(proxy) => format!("{host} (through the proxy {proxy})"),
        None => host,
    }
}

/// The server responded with an error status.
pub(super) fn status_error(
    api: &Api,
    user: &str,
    what: &str,
    response: &HttpResponse,
) -> RequestError {
    let (host, status, headers) = (api.host(), response.status, &response.headers);
    let body: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let detail = match sanitize_text(api, &body.message) {
        message if message.is_empty() => {
            status.canonical_reason().unwrap_or("no reason given").to_owned()
        }
        message => message,
    };
    let code = status.as_u16();
    let (kind, message) = match status {
        // Without GitHub's message, the response comes from another server, which does not have
        // this path.
        StatusCode::NOT_FOUND if !body.message.is_empty() => (
            FailureKind::NotFound,
            format!("{host} knows no user \"{}\"; check the spelling", printable(user)),
        ),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            (FailureKind::Refused, proxy_unauthorized(api, &detail))
        }
        StatusCode::UNAUTHORIZED => (FailureKind::Refused, unauthorized_message(api, &detail)),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            let too_many = status == StatusCode::TOO_MANY_REQUESTS;
            let ErrorBody { message, documentation_url } = &body;
            match limit_from_refusal(too_many, headers, message, documentation_url) {
                Some(limit) => return rate_limited(api, limit).with_status(status),
                None => (FailureKind::Refused, format!("{host} refuses {what}: {detail}")),
            }
        }
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            let message = format!("{host} answered {what} with {code}: {detail}; try again later");
            let failure = Failure::new(FailureKind::Server, message);
            let retry_action = RetryAction::Retry(retry_after(headers));
            return RequestError { failure, retry_action }.with_status(status);
        }
        _ => (
            FailureKind::Server,
            format!(
                "{host} answered {what} with {code}: {detail}; is it a GitHub API? Check --api-url"
            ),
        ),
    };
    RequestError::permanent(kind, message).with_status(status)
}

/// The server does not have a page that is not the first. A retry would not help.
pub(super) fn missing_page(api: &Api, what: &str, status: StatusCode) -> RequestError {
    let message = format!("{} has no {what}; request larger pages, or try again", api.host());
    RequestError::permanent(FailureKind::Server, message).with_status(status)
}

/// The body is not one of GitHub's API. A retry may help.
pub(super) fn invalid_body(api: &Api, what: &str, reason: &str) -> RequestError {
    RequestError::transient(FailureKind::Server, unexpected_response_message(api, what, reason))
}

/// The response is one that GitHub's API never sends. It is not retried.
pub(super) fn implausible_response(api: &Api, what: &str, reason: &str) -> RequestError {
    RequestError::permanent(FailureKind::Server, unexpected_response_message(api, what, reason))
}

fn unexpected_response_message(api: &Api, what: &str, reason: &str) -> String {
    let (host, reason) = (api.host(), sanitize_text(api, reason));
    format!("{host} sent an unexpected answer for {what} ({reason}); check --api-url")
}

/// Returns a text from the server, escaped for printing, with the token redacted.
fn sanitize_text(api: &Api, text: &str) -> String {
    match api.token() {
        Some(token) => printable(&token.redact_in(text)),
        None => printable(text),
    }
}

/// Returns the message for status 407. Only proxies send it, but a server may do so too.
fn proxy_unauthorized(api: &Api, detail: &str) -> String {
    match api.proxy() {
        Some(proxy) => format!(
            "the proxy {proxy} requires a user and a password ({detail}); check those in {}",
            proxy.variable()
        ),
        None => format!("{} answers as a proxy does ({detail}); check --api-url", api.host()),
    }
}

fn unauthorized_message(api: &Api, detail: &str) -> String {
    let host = api.host();
    match api.token() {
        Some(token) => format!(
            "{host} rejects the token in {0} ({detail}); make a new one, or unset {0}",
            token.variable()
        ),
        None => format!("{host} requires a token ({detail}); set GH_TOKEN"),
    }
}
