//! The lessons: the list to choose from, and the lesson that is played on the screen.

mod course;
mod course_progress;
mod lesson_progress;

pub use course::{Course, CourseLesson, LessonRecord};
pub use course_progress::CourseProgress;
pub use lesson_progress::{LessonProgress, LessonStep};

use super::{App, Options, Session};
use crate::model::{Mode, Selection, Setup, Workload};

impl App {
    /// Creates a screen that plays the lessons of a course: the one with the index `first`, or else the
    /// list of all.
    pub fn for_course(course: Course, first: Option<usize>, options: Options) -> Self {
        let session = Session::new(Setup::program(course.script.clone()));
        let selection = Selection::only(Workload::Program, Mode::Threads);
        let progress = CourseProgress::new(course, first);
        Self { course: Some(Box::new(progress)), ..Self::new(session, selection, options) }
    }

    /// The lessons, if the screen plays some.
    pub fn course(&self) -> Option<&CourseProgress> {
        self.course.as_deref()
    }

    /// What was predicted in the questions that were answered, and what happened, in their order.
    pub fn lesson_records(&self) -> &[LessonRecord] {
        self.course.as_deref().map_or(&[], CourseProgress::records)
    }
}
