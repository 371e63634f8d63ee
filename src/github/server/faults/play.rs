//! A fault, played: what it makes of an answer, and of how the reply is sent.

use std::time::Duration;

use serde_json::{Map, Value};

use super::bomb::Bomb;
use super::kind::{Kind, Part};
use super::texts::{GARBAGE, HEADER, HOSTILE, WEB_PAGE};
use crate::github::server::answer::Answer;
use crate::github::server::reply::Reply;
use crate::github::server::wire::Step;

impl Kind {
    /// What is said instead, at the same moment. `elsewhere` is another address of what was asked
    /// for.
    pub(in crate::github::server) fn amend(&self, mut answer: Answer, elsewhere: &str) -> Answer {
        let timing = answer.timing;
        let said = |said| Answer { timing, ..said };
        match self {
            Self::Status { status, message, retry_after } => {
                let error = Answer::error(*status, message.as_deref());
                return said(error.retry_after(retry_after.map(u64::from)));
            }
            Self::Html {} => return said(Answer::plain(200, "text/html; charset=utf-8", WEB_PAGE)),
            Self::Redirect { to, status } => {
                return said(Answer::moved(*status, to.as_deref().unwrap_or(elsewhere)));
            }
            Self::Slow { wait_ms } => {
                answer.timing.wait += Duration::from_millis((*wait_ms).into());
            }
            Self::TruncatedJson {} => answer.body.truncate(answer.body.len() / 2),
            Self::Empty {} => answer.body.clear(),
            Self::WrongType { of } => answer.body = wrong(*of, &answer.body),
            Self::Escapes {} => answer.body = edited(&answer.body, escape),
            Self::ContentType {} => answer.content_type = "text/html; charset=utf-8",
            Self::EscapesInHeaders {} => {
                answer.headers.push(("x-accepted-oauth-scopes", HEADER.to_owned()));
            }
            Self::Link { to } => {
                answer.link = Some(format!(r#"<{to}>; rel="next", <{to}>; rel="last""#));
            }
            Self::NoLinks {} => answer.link = None,
            // Limits and movements are the server's to keep, and the rest is in how it is sent.
            _ => {}
        }
        answer
    }

    /// How the reply is sent.
    pub(in crate::github::server) fn steps(&self, mut reply: Reply) -> Vec<Step> {
        let and = |mut steps: Vec<Step>, last| {
            steps.push(last);
            steps
        };
        let wait = Step::Until(reply.timing.wait);
        match self {
            Self::Stall {} => vec![Step::Stall],
            Self::Close {} => vec![wait, Step::Close],
            Self::Reset {} => vec![wait, Step::Reset],
            Self::StallInBody {} => and(reply.half(), Step::Stall),
            Self::CloseInBody {} => and(reply.half(), Step::Close),
            Self::ResetInBody {} => and(reply.half(), Step::Reset),
            Self::Garbage {} => and(reply.begin(GARBAGE.to_owned()), Step::Close),
            Self::Drip { every_ms } => {
                let every = Duration::from_millis((*every_ms).into());
                let drip = Step::Drip(std::mem::take(&mut reply.body), every);
                reply.ended(and(reply.begin(reply.head()), drip))
            }
            Self::Deep { levels } => {
                let levels = u64::from(*levels);
                streamed(reply, [(b"[".to_vec(), levels), (b"]".to_vec(), levels)])
            }
            Self::Huge { bytes } => {
                let (first, rest) = around_spaces(&reply.body);
                let spaces = u64::from(*bytes).saturating_sub(reply.body.len() as u64);
                let parts = [(first, 1), (b" ".to_vec(), spaces), (rest, 1)];
                streamed(reply, parts)
            }
            Self::GzipBomb { bytes } => {
                let (first, rest) = around_spaces(&reply.body);
                // Compressing into memory cannot fail.
                let Ok(bomb) = Bomb::new(&first, *bytes, &rest) else { return reply.steps() };
                reply.set("content-encoding", "gzip".to_owned());
                let Bomb { begin, middle, times, end } = bomb;
                streamed(reply, [(begin, 1), (middle, times), (end, 1)])
            }
            Self::EndlessHeaders {} => {
                let line = b"x-endless: and another one\r\n".to_vec();
                and(reply.begin(reply.open_head()), Step::Repeat(line, u64::MAX))
            }
            Self::HugeHeader { bytes } => {
                let mut head = reply.open_head();
                head.extend_from_slice(b"x-huge: ");
                let value = Step::Repeat(b"x".to_vec(), (*bytes).into());
                let rest = [b"\r\n\r\n", reply.body.as_slice()].concat();
                reply.ended(and(and(reply.begin(head), value), Step::Send(rest)))
            }
            Self::DuplicateHeaders {} => {
                let other = reply.body.len() + 1;
                reply.headers.push(("content-length", other.to_string()));
                reply.steps()
            }
            _ => reply.steps(),
        }
    }
}

/// The reply with another body: these parts, each so many times.
fn streamed<const N: usize>(mut reply: Reply, parts: [(Vec<u8>, u64); N]) -> Vec<Step> {
    let length: u64 = parts.iter().map(|(bytes, times)| bytes.len() as u64 * times).sum();
    reply.set("content-length", length.to_string());
    let mut steps = reply.begin(reply.head());
    steps.extend(parts.map(|(bytes, times)| Step::Repeat(bytes, times)));
    reply.ended(steps)
}

/// A body's first byte and the rest: JSON may have spaces between them.
fn around_spaces(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (first, rest) = body.split_at(body.len().min(1));
    (first.to_owned(), rest.to_owned())
}

fn wrong(part: Part, body: &[u8]) -> Vec<u8> {
    match part {
        Part::List if body.starts_with(b"[") => [b"{\"followers\":", body, b"}"].concat(),
        Part::List => [b"[", body, b"]"].concat(),
        Part::Id => edited(body, |_, account| {
            if let Some(id) = account.get_mut("id") {
                *id = Value::String(id.to_string());
            }
        }),
        Part::Login => edited(body, |_, account| {
            account.insert("login".to_owned(), Value::Null);
        }),
    }
}

/// Puts something before everything that a person gets to read of an account; the number stays.
fn escape(place: usize, account: &mut Map<String, Value>) {
    let text = HOSTILE.get(place % HOSTILE.len()).copied().unwrap_or_default();
    for key in ["login", "html_url", "avatar_url", "url", "name", "bio"] {
        let plain = account.get(key).and_then(Value::as_str).unwrap_or_default();
        let hostile = format!("{text}{plain}");
        account.insert(key.to_owned(), hostile.into());
    }
}

/// The body with each account changed, which is told its place on the page.
fn edited(body: &[u8], change: impl Fn(usize, &mut Map<String, Value>)) -> Vec<u8> {
    // It is the server's own JSON, so it can be read.
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
