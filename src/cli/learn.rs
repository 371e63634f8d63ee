//! `threadline learn`: the lessons, of which one is chosen by its number, its name or the path of a file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Args;

use super::lesson_file::{built_in_lessons, read_lesson};
use super::output::{DisplayArgs, OutputOptions};
use super::user_folder::UserFolder;
use super::{Environment, Terminals, UsageError};
use crate::model::Lesson;
use crate::model::printable::printable_up_to;

/// The ending of the file of a lesson.
const FILE_ENDING: &str = "toml";

/// The name of the file that says which lessons are done.
const PROGRESS_FILE: &str = "lessons.toml";

/// The maximum number of characters of a word in an error.
const MAX_WORD_CHARS: usize = 40;

/// The minimum similarity, out of 1, of a name that is suggested for another.
const MIN_SIMILARITY: f64 = 0.75;

#[derive(Args, Debug)]
pub(super) struct LearnArgs {
    /// The lesson: its number, its name, or the path of a file; without it, the list
    #[arg(value_name = "LESSON|FILE")]
    lesson: Option<OsString>,
    /// Print the lessons: what each asks, and which are done
    #[arg(long, conflicts_with_all = ["reset", "plain", "narrate"])]
    list: bool,
    /// Forget which lessons are done
    #[arg(long, conflicts_with_all = ["lesson", "plain", "narrate"])]
    reset: bool,
    #[command(flatten)]
    display: DisplayArgs,
}

/// The task of `threadline learn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearnTask {
    /// Plays lessons: first the one with this index, or else the one that is chosen from the list.
    Play {
        /// The index.
        first: Option<usize>,
    },
    /// Prints the list.
    List,
    /// Forgets which lessons are done.
    Reset,
}

/// The arguments of `threadline learn`.
#[derive(Clone, Debug)]
pub struct LearnCommand {
    /// The lessons, in order.
    pub lessons: Vec<Lesson>,
    /// The task.
    pub task: LearnTask,
    /// The path of the file that says which lessons are done. `None` if there is no home, or if the
    /// lesson is the user's own.
    pub progress_path: Option<PathBuf>,
    /// The output.
    pub output: OutputOptions,
    /// The standard streams that are terminals.
    pub terminals: Terminals,
}

impl LearnArgs {
    /// Reads the lessons and finds the one that is asked for.
    pub(super) fn resolve(
        mut self,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<LearnCommand, UsageError> {
        self.display.apply_config(environment)?;
        if self.display.is_json() {
            return Err(UsageError::NoLessonReport);
        }
        let file = self.lesson.as_deref().filter(|word| is_file(word)).map(Path::new);
        let lessons = match file {
            Some(path) => vec![read_lesson(path)?],
            None => built_in_lessons()?,
        };
        let first = match (&self.lesson, file) {
            (Some(_), Some(_)) => Some(0),
            (Some(word), None) => Some(find_lesson(&word.to_string_lossy(), &lessons)?),
            (None, _) => None,
        };
        let task = match (self.list, self.reset) {
            (true, _) => LearnTask::List,
            (_, true) => LearnTask::Reset,
            _ => LearnTask::Play { first },
        };
        let is_built_in = file.is_none();
        let progress_path = UserFolder::STATE.file(PROGRESS_FILE, environment);
        let output =
            OutputOptions::resolve(self.display, Vec::new(), None, &[], environment, terminals)?;
        let progress_path = progress_path.filter(|_| is_built_in);
        Ok(LearnCommand { lessons, task, progress_path, output, terminals })
    }
}

/// Returns `true` if a word is the path of a file: no name of a lesson has a slash or this ending.
fn is_file(word: &OsStr) -> bool {
    let has_slash = word.as_encoded_bytes().contains(&b'/');
    has_slash || Path::new(word).extension().is_some_and(|ending| ending == FILE_ENDING)
}

/// Returns the index of the lesson with a number or a name.
///
/// # Errors
///
/// Fails if there is no such lesson, and names those that there are.
pub fn find_lesson(word: &str, lessons: &[Lesson]) -> Result<usize, UsageError> {
    let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let by_number = number.filter(|&index| index < lessons.len());
    let named = || lessons.iter().position(|lesson| lesson.name.eq_ignore_ascii_case(word));
    by_number.or_else(named).ok_or_else(|| UsageError::NoLesson {
        word: printable_up_to(word, MAX_WORD_CHARS),
        hint: hint(word, lessons),
    })
}

/// Returns the lesson that is likely meant, or else all of them.
fn hint(word: &str, lessons: &[Lesson]) -> String {
    let likeness = |lesson: &Lesson| strsim::jaro_winkler(&lesson.name, word);
    let alike = lessons.iter().filter(|lesson| likeness(lesson) > MIN_SIMILARITY);
    let meant = alike.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    if let Some(meant) = meant {
        return format!("did you mean {}?", meant.name);
    }
    let numbered = (1..).zip(lessons);
    let names = numbered.map(|(number, lesson): (usize, _)| format!("{number} {}", lesson.name));
    format!("use one of {}", names.collect::<Vec<_>>().join(", "))
}
