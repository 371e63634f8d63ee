//! The place in a course: its list, or a lesson.

use std::sync::Arc;

use super::course::{Course, LessonRecord};
use super::lesson_progress::LessonProgress;

/// A course, and the place that the user has reached in it.
#[derive(Clone, Debug)]
pub struct CourseProgress {
    course: Course,
    /// The lesson chosen in the list, by its index.
    chosen: usize,
    /// The lesson that is played. `None` while the list is shown.
    pub(super) lesson: Option<LessonProgress>,
    records: Vec<LessonRecord>,
    /// The lesson and the question of each record.
    record_places: Vec<(usize, usize)>,
}

impl CourseProgress {
    pub(super) const fn new(course: Course) -> Self {
        Self { course, chosen: 0, lesson: None, records: Vec::new(), record_places: Vec::new() }
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

    /// The lesson after the one that is played, with its index.
    pub fn next_lesson(&self) -> Option<(usize, &str)> {
        let next = self.chosen + 1;
        Some((next, &self.course.lessons.get(next)?.lesson.title))
    }

    /// The predictions and what happened, in the order of the answers.
    pub fn records(&self) -> &[LessonRecord] {
        &self.records
    }

    /// Chooses a lesson of the list, at most the last one.
    pub(super) fn choose(&mut self, index: usize) {
        self.chosen = index.min(self.course.lessons.len().saturating_sub(1));
    }

    /// Opens a lesson at its first question. Returns `false` if there is no such lesson.
    pub(super) fn open(&mut self, index: usize) -> bool {
        let Some(lesson) = self.course.lessons.get(index) else { return false };
        self.lesson = Some(LessonProgress::new(Arc::clone(&lesson.lesson)));
        self.chosen = index;
        true
    }

    /// Returns to the list.
    pub(super) fn close(&mut self) {
        self.lesson = None;
    }

    /// Marks the lesson that is played as done, and returns its name.
    pub(super) fn mark_done(&mut self) -> Option<String> {
        let lesson = self.course.lessons.get_mut(self.chosen)?;
        lesson.is_done = true;
        Some(lesson.lesson.name.clone())
    }

    /// Records the outcome of a question of the lesson that is played, in place of an earlier one.
    pub(super) fn record_outcome(&mut self, question: usize) {
        let record = self.lesson.as_ref().and_then(|lesson| lesson.record(question));
        let Some(record) = record else { return };
        let place = (self.chosen, question);
        if let Some(at) = self.record_places.iter().position(|&other| other == place)
            && let Some(before) = self.records.get_mut(at)
        {
            *before = record;
            return;
        }
        self.records.push(record);
        self.record_places.push(place);
    }
}
