//! The rows of the fault table: every fault, and its expected effect on the client.

use threadline::model::FailureKind;

use ExpectedOutcome::{EndOfList, Limit, Redirect, Retry, Success, TaskFailure};
use FailureKind::{Refused, Server as ServerFailure, TimedOut, Unreachable};

/// The expected effect of a fault on a request. The texts are parts of the failure message; `{}`
/// stands for the requested page.
#[derive(Clone, Copy)]
pub(crate) enum ExpectedOutcome {
    /// The request succeeds.
    Success,
    /// The request fails and is retried.
    Retry(FailureKind, &'static str),
    /// The request hits a rate limit, and is retried after its end.
    Limit(&'static str),
    /// The task fails without a retry.
    TaskFailure(FailureKind, &'static str),
    /// The run fails, since no other request could succeed.
    RunFailure(FailureKind, &'static str),
    /// The request is redirected on the same server, and fails after too many redirects.
    Redirect,
    /// The list ends before this page.
    EndOfList,
}

pub(crate) struct FaultRow {
    /// The keys of the fault, except for the page and the number of times.
    pub(crate) fault: String,
    pub(crate) page: ExpectedOutcome,
}

fn row(fault: &str, page: ExpectedOutcome) -> FaultRow {
    FaultRow { fault: format!(r#""fault":{fault}"#), page }
}

const BROKEN_CONNECTION: ExpectedOutcome =
    Retry(Unreachable, "the connection to 127.0.0.1:{port} broke during {} (");
const UNEXPECTED_RESPONSE: ExpectedOutcome =
    Retry(ServerFailure, "sent an unexpected answer for {} (");
const TIMEOUT: ExpectedOutcome = Retry(TimedOut, " {} within 1 s; it may be busy, try again later");

/// Returns the faults that only a timeout detects.
pub(crate) fn slow_rows() -> [FaultRow; 4] {
    [r#""stall""#, r#""stall_in_body""#, r#""drip""#, r#""slow""#].map(|fault| row(fault, TIMEOUT))
}

/// Returns all other faults; some point to another server at the URL `elsewhere`.
pub(crate) fn fast_rows(elsewhere: &str) -> Vec<FaultRow> {
    let rows = limit_rows().into_iter().chain(status_rows()).chain(connection_and_body_rows());
    rows.chain(link_and_redirect_rows(elsewhere)).collect()
}

fn limit_rows() -> [FaultRow; 3] {
    [
        row(r#""primary_limit","reset_after":0"#, Limit("'s rate limit is reached for 1 s")),
        row(
            r#""secondary_limit","retry_after":5,"lasts":0"#,
            Limit("'s secondary rate limit is reached for 5 s"),
        ),
        row(
            r#""secondary_limit","status":429,"lasts":0"#,
            Limit("'s secondary rate limit is reached"),
        ),
    ]
}

fn status_rows() -> [FaultRow; 12] {
    let status = |status: u16, outcome| row(&format!(r#""status","status":{status}"#), outcome);
    [
        status(400, TaskFailure(ServerFailure, "answered {} with 400: The version you specified")),
        status(
            401,
            ExpectedOutcome::RunFailure(
                Refused,
                "requires a token (Bad credentials); set GH_TOKEN",
            ),
        ),
        status(403, ExpectedOutcome::RunFailure(Refused, "refuses {}: Resource not accessible")),
        status(404, TaskFailure(ServerFailure, "has no {}; request larger pages, or try again")),
        status(408, Retry(ServerFailure, "answered {} with 408: Request Timeout; try again later")),
        status(410, TaskFailure(ServerFailure, "answered {} with 410: Gone; is it a GitHub API?")),
        status(422, EndOfList),
        status(
            451,
            TaskFailure(ServerFailure, "answered {} with 451: Unavailable For Legal Reasons"),
        ),
        status(500, Retry(ServerFailure, "answered {} with 500: Server Error; try again later")),
        status(502, Retry(ServerFailure, "answered {} with 502: Server Error; try again later")),
        row(
            r#""status","status":503,"retry_after":20"#,
            Retry(ServerFailure, "answered {} with 503: Service Unavailable; try again later"),
        ),
        status(504, Retry(ServerFailure, "answered {} with 504: Gateway Timeout; try again later")),
    ]
}

/// Returns the faults of connections, headers and bodies.
fn connection_and_body_rows() -> [FaultRow; 24] {
    let too_large = TaskFailure(ServerFailure, "for {} (it is larger than 16 MB); check --api-url");
    [
        row(r#""close""#, BROKEN_CONNECTION),
        row(r#""reset""#, BROKEN_CONNECTION),
        row(r#""close_in_body""#, BROKEN_CONNECTION),
        row(r#""reset_in_body""#, BROKEN_CONNECTION),
        row(r#""garbage""#, BROKEN_CONNECTION),
        row(r#""endless_headers""#, BROKEN_CONNECTION),
        row(r#""huge_header""#, BROKEN_CONNECTION),
        row(r#""duplicate_headers""#, BROKEN_CONNECTION),
        row(r#""escapes_in_headers""#, BROKEN_CONNECTION),
        row(r#""truncated_json""#, UNEXPECTED_RESPONSE),
        row(r#""html""#, UNEXPECTED_RESPONSE),
        row(r#""wrong_type""#, UNEXPECTED_RESPONSE),
        row(r#""wrong_type","of":"login""#, UNEXPECTED_RESPONSE),
        row(r#""wrong_type","of":"id""#, UNEXPECTED_RESPONSE),
        row(r#""deep""#, UNEXPECTED_RESPONSE),
        row(r#""empty""#, UNEXPECTED_RESPONSE),
        row(r#""huge""#, too_large),
        row(r#""huge","bytes":10000000"#, Success),
        row(r#""gzip_bomb","bytes":40000000"#, too_large),
        row(r#""content_type""#, Success),
        row(r#""escapes""#, Success),
        row(r#""no_links""#, Success),
        row(r#""slow","wait_ms":20"#, Success),
        row(r#""drip","every_ms":0"#, Success),
    ]
}

/// Returns the faults of links and redirects.
fn link_and_redirect_rows(elsewhere: &str) -> [FaultRow; 5] {
    let to = |fault: &str| format!(r#"{fault},"to":"{elsewhere}/users/x/followers?page=2""#);
    [
        row(
            &to(r#""link""#),
            TaskFailure(
                ServerFailure,
                "for {} (its Link header points to another server); check --api-url",
            ),
        ),
        row(
            r#""link","to":"/user/1/followers?page=99999999""#,
            TaskFailure(
                ServerFailure,
                "(its Link header has no page number from 1 to 1000000); check --api-url",
            ),
        ),
        row(r#""redirect""#, Redirect),
        row(r#""redirect","status":307"#, Redirect),
        row(
            &to(r#""redirect""#),
            TaskFailure(ServerFailure, "answer for {}: it redirects to another server"),
        ),
    ]
}
