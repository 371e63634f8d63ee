//! The lessons of a course, what they run on, and what the user has predicted.

use std::sync::Arc;

use crate::model::lesson::Lesson;
use crate::model::{LogEntry, Setup, WatchedProgram};

/// The lessons to choose from, with what their runs need.
#[derive(Clone, Debug)]
pub struct Course {
    /// The lessons, in order.
    pub lessons: Vec<CourseLesson>,
    /// The user whose followers the built-in server has.
    pub user: String,
    /// The number of these followers, which is known without a request.
    pub followers: u32,
    /// The number of cores of this machine, if known.
    pub cores: Option<u16>,
    /// The program of the lesson that watches one.
    pub script: WatchedProgram,
    /// A recording of that program, played in its place where there is no Python.
    pub recording: Option<(Setup, Vec<LogEntry>)>,
}

/// A lesson of a course.
#[derive(Clone, Debug)]
pub struct CourseLesson {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// `true` once it has been played to its end.
    pub is_done: bool,
}

/// A prediction and what happened, for the end on the main screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonRecord {
    /// The title of the lesson.
    pub title: String,
    /// The prediction, in words.
    pub predicted: String,
    /// The measured figure, in words.
    pub happened: String,
    /// `true` if the prediction was right.
    pub is_right: bool,
    /// The first sentence of the explanation that holds.
    pub why: String,
}
