//! Responses: their content, with GitHub's messages as recorded; their timing; and the steps that send
//! them. Whatever the server does to a client, correct or not, is a list of steps.

use std::fmt::Write as _;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{self, Instant};

use super::latency::ResponseTiming;
use super::server_limits::LimitRefusal;

const JSON: &str = "application/json; charset=utf-8";

const NO_AGENT: &str = "Request forbidden by administrative rules. Please make sure your request \
    has a User-Agent header \
    (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
    Check https://developer.github.com for other possible causes.";

const OVER_QUOTA: &str = r#"{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)","documentation_url":"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting"}"#;

const SECONDARY: &str = "You have exceeded a secondary rate limit. Please wait a few minutes before \
    you try again. For more on scraping GitHub and how it may affect your rights, please review our \
    Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service) \
    If you reach out to GitHub Support for help, please include the request ID ";

const SECONDARY_ABOUT: &str = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits";

const FOLLOWERS_ABOUT: &str =
    "https://docs.github.com/rest/users/followers#list-followers-of-a-user";

const VERSION: &str = r#"{"message":"The version you specified is not a supported version.","errors":"Supported versions are 2022-11-28.","documentation_url":"https://docs.github.com"}"#;

const UNICORN: &str = "<!DOCTYPE html>\n<html>\n  <head>\n    <title>Unicorn! &middot; GitHub</title>\n  \
    </head>\n  <body>\n    <p><strong>We had issues producing the response to your request.</strong>\
    </p>\n    <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>\n  \
    </body>\n</html>\n";

/// The number of parts in which a delayed body is sent.
const BODY_PARTS: usize = 8;

/// The time limit for a client to accept more bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// The part of a response that depends on the request.
#[derive(Clone, Debug)]
pub(super) struct ResponseDraft {
    /// The HTTP status code.
    pub(super) status: u16,
    /// The `Content-Type`.
    pub(super) content_type: &'static str,
    /// The `Link` header, if any.
    pub(super) link: Option<String>,
    /// Headers that only some responses have.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The bytes after the head.
    pub(super) body: Vec<u8>,
    /// The timing.
    pub(super) timing: ResponseTiming,
}

impl ResponseDraft {
    /// Creates a response that is sent at once and without links.
    pub(super) fn with_body(
        status: u16,
        content_type: &'static str,
        body: impl Into<String>,
    ) -> Self {
        Self {
            status,
            content_type,
            link: None,
            headers: Vec::new(),
            body: body.into().into_bytes(),
            timing: ResponseTiming::default(),
        }
    }

    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::with_body(status, JSON, body)
    }

    /// Refuses a request without a `User-Agent`.
    pub(super) fn missing_user_agent() -> Self {
        Self::with_body(403, "text/html", NO_AGENT)
    }

    /// Reports a missing resource. `about` is the part of the documentation that GitHub links to.
    pub(super) fn not_found(about: &str) -> Self {
        let about = format!("https://docs.github.com/rest{about}");
        Self::json(404, error_body("Not Found", Some(&about), 404))
    }

    /// Refuses the request with this ID because of a limit.
    pub(super) fn limit_refusal(refused: LimitRefusal, id: &str) -> Self {
        match refused {
            LimitRefusal::Primary { status } => Self::json(status, OVER_QUOTA),
            LimitRefusal::Secondary { status, retry_after } => {
                let text = format!("{SECONDARY}{id}.");
                let body = error_body(&text, Some(SECONDARY_ABOUT), status);
                Self::json(status, body).with_retry_after(retry_after)
            }
        }
    }

    /// Creates an error with GitHub's message, or with `words`.
    pub(super) fn error(status: u16, words: Option<&str>) -> Self {
        let about = match status {
            401 => Some("https://docs.github.com/rest"),
            422 => Some("https://docs.github.com/v3/#pagination"),
            500.. => None,
            _ => Some(FOLLOWERS_ABOUT),
        };
        let text = match (words, status) {
            (Some(words), _) => words,
            (_, 304) => return Self::json(304, ""),
            (_, 400) => return Self::json(400, VERSION),
            (_, 401) => "Bad credentials",
            (_, 403) => "Resource not accessible by personal access token",
            (_, 422) => {
                "In order to keep the API fast for everyone, pagination is limited for this resource."
            }
            (_, 503 | 504) => return Self::with_body(status, "text/html", UNICORN),
            (_, 500..) => "Server Error",
            _ => reason_phrase(status),
        };
        Self::json(status, error_body(text, about, status))
    }

    /// Adds a `Retry-After` header, if the number of seconds is given.
    pub(super) fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.headers.extend(seconds.map(|seconds| ("retry-after", seconds.to_string())));
        self
    }
}

/// Returns an error body in GitHub's format.
fn error_body(text: &str, about: Option<&str>, status: u16) -> String {
    let text = serde_json::Value::from(text);
    let about = about.map(|about| format!(r#""documentation_url":"{about}","#)).unwrap_or_default();
    format!(r#"{{"message":{text},{about}"status":"{status}"}}"#)
}

/// A response as data: its head, its body and their timing. All decisions are made before.
#[derive(Clone, Debug)]
pub(super) struct TimedResponse {
    /// The HTTP status code.
    pub(super) status: u16,
    /// All headers, in order. Nothing is added, not even a length.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The bytes after the head.
    pub(super) body: Vec<u8>,
    /// The timing, counted from the request's arrival.
    pub(super) timing: ResponseTiming,
    /// Set if the connection ends after the response.
    pub(super) close: bool,
}

impl TimedResponse {
    /// Returns the steps that send the response correctly.
    pub(super) fn wire_steps(&self) -> Vec<WireStep> {
        let mut steps = self.steps_up_to(self.body.len());
        steps.extend(self.close.then_some(WireStep::Close));
        steps
    }

    /// Returns the steps that send the head and the first half of the body.
    pub(super) fn first_half_steps(&self) -> Vec<WireStep> {
        self.steps_up_to(self.body.len() / 2)
    }

    /// Returns the steps that wait for the response's start and send these bytes.
    pub(super) fn opening_steps(&self, bytes: Vec<u8>) -> Vec<WireStep> {
        vec![WireStep::Until(self.timing.wait), WireStep::Send(bytes)]
    }

    fn head_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status));
        for (name, value) in &self.headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Returns the steps for the head and the body's bytes before `end`, in timed parts. All times
    /// are counted from the request's arrival, so that a late timer delays one part and not the
    /// following ones.
    fn steps_up_to(&self, end: usize) -> Vec<WireStep> {
        let ResponseTiming { wait, receive } = self.timing;
        let parts = if receive.is_zero() { 1 } else { BODY_PARTS };
        let size = self.body.len().div_ceil(parts).max(1);
        let last = self.body.len().div_ceil(size).saturating_sub(1).max(1) as u32;

        let mut parts = self.body.get(..end).unwrap_or_default().chunks(size);
        let mut first = self.head_bytes();
        first.extend_from_slice(parts.next().unwrap_or_default());
        let mut steps = self.opening_steps(first);
        for (part, number) in parts.zip(1..) {
            steps.push(WireStep::Until(wait + receive * number / last));
            steps.push(WireStep::Send(part.to_owned()));
        }
        steps
    }
}

/// Returns the reason phrase of a status code. Clients ignore it.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// An action on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireStep {
    /// Waits until this time after the start of service.
    Until(Duration),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends nothing more until the client disconnects.
    Stall,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// Executes the steps for a request whose service began at `service_start`. Returns whether the
/// connection stays open. Fails as soon as the client has disconnected, so that an abandoned request
/// no longer counts as in flight and its delay is cut short.
pub(super) async fn play_steps(
    steps: &[WireStep],
    stream: &mut TcpStream,
    service_start: Instant,
) -> io::Result<ControlFlow<()>> {
    for step in steps {
        match step {
            WireStep::Until(wait) => wait_until(stream, service_start + *wait).await?,
            WireStep::Send(bytes) => write_bytes(stream, bytes).await?,
            WireStep::Stall => {
                while stream.read(&mut [0; 512]).await? > 0 {}
                return Ok(ControlFlow::Break(()));
            }
            WireStep::Close => return Ok(ControlFlow::Break(())),
            WireStep::Reset => {
                // With zero linger, closing the socket discards unsent bytes and sends RST instead
                // of FIN.
                stream.set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Waits until the given time. Fails if the client disconnects.
async fn wait_until(stream: &TcpStream, moment: Instant) -> io::Result<()> {
    // Timers have millisecond resolution: a time in the past would still cost one.
    if moment <= Instant::now() {
        return Ok(());
    }
    tokio::select! {
        () = time::sleep_until(moment) => Ok(()),
        () = wait_for_close(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Waits until the client has disconnected. A client that sends its next request early does not
/// count.
pub(super) async fn wait_for_close(stream: &TcpStream) {
    if stream.peek(&mut [0]).await.is_ok_and(|length| length > 0) {
        std::future::pending::<()>().await;
    }
}

async fn write_bytes(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    time::timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await?
}
