//! Fault scripts: the faults that the server injects.
//!
//! ```text
//! faults: text -> FaultScript -> fault_progress: the fault for a request
//!                             -> fault_action: the changed response and wire steps
//! ```

mod fault_action;
mod fault_progress;

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ServerFileError, read_file};

pub use fault_action::{FAULT_DESCRIPTIONS, FaultDescription};
pub(super) use fault_action::{FaultAction, FaultLimit};
pub(super) use fault_progress::{FaultPoint, FaultProgress};

/// A fault script, a JSON file: `{"faults":[{"page":3,"fault":"status","status":502}]}`.
///
/// Each fault has a `fault`, one of [`FAULT_DESCRIPTIONS`], and the parameters of its kind. `page`
/// (a number, or `"profile"`), `from` (this page and all later ones) or `every` (every n-th page)
/// select requests; without them, all requests for the user are selected. A fault applies to each
/// page `times` times (1 by default, 0 for always). Then the page is answered correctly once, and
/// the cycle repeats, so that both runs of a race are affected. If several faults select a request,
/// the first in the file applies. `about` is a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultScript(Vec<FaultRule>);

/// A fault, the requests it selects, and the number of times it applies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FaultRule {
    kind: FaultAction,
    place: FaultTarget,
    /// 0 for always.
    times: u32,
}

/// The requests that a fault selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultTarget {
    Anywhere,
    At(FaultPoint),
    From(u64),
    Every(u64),
}

impl FaultTarget {
    const fn matches(self, place: FaultPoint) -> bool {
        match (self, place) {
            (Self::Anywhere, _) | (Self::At(FaultPoint::Profile), FaultPoint::Profile) => true,
            (Self::At(FaultPoint::Page(page)), FaultPoint::Page(asked)) => page == asked,
            (Self::From(page), FaultPoint::Page(asked)) => page <= asked,
            (Self::Every(pages), FaultPoint::Page(asked)) => asked.is_multiple_of(pages),
            _ => false,
        }
    }
}

/// The reason why a fault script cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultScriptError {
    /// The text is not a fault script.
    #[error(
        "this is not a fault script; one looks like \
        {{\"faults\":[{{\"page\":3,\"fault\":\"status\",\"status\":502}}]}}"
    )]
    Malformed {
        /// The error and its position.
        #[from]
        source: serde_json::Error,
    },
    /// One of the faults is invalid.
    #[error("fault {number}")]
    Fault {
        /// The position of the fault, counted from 1.
        number: usize,
        /// The reason.
        source: FaultRuleError,
    },
}

/// The reason why a fault is invalid.
#[derive(Debug, thiserror::Error)]
pub enum FaultRuleError {
    /// `fault` is missing.
    #[error("\"fault\" is missing; use one of {}", fault_names())]
    NoKind,
    /// The kind of fault is unknown.
    #[error("unknown fault {name}; use one of {}", fault_names())]
    UnknownKind {
        /// The value of `fault`.
        name: Value,
    },
    /// The keys do not match the kind.
    #[error(
        "{kind} has invalid keys or values; besides its own keys, a fault has page, from or every, \
         times and about"
    )]
    Parameters {
        /// The kind.
        kind: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A value is out of range or does not apply to the kind.
    #[error("{0}")]
    Value(&'static str),
}

impl FaultScript {
    /// Parses the text of a script.
    pub fn parse(text: &str) -> Result<Self, FaultScriptError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct FaultFile {
            faults: Vec<Map<String, Value>>,
            #[serde(rename = "about")]
            _about: Option<Value>,
        }
        let file: FaultFile = serde_json::from_str(text)?;
        let faults = file.faults.into_iter().zip(1..).map(|(keys, number)| {
            FaultRule::parse(keys).map_err(|source| FaultScriptError::Fault { number, source })
        });
        faults.collect::<Result<_, _>>().map(Self)
    }

    /// Reads a script from a file.
    pub fn read(path: &Path) -> Result<Self, ServerFileError> {
        read_file("fault script", path, Self::parse)
    }
}

impl FaultRule {
    fn parse(mut keys: Map<String, Value>) -> Result<Self, FaultRuleError> {
        keys.remove("about");
        let place = parse_target(&mut keys)?;
        let times = keys.remove("times");
        let name = keys.remove("fault").ok_or(FaultRuleError::NoKind)?;
        let kind = FaultAction::parse(name, keys)?;
        let times = match times {
            None => 1,
            Some(_) if kind.list_change().is_some() => {
                return Err(FaultRuleError::Value("the list changes permanently; remove times"));
            }
            Some(times) => times
                .as_u64()
                .and_then(|times| times.try_into().ok())
                .ok_or(FaultRuleError::Value("times must be a number; 0 means always"))?,
        };
        Ok(Self { kind, place, times })
    }
}

/// Takes the keys that select requests.
fn parse_target(keys: &mut Map<String, Value>) -> Result<FaultTarget, FaultRuleError> {
    let mut number = |key| {
        let positive = |value: Value| value.as_u64().filter(|&number| number > 0).ok_or(value);
        keys.remove(key).map(positive)
    };
    match (number("page"), number("from"), number("every")) {
        (None, None, None) => Ok(FaultTarget::Anywhere),
        (Some(Ok(page)), None, None) => Ok(FaultTarget::At(FaultPoint::Page(page))),
        (Some(Err(name)), None, None) if name == "profile" => {
            Ok(FaultTarget::At(FaultPoint::Profile))
        }
        (None, Some(Ok(page)), None) => Ok(FaultTarget::From(page)),
        (None, None, Some(Ok(pages))) => Ok(FaultTarget::Every(pages)),
        (Some(Err(_)), None, None) => {
            Err(FaultRuleError::Value("page must be a number from 1 up, or \"profile\""))
        }
        (None, Some(_), None) | (None, None, Some(_)) => {
            Err(FaultRuleError::Value("from and every must be numbers from 1 up"))
        }
        _ => {
            Err(FaultRuleError::Value("page, from and every exclude each other; give one of them"))
        }
    }
}

/// Returns the names of all kinds.
fn fault_names() -> String {
    FAULT_DESCRIPTIONS.map(|kind| kind.name).join(", ")
}
