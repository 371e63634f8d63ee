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
}
