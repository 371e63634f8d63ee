//! Applies a fault to a response and to the way it is sent.

use std::time::Duration;

use serde_json::{Map, Value};

use super::fault_action::{CorruptedField, FaultAction};
use super::gzip_bomb::GzipBomb;
use super::hostile_texts::{GARBAGE, HOSTILE_HEADER, HOSTILE_TEXTS, WEB_PAGE};
use crate::server::response_draft::ResponseDraft;
use crate::server::timed_response::TimedResponse;
use crate::server::wire_step::WireStep;

impl FaultAction {
    /// Replaces or changes the draft without changing its timing. `elsewhere` is another address of
    /// the same resource.
    pub(in crate::server) fn amend_draft(
        &self,
        mut answer: ResponseDraft,
        elsewhere: &str,
    ) -> ResponseDraft {
        let timing = answer.timing;
        let with_timing = |draft| ResponseDraft { timing, ..draft };
        match self {
            Self::Status { status, message, retry_after } => {
                let error = ResponseDraft::error(*status, message.as_deref());
                return with_timing(error.with_retry_after(retry_after.map(u64::from)));
            }
            Self::Html {} => {
                return with_timing(ResponseDraft::with_body(
                    200,
                    "text/html; charset=utf-8",
                    WEB_PAGE,
                ));
            }
            Self::Redirect { to, status } => {
                return with_timing(ResponseDraft::redirect(
                    *status,
                    to.as_deref().unwrap_or(elsewhere),
                ));
            }
            Self::Slow { wait_ms } => {
                answer.timing.wait += Duration::from_millis((*wait_ms).into());
            }
            Self::TruncatedJson {} => answer.body.truncate(answer.body.len() / 2),
            Self::Empty {} => answer.body.clear(),
            Self::WrongType { of } => answer.body = corrupt_field(*of, &answer.body),
            Self::Escapes {} => answer.body = edit_accounts(&answer.body, insert_hostile_text),
            Self::ContentType {} => answer.content_type = "text/html; charset=utf-8",
            Self::EscapesInHeaders {} => {
                answer.headers.push(("x-accepted-oauth-scopes", HOSTILE_HEADER.to_owned()));
            }
            Self::Link { to } => {
                answer.link = Some(format!(r#"<{to}>; rel="next", <{to}>; rel="last""#));
            }
            Self::NoLinks {} => answer.link = None,
            // Limits and list changes are applied by the server; the other faults change how the
            // response is sent.
            _ => {}
        }
        answer
    }

    /// Returns the wire steps of the response with this fault.
    pub(in crate::server) fn wire_steps(&self, mut reply: TimedResponse) -> Vec<WireStep> {
        let and = |mut steps: Vec<WireStep>, last| {
            steps.push(last);
            steps
        };
        let wait = WireStep::Until(reply.timing.wait);
        match self {
            Self::Stall {} => vec![WireStep::Stall],
            Self::Close {} => vec![wait, WireStep::Close],
            Self::Reset {} => vec![wait, WireStep::Reset],
            Self::StallInBody {} => and(reply.first_half_steps(), WireStep::Stall),
            Self::CloseInBody {} => and(reply.first_half_steps(), WireStep::Close),
            Self::ResetInBody {} => and(reply.first_half_steps(), WireStep::Reset),
            Self::Garbage {} => and(reply.opening_steps(GARBAGE.to_owned()), WireStep::Close),
            Self::Drip { every_ms } => {
                let every = Duration::from_millis((*every_ms).into());
                let drip = WireStep::Drip(std::mem::take(&mut reply.body), every);
                reply.with_close(and(reply.opening_steps(reply.head_bytes()), drip))
            }
            Self::Deep { levels } => {
                let levels = u64::from(*levels);
                repeated_body(reply, [(b"[".to_vec(), levels), (b"]".to_vec(), levels)])
            }
            Self::Huge { bytes } => {
                let (first, rest) = split_first_byte(&reply.body);
                let spaces = u64::from(*bytes).saturating_sub(reply.body.len() as u64);
                let parts = [(first, 1), (b" ".to_vec(), spaces), (rest, 1)];
                repeated_body(reply, parts)
            }
            Self::GzipBomb { bytes } => {
                let (first, rest) = split_first_byte(&reply.body);
                // Compression into memory cannot fail.
                let Ok(bomb) = GzipBomb::new(&first, *bytes, &rest) else {
                    return reply.wire_steps();
                };
                reply.set_header("content-encoding", "gzip".to_owned());
                let GzipBomb { begin, middle, times, end } = bomb;
                repeated_body(reply, [(begin, 1), (middle, times), (end, 1)])
            }
            Self::EndlessHeaders {} => {
                let line = b"x-endless: and another one\r\n".to_vec();
                and(
                    reply.opening_steps(reply.unterminated_head()),
                    WireStep::Repeat(line, u64::MAX),
                )
            }
            Self::HugeHeader { bytes } => {
                let mut head = reply.unterminated_head();
                head.extend_from_slice(b"x-huge: ");
                let value = WireStep::Repeat(b"x".to_vec(), (*bytes).into());
                let rest = [b"\r\n\r\n", reply.body.as_slice()].concat();
                reply.with_close(and(and(reply.opening_steps(head), value), WireStep::Send(rest)))
            }
            Self::DuplicateHeaders {} => {
                let other = reply.body.len() + 1;
                reply.headers.push(("content-length", other.to_string()));
                reply.wire_steps()
            }
            _ => reply.wire_steps(),
        }
    }
}

/// Replaces the body of the response by these parts, each repeated the given number of times.
fn repeated_body<const N: usize>(
    mut reply: TimedResponse,
    parts: [(Vec<u8>, u64); N],
) -> Vec<WireStep> {
    let length: u64 = parts.iter().map(|(bytes, times)| bytes.len() as u64 * times).sum();
    reply.set_header("content-length", length.to_string());
    let mut steps = reply.opening_steps(reply.head_bytes());
    steps.extend(parts.map(|(bytes, times)| WireStep::Repeat(bytes, times)));
    reply.with_close(steps)
}

/// Splits a body after its first byte, where JSON permits spaces.
fn split_first_byte(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (first, rest) = body.split_at(body.len().min(1));
    (first.to_owned(), rest.to_owned())
}

fn corrupt_field(part: CorruptedField, body: &[u8]) -> Vec<u8> {
    match part {
        CorruptedField::List if body.starts_with(b"[") => [b"{\"followers\":", body, b"}"].concat(),
        CorruptedField::List => [b"[", body, b"]"].concat(),
        CorruptedField::Id => edit_accounts(body, |_, account| {
            if let Some(id) = account.get_mut("id") {
                *id = Value::String(id.to_string());
            }
        }),
        CorruptedField::Login => edit_accounts(body, |_, account| {
            account.insert("login".to_owned(), Value::Null);
        }),
    }
}

/// Prepends a hostile text to every printable field of an account; the ID stays the same.
fn insert_hostile_text(place: usize, account: &mut Map<String, Value>) {
    let text = HOSTILE_TEXTS.get(place % HOSTILE_TEXTS.len()).copied().unwrap_or_default();
    for key in ["login", "html_url", "avatar_url", "url", "name", "bio"] {
        let plain = account.get(key).and_then(Value::as_str).unwrap_or_default();
        let hostile = format!("{text}{plain}");
        account.insert(key.to_owned(), hostile.into());
    }
}

/// Applies a change to each account in the body. The change receives the account's position on the
/// page.
fn edit_accounts(body: &[u8], change: impl Fn(usize, &mut Map<String, Value>)) -> Vec<u8> {
    // The server generated this JSON, so it can be parsed.
    let mut body = serde_json::from_slice(body).unwrap_or_default();
    let accounts = match &mut body {
        Value::Array(accounts) => accounts.as_mut_slice(),
        profile => std::slice::from_mut(profile),
    };
    for (place, account) in accounts.iter_mut().enumerate() {
        if let Value::Object(account) = account {
            change(place, account);
        }
    }
    body.to_string().into_bytes()
}
