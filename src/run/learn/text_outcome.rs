//! The outcome of a question beside its prediction, as text.

use crate::analysis::lesson::{LessonOutcome, LessonRuns, Prediction, figure_text};
use crate::analysis::verdict;
use crate::app::Keymap;
use crate::model::lesson::LessonQuestion;

use super::lesson_list::key_named;
use super::lesson_records::labelled;
use super::text_question;

/// The answer to a question, and the runs that it is compared with.
pub(super) struct TextOutcome<'a> {
    pub(super) question: &'a LessonQuestion,
    /// `None` if the question was skipped.
    pub(super) prediction: Option<Prediction>,
    pub(super) runs: LessonRuns<'a>,
}

impl TextOutcome<'_> {
    /// Returns lines with the prediction, what happened, and why.
    pub(super) fn describe(&self, keys: &Keymap) -> String {
        let Self { question, prediction, runs } = *self;
        let key = |name: &str| key_named(name, keys);
        let compared = prediction.unwrap_or(Prediction::Answer(usize::MAX));
        let Some(outcome) = LessonOutcome::new(question, compared, runs, &key) else {
            let why = verdict::failure_summary(runs.current);
            let why = why.unwrap_or_else(|| format!("the runs have no {}", question.figure));
            return labelled("it was", &format!("not measured: {why}"));
        };
        let mut text = String::new();
        if let Some(prediction) = prediction {
            text += &labelled("you said", &text_question::describe(prediction, question));
        }
        let measured = figure_text(question.figure, outcome.measured);
        let right = question.answers.get(outcome.right).map_or("", |answer| &answer.text);
        let judgement = match prediction {
            Some(_) if outcome.is_right => "as you said".to_owned(),
            _ => right.to_owned(),
        };
        text += &labelled("it was", &format!("{measured}: {judgement}"));
        let mut label = "why";
        for statement in &outcome.statements {
            let sentence = statement.text.plain();
            text += &if statement.holds {
                labelled(label, &sentence)
            } else {
                labelled(label, &format!("(did not hold in this run: {sentence})"))
            };
            label = "";
        }
        text
    }
}
