//! A lesson: a claim; questions that are answered by a prediction before anything runs; the runs that give
//! the answers; and an explanation, each of whose statements is checked on these runs.

mod figure;
mod lesson_run;
mod lesson_text;

pub use figure::{
    ConditionSide, FigureUnit, LessonComparison, LessonCondition, LessonFigure, ParseFigureError,
    Quantity,
};
pub use lesson_run::{LessonRun, LessonView, LessonWork};
pub use lesson_text::{Highlight, LessonText, LessonTextError, TextPart};

/// A lesson, as it stands in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The word that `threadline learn` takes.
    pub name: String,
    /// The title.
    pub title: String,
    /// The first question in a few words, for a list: `how long five threads take for five pages`.
    pub asks: String,
    /// The claim, in one sentence.
    pub claim: String,
    /// The source of the claim.
    pub source: String,
    /// The questions: a first one, and a harder one that its answer makes answerable.
    pub questions: Vec<LessonQuestion>,
    /// The experiment to try after the first explanation: a key, and what to look for.
    pub experiment: LessonText,
    /// The difference between a real run on this machine and the lesson's run. `None` if the lesson's runs are
    /// real.
    pub reality: Option<LessonText>,
}

/// A question whose answer is a figure of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonQuestion {
    /// The question.
    pub ask: LessonText,
    /// The figure that answers it.
    pub figure: LessonFigure,
    /// Three or four answers to choose from.
    pub answers: Vec<LessonAnswer>,
    /// The runs that answer it. `None` if those of the question before do.
    pub run: Option<LessonRun>,
    /// The explanation, a sentence each.
    pub explanation: Vec<LessonStatement>,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonAnswer {
    /// The value of the question's figure that the answer stands for, in seconds, as a factor, a share from
    /// 0 to 1 or a number.
    pub value: f64,
    /// The answer.
    pub text: String,
}

/// A sentence of an explanation, and what must hold of the runs for it to be true.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonStatement {
    /// The sentence.
    pub text: LessonText,
    /// The conditions.
    pub conditions: Vec<LessonCondition>,
}
