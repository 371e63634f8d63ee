//! A response as data: its head, its body and their timing. All decisions are made before;
//! `wire_step` sends the result.

use std::fmt::Write as _;

use super::latency::ResponseTiming;
use super::wire_step::WireStep;

/// The number of parts in which a delayed body is sent.
const BODY_PARTS: usize = 8;

/// A response and its timing.
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
pub(super) const fn reason_phrase(status: u16) -> &'static str {
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
