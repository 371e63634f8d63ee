//! The lessons that come with the program.

use std::path::Path;

use thiserror::Error;

use crate::model::lesson::{
    LessonAnswer, LessonQuestion, LessonRun, LessonStatement, LessonView, LessonWork,
};
use crate::model::{Lesson, Mode};

/// The script of the lesson that watches a program: the name of its file, and its text.
pub const LESSON_SCRIPT: (&str, &str) = ("lesson.py", "import time\ntime.sleep(0.2)\n");

/// A recording of that script.
pub const LESSON_RECORDING: &str = "";

/// The reason why a lesson cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LessonFileError {
    /// An unreadable file.
    #[error("cannot read the lesson in {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's error.
        reason: String,
    },
}

/// Returns the lessons that come with the program.
pub fn built_in_lessons() -> Result<Vec<Lesson>, LessonFileError> {
    let answer = |value, text: &str| LessonAnswer { value, text: text.to_owned() };
    let text = |text: &str| text.parse().unwrap_or_default();
    let condition = |text: &str| text.parse().ok();
    let run = LessonRun {
        work: LessonWork::Followers { per_page: 30 },
        modes: vec![Mode::Sequential, Mode::Threads],
        workers: 5,
        slowdown: 20,
        view: LessonView::Whole,
    };
    let Ok(figure) = "threads.seconds".parse() else { return Ok(Vec::new()) };
    let question = LessonQuestion {
        ask: text("Five pages, five threads: how many seconds?"),
        figure,
        answers: vec![answer(1.0, "about 1 s"), answer(2.0, "about 2 s"), answer(4.5, "4.5 s")],
        run: Some(run),
        explanation: vec![LessonStatement {
            text: text("All [five lanes](lanes threads) waited at once: {threads.seconds}."),
            conditions: condition("threads.seconds < 0.5 * sequential.seconds")
                .into_iter()
                .collect(),
        }],
    };
    Ok(vec![Lesson {
        name: "waiting".to_owned(),
        title: "Waiting side by side".to_owned(),
        claim: "Threads that only wait take no longer together than one alone.".to_owned(),
        source: "Amdahl 1967".to_owned(),
        questions: vec![LessonQuestion { run: None, ..question.clone() }, question]
            .into_iter()
            .rev()
            .collect(),
        experiment: text("{key fewer-workers} takes a thread away, {key run} runs again."),
        reality: None,
    }])
}

/// Reads a lesson from a file.
pub fn read_lesson(path: &Path) -> Result<Lesson, LessonFileError> {
    let file = path.display().to_string();
    Err(LessonFileError::Unreadable { file, reason: "not yet".to_owned() })
}
