//! The lessons with all that their runs need: the built-in server, a launcher, the Python script or a
//! recording of it, and the file that says which lessons are done.

use std::sync::Arc;

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
    /// Deletes the script when it is dropped.
    #[cfg(target_os = "linux")]
    _script: Option<PythonScript>,
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
        let finished = FinishedLessons::new(learn.progress_path.clone());
        let (done, notice) = match finished.read() {
            Ok(done) => (done, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let lesson = |lesson: &Lesson| CourseLesson {
            is_done: is_done(lesson, &done),
            lesson: Arc::new(lesson.clone()),
        };
        let cores = available_cores();
        let script = WatchedProgram {
            command: format!("{PYTHON} {SCRIPT_NAME}"),
            pid: 0,
            attached: false,
            cores: cores.unwrap_or(1),
        };
        let course = Course {
            lessons: learn.lessons.iter().map(lesson).collect(),
            user: DEFAULT_USER.to_owned(),
            followers: DEFAULT_FOLLOWERS,
            cores,
            script,
            recording: None,
        };
        let mut opened = Self {
            course,
            launcher,
            finished,
            notice,
            no_script: None,
            _server: server,
            #[cfg(target_os = "linux")]
            _script: None,
        };
        if learn.lessons.iter().any(watches_script) {
            opened.prepare_script()?;
        }
        Ok(opened)
    }

    /// Prepares the script, or else the recording of it.
    fn prepare_script(&mut self) -> Result<(), ReadRecordingError> {
        if let Err(reason) = self.add_script() {
            self.no_script = Some(reason);
            self.course.recording = Some(recorded_script()?);
        }
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn add_script(&mut self) -> Result<(), String> {
        let executable = std::env::current_exe();
        let executable = executable.map_err(|error| format!("cannot start a program: {error}"))?;
        let path = std::env::var_os("PATH");
        let script = PythonScript::prepare(executable.clone(), path.as_deref())?;
        self.launcher = self.launcher.clone().with_program(script.target.clone(), executable);
        self._script = Some(script);
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn add_script(&mut self) -> Result<(), String> {
        Err("programs are watched on Linux only".to_owned())
    }
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
