//! Faults that the server plays, by a script: the script's file, and what is wrong with it.
//!
//! ```text
//! faults.rs: text -> Faults -> faults/script.rs: which one meets this request
//!                |             faults/play.rs:   what it makes of the answer, and of how it is sent
//!                `- faults/kind.rs: what can go wrong
//! ```

mod apply_fault;
mod fault_action;
mod fault_progress;
mod gzip_bomb;
mod hostile_texts;

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use fault_action::{FAULT_DESCRIPTIONS, FaultDescription};
pub(super) use fault_action::{FaultAction, FaultLimit};
pub(super) use fault_progress::{FaultPoint, FaultProgress};

/// A script of faults, a JSON file: `{"faults":[{"page":3,"fault":"status","status":502}]}`.
///
/// Each has a `fault`, one of [`FAULT_DESCRIPTIONS`], with the parameters of its kind. `page` (a number, or
/// `"profile"`), `from` (this page and all behind it) or `every` (each n-th page) say which requests
/// it meets; without them, it is any for the user. It meets each page `times` times (1 if not said,
/// 0 for always), then the page is answered well once, and then it all begins again: both runs of a
/// race get to see it. Of several that could meet a request, the first in the file does. `about` is
/// for the file's reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultScript(Vec<FaultRule>);

/// What goes wrong, where, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FaultRule {
    kind: FaultAction,
    place: FaultTarget,
    /// 0 for always.
    times: u32,
}

/// Which requests a fault meets.
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

/// Why a script of faults cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultScriptError {
    /// The file cannot be read.
    #[error("cannot read the fault script {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is something else.
    #[error(
        "this is not a fault script; one looks like \
        {{\"faults\":[{{\"page\":3,\"fault\":\"status\",\"status\":502}}]}}"
    )]
    Malformed {
        /// Where, and what.
        #[from]
        source: serde_json::Error,
    },
    /// One of the faults cannot be played.
    #[error("fault {number}")]
    Fault {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: FaultRuleError,
    },
    /// The file's text cannot be used.
    #[error("cannot use the fault script {}", path.display())]
    Use {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Self>,
    },
}

/// Why a fault cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum FaultRuleError {
    /// It has no `fault`.
    #[error("\"fault\" is missing; use one of {}", fault_names())]
    NoKind,
    /// There is no such fault.
    #[error("unknown fault {name}; use one of {}", fault_names())]
    UnknownKind {
        /// What was asked for.
        name: Value,
    },
    /// Its parameters are none of its kind.
    #[error(
        "{kind} has invalid keys; besides its own keys, a fault has page, from or every, times and \
         about"
    )]
    Parameters {
        /// The kind.
        kind: String,
        /// Which, and what is allowed.
        source: serde_json::Error,
    },
    /// A value that makes no sense, or that the kind has not.
    #[error("{0}")]
    Value(&'static str),
}

impl FaultScript {
    /// From a file's text.
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

    /// From a file.
    pub fn read(path: &Path) -> Result<Self, FaultScriptError> {
        let text = super::read_text_file(path)
            .map_err(|source| FaultScriptError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|source| FaultScriptError::Use {
            path: path.to_owned(),
            source: Box::new(source),
        })
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

/// Where a fault is, by its keys.
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

/// Every kind's name.
fn fault_names() -> String {
    FAULT_DESCRIPTIONS.map(|kind| kind.name).join(", ")
}
