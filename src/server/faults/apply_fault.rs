//! Applies a fault to a response and to the way it is sent.

use std::time::Duration;

use serde_json::Value;

use super::fault_action::FaultAction;
use super::hostile_texts::{GARBAGE, HOSTILE_TEXTS, WEB_PAGE};
use crate::server::response_draft::ResponseDraft;
use crate::server::timed_response::TimedResponse;
use crate::server::wire_step::WireStep;

impl FaultAction {
    /// Replaces or changes the draft without changing its timing.
    pub(in crate::server) fn amend_draft(&self, mut answer: ResponseDraft) -> ResponseDraft {
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
            Self::Slow { wait_ms } => {
                answer.timing.wait += Duration::from_millis((*wait_ms).into());
            }
            Self::TruncatedJson {} => answer.body.truncate(answer.body.len() / 2),
            Self::Escapes {} => answer.body = insert_hostile_texts(&answer.body),
            Self::NoLinks {} => answer.link = None,
            // Limits and list changes are applied by the server; the other faults change how the
            // response is sent.
            _ => {}
        }
        answer
    }

    /// Returns the wire steps of the response with this fault.
    pub(in crate::server) fn wire_steps(&self, reply: &TimedResponse) -> Vec<WireStep> {
        let and = |mut steps: Vec<WireStep>, last| {
            steps.push(last);
            steps
        };
        let wait = WireStep::Until(reply.timing.wait);
        match self {
            Self::Stall {} => vec![WireStep::Stall],
            Self::Close {} => vec![wait, WireStep::Close],
            Self::Reset {} => vec![wait, WireStep::Reset],
            Self::CloseInBody {} => and(reply.first_half_steps(), WireStep::Close),
            Self::Garbage {} => and(reply.opening_steps(GARBAGE.to_owned()), WireStep::Close),
            _ => reply.wire_steps(),
        }
    }
}

/// Prepends a hostile text to every printable field of each account in the body; the IDs stay the
/// same.
fn insert_hostile_texts(body: &[u8]) -> Vec<u8> {
    // The server generated this JSON, so it can be parsed.
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    let accounts = match &mut body {
        Value::Array(accounts) => accounts.as_mut_slice(),
        profile => std::slice::from_mut(profile),
    };
    for (account, text) in accounts.iter_mut().zip(HOSTILE_TEXTS.iter().cycle()) {
        for key in ["login", "html_url", "avatar_url", "url", "name", "bio"] {
            let plain = account.get(key).and_then(Value::as_str).unwrap_or_default();
            let hostile = format!("{text}{plain}");
            if let Value::Object(account) = account {
                account.insert(key.to_owned(), hostile.into());
            }
        }
    }
    body.to_string().into_bytes()
}
