//! `threadline learn`: plays the lessons on the screen or as text, prints the list of them, or forgets
//! which are done.

mod conversation;
mod lesson_list;
mod lesson_records;
mod opened_course;
#[cfg(target_os = "linux")]
mod python_script;
mod text_lesson;
mod text_outcome;
mod text_question;

use crate::analysis::plural;
use crate::cli::{LearnCommand, LearnTask, OutputMode};
use crate::http::system_limits::raise_file_limit;
use crate::terminal::signals::{INTERRUPT, Signals};

use super::exit::{CommandError, Exit, print_error};
use super::finished_lessons::FinishedLessons;
use super::screen::{self, CourseStart, EndedCourse};
use super::{ExportTargets, Streams};
use opened_course::OpenedCourse;

/// The interpreter of the script that the last lesson watches.
const PYTHON: &str = "python3";

/// The name of the script's file.
const SCRIPT_NAME: &str = "real.py";

/// Carries out `threadline learn`.
pub(super) fn run(learn: &LearnCommand, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    match learn.task {
        LearnTask::List => print_list(learn, streams),
        LearnTask::Reset => {
            let sentence = FinishedLessons::new(learn.progress_path.clone()).reset()?;
            writeln!(streams.out, "{sentence}")?;
            streams.out.flush()?;
            Ok(Exit::Success)
        }
        LearnTask::Play { first } => play(learn, first, streams),
    }
}

fn print_list(learn: &LearnCommand, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let finished = FinishedLessons::new(learn.progress_path.clone());
    let done = finished.read().unwrap_or_else(|error| {
        print_error(streams.err, &error.to_string());
        Vec::new()
    });
    let lines = lesson_list::lines(&learn.lessons, &done);
    lines.iter().try_for_each(|line| writeln!(streams.out, "{line}"))?;
    streams.out.flush()?;
    Ok(Exit::Success)
}

fn play(
    learn: &LearnCommand,
    first: Option<usize>,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    raise_file_limit();
    let opened = OpenedCourse::open(learn)?;
    let launcher = opened.launcher.clone();
    let done = match learn.output.mode {
        OutputMode::Screen => play_on_screen(learn, &opened, first, streams),
        OutputMode::Plain(progress) | OutputMode::Json(progress) => {
            let signals = Signals::for_termination().map_err(CommandError::Signals)?;
            let walk = text_lesson::TextWalk { opened, learn, progress, err: streams.err };
            walk.play(first, streams.width, &signals)
        }
    };
    if let left @ 1.. = launcher.end_left_behind() {
        let left = plural::count(left, "process");
        print_error(streams.err, &format!("the script left {left} behind; now ended"));
    }
    done
}

fn play_on_screen(
    learn: &LearnCommand,
    opened: &OpenedCourse,
    first: Option<usize>,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let signals = Signals::for_screen().map_err(CommandError::Signals)?;
    let exports = ExportTargets::prepare(&learn.output)?;
    let OpenedCourse { course, launcher, finished, notice, .. } = opened;
    let start = CourseStart {
        course: course.clone(),
        first,
        notice: notice.clone(),
        command: exports.command().to_owned(),
    };
    let mut problems: Vec<String> = notice.iter().cloned().collect();
    let mut finish_lesson = |lesson: &str| {
        let problem = finished.record(lesson).err()?.to_string();
        problems.push(problem.clone());
        Some(problem)
    };
    let display = &learn.output.display;
    let ended = screen::follow_course(start, launcher, display, &mut finish_lesson, &signals)?;
    let EndedCourse { app, signal, terminal_error } = ended;
    let signal = signals.enter_shutdown(signal);
    if signal.is_none_or(|signal| signal == INTERRUPT) && terminal_error.is_none() {
        lesson_records::print(app.lesson_records(), streams.width);
    }
    problems.dedup();
    for problem in problems {
        print_error(streams.err, &problem);
    }
    match (signal, terminal_error) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, Some(error)) => Err(CommandError::Screen(error)),
        (None, None) => Ok(Exit::Success),
    }
}
