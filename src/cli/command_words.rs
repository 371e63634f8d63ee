//! The command `sweep`, words in the place of the USERNAME that are likelier meant as commands, and pages
//! of users on GitHub there. Each of these gets an error that says what to type instead.

use std::ffi::OsString;

use clap::ValueEnum as _;

use super::threads::ModeArg;
use super::values::validate_username;
use super::{UsageError, is_command};
use crate::model::Workload;
use crate::model::printable::printable;

/// The command for a mode that is a command of its own.
const SWEEP: &str = "sweep";

/// Words that are no commands, and what does the same.
const MEANT: [(&[&str], &str); 11] = [
    (&["demo", "example", "start", "run"], "threadline without arguments, the demo"),
    (&["lesson", "lessons", "teach", "tutorial", "course"], "threadline learn"),
    (&["guide", "docs"], "threadline help guide"),
    (
        &["trace", "profile", "spy", "top", "strace", "perf"],
        "threadline watch -- COMMAND, which draws its threads",
    ),
    (&["attach"], "threadline watch -p PID"),
    (
        &["record", "bench", "benchmark", "time"],
        "threadline exec -- 'COMMAND', which draws your commands side by side",
    ),
    (&["simulate", "simulation"], "threadline --simulate"),
    (&["compare"], "threadline --compare RECORDING"),
    (&["play", "playback"], "threadline replay RECORDING"),
    (&["server"], "threadline serve"),
    (&["version", "keys", "config"], "threadline --help, which lists all options"),
];

/// Replaces the command `sweep` by the option that it stands for.
pub(super) fn expand(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|word| word == SWEEP) {
        args.splice(1..2, ["--mode".into(), SWEEP.into()]);
    }
    args
}

/// Returns an error for a word that is likelier meant as a command than as a user.
pub(super) fn check(word: &str) -> Result<(), UsageError> {
    if is_command(word) || word == SWEEP {
        return Err(UsageError::CommandNotFirst(word.to_owned()));
    }
    let option = if ModeArg::from_str(word, false).is_ok() {
        Some("--mode")
    } else if Workload::from_str(word, false).is_ok() {
        Some("--workload")
    } else {
        None
    };
    let listed = || MEANT.iter().find(|(words, _)| words.contains(&word));
    let meant = match option {
        Some(option) => format!("threadline {option} {word}"),
        None => match listed() {
            Some((_, meant)) => (*meant).to_owned(),
            None => return Ok(()),
        },
    };
    Err(UsageError::WordAsUser { word: word.to_owned(), meant })
}

/// Returns the error for the page of a user on GitHub, which names that user.
pub(super) fn user_page_error(url: &str) -> Option<UsageError> {
    let page = url.split_once("://").map_or(url, |(_, page)| page);
    let mut parts = page.split(['/', '?', '#']).filter(|part| !part.is_empty());
    let host = parts.next().unwrap_or_default();
    let user = match (host, parts.next(), parts.next()) {
        ("github.com" | "www.github.com", Some(user), None) => Some(user),
        _ => None,
    };
    let user = user.and_then(|user| validate_username(user).ok())?;
    Some(UsageError::UserPage { url: printable(url), user: user.to_owned() })
}
