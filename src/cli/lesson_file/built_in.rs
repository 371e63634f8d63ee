//! The lessons that come with the program.

use super::{LessonFileError, parse_lesson};
use crate::model::lesson::Lesson;

/// Names a lesson's file and embeds it.
macro_rules! lesson_files {
    ($($name:literal,)+) => {
        [$((concat!($name, ".toml"), include_str!(concat!("../../../assets/lessons/", $name, ".toml"))),)+]
    };
}

/// The files of the lessons, in their order.
const FILES: [(&str, &str); 9] = lesson_files![
    "waiting",
    "waves",
    "gil-io",
    "gil",
    "extension",
    "processes",
    "queue",
    "mixed",
    "real",
];

/// Returns the lessons that come with the program, in their order.
///
/// # Errors
///
/// Returns the problems of the first lesson that has any. A test makes sure that none has.
pub fn built_in_lessons() -> Result<Vec<Lesson>, LessonFileError> {
    FILES.into_iter().map(|(file, text)| parse_lesson(text, file)).collect()
}

/// The Python program that the last lesson watches.
pub const fn real_program_script() -> &'static str {
    include_str!("../../../assets/lessons/real.py")
}

/// A recording of that program, for machines without Python.
pub const fn real_program_recording() -> &'static str {
    include_str!("../../../assets/lessons/real.jsonl")
}
