//! Errors of the requests of a list: a message (what failed, on what, what to do), and whether a retry may
//! help. No message has a secret of the headers or of the URL.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use super::list_source::{Connection, ListServer};
use crate::github::github_limit;
use crate::http::general_limits;
use crate::http::retry::retry_after;
use crate::http::url_text::{MASK, secret_values};
use crate::http::{HttpError, HttpErrorKind, HttpResponse, RequestError, RetryAction};
use crate::model::item_page::ItemsError;
use crate::model::printable::{printable, printable_up_to};
use crate::model::{Failure, FailureKind, TaskId};

/// The minimum length of a secret that is redacted: the text of a shorter one could occur in ordinary words.
const MIN_SECRET_LENGTH: usize = 4;

/// The maximum length of a server's explanation.
const MAX_DETAIL_CHARS: usize = 160;

/// Removes the values of headers and of the URL from texts of the server, which may repeat them.
pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let texts = headers.values().filter_map(|value| value.to_str().ok());
        // The scheme before a token is no secret, and a server may repeat the token alone.
        let secrets = texts.flat_map(|text| [text].into_iter().chain(text.split_whitespace()));
        let secrets = secrets.filter(|secret| secret.len() >= MIN_SECRET_LENGTH);
        Self { secrets: secrets.map(str::to_owned).collect() }
    }

    /// Returns a text, escaped for printing, without secrets.
    pub(super) fn redact(&self, url: &Url, text: &str) -> String {
        let mut text = text.to_owned();
        let of_url = secret_values(url);
        for secret in self.secrets.iter().chain(&of_url) {
            if secret.len() >= MIN_SECRET_LENGTH {
                text = text.replace(secret, MASK);
            }
        }
        printable(&text)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

fn page_name(TaskId(page): TaskId) -> String {
    format!("page {page}")
}

/// A request has no complete response.
pub(super) fn transport_error(
    server: &ListServer,
    task: TaskId,
    url: &Url,
    error: &HttpError,
) -> RequestError {
    let reason = server.sanitize(url, &error.kind.to_string());
    if let HttpErrorKind::BodyTooLarge(_) = error.kind {
        let message = format!("{} of {} is too large: {reason}; raise --max-body", page_name(task), server.host());
        return RequestError::permanent(FailureKind::Server, message);
    }
    server.peer().transport_error(&page_name(task), error, &reason)
}

/// A page is not what was asked for. It is not retried.
pub(super) fn unexpected_response(
    host: &str,
    task: TaskId,
    kind: FailureKind,
    reason: &str,
) -> RequestError {
    RequestError::permanent(kind, format!("cannot use {} of {host}: {reason}", page_name(task)))
}

/// A page has no items where they were expected. A body that was cut off may be whole the next time.
pub(super) fn content_error(
    server: &ListServer,
    task: TaskId,
    url: &Url,
    error: &ItemsError,
    is_cut: bool,
) -> RequestError {
    let reason = server.sanitize(url, &error.to_string());
    match error {
        ItemsError::NotJson(_) if is_cut => {
            let message = format!("cannot use {} of {}: {reason}", page_name(task), server.host());
            RequestError::transient(FailureKind::Server, message)
        }
        _ => server.unexpected_response(task, FailureKind::Content, &reason),
    }
}

/// The server responded with an error status.
pub(super) fn status_error(
    server: &ListServer,
    task: TaskId,
    url: &Url,
    response: &HttpResponse,
) -> RequestError {
    let (status, headers, host) = (response.status, &response.headers, server.host());
    if let Some(limited) = limit_error(server, response) {
        return limited.with_status(status);
    }
    let (what, code) = (page_name(task), status.as_u16());
    let detail = server.sanitize(url, &first_line(&response.body));
    let detail = match detail.as_str() {
        "" => status.canonical_reason().unwrap_or("no reason given").to_owned(),
        detail => printable_up_to(detail, MAX_DETAIL_CHARS),
    };
    let error = match status {
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            let message = format!("{host} answered {what} with {code}: {detail}; try again later");
            let failure = Failure::new(FailureKind::Server, message);
            RequestError { failure, retry_action: RetryAction::Retry(retry_after(headers)) }
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            let message = server.peer().proxy_unauthorized_message(&detail);
            RequestError::permanent(FailureKind::Refused, message)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let message =
                format!("{host} refuses {what} with {code}: {detail}; check the headers (-H)");
            RequestError::permanent(FailureKind::Refused, message)
        }
        _ => {
            let message = format!("{host} answered {what} with {code}: {detail}; check the URL");
            RequestError::permanent(FailureKind::Server, message)
        }
    };
    error.with_status(status)
}

/// Returns the error if the server refuses the request because of a limit.
fn limit_error(server: &ListServer, response: &HttpResponse) -> Option<RequestError> {
    match &server.connection {
        Connection::Github(api) => github_limit(api, response),
        Connection::Other(_) => {
            let limit = general_limits::limit_from_response(response.status, &response.headers)?;
            Some(general_limits::rate_limited(&server.host(), limit))
        }
    }
}

/// Returns the first line of a body that is not empty.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
