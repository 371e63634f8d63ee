//! Parses the text of a configuration file. Errors name the line and the allowed values.

use clap::ValueEnum as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ThemeArg, ThreadSetting};
use crate::app::Action;
use crate::app::keymap::{DEFAULT_BINDINGS, Key, Keymap};
use crate::cli::usage::{self, ConfigError};
use crate::model::setup::MAX_WORKERS;

/// The names of all settings.
const SETTING_NAMES: [&str; 7] =
    ["theme", "ascii", "mouse", "reduced-motion", "threads", "per-page", "keys"];

/// The minimum similarity, out of 1, of a name that is suggested for another.
const MIN_SIMILARITY: f64 = 0.75;

/// The byte offset of a problem, and its description.
type ConfigProblem = (usize, String);

/// A name, its byte offset, and its value.
type ConfigEntry<'a> = (&'a str, usize, &'a Spanned<DeValue<'a>>);

/// Parses the text of `file`.
pub(super) fn parse_config(text: &str, file: &str) -> Result<Config, ConfigError> {
    let line = |at: usize| text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1;
    let place = |at: usize| format!("{file}, line {}", line(at));
    parse_table(text, &place).map_err(|(at, what)| ConfigError::Invalid {
        file: file.to_owned(),
        line: line(at),
        what,
    })
}

fn parse_table(text: &str, place: &dyn Fn(usize) -> String) -> Result<Config, ConfigProblem> {
    let table = DeTable::parse(text).map_err(|error| syntax_problem(text, &error))?;
    let mut config = Config::default();
    for entry in sorted_entries(table.get_ref()) {
        let (name, at, value) = entry;
        match name {
            "theme" => config.theme = Some(parse_theme(entry)?),
            "ascii" => config.ascii = parse_bool(entry)?,
            "mouse" => config.mouse = parse_bool(entry)?,
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
                    usage::parse_per_page(&integer_text(value))
                        .map_err(|hint| problem_at(entry)(&hint))?,
                );
            }
            "keys" => config.keys = parse_keys(entry)?,
            _ => return Err((at, unknown_name("setting", name, &SETTING_NAMES))),
        }
    }
    Ok(config)
}

/// Returns the problem in text that is not TOML.
fn syntax_problem(text: &str, error: &toml::de::Error) -> ConfigProblem {
    let span = error.span().unwrap_or_default();
    let what = match (error.message(), text.get(span.clone())) {
        ("duplicate key", Some(name)) => format!("duplicate key {name}; keep one of them"),
        (message, _) => message.replace('\n', ", "),
    };
    (span.start, what)
}

/// Returns the entries of a table in the order of the file, so that the first problem is reported.
fn sorted_entries<'a>(table: &'a DeTable<'a>) -> Vec<ConfigEntry<'a>> {
    let entry = |(name, value): (&'a Spanned<_>, _)| {
        let text: &'a std::borrow::Cow<'a, str> = name.get_ref();
        (text.as_ref(), name.span().start, value)
    };
    let mut entries: Vec<ConfigEntry<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|(_, at, _)| *at);
    entries
}

fn parse_theme(entry: ConfigEntry<'_>) -> Result<ThemeArg, ConfigProblem> {
    let text = entry.2.get_ref().as_str().unwrap_or_default();
    ThemeArg::from_str(text, false)
        .map_err(|_no_theme| problem_at(entry)("use \"auto\", \"dark\" or \"light\""))
}

fn parse_bool(entry: ConfigEntry<'_>) -> Result<bool, ConfigProblem> {
    entry.2.get_ref().as_bool().ok_or_else(|| problem_at(entry)("use true or false"))
}

/// Returns an integer as written, for the parser of the command line, or an empty string for any
/// other value.
fn integer_text(value: &Spanned<DeValue<'_>>) -> String {
    value.get_ref().as_integer().map(ToString::to_string).unwrap_or_default()
}

fn parse_keys(entry: ConfigEntry<'_>) -> Result<Keymap, ConfigProblem> {
    let table = entry.2.get_ref().as_table();
    let table =
        table.ok_or_else(|| problem_at(entry)("is a table; write [keys] on a line of its own"))?;
    let entries = sorted_entries(table);
    let bound = |&entry: &ConfigEntry<'_>| {
        let (name, at, _) = entry;
        let names: Vec<&str> = DEFAULT_BINDINGS.iter().map(|binding| binding.name).collect();
        let action =
            Keymap::action_named(name).ok_or_else(|| (at, unknown_name("action", name, &names)))?;
        Ok((action, parse_key_list(entry)?))
    };
    let bound =
        entries.iter().map(bound).collect::<Result<Vec<(Action, Vec<Key>)>, ConfigProblem>>()?;
    Keymap::with_overrides(&bound).map_err(|(action, error)| {
        let named = entries.iter().find(|(name, ..)| Keymap::action_named(name) == Some(action));
        (named.map_or(entry.1, |(_, at, _)| *at), error.to_string())
    })
}

/// Parses a key or a list of keys.
fn parse_key_list(entry: ConfigEntry<'_>) -> Result<Vec<Key>, ConfigProblem> {
    let single = std::slice::from_ref(entry.2);
    let list = entry.2.get_ref().as_array().map_or(single, |list| list.as_ref());
    let key = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str();
        let text =
            text.ok_or_else(|| problem_at(entry)("use a key in quotes, or a list of keys"))?;
        text.parse().map_err(|error: crate::app::keymap::ParseKeyError| {
            (value.span().start, format!("{}: {error}", entry.0))
        })
    };
    list.iter().map(key).collect()
}

/// Returns a function that describes a problem with the value of an entry.
fn problem_at(entry: ConfigEntry<'_>) -> impl Fn(&str) -> ConfigProblem {
    let (name, at, _) = entry;
    move |what| (at, format!("{name}: {what}"))
}

fn unknown_name(kind: &str, name: &str, names: &[&str]) -> String {
    let alike = |one: &&&str| strsim::jaro_winkler(one, name) > MIN_SIMILARITY;
    let by_likeness = |one: &&&str, other: &&&str| {
        strsim::jaro_winkler(one, name).total_cmp(&strsim::jaro_winkler(other, name))
    };
    let meant = names.iter().filter(alike).max_by(by_likeness);
    if let Some(meant) = meant {
        return format!("unknown {kind} {name:?}; did you mean {meant}?");
    }
    let all = if names.len() > SETTING_NAMES.len() {
        "--print-keys lists all".to_owned()
    } else {
        format!("use one of {}", names.join(", "))
    };
    format!("unknown {kind} {name:?}; {all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        parse_config(text, "c").unwrap_err().to_string()
    }

    #[test]
    fn everything_can_be_said() {
        let text = "theme = \"light\"\nascii = true\nmouse = true\nreduced-motion = true\n\
                    threads = 12\nper-page = 100\n[keys]\n\"next-mode\" = [\"Tab\", \"m\"]\nquit = 'Q'\n";
        let Config { theme, ascii, mouse, reduced_motion, threads, per_page, keys } =
            parse_config(text, "c").unwrap();
        assert_eq!((theme, per_page), (Some(ThemeArg::Light), Some(100)));
        assert_eq!(threads, Some(ThreadSetting { asked: 12, place: "c, line 5".to_owned() }));
        assert!(ascii && mouse && reduced_motion);
        assert_eq!(
            (keys.key_of(Action::NextMode), keys.key_of(Action::Quit)),
            ("Tab".into(), "Q".into())
        );
        assert_eq!(parse_config("", "c"), Ok(Config::default()));
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        for (text, error) in [
            (
                "theme = \"dark\"\n\ncolour = 1",
                "c, line 3: unknown setting \"colour\"; use one of theme",
            ),
            ("them = \"dark\"", "c, line 1: unknown setting \"them\"; did you mean theme?"),
            ("theme = \"blue\"", "c, line 1: theme: use \"auto\", \"dark\" or \"light\""),
            ("theme = 3", "theme: use \"auto\""),
            ("ascii = \"yes\"", "ascii: use true or false"),
            ("threads = \"4\"", "threads: use a whole number from 1 to 1000"),
            ("threads = 0", "c, line 1: threads: use a whole number from 1 to 1000"),
            ("threads = 100000", "c, line 1: threads: use a whole number from 1 to 1000"),
            ("threads = 4\nthreads = 5", "c, line 2: duplicate key threads; keep one of them"),
            ("[keys]\nquit = 'q'\nquit = 'Q'", "c, line 3: duplicate key quit"),
            (
                "[keys]\nquit = 'PageUp'",
                "c, line 2: quit: \"PageUp\" is not a key; did you mean Page Up?",
            ),
            ("per-page = 101", "per-page: use a whole number from 1 to 100"),
            ("keys = 1", "keys: is a table; write [keys] on a line of its own"),
            ("theme = ", "c, line 1: "),
            ("\n[keys]\nquti = \"q\"", "c, line 3: unknown action \"quti\"; did you mean quit?"),
            ("[keys]\nquit = 1", "c, line 2: quit: use a key in quotes, or a list of keys"),
            (
                "[keys]\nquit = [\n\"q\",\n\"F1\"]",
                "c, line 4: quit: \"F1\" is not a key; use a character",
            ),
            ("[keys]\nrun = \"x\"\nstop = \"x\"", "line 2: x is bound to both stop and run"),
            ("[keys]\ninterrupt = []", "c, line 2: Ctrl-C is reserved for interrupt"),
        ] {
            assert!(said(text).contains(error), "{text:?}: {}", said(text));
        }
    }

    #[test]
    fn what_is_printed_can_be_pasted() {
        let own =
            parse_config("[keys]\nquit = []\nrun = ['\"', '\\', \"'\", \"Space\"]\n", "c").unwrap();
        let printed = parse_config(&own.keys.to_string(), "c").unwrap();
        assert_eq!(printed.keys, own.keys);
        let usual = Keymap::default();
        assert_eq!(parse_config(&usual.to_string(), "c").unwrap().keys, usual);
    }
}
