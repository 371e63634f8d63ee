//! Where the user is in a course: in the list, or in a lesson.

use std::sync::Arc;

use super::course::{Course, LessonRecord};
use super::lesson_progress::LessonProgress;

/// A course, and where the user is in it.
#[derive(Clone, Debug)]
pub struct CourseProgress {
    course: Course,
    /// The lesson chosen in the list, by its index.
    chosen: usize,
    /// The lesson that is played. `None` while the list is shown.
    lesson: Option<LessonProgress>,
    records: Vec<LessonRecord>,
}

impl CourseProgress {
    pub(in crate::app) fn new(course: Course, first: Option<usize>) -> Self {
        let first = first.and_then(|index| Some((index, course.lessons.get(index)?)));
        let lesson = first.map(|(_, first)| LessonProgress::new(Arc::clone(&first.lesson)));
        let chosen = first.map_or(0, |(index, _)| index);
        Self { course, chosen, lesson, records: Vec::new() }
    }

    /// The course.
    pub const fn course(&self) -> &Course {
        &self.course
    }

    /// The index of the lesson that is played, or that is chosen in the list.
    pub const fn chosen(&self) -> usize {
        self.chosen
    }

    /// The lesson that is played. `None` while the list is shown.
    pub const fn lesson(&self) -> Option<&LessonProgress> {
        self.lesson.as_ref()
    }

    /// What was predicted and what happened, in the order of the answers.
    pub fn records(&self) -> &[LessonRecord] {
        &self.records
    }
}
