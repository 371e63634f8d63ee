//! A lesson that is played: the step that it is at, and the answers and runs so far.

use std::sync::Arc;

use crate::model::lesson::Lesson;

/// A lesson that is played.
#[derive(Clone, Debug)]
pub struct LessonProgress {
    lesson: Arc<Lesson>,
    step: LessonStep,
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

impl LessonProgress {
    pub(super) fn new(lesson: Arc<Lesson>) -> Self {
        Self { lesson, step: LessonStep::Question(0) }
    }

    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The step that it is at.
    pub const fn step(&self) -> LessonStep {
        self.step
    }

    /// A caption for a picture of the step shown, or `None` before there is anything to tell.
    pub fn caption(&self) -> Option<String> {
        None
    }
}
