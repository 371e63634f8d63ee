//! A small course: a lesson on the built-in server, whose runs are fabricated, and one in the simulator.

use std::sync::Arc;

use ratatui::crossterm::event::KeyCode;
use threadline::app::lessons::{Course, CourseLesson, LessonProgress, LessonStep};
use threadline::model::lesson::{
    Lesson, LessonAnswer, LessonQuestion, LessonRun, LessonStatement, LessonView, LessonWork,
};
use threadline::model::{
    ComputeSpec, LogEntry, Mode, Nanos, RunId, Selection, SelectionStart, Setup, Simulation,
    Target, WatchedProgram, Workload,
};

use crate::app_driver::program_script::{self, ProgramScript};
use crate::app_driver::{AppDriver, Scenario};
use crate::screens::programs;

/// The index of the lesson on the built-in server.
pub(super) const SERVER: usize = 0;

/// The index of the lesson in the simulator.
pub(super) const SIMULATED: usize = 1;

fn answers(answers: &[(f64, &str)]) -> Vec<LessonAnswer> {
    let answer = |&(value, text): &(f64, &str)| LessonAnswer { value, text: text.to_owned() };
    answers.iter().map(answer).collect()
}

fn statement(text: &str, condition: &str) -> LessonStatement {
    LessonStatement { text: text.parse().unwrap(), conditions: vec![condition.parse().unwrap()] }
}

/// A lesson about waiting side by side. The last statement of its second question never holds.
fn waiting_lesson() -> Lesson {
    let run = |workers| LessonRun {
        work: LessonWork::Followers { per_page: 30 },
        modes: vec![Mode::Sequential, Mode::Threads],
        workers,
        slowdown: 1,
        view: LessonView::Whole,
    };
    let first = LessonQuestion {
        ask:
            "Five pages take about a second each, one after another. How long do five threads take?"
                .parse()
                .unwrap(),
        figure: "threads.seconds".parse().unwrap(),
        answers: answers(&[(0.8, "about 0.8 s"), (1.6, "about 1.6 s"), (3.1, "about 3.1 s")]),
        run: Some(run(5)),
        explanation: vec![
            statement(
                "Each page took {threads.task-seconds}, but [five threads](lanes threads) waited at \
                 the same time, so [all of them](totals threads) took {threads.seconds}.",
                "threads.seconds < 0.5 * sequential.seconds",
            ),
            statement(
                "The colour of [waiting](state waiting) fills the lanes: {threads.waiting} of the time.",
                "threads.waiting > 0.5",
            ),
        ],
    };
    let second = LessonQuestion {
        ask: "Three threads, five pages. How many times faster than one thread?".parse().unwrap(),
        figure: "threads.speed-up".parse().unwrap(),
        answers: answers(&[(1.0, "no faster"), (2.5, "2.5x"), (5.0, "5x")]),
        run: Some(run(3)),
        explanation: vec![
            statement(
                "[Your mark](mark) and {threads.waves} waves: {threads.seconds}.",
                "threads.waves > 1",
            ),
            statement("This sentence is false.", "threads.waves > 100"),
        ],
    };
    Lesson {
        name: "waiting".to_owned(),
        title: "Waiting side by side".to_owned(),
        asks: "how long five threads take".to_owned(),
        claim: "Threads that wait cost no time: the waits overlap.".to_owned(),
        source: "Little 1961, https://example.org/little".to_owned(),
        questions: vec![first, second],
        experiment:
            "{key fewer-workers} takes a thread away, {key run} runs again: look for the page \
                     that begins late."
                .parse()
                .unwrap(),
        reality: None,
    }
}

/// A lesson about the GIL. Its second question is answered by the runs of the first one.
fn gil_lesson() -> Lesson {
    let compute = ComputeSpec {
        size: Nanos::from_millis(100),
        simulation: Some(Simulation { cores: 4, ..Simulation::default() }),
        ..ComputeSpec::default()
    };
    let first = LessonQuestion {
        ask: "Four tasks of 100 ms under a GIL, four threads. How long?".parse().unwrap(),
        figure: "gil.seconds".parse().unwrap(),
        answers: answers(&[(0.1, "0.1 s"), (0.2, "0.2 s"), (0.4, "0.4 s"), (0.8, "0.8 s")]),
        run: Some(LessonRun {
            work: LessonWork::Computation { workload: Workload::Cpu, compute, tasks: 4 },
            modes: vec![Mode::Gil],
            workers: 4,
            slowdown: 20,
            view: LessonView::Whole,
        }),
        explanation: vec![
            statement(
                "One thread computes at a time: [the GIL](gil) was held for {gil.gil-held}.",
                "gil.gil-held > 0.9",
            ),
            statement("The others [wait for the lock](state lock wait).", "gil.lock-wait > 0.5"),
        ],
    };
    let second = LessonQuestion {
        ask: "How often does the GIL change hands?".parse().unwrap(),
        figure: "gil.hand-overs".parse().unwrap(),
        answers: answers(&[(10.0, "10 per second"), (200.0, "200"), (5_000.0, "5000")]),
        run: None,
        explanation: vec![statement(
            "A thread that waits asks for it every 5 ms.",
            "gil.hand-overs > 100",
        )],
    };
    Lesson {
        name: "gil-cpu".to_owned(),
        title: "The GIL and CPU work".to_owned(),
        asks: "how much faster threads compute".to_owned(),
        claim: "A GIL lets one thread compute at a time.".to_owned(),
        source: "Beazley 2010, https://dabeaz.com/GIL".to_owned(),
        questions: vec![first, second],
        experiment: "{key show-gil} shows the switches.".parse().unwrap(),
        reality: Some("A real machine has other programs and caches.".parse().unwrap()),
    }
}

/// The course of both lessons.
pub(super) fn course() -> Course {
    let lessons = [waiting_lesson(), gil_lesson()];
    let lesson = |lesson| CourseLesson { lesson: Arc::new(lesson), is_done: false };
    Course {
        lessons: lessons.into_iter().map(lesson).collect(),
        user: "aaronlelevier".to_owned(),
        followers: 127,
        cores: Some(2),
        script: script(),
        recording: None,
    }
}

fn script() -> WatchedProgram {
    ProgramScript::new("python3 lesson.py", program_script::exact()).program
}

/// Opens a lesson of the course.
pub(super) fn open(lesson: usize) -> AppDriver {
    let scenario = Scenario { host: Target::BUILT_IN, ..Scenario::default() };
    AppDriver::for_course(course(), Some(lesson), scenario)
}

/// Opens a lesson that watches a program, of which there is only a recording.
pub(super) fn recorded() -> AppDriver {
    let (program, events) = programs::build();
    let setup = Setup::program(program);
    let selection = Selection::only(Workload::Program, Mode::Threads);
    let start = SelectionStart { selection, setup: setup.clone(), pages: None };
    let events = events.into_iter().map(|event| LogEntry::Event { run: RunId(0), event });
    let entries = [LogEntry::Start(Arc::new(start))].into_iter().chain(events).collect();
    let mut lesson = waiting_lesson();
    let run = LessonRun {
        work: LessonWork::Script,
        modes: vec![Mode::Threads],
        workers: 1,
        slowdown: 1,
        view: LessonView::Whole,
    };
    lesson.questions.truncate(1);
    lesson.questions[0].run = Some(run);
    let lesson = CourseLesson { lesson: Arc::new(lesson), is_done: false };
    let course = Course { lessons: vec![lesson], recording: Some((setup, entries)), ..course() };
    AppDriver::for_course(course, Some(0), Scenario::default())
}

/// Opens the list.
pub(super) fn list() -> AppDriver {
    AppDriver::for_course(course(), None, Scenario::default())
}

/// Plays a lesson to its next outcome.
pub(super) fn finish_run(driver: &mut AppDriver) {
    for _ in 0..10_000 {
        if !is_running(driver) {
            return;
        }
        driver.advance(50);
        driver.rows((80, 24));
    }
    panic!("the run does not end");
}

fn is_running(driver: &AppDriver) -> bool {
    let step = driver.app.lesson().map(LessonProgress::step);
    matches!(step, Some(LessonStep::Run(_) | LessonStep::RealRun))
}

/// Answers a question and plays its runs.
pub(super) fn answer(driver: &mut AppDriver, keys: &str) {
    for key in keys.chars() {
        driver.press(KeyCode::Char(key));
    }
    driver.press(KeyCode::Enter);
    finish_run(driver);
}
