//! Errors of requests: a message (what failed, on what, what to do), and whether a retry may help.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use super::api::Api;
use super::rate_limit::{self, RateLimit, RetryAfter};
use crate::http::retry_policy::RequestTimeouts;
use crate::http::system_limits;
use crate::model::printable::printable;
use crate::model::time::time_of_day;
use crate::model::{Failure, FailureKind, LimitKind};

/// A failed request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestError {
    /// The failure and its message.
    pub failure: Failure,
    /// The action that may help.
    #[serde(rename = "remedy")]
    pub retry_action: RetryAction,
}

impl RequestError {
    /// Adds the status of the response to the failure.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { failure: self.failure.with_status(status.as_u16()), ..self }
    }
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

/// GitHub's error body:
/// <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    documentation_url: String,
}

fn permanent_error(kind: FailureKind, message: String) -> RequestError {
    RequestError { failure: Failure::new(kind, message), retry_action: RetryAction::None }
}

fn transient_error(kind: FailureKind, message: String) -> RequestError {
    RequestError { failure: Failure::new(kind, message), retry_action: RetryAction::Retry(None) }
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

/// The connection failed, broke or timed out.
pub(super) fn transport_error(
    api: &Api,
    what: &str,
    timeouts: RequestTimeouts,
    error: &reqwest::Error,
) -> RequestError {
    let (peer, reason) = (peer(api), sanitize_text(api, &root_cause(error)));
    if error.is_connect() {
        if let Some(shortage) = system_limits::shortage(error) {
            let message = format!(
                "cannot open a connection to {peer}: {shortage}; ask for fewer workers with \
                 --threads, or raise the limit"
            );
            return permanent_error(FailureKind::Exhausted, message);
        }
        let (kind, reason) = if error.is_timeout() {
            (FailureKind::TimedOut, "timed out".to_owned())
        } else {
            (FailureKind::Unreachable, reason)
        };
        return transient_error(kind, unreachable(api, &reason, error));
    }
    if error.is_timeout() {
        let time = describe_duration(timeouts.total);
        let message = format!(
            "{peer} did not send {what} within {time}; it may be busy, try again later or raise \
             --timeout"
        );
        return transient_error(FailureKind::TimedOut, message);
    }
    if error.is_redirect() {
        let message = format!("{peer} does not answer for {what}: {reason}; check --api-url");
        return permanent_error(FailureKind::Server, message);
    }
    let message = format!("the connection to {peer} broke during {what} ({reason}); try again");
    transient_error(FailureKind::Unreachable, message)
}

/// Returns the message for a connection that could not be established. With a proxy, the failure is
/// in the connection to the proxy, in the proxy's connection to the API, or in TLS with the API.
fn unreachable(api: &Api, reason: &str, error: &reqwest::Error) -> String {
    let system = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    let kind = system.map(io::Error::kind);
    let is_tls = matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof));
    match api.proxy().filter(|_| !is_tls) {
        None => {
            let peer = peer(api);
            format!("{peer} cannot be reached ({reason}); check the network, or --api-url")
        }
        Some(proxy) => {
            let (host, variable) = (api.host(), proxy.variable());
            let failed = if kind.is_some() {
                "cannot be reached".to_owned()
            } else {
                format!("does not connect to {host}")
            };
            format!("the proxy {proxy} {failed} ({reason}); check {variable}")
        }
    }
}

/// Returns the API's host, and the proxy if there is one.
fn peer(api: &Api) -> String {
    let host = api.host();
    match api.proxy() {
        Some(proxy) => format!("{host} (through the proxy {proxy})"),
        None => host,
    }
}

/// The connection was established, but no response began in time.
pub(super) fn first_byte_timeout(api: &Api, what: &str, timeouts: RequestTimeouts) -> RequestError {
    let (peer, time) = (peer(api), describe_duration(timeouts.first_byte));
    let message = format!(
        "{peer} did not start to answer for {what} within {time}; it may be busy, try again later"
    );
    transient_error(FailureKind::TimedOut, message)
}

/// The server responded with an error status.
pub(super) fn status_error(
    api: &Api,
    user: &str,
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> RequestError {
    let host = api.host();
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let detail = match sanitize_text(api, &body.message) {
        message if message.is_empty() => {
            status.canonical_reason().unwrap_or("no reason given").to_owned()
        }
        message => message,
    };
    let code = status.as_u16();
    let error = match status {
        // Without GitHub's message, the response comes from another server, which does not have
        // this path.
        StatusCode::NOT_FOUND if !body.message.is_empty() => permanent_error(
            FailureKind::NotFound,
            format!("{host} knows no user \"{}\"; check the spelling", printable(user)),
        ),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            permanent_error(FailureKind::Refused, proxy_unauthorized(api, &detail))
        }
        StatusCode::UNAUTHORIZED => {
            permanent_error(FailureKind::Refused, unauthorized_message(api, &detail))
        }
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            let too_many = status == StatusCode::TOO_MANY_REQUESTS;
            let limit = rate_limit::limit_from_refusal(
                too_many,
                headers,
                &body.message,
                &body.documentation_url,
            );
            let refused = || format!("{host} refuses {what}: {detail}");
            limit.map_or_else(
                || permanent_error(FailureKind::Refused, refused()),
                |limit| rate_limited(api, limit),
            )
        }
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            let message = format!("{host} answered {what} with {code}: {detail}; try again later");
            RequestError {
                failure: Failure::new(FailureKind::Server, message),
                retry_action: RetryAction::Retry(rate_limit::retry_after(headers)),
            }
        }
        _ => permanent_error(
            FailureKind::Server,
            format!(
                "{host} answered {what} with {code}: {detail}; is it a GitHub API? Check --api-url"
            ),
        ),
    };
    error.with_status(status)
}

/// The server does not have a page that is not the first. A retry would not help.
pub(super) fn missing_page(api: &Api, what: &str, status: StatusCode) -> RequestError {
    let message = format!("{} has no {what}; request larger pages, or try again", api.host());
    permanent_error(FailureKind::Server, message).with_status(status)
}

/// The body is not one of GitHub's API. A retry may help.
pub(super) fn invalid_body(api: &Api, what: &str, reason: &str) -> RequestError {
    transient_error(FailureKind::Server, unexpected_response_message(api, what, reason))
}

/// The response is one that GitHub's API never sends. It is not retried.
pub(super) fn implausible_response(api: &Api, what: &str, reason: &str) -> RequestError {
    permanent_error(FailureKind::Server, unexpected_response_message(api, what, reason))
}

fn unexpected_response_message(api: &Api, what: &str, reason: &str) -> String {
    let (host, reason) = (api.host(), sanitize_text(api, reason));
    format!("{host} sent an unexpected answer for {what} ({reason}); check --api-url")
}

/// The server reported a rate limit.
pub(super) fn rate_limited(api: &Api, limit: RateLimit) -> RequestError {
    let (host, which) = (api.host(), limit_name(limit.kind));
    let message = match limit.wait {
        RetryAfter::For(wait) => {
            format!("{host}'s {which} is reached for {}", describe_duration(wait))
        }
        RetryAfter::Until(utc) => {
            format!("{host}'s {which} is reached until {} UTC", time_of_day(utc))
        }
        RetryAfter::Unspecified => format!("{host}'s {which} is reached"),
    };
    RequestError {
        failure: Failure::new(FailureKind::RateLimited, message),
        retry_action: RetryAction::Limit(limit),
    }
}

/// A limit lasts longer than `--max-wait`.
pub fn limit_exceeds_max_wait(
    api: &Api,
    kind: LimitKind,
    wait: Duration,
    until_utc: u64,
    max_wait: Duration,
) -> Failure {
    let (host, which, most) = (api.host(), limit_name(kind), describe_duration(max_wait));
    // A time of day is ambiguous beyond a day.
    let today = wait.as_secs() < 86_400;
    let end = if today { format!("until {} UTC, ", time_of_day(until_utc)) } else { String::new() };
    let wait = describe_duration(wait);
    let larger = match (kind, api.token()) {
        (LimitKind::Primary, None) => ", or set GH_TOKEN for a larger quota",
        _ => "",
    };
    let message = format!(
        "{host}'s {which} is reached {end}for {wait}, and --max-wait is {most}; come back then{larger}"
    );
    Failure::new(FailureKind::RateLimited, message)
}

/// The server requests a delay longer than `--max-wait`.
pub fn retry_after_exceeds_max_wait(
    failure: &Failure,
    asked: Duration,
    max_wait: Duration,
) -> Failure {
    let (asked, most) = (describe_duration(asked), describe_duration(max_wait));
    let message = format!("{failure}; it asks for {asked}, and --max-wait is {most}");
    Failure { message, ..failure.clone() }
}

/// A limit was reached again after each wait.
pub fn limit_persists(api: &Api, kind: LimitKind, times: u32) -> Failure {
    let message = format!(
        "{}'s {} was reached {times} times in a row despite waiting; try again later",
        api.host(),
        limit_name(kind)
    );
    Failure::new(FailureKind::RateLimited, message)
}

const fn limit_name(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::Primary => "rate limit",
        LimitKind::Secondary => "secondary rate limit",
    }
}

/// Formats a duration: in seconds up to two minutes, then in minutes, hours or days.
fn describe_duration(time: Duration) -> String {
    match time.as_secs() + u64::from(time.subsec_nanos() > 0) {
        1 if time.as_secs() == 0 => format!("{} ms", time.as_millis()),
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds @ 7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        seconds => format!("{} days", seconds.div_ceil(86_400)),
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
