//! A question as text, and the prediction that is typed as its answer.

use crate::analysis::lesson::{Prediction, figure_text};
use crate::model::lesson::{FigureUnit, LessonQuestion};

use super::conversation::{Conversation, Interruption};
use super::lesson_list::tidy;
use super::lesson_records::labelled;

/// The prompt.
const PROMPT: &str = "your answer: ";

/// The number of times that an answer is asked for before the question is skipped.
const MAX_TRIES: usize = 3;

/// The maximum number of characters of an answer in a message.
const MAX_QUOTED_CHARS: usize = 40;

/// Writes the answers to a question, and reads a prediction. `None` if the question is skipped.
pub(super) fn ask(
    question: &LessonQuestion,
    conversation: &Conversation<'_>,
) -> Result<Option<Prediction>, Interruption> {
    for (number, answer) in (1..).zip(&question.answers) {
        let number: usize = number;
        conversation.say(&labelled(&format!("  {number}"), &answer.text))?;
    }
    let choices = question.answers.len();
    let example = example(question.figure.quantity.unit());
    let usage = format!("type 1 to {choices}, or {example}; Enter alone skips the question");
    conversation.say(&labelled("", &usage))?;
    for _ in 0..MAX_TRIES {
        let Some(line) = conversation.ask(PROMPT)?.filter(|line| !line.is_empty()) else {
            break;
        };
        if let Some(prediction) = parse_prediction(&line, question) {
            return Ok(Some(prediction));
        }
        let line: String = tidy(&line).chars().take(MAX_QUOTED_CHARS).collect();
        conversation.say(&format!("\"{line}\" is no answer; {usage}\n"))?;
    }
    conversation.say(&labelled("skipped", "no prediction"))?;
    Ok(None)
}

/// Returns a prediction in words: the answer's text, or the number with its unit.
pub(super) fn describe(prediction: Prediction, question: &LessonQuestion) -> String {
    match prediction {
        Prediction::Answer(index) => {
            question.answers.get(index).map_or_else(String::new, |answer| answer.text.clone())
        }
        Prediction::Number(_) => {
            let value = prediction.value(question);
            value.map_or_else(String::new, |value| figure_text(question.figure, value))
        }
    }
}

/// Returns how a number is typed that is none of the answers.
const fn example(unit: FigureUnit) -> &'static str {
    match unit {
        FigureUnit::Seconds => "a time as 2.5 s or 40 ms",
        FigureUnit::Times => "a factor as 2.5x",
        FigureUnit::Share => "a share as 40 %",
        FigureUnit::Count => "a number as 2.5",
        FigureUnit::Cores => "a number of cores as 1.5",
        FigureUnit::PerSecond => "a number as 250.0",
    }
}

/// Parses the number of an answer, or a number with its unit or a decimal point.
fn parse_prediction(text: &str, question: &LessonQuestion) -> Option<Prediction> {
    let number = text.trim_end_matches('.').parse::<usize>().ok();
    let choice = number.and_then(|number| number.checked_sub(1));
    if let Some(index) = choice.filter(|&index| index < question.answers.len()) {
        return Some(Prediction::Answer(index));
    }
    let text = text.to_lowercase();
    let unit = question.figure.quantity.unit();
    let units: &[(&str, f64)] = match unit {
        FigureUnit::Seconds => {
            &[("ms", 1e-3), ("seconds", 1.0), ("second", 1.0), ("sec", 1.0), ("s", 1.0)]
        }
        FigureUnit::Times => &[("times", 1.0), ("x", 1.0), ("×", 1.0)],
        FigureUnit::Share => &[("percent", 1.0), ("%", 1.0)],
        FigureUnit::Count => &[],
        FigureUnit::Cores => &[("cores", 1.0), ("core", 1.0)],
        FigureUnit::PerSecond => &[("per second", 1.0), ("/s", 1.0)],
    };
    let with_unit =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = with_unit.unwrap_or((&text, 1.0));
    let value = number.trim().parse::<f64>().ok()? * factor;
    (value.is_finite() && value >= 0.0).then_some(Prediction::Number(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lesson::LessonAnswer;

    fn question(figure: &str) -> LessonQuestion {
        let answer = |value| LessonAnswer { value, text: format!("about {value}") };
        LessonQuestion {
            ask: "How long?".parse().unwrap(),
            figure: figure.parse().unwrap(),
            answers: vec![answer(1.0), answer(2.0), answer(5.0)],
            run: None,
            explanation: Vec::new(),
        }
    }

    #[test]
    fn digits_choose_an_answer_and_other_numbers_are_predictions() {
        let seconds = question("threads.seconds");
        for (text, expected) in [
            ("1", Some(Prediction::Answer(0))),
            ("3.", Some(Prediction::Answer(2))),
            ("4", Some(Prediction::Number(4.0))),
            ("2.5", Some(Prediction::Number(2.5))),
            ("2 s", Some(Prediction::Number(2.0))),
            ("40 ms", Some(Prediction::Number(0.04))),
            ("0", Some(Prediction::Number(0.0))),
            ("-1", None),
            ("inf", None),
            ("nan", None),
            ("two", None),
            ("2x", None),
        ] {
            assert_eq!(parse_prediction(text, &seconds), expected, "{text}");
        }
    }

    #[test]
    fn a_number_has_the_unit_of_the_question() {
        let share = question("gil.gil-held");
        let predicted = parse_prediction("40 %", &share).unwrap();
        assert_eq!(describe(predicted, &share), "40 %");
        let factor = question("threads.speed-up");
        let predicted = parse_prediction("2.5x", &factor).unwrap();
        assert_eq!(describe(predicted, &factor), "2.5x");
        assert_eq!(describe(Prediction::Answer(1), &factor), "about 2");
    }
}
