//! The kinds of faults, their parameters and descriptions, and what each does to a response and to the
//! way it is sent.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::FaultRuleError;
use crate::server::follower_list::{ListChange, ListEnd};
use crate::server::response::{ResponseDraft, TimedResponse, WireStep};
use crate::server::server_limits::{LimitRefusal, WINDOW_SECONDS};

/// Bytes that are not HTTP, like the greeting of another protocol.
const GARBAGE: &[u8] = b"SSH-2.0-\x00\xff\xfe\x16\x03\x01\x1b[31m\x07\r\n\r\n";

/// The sign-in page of a captive portal.
const WEB_PAGE: &str = "<!DOCTYPE html>\n<html>\n  <head><title>Sign in</title></head>\n  \
    <body><form action=\"/login\"><button>Connect to this network</button></form></body>\n</html>\n";

/// Texts that no client should print unescaped: they contain terminal escape sequences, misleading or
/// oversized characters, spreadsheet formulas, quotes and paths.
const HOSTILE_TEXTS: [&str; 20] = [
    "\u{1b}[2J\u{1b}[1;1H\u{1b}[31m",
    "\u{1b}]0;mine\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{1b}P$q\"p\u{1b}\\\u{1b}_x\u{1b}\\",
    "\u{9b}2J\u{9d}0;mine\u{9c}",
    "\0\u{1}\u{8}\u{8}\u{7f}",
    "\t\r\n\u{b}\u{c}\u{85}\u{2028}",
    "\u{202e}\u{2066}\u{200f}",
    "\u{200b}\u{200d}\u{2060}\u{feff}\u{e0041}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}",
    "漢字かな\u{1f9f5}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{fdfd}",
    "=cmd|'/c calc'!A0",
    "+1+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\",\"quoted\",\n'",
    "../../etc/passwd",
    "javascript:alert(1)//",
    "<script>alert(1)</script>",
];

/// The description of a kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct FaultDescription {
    /// The name in a script.
    pub name: &'static str,
    /// The behavior of the server.
    pub does: &'static str,
    /// The parameters, with defaults: `wait_ms=5000`.
    pub keys: &'static [&'static str],
}

const fn describe_fault(
    name: &'static str,
    does: &'static str,
    keys: &'static [&'static str],
) -> FaultDescription {
    FaultDescription { name, does, keys }
}

/// The descriptions of all kinds.
pub const FAULT_DESCRIPTIONS: [FaultDescription; 15] = [
    describe_fault("primary_limit", "uses up the quota", &["status=403", "reset_after=60"]),
    describe_fault(
        "secondary_limit",
        "refuses every request for a while",
        &["status=403", "retry_after", "lasts=60"],
    ),
    describe_fault(
        "status",
        "answers with this status, as GitHub does",
        &["status", "message", "retry_after"],
    ),
    describe_fault("stall", "sends nothing", &[]),
    describe_fault("slow", "delays the answer", &["wait_ms=5000"]),
    describe_fault("close", "closes the connection instead of answering", &[]),
    describe_fault("reset", "resets the connection instead of answering", &[]),
    describe_fault("close_in_body", "closes the connection within the body", &[]),
    describe_fault("garbage", "sends bytes that are not HTTP", &[]),
    describe_fault("truncated_json", "sends half the JSON as if it were complete", &[]),
    describe_fault("html", "sends 200 and a web page", &[]),
    describe_fault("escapes", "puts escape sequences and worse into logins, names and URLs", &[]),
    describe_fault("no_links", "sends no Link header", &[]),
    describe_fault(
        "joined",
        "first adds followers at the \"front\" or \"back\"",
        &["count=1", "at=front"],
    ),
    describe_fault(
        "left",
        "first removes followers at the \"front\" or \"back\"",
        &["count=1", "at=front"],
    ),
];

/// A fault, described by [`FAULT_DESCRIPTIONS`]. Durations whose unit is not in their name are in
/// seconds, as in headers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::server) enum FaultAction {
    PrimaryLimit {
        #[serde(default = "status::<403>")]
        status: u16,
        #[serde(default = "number::<60>")]
        reset_after: u32,
    },
    SecondaryLimit {
        #[serde(default = "status::<403>")]
        status: u16,
        retry_after: Option<u32>,
        lasts: Option<u32>,
    },
    Status {
        status: u16,
        message: Option<String>,
        retry_after: Option<u32>,
    },
    Stall {},
    Slow {
        #[serde(default = "number::<5_000>")]
        wait_ms: u32,
    },
    Close {},
    Reset {},
    CloseInBody {},
    Garbage {},
    TruncatedJson {},
    Html {},
    Escapes {},
    NoLinks {},
    Joined {
        #[serde(default = "number::<1>")]
        count: u32,
        #[serde(default)]
        at: ListEnd,
    },
    Left {
        #[serde(default = "number::<1>")]
        count: u32,
        #[serde(default)]
        at: ListEnd,
    },
}

const fn status<const STATUS: u16>() -> u16 {
    STATUS
}

const fn number<const NUMBER: u32>() -> u32 {
    NUMBER
}

/// A limit that a fault starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum FaultLimit {
    /// The primary limit, until a number of seconds from now.
    Primary(LimitRefusal, u64),
    /// The secondary limit, for this duration.
    Secondary(LimitRefusal, Duration),
}

impl FaultAction {
    /// Parses a fault from its name and its remaining keys.
    pub(super) fn parse(name: Value, keys: Map<String, Value>) -> Result<Self, FaultRuleError> {
        let known = FAULT_DESCRIPTIONS.iter().find(|kind| name == kind.name);
        let Some(FaultDescription { name, .. }) = known else {
            return Err(FaultRuleError::UnknownKind { name });
        };
        let tagged = Map::from_iter([((*name).to_owned(), Value::Object(keys))]);
        let kind: Self = serde_json::from_value(Value::Object(tagged))
            .map_err(|source| FaultRuleError::Parameters { kind: (*name).to_owned(), source })?;
        kind.value_error().map_or(Ok(kind), |wrong| Err(FaultRuleError::Value(wrong)))
    }

    /// Returns the error in the values, if any.
    fn value_error(&self) -> Option<&'static str> {
        match *self {
            Self::PrimaryLimit { status, .. } | Self::SecondaryLimit { status, .. }
                if !matches!(status, 403 | 429) =>
            {
                Some("a limit's status must be 403 or 429")
            }
            Self::PrimaryLimit { reset_after, .. } if u64::from(reset_after) > WINDOW_SECONDS => {
                Some("reset_after must be at most 3600; GitHub counts by the hour")
            }
            Self::Status { status, .. } if !(300..600).contains(&status) => {
                Some("status must be from 300 to 599")
            }
            _ => None,
        }
    }

    /// Returns the limit that the fault starts, if any.
    pub(in crate::server) fn limit(&self) -> Option<FaultLimit> {
        match *self {
            Self::PrimaryLimit { status, reset_after } => {
                Some(FaultLimit::Primary(LimitRefusal::Primary { status }, reset_after.into()))
            }
            Self::SecondaryLimit { status, retry_after, lasts } => {
                let lasts = lasts.or(retry_after).unwrap_or(60);
                let retry_after = retry_after.map(u64::from);
                Some(FaultLimit::Secondary(
                    LimitRefusal::Secondary { status, retry_after },
                    Duration::from_secs(lasts.into()),
                ))
            }
            _ => None,
        }
    }

    /// Returns the change to the list, if any.
    pub(super) fn list_change(&self) -> Option<ListChange> {
        match *self {
            Self::Joined { count, at } => Some(ListChange { joined: count.into(), at }),
            Self::Left { count, at } => Some(ListChange { joined: -i64::from(count), at }),
            _ => None,
        }
    }

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
                let content_type = "text/html; charset=utf-8";
                return with_timing(ResponseDraft::with_body(200, content_type, WEB_PAGE));
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
