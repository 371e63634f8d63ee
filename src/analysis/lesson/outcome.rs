//! A prediction beside what happened.

use super::figures::LessonRuns;
use super::filled_text::FilledText;
use crate::model::Nanos;
use crate::model::lesson::{FigureUnit, LessonAnswer, LessonFigure, LessonQuestion, Quantity};

/// The maximum ratio of a right number to the measured value.
const MAX_RIGHT_RATIO: f64 = 1.25;

/// The minimum of a figure in the comparison of answers: below it they are alike.
const MIN_VALUE: f64 = 1e-6;

/// A prediction of the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    /// The answer with this index.
    Answer(usize),
    /// A number, in the unit of the question's figure; a share in percent.
    Number(f64),
}

impl Prediction {
    /// The predicted value of the question's figure.
    pub fn value(self, question: &LessonQuestion) -> Option<f64> {
        match self {
            Self::Answer(index) => question.answers.get(index).map(|answer| answer.value),
            Self::Number(number) => {
                let is_share = question.figure.quantity.unit() == FigureUnit::Share;
                Some(if is_share { number / 100.0 } else { number })
            }
        }
    }

    /// The time on the axis that the prediction stands for: the end of a run, for a duration or a speed-up;
    /// or a time from the start. `None` if it predicts something else.
    pub fn time(self, question: &LessonQuestion, runs: LessonRuns<'_>) -> Option<Nanos> {
        let value = self.value(question)?;
        let LessonFigure { is_earlier, quantity, .. } = question.figure;
        let seconds = match quantity {
            Quantity::SpeedUp => runs.baseline(is_earlier)?.as_secs_f64() / value.max(MIN_VALUE),
            Quantity::Seconds
            | Quantity::TaskSeconds
            | Quantity::LongestQueue
            | Quantity::MeanQueue
            | Quantity::LongestHold => value,
            _ => return None,
        };
        (seconds.is_finite() && seconds >= 0.0).then_some(Nanos((seconds * 1e9) as u64))
    }
}

/// The result of a question's runs, beside a prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonOutcome {
    /// The measured value of the question's figure.
    pub measured: f64,
    /// The index of the answer that was right: the one closest to the measured value.
    pub right: usize,
    /// `true` if the prediction was that answer, or a number close to the measured one.
    pub is_right: bool,
    /// The explanation.
    pub statements: Vec<StatementResult>,
}

/// A sentence of an explanation, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementResult {
    /// The sentence.
    pub text: FilledText,
    /// `true` if its conditions hold of the runs. Otherwise it must not be shown as true.
    pub holds: bool,
}

impl LessonOutcome {
    /// Compares a prediction with the runs. Returns `None` if the runs do not have the question's figure.
    pub fn new(
        question: &LessonQuestion,
        prediction: Prediction,
        runs: LessonRuns<'_>,
        key: &dyn Fn(&str) -> String,
    ) -> Option<Self> {
        let measured = runs.measure(question.figure)?;
        let right = closest_answer(question, measured)?;
        let is_right = match prediction {
            Prediction::Answer(index) => index == right,
            Prediction::Number(_) => {
                ratio_between(prediction.value(question)?, measured) <= MAX_RIGHT_RATIO
            }
        };
        let statements = question.explanation.iter().map(|statement| StatementResult {
            text: FilledText::new(&statement.text, runs, key),
            holds: statement.conditions.iter().all(|one| runs.holds(one) == Some(true)),
        });
        Some(Self { measured, right, is_right, statements: statements.collect() })
    }
}

/// Returns the index of the answer whose value is the closest to a value, by their ratio.
fn closest_answer(question: &LessonQuestion, value: f64) -> Option<usize> {
    let ratio = |answer: &LessonAnswer| ratio_between(value, answer.value);
    let answers = question.answers.iter().enumerate();
    let closest = answers.min_by(|(_, one), (_, other)| ratio(one).total_cmp(&ratio(other)));
    closest.map(|(index, _)| index)
}

/// Returns the larger of two values as a multiple of the smaller.
fn ratio_between(one: f64, other: f64) -> f64 {
    let (one, other) = (one.max(MIN_VALUE), other.max(MIN_VALUE));
    (one / other).max(other / one)
}
