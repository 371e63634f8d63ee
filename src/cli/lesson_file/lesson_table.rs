//! A lesson: the keys of its file, and what is asked of them.

use super::question_table::{self, check_words, read_text};
use super::run_context::RunContext;
use super::table_reader::{ProblemList, TableReader, elements};
use super::value_parsers::{count_words, parse_words};
use crate::cli::toml_file::{TomlEntry, TomlProblem, problem_at};
use crate::model::lesson::{Lesson, LessonQuestion};

/// The keys of a lesson.
pub(super) const KEYS: [&str; 8] =
    ["name", "title", "asks", "claim", "source", "try", "real", "question"];

/// The maximum number of characters of the question in a list.
const MAX_ASKS_CHARS: usize = 45;

/// The number of questions.
const QUESTIONS: usize = 2;

/// Reads a lesson.
pub(super) fn read(table: &TableReader<'_>, problems: &mut ProblemList) -> Option<Lesson> {
    let name = table.parsed("name", parse_name, problems);
    let title = table.parsed("title", parse_words, problems);
    let asks = table.parsed("asks", parse_asks, problems);
    let claim = table.parsed("claim", parse_words, problems);
    let source = table.parsed("source", parse_words, problems);
    let questions = read_questions(table, problems);
    let first_run = questions.first().and_then(|question| question.run.as_ref());
    let context = RunContext { current: first_run, earlier: None };
    // Without a first run, the figures are unknown, and that is its problem.
    let experiment = match first_run {
        Some(_) => read_text(table, "try", context, problems),
        None => table.required("try", problems).and(None),
    };
    let reality = match table.entry("real") {
        Some(_) => Some(read_text(table, "real", RunContext::default(), problems)?),
        None => None,
    };
    let (claim, source) = (claim?, source?);
    let words = [&claim, &source].map(|text| text.split_whitespace().count());
    check_words(place_of(table, "claim"), "the claim and its source", words.iter().sum(), problems);
    let experiment = experiment?;
    check_words(place_of(table, "try"), "the words of try", count_words(&experiment), problems);
    if let Some(reality) = &reality {
        check_words(place_of(table, "real"), "the words of real", count_words(reality), problems);
    }
    let (name, title, asks) = (name?, title?, asks?);
    Some(Lesson { name, title, asks, claim, source, questions, experiment, reality })
}

fn place_of(table: &TableReader<'_>, key: &str) -> usize {
    table.entry(key).map_or(0, |(_, at, _)| at)
}

/// Parses a name. `threadline learn 4` is the fourth lesson, so a name is no number.
fn parse_name(entry: TomlEntry<'_>) -> Result<String, TomlProblem> {
    let name = parse_words(entry)?;
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.chars().all(is_known) && name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(name);
    }
    Err(problem_at(entry)("use a word of small letters, digits and hyphens, such as waves"))
}

/// Parses the question in a few words.
fn parse_asks(entry: TomlEntry<'_>) -> Result<String, TomlProblem> {
    let asks = parse_words(entry)?;
    if asks.chars().count() <= MAX_ASKS_CHARS {
        return Ok(asks);
    }
    Err(problem_at(entry)(&format!("use at most {MAX_ASKS_CHARS} characters, for the list")))
}

fn read_questions(table: &TableReader<'_>, problems: &mut ProblemList) -> Vec<LessonQuestion> {
    let Some(entry) = table.required("question", problems) else { return Vec::new() };
    let Some(list) = elements(entry, problems) else { return Vec::new() };
    if list.len() != QUESTIONS {
        let what =
            format!("a lesson has two questions, not {}; write [[question]] twice", list.len());
        problems.add((entry.1, what));
    }
    let mut questions: Vec<LessonQuestion> = Vec::new();
    for (index, element) in list.into_iter().enumerate() {
        let earlier = questions.last().and_then(|question| question.run.as_ref());
        questions.extend(question_table::read(element, index == 0, earlier, problems));
    }
    questions
}
