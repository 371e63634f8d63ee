//! Errors of requests: a message (what failed, on what, what to do), and whether a retry may help.

use reqwest::StatusCode;
use serde::Deserialize;

use super::api::Api;
use super::rate_limit::{limit_from_refusal, rate_limited};
use crate::http::peer::Peer;
use crate::http::retry::retry_after;
use crate::http::{HttpError, HttpResponse, RequestError, RetryAction};
use crate::model::printable::printable;
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
    let message = peer(api).setup_message(&sanitize_text(api, reason));
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
    let reason = sanitize_text(api, &error.kind.to_string());
    peer(api).transport_error(what, error, &reason)
}

/// Returns the API as messages about connections name it.
fn peer(api: &Api) -> Peer<'_> {
    Peer { host: api.host(), proxy: api.proxy(), address: "--api-url" }
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
            (FailureKind::Refused, peer(api).proxy_unauthorized_message(&detail))
        }
        StatusCode::UNAUTHORIZED => (FailureKind::Refused, unauthorized_message(api, &detail)),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            match github_limit(api, response) {
                Some(limited) => return limited,
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

/// Returns the error if GitHub refuses the request because of a limit.
pub(crate) fn github_limit(api: &Api, response: &HttpResponse) -> Option<RequestError> {
    let status = response.status;
    let too_many = status == StatusCode::TOO_MANY_REQUESTS;
    if !too_many && status != StatusCode::FORBIDDEN {
        return None;
    }
    let body: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let ErrorBody { message, documentation_url } = &body;
    let limit = limit_from_refusal(too_many, &response.headers, message, documentation_url)?;
    Some(rate_limited(api, limit).with_status(status))
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
    peer(api).unexpected_response_message(what, &sanitize_text(api, reason))
}

/// Returns a text from the server, escaped for printing, with the token redacted.
fn sanitize_text(api: &Api, text: &str) -> String {
    match api.token() {
        Some(token) => printable(&token.redact_in(text)),
        None => printable(text),
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
