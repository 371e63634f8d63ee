//! The values in the file of a lesson: texts, numbers, figures and conditions.

use std::fmt::Display;
use std::str::FromStr;

use toml::de::DeValue;

use crate::cli::toml_file::{TomlEntry, TomlProblem, integer_text, problem_at};
use crate::model::lesson::{LessonText, TextPart};
use crate::model::printable::escape_controls;

/// Parses a text. Line breaks count as spaces.
pub(super) fn parse_words(entry: TomlEntry<'_>) -> Result<String, TomlProblem> {
    let problem = problem_at(entry);
    let text = entry.2.get_ref().as_str().ok_or_else(|| problem("use a text in quotes"))?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(problem("is empty; write a text"));
    }
    if escape_controls(&text) != text {
        return Err(problem("has characters that cannot be shown; remove them"));
    }
    Ok(text)
}

/// Parses a text that has a format of its own: a figure, a condition, or a text with figures.
pub(super) fn parse_formatted<T: FromStr<Err: Display>>(
    entry: TomlEntry<'_>,
) -> Result<T, TomlProblem> {
    let text = parse_words(entry)?;
    text.parse().map_err(|error: T::Err| problem_at(entry)(&error.to_string()))
}

/// Parses a finite number, with or without a fraction.
pub(super) fn parse_number(entry: TomlEntry<'_>) -> Result<f64, TomlProblem> {
    let number = match entry.2.get_ref() {
        DeValue::Integer(number) => number.to_string().parse().ok(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    number.ok_or_else(|| problem_at(entry)("use a number, such as 4 or 1.05"))
}

/// Returns a parser of whole numbers by a parser of the command line.
pub(super) fn whole_number<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(TomlEntry<'_>) -> Result<T, TomlProblem> {
    move |entry| parse(&integer_text(entry.2)).map_err(|hint| problem_at(entry)(&hint))
}

/// Returns a parser of texts by a parser of the command line.
pub(super) fn option_text<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(TomlEntry<'_>) -> Result<T, TomlProblem> {
    move |entry| parse(&parse_words(entry)?).map_err(|hint| problem_at(entry)(&hint))
}

/// The number of words of a text, as it is shown.
pub(super) fn count_words(text: &LessonText) -> usize {
    let part = |part: &TextPart| match part {
        TextPart::Words(words) | TextPart::Marked(words, _) => words.clone(),
        TextPart::Figure(_) => "1.05 s".to_owned(),
        TextPart::Key(_) => "r".to_owned(),
    };
    text.parts.iter().map(part).collect::<String>().split_whitespace().count()
}
