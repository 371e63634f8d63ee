//! The configuration file: its path and its settings. It is read once, at the start. The command line
//! takes precedence. Errors name the line and the allowed values.

use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::threads::validate_workers;
use super::toml_file::{
    TomlEntry, TomlProblem, integer_text, line_at, problem_at, read_text, sorted_entries,
    syntax_problem, unknown_name,
};
use super::user_folder::UserFolder;
use super::values::parse_per_page;
use super::{ConfigError, Environment, UsageError};
use crate::app::Action;
use crate::app::keymap::{DEFAULT_BINDINGS, Key, Keymap, ParseKeyError};
use crate::model::Selection;
use crate::model::setup::MAX_WORKERS;

/// The names of all settings.
const SETTING_NAMES: [&str; 7] =
    ["theme", "ascii", "mouse", "reduced-motion", "threads", "per-page", "keys"];

/// `--theme`: the background that the colours are chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// The terminal is asked
    Auto,
    /// Light text on dark
    Dark,
    /// Dark text on light
    Light,
}

/// The content of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) theme: Option<ThemeArg>,
    pub(super) ascii: bool,
    pub(super) mouse: Option<bool>,
    pub(super) reduced_motion: bool,
    pub(super) threads: Option<ThreadSetting>,
    pub(super) per_page: Option<u8>,
    pub(super) keys: Keymap,
}

/// The number of workers; its maximum depends on the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ThreadSetting {
    pub(super) asked: u32,
    /// The file and the line.
    pub(super) place: String,
}

impl ThreadSetting {
    /// Returns the number, or an error if it is out of range.
    pub(super) fn validate(
        self,
        costs_quota: bool,
        selection: Selection,
    ) -> Result<u16, UsageError> {
        let Self { asked, place } = self;
        validate_workers(asked, costs_quota, selection)
            .map_err(|error| UsageError::Configured { error: Box::new(error), place })
    }
}

impl Config {
    /// Reads the named file, which must exist, or else the default one if it exists.
    pub(super) fn load(
        named: Option<&Path>,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = config_path(named, environment) else {
            return Ok(Self::default());
        };
        let file = path.display().to_string();
        let text = match read_text(&path) {
            Err(error) if named.is_none() && is_absent(&path, &error) => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigError::Unreadable { file, reason: error.to_string() });
            }
            Ok(text) => text,
        };
        parse_config(&text, &file)
    }
}

/// Returns the named file, or else the default one.
pub(super) fn config_path(named: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| UserFolder::CONFIG.file("config.toml", environment))
}

/// Returns whether the error means that the default file does not exist. A home such as /dev/null
/// contains no file, and neither does the directory of another user.
fn is_absent(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        io::ErrorKind::PermissionDenied => path.symlink_metadata().is_err(),
        _ => false,
    }
}

/// Parses the text of `file`.
fn parse_config(text: &str, file: &str) -> Result<Config, ConfigError> {
    let place = |at: usize| format!("{file}, line {}", line_at(text, at));
    parse_table(text, &place).map_err(|(at, what)| ConfigError::Invalid {
        file: file.to_owned(),
        line: line_at(text, at),
        what,
    })
}

fn parse_table(text: &str, place: &dyn Fn(usize) -> String) -> Result<Config, TomlProblem> {
    let table = DeTable::parse(text).map_err(|error| syntax_problem(text, &error))?;
    let mut config = Config::default();
    for entry in sorted_entries(table.get_ref()) {
        let (name, at, value) = entry;
        match name {
            "theme" => config.theme = Some(parse_theme(entry)?),
            "ascii" => config.ascii = parse_bool(entry)?,
            "mouse" => config.mouse = Some(parse_bool(entry)?),
            "reduced-motion" => config.reduced_motion = parse_bool(entry)?,
            "threads" => {
                let asked = integer_text(value).parse().ok();
                let asked = asked.filter(|asked| (1..=u32::from(MAX_WORKERS)).contains(asked));
                let asked = asked.ok_or_else(|| {
                    problem_at(entry)(&format!("use a whole number from 1 to {MAX_WORKERS}"))
                })?;
                config.threads = Some(ThreadSetting { asked, place: place(at) });
            }
            "per-page" => {
                config.per_page = Some(
                    parse_per_page(&integer_text(value))
                        .map_err(|hint| problem_at(entry)(&hint))?,
                );
            }
            "keys" => config.keys = parse_keys(entry)?,
            _ => return Err((at, unknown_name("setting", name, &SETTING_NAMES))),
        }
    }
    Ok(config)
}

fn parse_theme(entry: TomlEntry<'_>) -> Result<ThemeArg, TomlProblem> {
    let text = entry.2.get_ref().as_str().unwrap_or_default();
    ThemeArg::from_str(text, false)
        .map_err(|_no_theme| problem_at(entry)("use \"auto\", \"dark\" or \"light\""))
}

fn parse_bool(entry: TomlEntry<'_>) -> Result<bool, TomlProblem> {
    entry.2.get_ref().as_bool().ok_or_else(|| problem_at(entry)("use true or false"))
}

fn parse_keys(entry: TomlEntry<'_>) -> Result<Keymap, TomlProblem> {
    let table = entry.2.get_ref().as_table();
    let table =
        table.ok_or_else(|| problem_at(entry)("is a table; write [keys] on a line of its own"))?;
    let entries = sorted_entries(table);
    let bound = |&entry: &TomlEntry<'_>| {
        let (name, at, _) = entry;
        let names: Vec<&str> = DEFAULT_BINDINGS.iter().map(|binding| binding.name).collect();
        let action =
            Keymap::action_named(name).ok_or_else(|| (at, unknown_name("action", name, &names)))?;
        Ok((action, parse_key_list(entry)?))
    };
    let bound =
        entries.iter().map(bound).collect::<Result<Vec<(Action, Vec<Key>)>, TomlProblem>>()?;
    Keymap::with_overrides(&bound).map_err(|(action, error)| {
        let named = entries.iter().find(|(name, ..)| Keymap::action_named(name) == Some(action));
        (named.map_or(entry.1, |(_, at, _)| *at), error.to_string())
    })
}

/// Parses a key or a list of keys.
fn parse_key_list(entry: TomlEntry<'_>) -> Result<Vec<Key>, TomlProblem> {
    let single = std::slice::from_ref(entry.2);
    let list = entry.2.get_ref().as_array().map_or(single, |list| list.as_ref());
    let key = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str();
        let text =
            text.ok_or_else(|| problem_at(entry)("use a key in quotes, or a list of keys"))?;
        text.parse()
            .map_err(|error: ParseKeyError| (value.span().start, format!("{}: {error}", entry.0)))
    };
    list.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_an_unreadable_directory_counts_as_absent() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        assert!(is_absent(&file, &denied));
        std::fs::write(&file, "").unwrap();
        assert!(!is_absent(&file, &denied));
    }
}
