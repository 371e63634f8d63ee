//! The file that says which lessons are done: their names, in TOML.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use crate::model::Lesson;
use crate::report::replace_file;

/// The key of the names.
const DONE: &str = "done";

/// The comment at the top of the file.
const HEADING: &str =
    "# The lessons of threadline learn that are done. Delete this file to forget them.\n";

/// The maximum size of the file. A device might never end.
const MAX_BYTES: u64 = 1 << 20;

/// The file that says which lessons are done.
#[derive(Clone, Debug)]
pub(super) struct FinishedLessons {
    /// The path, or `None` if nothing is kept.
    path: Option<PathBuf>,
}

/// The reason why the finished lessons cannot be kept.
#[derive(Debug, Error)]
pub enum FinishedLessonsError {
    /// An unreadable file.
    #[error(
        "cannot read which lessons are done in {path}: {reason}; threadline learn --reset deletes it"
    )]
    Read {
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
    /// An unwritable file.
    #[error("cannot record in {path} that the lesson is done: {reason}; make it writable")]
    Write {
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A file that cannot be deleted.
    #[error("cannot delete {path}: {reason}; delete it yourself")]
    Delete {
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl FinishedLessons {
    pub(super) const fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Returns the names of the lessons that are done; none if there is no file.
    pub(super) fn read(&self) -> Result<Vec<String>, FinishedLessonsError> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        read_names(path).map_err(|reason| {
            let path = path.display().to_string();
            FinishedLessonsError::Read { path, reason }
        })
    }

    /// Adds the name of a lesson to the file, unless it is there already.
    pub(super) fn record(&self, lesson: &str) -> Result<(), FinishedLessonsError> {
        let Some(path) = &self.path else { return Ok(()) };
        // Read again: another threadline may have finished a lesson meanwhile.
        let mut names = self.read()?;
        if names.iter().any(|name| name == lesson) {
            return Ok(());
        }
        names.push(lesson.to_owned());
        write_names(path, names).map_err(|error| {
            let (path, reason) = (path.display().to_string(), error.to_string());
            FinishedLessonsError::Write { path, reason }
        })
    }

    /// Deletes the file, and returns a sentence that says so.
    pub(super) fn reset(&self) -> Result<String, FinishedLessonsError> {
        let Some(path) = &self.path else { return Ok("no lesson was done yet".to_owned()) };
        let place = path.display().to_string();
        match fs::remove_file(path) {
            Ok(()) => Ok(format!("no lesson counts as done any more: {place} is deleted")),
            Err(error) if is_absent(&error) => {
                Ok(format!("no lesson was done yet: there is no {place}"))
            }
            Err(error) => {
                Err(FinishedLessonsError::Delete { path: place, reason: error.to_string() })
            }
        }
    }
}

/// Returns `true` if a lesson is among these names.
pub(super) fn is_done(lesson: &Lesson, names: &[String]) -> bool {
    names.contains(&lesson.name)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_names(path: &Path) -> Result<Vec<String>, String> {
    let text = match read_text(path) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        text => text.map_err(|error| error.to_string())?,
    };
    let table: Table = text.parse().map_err(|_no_toml| "it is no TOML".to_owned())?;
    let names = table.get(DONE).and_then(Value::as_array);
    let names = names.ok_or_else(|| format!("it has no list {DONE:?}"))?;
    let name = |name: &Value| name.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = names.iter().map(name).collect();
    names.ok_or_else(|| format!("a name in {DONE:?} is not in quotes"))
}

fn read_text(path: &Path) -> io::Result<String> {
    // To open a pipe would wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

fn write_names(path: &Path, names: Vec<String>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let names = names.into_iter().map(Value::String).collect();
    let table = Table::from_iter([(DONE.to_owned(), Value::Array(names))]);
    replace_file(path, format!("{HEADING}{table}").as_bytes())
}

/// Creates a folder that only its user may read, as the XDG specification asks.
fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_lesson_is_kept_once_beside_those_of_other_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/threadline/lessons.toml");
        let finished = FinishedLessons::new(Some(path.clone()));
        assert_eq!(finished.read().unwrap(), Vec::<String>::new());
        for name in ["waves", "gil", "waves"] {
            finished.record(name).unwrap();
        }
        assert_eq!(finished.read().unwrap(), ["waves", "gil"]);
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text, format!("{HEADING}done = [\"waves\", \"gil\"]\n"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lessons.toml");
        let finished = FinishedLessons::new(Some(path.clone()));
        for (text, reason) in [
            ("done = [", "it is no TOML"),
            ("done = 1", "it has no list \"done\""),
            ("done = [1]", "a name in \"done\" is not in quotes"),
        ] {
            fs::write(&path, text).unwrap();
            let error = finished.record("waves").unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("lessons.toml"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(finished.read().unwrap_err().to_string().contains("it is not a file"));
    }

    #[test]
    fn reset_deletes_the_file_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lessons.toml");
        let finished = FinishedLessons::new(Some(path.clone()));
        finished.record("waves").unwrap();
        assert!(finished.reset().unwrap().ends_with("lessons.toml is deleted"));
        assert!(!path.exists());
        assert!(finished.reset().unwrap().starts_with("no lesson was done yet"));
    }
}
