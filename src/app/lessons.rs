//! The lessons: the list to choose from, and the lesson that is played on the screen.

mod course;
mod course_progress;
mod lesson_keys;
mod lesson_progress;
mod lesson_session;
mod lesson_steps;
mod real_comparison;
mod typed_answer;

pub use course::{Course, CourseLesson, LessonRecord};
pub use course_progress::CourseProgress;
pub use lesson_progress::{AxisMark, LessonProgress, LessonStep, prediction_text};
pub use real_comparison::RealComparison;

use super::keymap::Keymap;
use super::{App, Options, Session};
use crate::analysis::lesson::FilledText;
use crate::model::lesson::{Highlight, LessonText};
use crate::model::{Mode, Plan, Run, Selection, Setup, Workload};

impl App {
    /// Creates a screen that plays the lessons of a course: the one with the index `first`, or else the
    /// list of all.
    pub fn for_course(course: Course, first: Option<usize>, options: Options) -> Self {
        let session = Session::new(Setup::program(course.script.clone()));
        let selection = Selection::only(Workload::Program, Mode::Threads);
        let course = Some(Box::new(CourseProgress::new(course)));
        let mut app = Self { course, ..Self::new(session, selection, options) };
        if let Some(first) = first {
            app.open_lesson(first);
        }
        app
    }

    /// The lessons, if the screen plays some.
    pub fn course(&self) -> Option<&CourseProgress> {
        self.course.as_deref()
    }

    /// The lesson that is played, if one is.
    pub fn lesson(&self) -> Option<&LessonProgress> {
        self.course()?.lesson()
    }

    /// The predictions in the questions that were answered, and what happened, in their order.
    pub fn lesson_records(&self) -> &[LessonRecord] {
        self.course().map_or(&[], CourseProgress::records)
    }

    /// Returns `true` if runs without a GIL are called so. A lesson without a GIL has not explained it.
    pub fn names_gil(&self) -> bool {
        let has_gil = |run: &Run| run.plan().mode == Mode::Gil;
        self.lesson().is_none() || self.runs().iter().any(has_gil)
    }

    /// The name of a run above its lanes.
    pub fn run_name(&self, plan: &Plan) -> String {
        if self.names_gil() { plan.name() } else { plan.short_name() }
    }

    /// Returns `true` if the explanation shown is about this part of the screen.
    pub fn is_highlighted(&self, part: Highlight) -> bool {
        self.lesson().is_some_and(|lesson| lesson.highlights().any(|other| other == part))
    }

    /// The mark on the time axis, if there is one.
    pub fn axis_mark(&self) -> Option<AxisMark> {
        self.lesson()?.mark(self.runs())
    }

    /// Fills in the keys of a text of the lesson that is played, and the figures of its runs.
    pub fn fill_lesson_text(&self, text: &LessonText) -> Option<FilledText> {
        let lesson = self.lesson()?;
        Some(FilledText::new(text, lesson.runs(), &key_names(&self.options.keymap)))
    }

    /// Returns `true` unless a lesson decides what runs.
    pub(super) fn may_start_runs(&self) -> bool {
        let is_free = |step| {
            matches!(step, LessonStep::Experiment | LessonStep::End | LessonStep::RealOutcome)
        };
        self.course.is_none() || self.lesson_step().is_some_and(is_free)
    }

    fn lesson_mut(&mut self) -> Option<&mut LessonProgress> {
        self.course.as_deref_mut()?.lesson.as_mut()
    }

    fn lesson_step(&self) -> Option<LessonStep> {
        self.lesson().map(LessonProgress::step)
    }
}

/// Returns the key to show for an action by its name in the configuration.
fn key_names(keymap: &Keymap) -> impl Fn(&str) -> String + '_ {
    |name| {
        let action = Keymap::action_named(name);
        action.map_or_else(|| name.to_owned(), |action| keymap.key_of(action))
    }
}
