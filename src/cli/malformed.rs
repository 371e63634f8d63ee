//! Errors for arguments that clap cannot parse. Uses clap's errors as data, never their text.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::shell::shell_quoted;
use super::{Cli, is_command};
use crate::http::UrlRangeError;
use crate::http::url_range::expanded_by_shell;
use crate::model::printable::printable;

/// Options of other programs, and the ones that do the same here.
const KNOWN_ELSEWHERE: [(&str, &str); 5] = [
    ("-t", "--threads"),
    ("-n", "--threads"),
    ("-j", "--threads"),
    ("-v", "-V for the version"),
    ("--url", "--api-url"),
];

/// Returns the problem and, after a semicolon, the remedy.
pub(super) fn problem(error: &clap::Error, args: &[OsString]) -> String {
    let argument = read_text(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = read_text(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => unknown_name(&argument, suggestion(error), args),
        ErrorKind::InvalidValue if argument == "[TOPIC]" => {
            format!("there is no topic {value}; threadline help lists the topics and commands")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{} needs a value{}", name(&argument), values(error))
        }
        ErrorKind::InvalidValue => {
            format!("invalid value \"{value}\" for {}{}", name(&argument), values(error))
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason.map(|reason| format!("; {reason}")).unwrap_or_default();
            format!("invalid value \"{value}\" for {}{reason}", name(&argument))
        }
        ErrorKind::ArgumentConflict if error.get(ContextKind::InvalidSubcommand).is_some() => {
            let word = read_text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            unexpected(&word, args)
        }
        ErrorKind::ArgumentConflict => conflict(error, name(&argument)),
        ErrorKind::MissingRequiredArgument => {
            format!("missing {}", name(&argument))
        }
        ErrorKind::InvalidSubcommand => {
            unexpected(&read_text(error, ContextKind::InvalidSubcommand).unwrap_or_default(), args)
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8; use another spelling".to_owned(),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

fn unknown_name(argument: &str, suggestion: Option<String>, args: &[OsString]) -> String {
    if !argument.starts_with('-') {
        return unexpected(argument, args);
    }
    let mut known = KNOWN_ELSEWHERE.iter().filter(|_| !is_command(first_word(args)));
    let ours = known.find(|(theirs, _)| *theirs == argument);
    match suggestion.or_else(|| ours.map(|(_, ours)| (*ours).to_owned())) {
        Some(ours) => format!("unknown option {argument}; did you mean {ours}?"),
        None => format!("unknown option {argument}; --help lists all options"),
    }
}

/// Returns the first argument, or an empty text if it is missing or not UTF-8.
fn first_word(args: &[OsString]) -> &str {
    args.get(1).and_then(|arg| arg.to_str()).unwrap_or_default()
}

/// Returns the error for a word too many: likely of a program or a command of the user's own.
fn unexpected(word: &str, args: &[OsString]) -> String {
    let first = first_word(args);
    let words = match first {
        "learn" | "replay" | "serve" | "completions" | "man" | "help" => {
            return format!("unexpected argument \"{word}\"; leave it out");
        }
        "exec" => args.get(2..),
        // The options in front of the word are those of threadline.
        "watch" => args.get(args.iter().position(|one| one == word).unwrap_or(args.len())..),
        _ => args.get(1..),
    };
    let words: Vec<&str> = words.into_iter().flatten().filter_map(|word| word.to_str()).collect();
    // An option in front is one of threadline itself.
    let is_command = words.first().is_some_and(|word| !word.starts_with('-'));
    let is_command = is_command && !words.contains(&"--");
    let quoted: Vec<String> = words.into_iter().map(shell_quoted).collect();
    let line = quoted.join(" ");
    let hint = if first == "exec" || !is_command {
        let command = if is_command { printable(&shell_quoted(&line)) } else { "'COMMAND'".into() };
        let quoted = "to run a command of your own, put it in quotes after --: threadline exec --";
        format!("{quoted} {command}")
    } else {
        let line = printable(&line);
        format!("to watch a program of your own, put it after --: threadline watch -- {line}")
    };
    format!("unexpected argument \"{word}\"; {hint}")
}

fn conflict(error: &clap::Error, one: &str) -> String {
    let other = read_text(error, ContextKind::PriorArg).unwrap_or_default();
    let other = name(&other);
    if one == other {
        format!("{one} is given twice; give it once")
    } else {
        format!("{one} and {other} exclude each other; leave out one of them")
    }
}

/// Returns the most similar value, or else all possible values.
fn values(error: &clap::Error) -> String {
    match (suggestion(error), read_text(error, ContextKind::ValidValue)) {
        (Some(value), _) => format!("; did you mean {value}?"),
        (None, Some(values)) => format!("; possible values: {values}"),
        (None, None) => String::new(),
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    })
}

/// Returns a context value with control characters escaped. Several are separated by commas.
fn read_text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(printable(text)),
        ContextValue::Strings(texts) => Some(printable(&texts.join(", "))),
        _ => None,
    }
}

/// Returns `--mode` of `--mode <MODE>`, and `FILE` of `<FILE>`.
fn name(argument: &str) -> &str {
    argument.split(' ').next().unwrap_or(argument).trim_matches(['<', '>', '[', ']', '.'])
}

/// Returns the error for several URLs, into which a shell has expanded a range.
pub(super) fn expanded_range(args: &[OsString]) -> Option<UrlRangeError> {
    let words = args.iter().filter_map(|arg| arg.to_str());
    let urls: Vec<&str> = words.filter(|word| word.contains("://")).collect();
    expanded_by_shell(&urls)
}

/// Returns the command that follows an option. There, clap takes it for the USERNAME, and the next
/// word for a command.
pub(super) fn command_after_option(error: &clap::Error, args: &[OsString]) -> Option<String> {
    error.get(ContextKind::InvalidSubcommand)?;
    let command = Cli::command();
    let mut words = args.iter().skip(2).map_while(|arg| arg.to_str());
    let found =
        words.find(|word| command.find_subcommand(word).is_some_and(|it| !it.is_hide_set()));
    found.map(str::to_owned)
}

/// Returns the usage of the command that the arguments name.
pub(super) fn usage(args: &[OsString]) -> String {
    let mut command = Cli::command();
    command.build();
    let name = first_word(args);
    let (usage, help) = match command.find_subcommand_mut(name).filter(|one| !one.is_hide_set()) {
        Some(one) if name == "help" => (one.render_usage(), "threadline help".to_owned()),
        Some(one) => (one.render_usage(), format!("threadline help {name}")),
        None => (command.render_usage(), "threadline -h".to_owned()),
    };
    let usage = usage.to_string();
    let usage = usage.lines().next().unwrap_or_default().trim_start_matches("Usage: ");
    format!("{usage} ({help})")
}
