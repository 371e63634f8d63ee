//! Reads the tables of a file, and collects all problems in them.

use toml::de::{DeTable, DeValue};

use crate::cli::toml_file::{TomlEntry, TomlProblem, sorted_entries, unknown_name};

/// The problems of a file, as they are found.
#[derive(Debug, Default)]
pub(super) struct ProblemList(Vec<TomlProblem>);

impl ProblemList {
    /// Adds a problem.
    pub(super) fn add(&mut self, problem: TomlProblem) {
        self.0.push(problem);
    }

    /// Returns the value, or adds the problem.
    pub(super) fn take<T>(&mut self, result: Result<T, TomlProblem>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// Returns the problems in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<TomlProblem> {
        self.0.sort_by_key(|(at, _)| *at);
        self.0
    }
}

/// A table, its place and its name in errors.
#[derive(Debug)]
pub(super) struct TableReader<'a> {
    name: &'static str,
    at: usize,
    entries: Vec<TomlEntry<'a>>,
}

impl<'a> TableReader<'a> {
    /// Creates a reader of `table`. Each key that is not one of `keys` is a problem.
    pub(super) fn new(
        name: &'static str,
        at: usize,
        table: &'a DeTable<'a>,
        keys: &[&str],
        problems: &mut ProblemList,
    ) -> Self {
        let entries = sorted_entries(table);
        for (key, at, _) in entries.iter().filter(|(key, ..)| !keys.contains(key)) {
            problems.add((*at, unknown_name("key", key, keys)));
        }
        Self { name, at, entries }
    }

    /// Creates a reader of the table in `entry`, or adds the problem that it is none.
    pub(super) fn within(
        name: &'static str,
        (key, at, value): TomlEntry<'a>,
        keys: &[&str],
        problems: &mut ProblemList,
    ) -> Option<Self> {
        let DeValue::Table(table) = value.get_ref() else {
            problems.add((at, format!("{key}: {name} is a table of {}", keys.join(", "))));
            return None;
        };
        Some(Self::new(name, at, table, keys, problems))
    }

    /// The byte offset of the table.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Returns the entry with this key, if there is one.
    pub(super) fn entry(&self, key: &str) -> Option<TomlEntry<'a>> {
        self.entries.iter().copied().find(|(one, ..)| *one == key)
    }

    /// Returns the entry with this key, or adds the problem that it is missing.
    pub(super) fn required(&self, key: &str, problems: &mut ProblemList) -> Option<TomlEntry<'a>> {
        let found = self.entry(key);
        if found.is_none() {
            problems.add((self.at, format!("missing key {key}; {} needs it", self.name)));
        }
        found
    }

    /// Returns the parsed value of a key, or adds its problem, or that it is missing.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl FnOnce(TomlEntry<'a>) -> Result<T, TomlProblem>,
        problems: &mut ProblemList,
    ) -> Option<T> {
        let entry = self.required(key, problems)?;
        problems.take(parse(entry))
    }

    /// Returns the parsed value of a key, or `usual` if it is missing, or adds its problem.
    pub(super) fn parsed_or<T>(
        &self,
        key: &str,
        usual: T,
        parse: impl FnOnce(TomlEntry<'a>) -> Result<T, TomlProblem>,
        problems: &mut ProblemList,
    ) -> Option<T> {
        match self.entry(key) {
            Some(entry) => problems.take(parse(entry)),
            None => Some(usual),
        }
    }
}

/// Returns the elements of a list, each as an entry with the key of the list, or adds the problem that
/// the value is no list.
pub(super) fn elements<'a>(
    (key, at, value): TomlEntry<'a>,
    problems: &mut ProblemList,
) -> Option<Vec<TomlEntry<'a>>> {
    let DeValue::Array(list) = value.get_ref() else {
        problems.add((at, format!("{key}: use a list, as in {key} = [...]")));
        return None;
    };
    Some(list.iter().map(|element| (key, element.span().start, element)).collect())
}
