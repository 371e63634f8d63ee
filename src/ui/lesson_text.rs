//! The words of each step of a lesson.

use super::status_line;
use super::styled_text::StyledText;
use super::theme::Theme;
use crate::analysis::lesson::{LessonOutcome, Prediction, figure_text};
use crate::analysis::plural;
use crate::app::lessons::{LessonProgress, LessonStep, RealComparison, prediction_text};
use crate::app::{Action, App};
use crate::model::MachineLoad;
use crate::model::lesson::{FigureUnit, LessonQuestion, Quantity};

/// The difference in percent from which on two figures are not called the same.
const MIN_DIFFERENCE: f64 = 0.5;

/// The other programs' share of a core, in thousandths, from which on it is told.
const MIN_LOAD: u32 = 50;

/// Returns the paragraphs above the answers: the claim with its source at the first question, and the
/// question.
pub(super) fn question(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let mut paragraphs = Vec::new();
    if lesson.step() == LessonStep::Question(0) {
        let lesson = lesson.lesson();
        let claim = StyledText::default().sentence(&lesson.claim, theme.text(), theme);
        let source = format!("({})", lesson.source);
        paragraphs.push(claim.sentence(source, theme.muted(), theme));
    }
    let ask = lesson.question().and_then(|question| app.fill_lesson_text(&question.ask));
    let ask = ask.unwrap_or_default();
    paragraphs.push(StyledText::default().filled(&ask, theme.strong(), theme));
    paragraphs
}

/// Returns what was typed as an answer, and what it counts as.
pub(super) fn typed_answer(lesson: &LessonProgress, theme: Theme) -> Option<StyledText> {
    let question = lesson.question()?;
    let (typed, last) = (lesson.typed(), question.answers.len());
    let label = StyledText::default().sentence("Your answer:", theme.text(), theme);
    let cursor = theme.pick("▏", "_");
    let answer = label.sentence(format!("{typed}{cursor}"), theme.strong(), theme);
    let meaning = match lesson.typed_prediction() {
        None if typed.is_empty() => {
            format!("1 to {last} chooses; or type {}", unit_words(question.figure.quantity.unit()))
        }
        None => "is no number yet".to_owned(),
        Some(prediction) => format!("= {}", prediction_text(question, prediction)),
    };
    Some(answer.sentence(meaning, theme.muted(), theme))
}

const fn unit_words(unit: FigureUnit) -> &'static str {
    match unit {
        FigureUnit::Seconds => "a number of seconds",
        FigureUnit::Times => "a factor",
        FigureUnit::Share => "a number of percent",
        FigureUnit::Count => "a number",
        FigureUnit::Cores => "a number of cores",
        FigureUnit::PerSecond => "a number per second",
    }
}

/// Returns the words while the runs of a question go on: the question and the prediction.
pub(super) fn running(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let Some((question, prediction)) = lesson.question().zip(lesson.prediction()) else {
        return Vec::new();
    };
    let said = format!("You said {}.", quoted(question, prediction, theme));
    let ask = app.fill_lesson_text(&question.ask).unwrap_or_default();
    vec![
        StyledText::default().sentence(said, theme.strong(), theme),
        StyledText::default().filled(&ask, theme.muted(), theme),
    ]
}

/// Returns the prediction beside what happened, and the explanation.
pub(super) fn outcome(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let Some((question, prediction)) = lesson.question().zip(lesson.prediction()) else {
        return Vec::new();
    };
    let said = quoted(question, prediction, theme);
    let Some(outcome) = lesson.outcome() else {
        let problem = status_line::problem(app).map(|(problem, _)| problem);
        let problem = problem.unwrap_or_else(|| "The run was stopped before its end.".to_owned());
        let next = app.key_of(Action::LessonNext);
        let then = format!("You said {said}, and there is no answer yet. {next} runs it again.");
        let text = StyledText::default().sentence(problem, theme.problem(), theme);
        return vec![text.sentence(then, theme.text(), theme)];
    };
    let verdict = verdict_text(question, outcome, &said);
    vec![
        StyledText::default().sentence(verdict, theme.strong(), theme),
        explanation(outcome, theme),
    ]
}

/// Returns the sentence that compares the prediction with what happened.
fn verdict_text(question: &LessonQuestion, outcome: &LessonOutcome, said: &str) -> String {
    let measured = figure_text(question.figure, outcome.measured);
    let was = if question.figure.quantity == Quantity::Seconds { "it took" } else { "it was" };
    let verdict = if outcome.is_right { "Right" } else { "Not right" };
    format!("{verdict}: {was} {measured}; you said {said}.")
}

/// Returns the statements that hold of the runs. Of others it is said only that they do not.
fn explanation(outcome: &LessonOutcome, theme: Theme) -> StyledText {
    let mut text = StyledText::default();
    for statement in outcome.statements.iter().filter(|statement| statement.holds) {
        text = text.filled(&statement.text, theme.text(), theme);
    }
    let failed = outcome.statements.iter().filter(|statement| !statement.holds).count();
    if failed == 0 {
        return text;
    }
    let left_out = match failed {
        1 => "One sentence of this lesson is left out: it did not hold in this run.".to_owned(),
        _ => format!(
            "{failed} sentences of this lesson are left out: they did not hold in this run."
        ),
    };
    text.sentence(left_out, theme.muted(), theme)
}

/// Returns the thing to try.
pub(super) fn experiment(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let text = app.fill_lesson_text(&lesson.lesson().experiment).unwrap_or_default();
    let label = StyledText::default().sentence("Try it:", theme.strong(), theme);
    vec![label.filled(&text, theme.text(), theme)]
}

/// Returns the words at the end of the lesson.
pub(super) fn end(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let what = if lesson.is_simulated() {
        let real = app.key_of(Action::Simulate);
        format!(
            "It was simulated, the same on every machine. {real} runs it now on this machine, really."
        )
    } else if app.replay_progress().is_some() {
        "It was a recording of a real program.".to_owned()
    } else {
        "Its runs were real: they ran on this machine.".to_owned()
    };
    let done = format!("You have done \u{201c}{}\u{201d}.", lesson.lesson().title);
    let done = unicode_quotes(&done, theme);
    let text = StyledText::default().sentence(done, theme.strong(), theme);
    vec![text.sentence(what, theme.text(), theme), next_lesson(app, theme)]
}

/// Returns what the keys that leave the lesson do.
fn next_lesson(app: &App, theme: Theme) -> StyledText {
    let (next, back) = (app.key_of(Action::LessonNext), app.key_of(Action::Back));
    let following = app.course().and_then(|course| course.next_lesson());
    let words = following.map_or_else(
        || format!("{next} goes back to the list."),
        |(index, title)| {
            format!("{next} opens lesson {}, {title}. {back} goes to the list.", index + 1)
        },
    );
    StyledText::default().sentence(words, theme.muted(), theme)
}

/// Returns the words while the lesson runs for real.
pub(super) fn real_run(app: &App, theme: Theme) -> Vec<StyledText> {
    let cores = app.session().setup().cores;
    let cores = cores.map(|cores| format!(", on {}", plural::count(cores, "core")));
    let words = format!(
        "The same work runs now on this machine, really{}. It takes its real time.",
        cores.unwrap_or_default()
    );
    vec![StyledText::default().sentence(words, theme.strong(), theme)]
}

/// Returns the simulated figure beside the real one, and why they differ.
pub(super) fn real_outcome(app: &App, lesson: &LessonProgress, theme: Theme) -> Vec<StyledText> {
    let Some(real) = lesson.real() else { return Vec::new() };
    let simulated = figure_text(real.figure, real.simulated);
    let beside = match real.real.zip(real.difference()) {
        Some((value, difference)) => format!(
            "Simulated: {simulated}. Really: {}, {}.",
            figure_text(real.figure, value),
            difference_words(difference)
        ),
        None => format!("Simulated: {simulated}. The real run was not completed."),
    };
    let first = StyledText::default().sentence(beside, theme.strong(), theme);
    let mut why = StyledText::default();
    for words in machine_words(real) {
        why = why.sentence(words, theme.text(), theme);
    }
    if let Some(reality) = &lesson.lesson().reality {
        why = why.filled(&app.fill_lesson_text(reality).unwrap_or_default(), theme.text(), theme);
    }
    vec![first, why]
}

fn difference_words(percent: f64) -> String {
    match percent {
        _ if percent.abs() < MIN_DIFFERENCE => "the same".to_owned(),
        _ if percent > 0.0 => format!("{percent:.0} % more"),
        _ => format!("{:.0} % less", -percent),
    }
}

/// Returns what is known of the machine: its cores, and the load of other programs.
fn machine_words(real: &RealComparison) -> Vec<String> {
    let simulated = real.simulated_cores;
    let cores = match real.cores {
        Some(cores) if cores == simulated => {
            format!("This machine has {}, as the simulated one.", plural::count(cores, "core"))
        }
        Some(cores) => format!(
            "This machine has {}, the simulated one had {simulated}.",
            plural::count(cores, "core")
        ),
        None => format!("{} were simulated.", plural::count(simulated, "core")),
    };
    let busy = |load: MachineLoad| load.other_millicores.saturating_add(load.stolen_millicores);
    let load = real.load.map(busy).filter(|&load| load >= MIN_LOAD);
    let load = load.map(|load| {
        format!("Other programs used {:.1} cores meanwhile.", f64::from(load) / 1_000.0)
    });
    [cores].into_iter().chain(load).collect()
}

/// Returns a prediction as it is repeated: the words of an answer in quotation marks, or a number.
fn quoted(question: &LessonQuestion, prediction: Prediction, theme: Theme) -> String {
    let text = prediction_text(question, prediction);
    match prediction {
        Prediction::Answer(_) => unicode_quotes(&format!("\u{201c}{text}\u{201d}"), theme),
        Prediction::Number(_) => text,
    }
}

/// Returns a text with quotation marks that the theme can draw.
fn unicode_quotes(text: &str, theme: Theme) -> String {
    if theme.is_ascii() { text.replace(['\u{201c}', '\u{201d}'], "\"") } else { text.to_owned() }
}
