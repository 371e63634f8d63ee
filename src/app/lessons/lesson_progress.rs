//! A lesson that is played: the step that it is at, and the answers and runs so far.

use std::sync::Arc;

use super::course::LessonRecord;
use super::real_comparison::RealComparison;
use super::typed_answer::TypedAnswer;
use crate::analysis::lesson::{FilledText, LessonOutcome, LessonRuns, Prediction, figure_text};
use crate::model::lesson::{
    Highlight, Lesson, LessonFigure, LessonQuestion, LessonRun, LessonView,
};
use crate::model::{Nanos, Run, Selection};

/// A lesson that is played.
#[derive(Clone, Debug)]
pub struct LessonProgress {
    lesson: Arc<Lesson>,
    pub(super) step: LessonStep,
    questions: Vec<QuestionProgress>,
    pub(super) real: Option<RealComparison>,
    /// The page of the panel, modulo the number of pages, which depends on the size of the screen.
    pub(super) page: i32,
}

/// A step of a lesson. Questions are named by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LessonStep {
    /// The question waits for a prediction.
    Question(usize),
    /// The runs that answer it.
    Run(usize),
    /// The prediction beside what happened, and the explanation.
    Outcome(usize),
    /// The user tries something alone.
    Experiment,
    /// The end of the lesson.
    End,
    /// The same runs for real on this machine.
    RealRun,
    /// The simulated figure beside the real one.
    RealOutcome,
}

/// A question: its answer, the runs, and the outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct QuestionProgress {
    pub(super) typed: TypedAnswer,
    /// The prediction that was confirmed.
    pub(super) prediction: Option<Prediction>,
    /// The runs as they ended. Later runs do not change them.
    pub(super) runs: Vec<Run>,
    /// The selection of these runs.
    pub(super) selection: Option<Selection>,
    pub(super) outcome: Option<LessonOutcome>,
}

/// A mark on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMark {
    /// The word before its time.
    pub name: &'static str,
    /// The time.
    pub at: Nanos,
}

impl LessonProgress {
    pub(super) fn new(lesson: Arc<Lesson>) -> Self {
        let questions = lesson.questions.iter().map(|_| QuestionProgress::default()).collect();
        Self { lesson, step: LessonStep::Question(0), questions, real: None, page: 0 }
    }

    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The step that it is at.
    pub const fn step(&self) -> LessonStep {
        self.step
    }

    /// The page of the panel, counted from 0, modulo the number of pages.
    pub const fn page(&self) -> i32 {
        self.page
    }

    /// The question that the step is about: the first one while the user tries something, and the last
    /// one at the end.
    pub fn question_index(&self) -> usize {
        match self.step {
            LessonStep::Question(index) | LessonStep::Run(index) | LessonStep::Outcome(index) => {
                index
            }
            LessonStep::Experiment => 0,
            LessonStep::End | LessonStep::RealRun | LessonStep::RealOutcome => {
                self.lesson.questions.len().saturating_sub(1)
            }
        }
    }

    /// The question that the step is about.
    pub fn question(&self) -> Option<&LessonQuestion> {
        self.lesson.questions.get(self.question_index())
    }

    /// The text that was typed as an answer.
    pub fn typed(&self) -> &str {
        self.progress().map_or("", |one| one.typed.text())
    }

    /// The prediction that the typed text stands for, if it is one.
    pub fn typed_prediction(&self) -> Option<Prediction> {
        let answers = self.question()?.answers.len();
        self.progress()?.typed.prediction(answers)
    }

    /// The prediction that was confirmed.
    pub fn prediction(&self) -> Option<Prediction> {
        self.progress()?.prediction
    }

    /// The outcome of the question. `None` if its runs did not give the figure.
    pub fn outcome(&self) -> Option<&LessonOutcome> {
        self.progress()?.outcome.as_ref()
    }

    /// The simulated figure beside the real one.
    pub const fn real(&self) -> Option<&RealComparison> {
        self.real.as_ref()
    }

    /// The runs of the question as they ended, and those of the question before.
    pub fn runs(&self) -> LessonRuns<'_> {
        self.runs_of(self.question_index())
    }

    /// The parts of the screen that the explanation shown is about.
    pub fn highlights(&self) -> impl Iterator<Item = Highlight> {
        let is_shown = matches!(self.step, LessonStep::Outcome(_));
        let outcome = self.outcome().filter(|_| is_shown).into_iter();
        let statements = outcome.flat_map(|outcome| &outcome.statements);
        let texts = statements.filter(|one| one.holds).flat_map(|one| &one.text.0);
        texts.filter_map(|part| part.highlight)
    }

    /// Returns `true` if an explanation of the lesson is about this part of the screen.
    pub fn mentions(&self, part: Highlight) -> bool {
        let statements = self.lesson.questions.iter().flat_map(|question| &question.explanation);
        statements.flat_map(|statement| statement.text.highlights()).any(|other| other == part)
    }

    /// The mark on the axis: that of the prediction, or of the simulated figure beside a real run.
    /// `runs` are those shown.
    pub fn mark(&self, runs: &[Run]) -> Option<AxisMark> {
        let question = self.question()?;
        let at = |prediction: Prediction, current| {
            let runs = LessonRuns { current, earlier: self.runs().earlier };
            prediction.time(question, runs)
        };
        match self.step {
            LessonStep::Run(_) | LessonStep::Outcome(_) => {
                Some(AxisMark { name: "you", at: at(self.prediction()?, runs)? })
            }
            LessonStep::RealRun | LessonStep::RealOutcome => {
                let real = self.real?;
                let simulated = LessonQuestion { figure: real.figure, ..question.clone() };
                let runs = LessonRuns { current: runs, earlier: &[] };
                let at = Prediction::Number(real.simulated).time(&simulated, runs)?;
                Some(AxisMark { name: "simulated", at })
            }
            _ => None,
        }
    }

    /// The view of the runs that the step is about.
    pub(super) fn view(&self) -> LessonView {
        self.run_of(self.question_index()).map_or_else(LessonView::default, |run| run.view)
    }

    /// A sentence for a picture of the step shown: the lesson, the prediction and what happened. `None`
    /// before a question is answered.
    pub fn caption(&self) -> Option<String> {
        let record = self.record(self.question_index())?;
        let LessonRecord { title, predicted, happened, .. } = record;
        let ask = FilledText::new(&self.question()?.ask, self.runs(), &str::to_owned).plain();
        Some(format!("{title}: {ask} Predicted: {predicted}. Measured: {happened}."))
    }

    /// The record of a question's prediction and outcome. `None` before it is answered.
    pub(super) fn record(&self, index: usize) -> Option<LessonRecord> {
        let question = self.lesson.questions.get(index)?;
        let progress = self.questions.get(index)?;
        let outcome = progress.outcome.as_ref()?;
        let why = outcome.statements.iter().find(|one| one.holds);
        Some(LessonRecord {
            title: self.lesson.title.clone(),
            predicted: prediction_text(question, progress.prediction?),
            happened: figure_text(question.figure, outcome.measured),
            is_right: outcome.is_right,
            why: why.map(|one| one.text.plain()).unwrap_or_default(),
        })
    }

    /// The run of the question, or of the one before if that answers this one, too; with the index of the
    /// question that it belongs to.
    pub(super) fn own_run(&self, index: usize) -> Option<(usize, &LessonRun)> {
        let until = self.lesson.questions.get(..=index)?;
        let mut runs = until.iter().enumerate().rev();
        runs.find_map(|(at, question)| Some((at, question.run.as_ref()?)))
    }

    fn run_of(&self, index: usize) -> Option<&LessonRun> {
        self.own_run(index).map(|(_, run)| run)
    }

    /// The runs of a question as they ended, and those of the question before.
    pub(super) fn runs_of(&self, index: usize) -> LessonRuns<'_> {
        let runs = |index: usize| {
            let own = self.own_run(index).and_then(|(at, _)| self.questions.get(at));
            own.map_or(&[][..], |one| &one.runs)
        };
        LessonRuns { current: runs(index), earlier: index.checked_sub(1).map_or(&[], runs) }
    }

    /// The question whose run is repeated for real: the last one whose figure is one of its own runs
    /// alone. Returns its index, its figure and the simulated value.
    pub(super) fn real_figure(&self) -> Option<(usize, LessonFigure, f64)> {
        let mut questions = self.lesson.questions.iter().enumerate().rev();
        questions.find_map(|(index, question)| {
            let own = self.questions.get(index).filter(|_| question.run.is_some())?;
            let runs = LessonRuns { current: &own.runs, earlier: &[] };
            Some((index, question.figure, runs.measure(question.figure)?))
        })
    }

    /// Returns `true` if all runs of the lesson are simulated.
    pub fn is_simulated(&self) -> bool {
        let mut runs = self.lesson.questions.iter().filter_map(|question| question.run.as_ref());
        runs.all(LessonRun::is_simulated)
    }

    fn progress(&self) -> Option<&QuestionProgress> {
        self.questions.get(self.question_index())
    }

    pub(super) fn progress_mut(&mut self) -> Option<&mut QuestionProgress> {
        let index = self.question_index();
        self.questions.get_mut(index)
    }

    pub(super) fn progress_of(&self, index: usize) -> Option<&QuestionProgress> {
        self.questions.get(index)
    }
}

/// Returns a prediction in words: the text of the answer, or the number with its unit.
pub fn prediction_text(question: &LessonQuestion, prediction: Prediction) -> String {
    let answer = match prediction {
        Prediction::Answer(index) => question.answers.get(index),
        Prediction::Number(_) => None,
    };
    let number = || {
        let value = prediction.value(question).unwrap_or_default();
        figure_text(question.figure, value)
    };
    answer.map_or_else(number, |answer| answer.text.clone())
}
