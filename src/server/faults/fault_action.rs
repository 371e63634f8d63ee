//! The kinds of faults, their parameters and their descriptions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::FaultRuleError;
use crate::server::follower_list::{ListChange, ListEnd};
use crate::server::quota_window::WINDOW_SECONDS;
use crate::server::server_limits::LimitRefusal;

/// The description of a kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct FaultDescription {
    /// The name in a script.
    pub name: &'static str,
    /// The behavior of the server.
    pub does: &'static str,
    /// The parameters, with defaults: `every_ms=100`.
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
pub const FAULT_DESCRIPTIONS: [FaultDescription; 30] = [
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
    describe_fault("stall_in_body", "sends half the body, then nothing", &[]),
    describe_fault("drip", "sends the body byte by byte", &["every_ms=100"]),
    describe_fault("slow", "delays the answer", &["wait_ms=5000"]),
    describe_fault("close", "closes the connection instead of answering", &[]),
    describe_fault("reset", "resets the connection instead of answering", &[]),
    describe_fault("close_in_body", "closes the connection within the body", &[]),
    describe_fault("reset_in_body", "resets the connection within the body", &[]),
    describe_fault("garbage", "sends bytes that are not HTTP", &[]),
    describe_fault("truncated_json", "sends half the JSON as if it were complete", &[]),
    describe_fault("html", "sends 200 and a web page", &[]),
    describe_fault(
        "wrong_type",
        "sends the \"list\", each \"id\" or \"login\" with a wrong type",
        &["of=list"],
    ),
    describe_fault("deep", "sends deeply nested arrays", &["levels=100000"]),
    describe_fault("huge", "sends a body full of spaces", &["bytes=100000000"]),
    describe_fault("gzip_bomb", "does the same, gzipped", &["bytes=1000000000"]),
    describe_fault("empty", "sends 200 and no body", &[]),
    describe_fault("content_type", "sends JSON labelled as HTML", &[]),
    describe_fault("escapes", "puts escape sequences and worse into logins, names and URLs", &[]),
    describe_fault("endless_headers", "sends headers without end", &[]),
    describe_fault("huge_header", "sends a header of this length", &["bytes=10000000"]),
    describe_fault("duplicate_headers", "sends two contradictory lengths", &[]),
    describe_fault("escapes_in_headers", "puts escape sequences into a header", &[]),
    describe_fault("link", "points next and last of the Link header there", &["to"]),
    describe_fault("no_links", "sends no Link header", &[]),
    describe_fault(
        "redirect",
        "redirects there, by default to the page's other address",
        &["to", "status=301"],
    ),
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
    StallInBody {},
    Drip {
        #[serde(default = "number::<100>")]
        every_ms: u32,
    },
    Slow {
        #[serde(default = "number::<5_000>")]
        wait_ms: u32,
    },
    Close {},
    Reset {},
    CloseInBody {},
    ResetInBody {},
    Garbage {},
    TruncatedJson {},
    Html {},
    WrongType {
        #[serde(default)]
        of: CorruptedField,
    },
    Deep {
        #[serde(default = "number::<100_000>")]
        levels: u32,
    },
    Huge {
        #[serde(default = "number::<100_000_000>")]
        bytes: u32,
    },
    GzipBomb {
        #[serde(default = "number::<1_000_000_000>")]
        bytes: u32,
    },
    Empty {},
    ContentType {},
    Escapes {},
    EndlessHeaders {},
    HugeHeader {
        #[serde(default = "number::<10_000_000>")]
        bytes: u32,
    },
    DuplicateHeaders {},
    EscapesInHeaders {},
    Link {
        to: String,
    },
    NoLinks {},
    Redirect {
        to: Option<String>,
        #[serde(default = "status::<301>")]
        status: u16,
    },
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

/// A part of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::server) enum CorruptedField {
    /// The whole list.
    #[default]
    List,
    /// The ID of each account.
    Id,
    /// The login of each account.
    Login,
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
            Self::Redirect { status, .. } if !matches!(status, 301 | 302 | 307) => {
                Some("a redirect's status must be 301, 302 or 307")
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
}
