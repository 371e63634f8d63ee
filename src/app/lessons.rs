//! The lessons: the list to choose from, and the lesson that is played on the screen.

mod course;

pub use course::{Course, CourseLesson, LessonRecord};
