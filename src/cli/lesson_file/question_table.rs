//! The questions of a lesson: `[[question]]`, with their answers and explanations.

use super::MAX_PANEL_WORDS;
use super::run_context::RunContext;
use super::run_table;
use super::table_reader::{ProblemList, TableReader, elements};
use super::value_parsers::{count_words, parse_formatted, parse_number, parse_words};
use crate::cli::toml_file::{TomlEntry, problem_at};
use crate::model::lesson::{
    FigureUnit, LessonAnswer, LessonCondition, LessonFigure, LessonQuestion, LessonRun,
    LessonStatement, LessonText,
};

const KEYS: [&str; 5] = ["ask", "figure", "answers", "run", "explanation"];
const ANSWER_KEYS: [&str; 2] = ["value", "text"];
const STATEMENT_KEYS: [&str; 2] = ["text", "holds"];

/// Reads a question. `earlier` is the run of the question before.
pub(super) fn read(
    entry: TomlEntry<'_>,
    is_first: bool,
    earlier: Option<&LessonRun>,
    problems: &mut ProblemList,
) -> Option<LessonQuestion> {
    let table = TableReader::within("a question", entry, &KEYS, problems)?;
    let ask = read_text(&table, "ask", RunContext::default(), problems);
    let run_entry = table.entry("run");
    let run = run_entry.map(|entry| run_table::read(entry, problems));
    if is_first && run.is_none() {
        let what = "missing table [question.run]; the first question needs a run";
        problems.add((table.at(), what.to_owned()));
    }
    let figure = table.parsed("figure", parse_formatted::<LessonFigure>, problems);
    let answers = figure.and_then(|figure| read_answers(&table, figure, problems));
    // The runs are unknown if they have a problem of their own. A second one would be a guess.
    let context = match &run {
        _ if !is_first && earlier.is_none() => None,
        Some(run) => run.as_ref().map(|run| RunContext { current: Some(run), earlier }),
        None => earlier.map(|run| RunContext { current: Some(run), earlier: None }),
    };
    if let (Some(context), Some(figure), Some(entry)) = (context, figure, table.entry("figure"))
        && let Err(what) = context.check_figure(figure)
    {
        problems.add((entry.1, what));
    }
    let explanation = read_explanation(&table, context, problems);
    let (ask, figure, answers) = (ask?, figure?, answers?);
    let words = answers.iter().map(|answer| answer.text.split_whitespace().count());
    check_words(
        table.at(),
        "the question and its answers",
        count_words(&ask) + words.sum::<usize>(),
        problems,
    );
    let run = run.map_or(Some(None), |run| run.map(Some))?;
    Some(LessonQuestion { ask, figure, answers, run, explanation: explanation? })
}

/// Reads a text that speaks of the runs in `context`.
pub(super) fn read_text(
    table: &TableReader<'_>,
    key: &str,
    context: RunContext<'_>,
    problems: &mut ProblemList,
) -> Option<LessonText> {
    let entry = table.required(key, problems)?;
    let text: LessonText = problems.take(parse_formatted(entry))?;
    problems.take(context.check_text(&text).map_err(|what| problem_at(entry)(&what)))?;
    Some(text)
}

/// Adds the problem that a panel has too many words.
pub(super) fn check_words(at: usize, name: &str, count: usize, problems: &mut ProblemList) {
    if count > MAX_PANEL_WORDS {
        problems.add((at, format!("{name} have {count} words; use at most {MAX_PANEL_WORDS}")));
    }
}

fn read_answers(
    table: &TableReader<'_>,
    figure: LessonFigure,
    problems: &mut ProblemList,
) -> Option<Vec<LessonAnswer>> {
    let entry = table.required("answers", problems)?;
    let mut answers: Vec<LessonAnswer> = Vec::new();
    for element in elements(entry, problems)? {
        let reader = TableReader::within("an answer", element, &ANSWER_KEYS, problems)?;
        let text = reader.parsed("text", parse_words, problems);
        let value = reader.parsed("value", parse_number, problems)?;
        if let Some(what) = value_problem(figure, value) {
            problems.add((element.1, format!("value: {what}")));
        }
        if answers.iter().any(|answer| answer.value.total_cmp(&value).is_eq()) {
            problems.add((
                element.1,
                "value: two answers have the same; only one can be right".to_owned(),
            ));
        }
        answers.push(LessonAnswer { value, text: text? });
    }
    if !(3..=4).contains(&answers.len()) {
        let what = format!("{} are given; use three or four", answers.len());
        problems.add(problem_at(entry)(&what));
    }
    Some(answers)
}

/// Returns why a value cannot be an answer. Answers are compared by their ratio.
fn value_problem(figure: LessonFigure, value: f64) -> Option<&'static str> {
    match figure.quantity.unit() {
        FigureUnit::Seconds | FigureUnit::Times if value <= 0.0 => Some("use a number above 0"),
        FigureUnit::Share if !(0.0..=1.0).contains(&value) => {
            Some("a share is a number from 0 to 1; use 0.25 for 25 %")
        }
        _ if value < 0.0 => Some("use 0 or more"),
        _ => None,
    }
}

fn read_explanation(
    table: &TableReader<'_>,
    context: Option<RunContext<'_>>,
    problems: &mut ProblemList,
) -> Option<Vec<LessonStatement>> {
    let entry = table.required("explanation", problems)?;
    let list = elements(entry, problems)?;
    if !(1..=3).contains(&list.len()) {
        let what = format!("{} sentences are given; use two, at most three", list.len());
        problems.add(problem_at(entry)(&what));
    }
    let statements: Option<Vec<_>> =
        list.into_iter().map(|element| read_statement(element, context, problems)).collect();
    let statements = statements?;
    let words = statements.iter().map(|statement| count_words(&statement.text)).sum();
    check_words(entry.1, "the sentences of the explanation", words, problems);
    Some(statements)
}

fn read_statement(
    entry: TomlEntry<'_>,
    context: Option<RunContext<'_>>,
    problems: &mut ProblemList,
) -> Option<LessonStatement> {
    let table = TableReader::within("a sentence", entry, &STATEMENT_KEYS, problems)?;
    let text = match context {
        Some(context) => read_text(&table, "text", context, problems),
        None => table.parsed("text", parse_formatted, problems),
    };
    let holds = table.required("holds", problems)?;
    let mut conditions = Vec::new();
    for element in elements(holds, problems)? {
        let condition: LessonCondition = problems.take(parse_formatted(element))?;
        if let Some(Err(what)) = context.map(|context| context.check_condition(&condition)) {
            problems.add(problem_at(element)(&what));
        }
        conditions.push(condition);
    }
    if conditions.is_empty() {
        let what = "name what makes the sentence true, as in [\"threads.seconds < 2\"]";
        problems.add(problem_at(holds)(what));
    }
    Some(LessonStatement { text: text?, conditions })
}
