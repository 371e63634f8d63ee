//! The lessons with all that their runs need: the built-in server, a launcher, the Python script or a
//! recording of it, and the file that says which lessons are done.

use std::sync::Arc;

use tempfile::TempDir;

use crate::app::lessons::{Course, CourseLesson};
use crate::cli::{LearnCommand, real_program_recording};
use crate::github::Api;
use crate::http::RetryPolicy;
use crate::model::lesson::LessonWork;
use crate::model::{Lesson, LogEntry, Setup, WatchedProgram};
use crate::run::exit::CommandError;
use crate::run::finished_lessons::{FinishedLessons, is_done};
use crate::run::opened_session::{available_cores, example_server};
use crate::run::panic_report;
use crate::server::{DEFAULT_FOLLOWERS, DEFAULT_USER, Server};
use crate::source::recording::{self, ReadRecordingError};
use crate::source::{Clock, Launcher};

#[cfg(target_os = "linux")]
use super::python_script::PythonScript;
use super::{PYTHON, SCRIPT_NAME};

/// The lessons, and the objects that they need.
pub(super) struct OpenedCourse {
    pub(super) course: Course,
    pub(super) launcher: Launcher,
    pub(super) finished: FinishedLessons,
    /// The reason why the finished lessons are not known.
    pub(super) notice: Option<String>,
    /// The reason why the script is played from a recording.
    pub(super) no_script: Option<String>,
    /// Stops when it is dropped.
    _server: Server,
    /// The folder of the script, which is deleted when this is dropped.
    _script_folder: Option<TempDir>,
}

impl OpenedCourse {
    /// Starts the built-in server, and prepares the script if a lesson watches it.
    pub(super) fn open(learn: &LearnCommand) -> Result<Self, CommandError> {
        let server = Server::start(example_server())?;
        let api = Arc::new(Api::new(&server.url(), None)?);
        let panicking = Arc::clone(&api);
        panic_report::install(move |text| panicking.redact(text));
        let launcher = Launcher::with_processes(
            Some(api),
            RetryPolicy::default(),
            Clock::system(),
            std::env::current_exe().ok(),
        );
        let (launcher, script) = if learn.lessons.iter().any(watches_script) {
            let (launcher, script) = add_script(launcher);
            (launcher, Some(script))
        } else {
            (launcher, None)
        };
        let (script_folder, no_script) = match script {
            Some(Ok(folder)) => (Some(folder), None),
            Some(Err(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let recording = no_script.as_ref().map(|_| recorded_script()).transpose()?;
        let finished = FinishedLessons::new(learn.progress_path.clone());
        let (done, notice) = match finished.read() {
            Ok(done) => (done, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Ok(Self {
            course: course(&learn.lessons, &done, recording),
            launcher,
            finished,
            notice,
            no_script,
            _server: server,
            _script_folder: script_folder,
        })
    }
}

/// Returns the course of these lessons, of which those with the names in `done` are done.
fn course(
    lessons: &[Lesson],
    done: &[String],
    recording: Option<(Setup, Vec<LogEntry>)>,
) -> Course {
    let lesson = |lesson: &Lesson| CourseLesson {
        is_done: is_done(lesson, done),
        lesson: Arc::new(lesson.clone()),
    };
    let cores = available_cores();
    let script = WatchedProgram {
        command: format!("{PYTHON} {SCRIPT_NAME}"),
        pid: 0,
        attached: false,
        cores: cores.unwrap_or(1),
    };
    Course {
        lessons: lessons.iter().map(lesson).collect(),
        user: DEFAULT_USER.to_owned(),
        followers: DEFAULT_FOLLOWERS,
        cores,
        script,
        recording,
    }
}

/// Returns a launcher that can also watch the script, and the script's folder, or else the reason why it
/// cannot.
#[cfg(target_os = "linux")]
fn add_script(launcher: Launcher) -> (Launcher, Result<TempDir, String>) {
    let executable = match std::env::current_exe() {
        Ok(executable) => executable,
        Err(error) => return (launcher, Err(format!("cannot start a program: {error}"))),
    };
    let path = std::env::var_os("PATH");
    match PythonScript::prepare(executable.clone(), path.as_deref()) {
        Ok(PythonScript { folder, target }) => {
            (launcher.with_program(target, executable), Ok(folder))
        }
        Err(reason) => (launcher, Err(reason)),
    }
}

#[cfg(not(target_os = "linux"))]
fn add_script(launcher: Launcher) -> (Launcher, Result<TempDir, String>) {
    (launcher, Err("programs are watched on Linux only".to_owned()))
}

/// Returns `true` if a lesson watches the script.
fn watches_script(lesson: &Lesson) -> bool {
    let runs = lesson.questions.iter().filter_map(|question| question.run.as_ref());
    runs.into_iter().any(|run| run.work == LessonWork::Script)
}

/// Reads the recording of the script.
fn recorded_script() -> Result<(Setup, Vec<LogEntry>), ReadRecordingError> {
    Ok(recording::read(SCRIPT_NAME, real_program_recording().as_bytes())?.into_parts())
}
