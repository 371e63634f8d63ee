//! Files in TOML: their text, their entries in order, and problems with their places.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The maximum size of a file. A pipe or a device might never end.
const MAX_BYTES: u64 = 1 << 20;

/// The minimum similarity, out of 1, of a name that is suggested for another.
const MIN_SIMILARITY: f64 = 0.75;

/// The maximum number of names that an error lists.
const MAX_LISTED_NAMES: usize = 16;

/// The byte offset of a problem, and its description.
pub(super) type TomlProblem = (usize, String);

/// A name, its byte offset, and its value.
pub(super) type TomlEntry<'a> = (&'a str, usize, &'a Spanned<DeValue<'a>>);

/// Reads a file of at most 1 MiB.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

/// Returns the line of a byte offset, from 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

/// Returns the problem in text that is not TOML.
pub(super) fn syntax_problem(text: &str, error: &toml::de::Error) -> TomlProblem {
    let span = error.span().unwrap_or_default();
    let what = match (error.message(), text.get(span.clone())) {
        ("duplicate key", Some(name)) => format!("duplicate key {name}; keep one of them"),
        (message, _) => message.replace('\n', ", "),
    };
    (span.start, what)
}

/// Returns the entries of a table in the order of the file, so that the first problem is reported.
pub(super) fn sorted_entries<'a>(table: &'a DeTable<'a>) -> Vec<TomlEntry<'a>> {
    let entry = |(name, value): (&'a Spanned<_>, _)| {
        let text: &'a std::borrow::Cow<'a, str> = name.get_ref();
        (text.as_ref(), name.span().start, value)
    };
    let mut entries: Vec<TomlEntry<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|(_, at, _)| *at);
    entries
}

/// Returns an integer as written, for the parser of the command line, or an empty string for any
/// other value.
pub(super) fn integer_text(value: &Spanned<DeValue<'_>>) -> String {
    value.get_ref().as_integer().map(ToString::to_string).unwrap_or_default()
}

/// Returns a function that describes a problem with the value of an entry.
pub(super) fn problem_at(entry: TomlEntry<'_>) -> impl Fn(&str) -> TomlProblem {
    let (name, at, _) = entry;
    move |what| (at, format!("{name}: {what}"))
}

pub(super) fn unknown_name(kind: &str, name: &str, names: &[&str]) -> String {
    let alike = |one: &&&str| strsim::jaro_winkler(one, name) > MIN_SIMILARITY;
    let by_likeness = |one: &&&str, other: &&&str| {
        strsim::jaro_winkler(one, name).total_cmp(&strsim::jaro_winkler(other, name))
    };
    let meant = names.iter().filter(alike).max_by(by_likeness);
    if let Some(meant) = meant {
        return format!("unknown {kind} {name:?}; did you mean {meant}?");
    }
    let all = if names.len() > MAX_LISTED_NAMES {
        "--print-keys lists all".to_owned()
    } else {
        format!("use one of {}", names.join(", "))
    };
    format!("unknown {kind} {name:?}; {all}")
}
