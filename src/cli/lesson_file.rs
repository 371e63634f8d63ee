//! Lessons in TOML: those that come with the program, and a teacher's own. Errors name the line.
//!
//! ```text
//! lesson_file.rs: files and errors -> lesson_table.rs: a lesson -> question_table.rs: its questions
//!     -> run_table.rs: their runs; run_context.rs: what their texts may speak of
//! ```

mod built_in;
mod lesson_table;
mod question_table;
mod run_context;
mod run_table;
mod table_reader;
mod value_parsers;

use std::fmt;
use std::path::Path;

use thiserror::Error;
use toml::de::DeTable;

pub use built_in::{built_in_lessons, real_program_recording, real_program_script};
use table_reader::{ProblemList, TableReader};

use super::toml_file::{line_at, read_text, syntax_problem};
use crate::model::lesson::Lesson;

/// The maximum number of words that one panel shows.
pub const MAX_PANEL_WORDS: usize = 70;

/// An error in the file of a lesson.
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
    /// A file with problems.
    #[error("{}", ProblemText { file, problems })]
    Invalid {
        /// The file.
        file: String,
        /// The problems, in the order of their lines.
        problems: Vec<LessonProblem>,
    },
}

/// A problem in the file of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonProblem {
    /// The line, from 1.
    pub line: usize,
    /// The problem, and what to do.
    pub what: String,
}

/// The problems of a file: one in the form of all errors, several in a line each.
struct ProblemText<'error> {
    file: &'error str,
    problems: &'error [LessonProblem],
}

impl fmt::Display for ProblemText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, problems } = self;
        if let [LessonProblem { line, what }] = problems {
            return write!(f, "{file}, line {line}: {what}");
        }
        write!(f, "{file} has {} problems:", problems.len())?;
        for LessonProblem { line, what } in *problems {
            // A semicolon would begin the advice on the message as a whole.
            write!(f, "\n  line {line}: {}", what.replacen("; ", ": ", 1))?;
        }
        Ok(())
    }
}

/// Reads a lesson.
///
/// # Errors
///
/// Returns an error if the file cannot be read, or all problems in it with their lines.
pub fn read_lesson(path: &Path) -> Result<Lesson, LessonFileError> {
    let file = path.display().to_string();
    let text = read_text(path).map_err(|error| LessonFileError::Unreadable {
        file: file.clone(),
        reason: error.to_string(),
    })?;
    parse_lesson(&text, &file)
}

/// Parses the text of `file`.
///
/// # Errors
///
/// Returns all problems in the text with their lines.
pub fn parse_lesson(text: &str, file: &str) -> Result<Lesson, LessonFileError> {
    let mut problems = ProblemList::default();
    let lesson = match DeTable::parse(text) {
        Ok(table) => {
            let keys = &lesson_table::KEYS;
            let reader = TableReader::new("a lesson", 0, table.get_ref(), keys, &mut problems);
            lesson_table::read(&reader, &mut problems)
        }
        Err(error) => {
            problems.add(syntax_problem(text, &error));
            None
        }
    };
    let found = problems.into_sorted();
    match lesson {
        Some(lesson) if found.is_empty() => Ok(lesson),
        _ => {
            let problem = |(at, what)| LessonProblem { line: line_at(text, at), what };
            let problems = found.into_iter().map(problem).collect();
            Err(LessonFileError::Invalid { file: file.to_owned(), problems })
        }
    }
}
