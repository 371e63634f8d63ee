//! Errors of the requests of a list: a message (what failed, on what, what to do), and whether a retry may
//! help. No message has a secret of the headers or of the URL.

use reqwest::StatusCode;
use url::Url;

use super::list_server::{Connection, ListServer, page_name};
use crate::github::github_limit;
use crate::http::general_limits;
use crate::http::retry::retry_after;
use crate::http::{HttpError, HttpErrorKind, HttpResponse, RequestError, RetryAction};
use crate::model::item_page::ItemsError;
use crate::model::printable::printable_up_to;
use crate::model::{Failure, FailureKind, TaskId};

/// The maximum length of a server's explanation.
const MAX_DETAIL_CHARS: usize = 160;

/// A request has no complete response.
pub(super) fn transport_error(
    server: &ListServer,
    task: TaskId,
    url: &Url,
    error: &HttpError,
) -> RequestError {
    let reason = server.sanitize_own(url, &error.kind.to_string());
    if let HttpErrorKind::BodyTooLarge(_) = error.kind {
        let message = format!(
            "{} of {} is too large: {reason}; raise --max-body",
            page_name(task),
            server.host()
        );
        return RequestError::permanent(FailureKind::Server, message);
    }
    server.peer().transport_error(&page_name(task), error, &reason)
}

/// A page has no items where they were expected. A body that was cut off may be whole the next time.
pub(super) fn content_error(
    server: &ListServer,
    task: TaskId,
    url: &Url,
    error: &ItemsError,
    is_cut: bool,
) -> RequestError {
    let reason = match error {
        // These have no words of the server.
        ItemsError::NotJson(_) | ItemsError::Empty | ItemsError::TooLarge => {
            server.sanitize_own(url, &error.to_string())
        }
        _ => server.sanitize(url, &error.to_string()),
    };
    match error {
        ItemsError::NotJson(_) if is_cut => {
            let message = format!("cannot use {} of {}: {reason}", page_name(task), server.host());
            RequestError::transient(FailureKind::Server, message)
        }
        ItemsError::NotJson(_) => {
            let reason = format!("{reason}; without -o, --items and --id its bytes are counted");
            server.unexpected_response(task, FailureKind::Content, &reason)
        }
        ItemsError::Html(_) | ItemsError::Empty => {
            let reason = format!("{reason}; check the URL and the headers (-H)");
            server.unexpected_response(task, FailureKind::Content, &reason)
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
        return limited;
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
            Some(general_limits::limit_error(&server.host(), response.status, limit))
        }
    }
}

/// Returns the first line of a body that is not empty.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
