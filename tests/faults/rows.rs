//! The rows of the table: every fault, and what it is to its client.

use threadline::model::FailureKind;

use ExpectedOutcome::{Limit, Loss, NoMore, Nothing, Passing, Redirect};
use FailureKind::{NotFound, Refused, Server as Broken, TimedOut, Unreachable};

/// What a fault does to the one who meets it. The words are those of the failure; `{}` stands for
/// what was asked for.
#[derive(Clone, Copy)]
pub(crate) enum ExpectedOutcome {
    /// Nothing goes wrong.
    Nothing,
    /// It may pass, so the same is asked again.
    Passing(FailureKind, &'static str),
    /// The same, but not before a limit has ended.
    Limit(&'static str),
    /// What was asked for cannot be had, and nobody asks again.
    Loss(FailureKind, &'static str),
    /// Nothing else could be had either: the run ends.
    End(FailureKind, &'static str),
    /// What was asked for is on another address of the server; in the end, on none.
    Redirect,
    /// There is nothing any more, from here on.
    NoMore,
}

pub(crate) struct FaultRow {
    /// The keys of the fault, but for where and how often.
    pub(crate) fault: String,
    pub(crate) page: ExpectedOutcome,
    pub(crate) profile: ExpectedOutcome,
}

fn row(fault: &str, page: ExpectedOutcome) -> FaultRow {
    FaultRow { fault: format!(r#""fault":{fault}"#), page, profile: page }
}

/// The same, but the profile does not mind.
fn of_page(fault: &str, page: ExpectedOutcome) -> FaultRow {
    FaultRow { profile: Nothing, ..row(fault, page) }
}

const BROKE: ExpectedOutcome =
    Passing(Unreachable, "the connection to 127.0.0.1:{port} broke during {} (");
const NO_GITHUB: ExpectedOutcome = Passing(Broken, "sent an unexpected answer for {} (");
const LATE: ExpectedOutcome = Passing(TimedOut, " {} within 1 s; it may be busy, try again later");

/// Faults that are met within a deadline alone.
pub(crate) fn slow() -> [FaultRow; 4] {
    [r#""stall""#, r#""stall_in_body""#, r#""drip""#, r#""slow""#].map(|fault| row(fault, LATE))
}

/// All others; some lead to a server `elsewhere`.
pub(crate) fn quick(elsewhere: &str) -> Vec<FaultRow> {
    let rows = limits().into_iter().chain(statuses()).chain(broken());
    rows.chain(elsewhere_or_nowhere(elsewhere)).collect()
}

fn limits() -> [FaultRow; 3] {
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

fn statuses() -> [FaultRow; 12] {
    let status = |status: u16, meets| row(&format!(r#""status","status":{status}"#), meets);
    [
        status(400, Loss(Broken, "answered {} with 400: The version you specified")),
        status(
            401,
            ExpectedOutcome::End(Refused, "requires a token (Bad credentials); set GH_TOKEN"),
        ),
        status(403, ExpectedOutcome::End(Refused, "refuses {}: Resource not accessible")),
        status(
            404,
            ExpectedOutcome::End(NotFound, "knows no user \"aaronlelevier\"; check the spelling"),
        ),
        status(408, Passing(Broken, "answered {} with 408: Request Timeout; try again later")),
        status(410, Loss(Broken, "answered {} with 410: Gone; is it a GitHub API?")),
        FaultRow { profile: Loss(Broken, "answered {} with 422"), ..status(422, NoMore) },
        status(451, Loss(Broken, "answered {} with 451: Unavailable For Legal Reasons")),
        status(500, Passing(Broken, "answered {} with 500: Server Error; try again later")),
        status(502, Passing(Broken, "answered {} with 502: Server Error; try again later")),
        row(
            r#""status","status":503,"retry_after":20"#,
            Passing(Broken, "answered {} with 503: Service Unavailable; try again later"),
        ),
        status(504, Passing(Broken, "answered {} with 504: Gateway Timeout; try again later")),
    ]
}

/// Connections, heads and bodies.
fn broken() -> [FaultRow; 24] {
    let too_large = Loss(Broken, "for {} (it is larger than 16 MB); check --api-url");
    [
        row(r#""close""#, BROKE),
        row(r#""reset""#, BROKE),
        row(r#""close_in_body""#, BROKE),
        row(r#""reset_in_body""#, BROKE),
        row(r#""garbage""#, BROKE),
        row(r#""endless_headers""#, BROKE),
        row(r#""huge_header""#, BROKE),
        row(r#""duplicate_headers""#, BROKE),
        row(r#""escapes_in_headers""#, BROKE),
        row(r#""truncated_json""#, NO_GITHUB),
        row(r#""html""#, NO_GITHUB),
        row(r#""wrong_type""#, NO_GITHUB),
        row(r#""wrong_type","of":"login""#, NO_GITHUB),
        of_page(r#""wrong_type","of":"id""#, NO_GITHUB),
        row(r#""deep""#, NO_GITHUB),
        row(r#""empty""#, NO_GITHUB),
        row(r#""huge""#, too_large),
        row(r#""huge","bytes":10000000"#, Nothing),
        row(r#""gzip_bomb","bytes":40000000"#, too_large),
        row(r#""content_type""#, Nothing),
        row(r#""escapes""#, Nothing),
        row(r#""no_links""#, Nothing),
        row(r#""slow","wait_ms":20"#, Nothing),
        row(r#""drip","every_ms":0"#, Nothing),
    ]
}

/// Other addresses.
fn elsewhere_or_nowhere(elsewhere: &str) -> [FaultRow; 5] {
    let to = |fault: &str| format!(r#"{fault},"to":"{elsewhere}/users/x/followers?page=2""#);
    [
        of_page(
            &to(r#""link""#),
            Loss(Broken, "for {} (its Link header points to another server); check --api-url"),
        ),
        of_page(
            r#""link","to":"/user/1/followers?page=99999999""#,
            Loss(Broken, "(its Link header has no page number from 1 to 400000); check --api-url"),
        ),
        row(r#""redirect""#, Redirect),
        row(r#""redirect","status":307"#, Redirect),
        row(&to(r#""redirect""#), Loss(Broken, "answer for {}: it redirects to another server")),
    ]
}
