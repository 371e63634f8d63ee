//! Plays the runs of a lesson: simulated runs as on the screen, followers with the delays of the
//! built-in server on a clock of the test, and the watched script from its recording.

use std::io::Cursor;

use threadline::analysis::lesson::{LessonOutcome, LessonRuns, Prediction};
use threadline::app::Session;
use threadline::cli::real_program_recording;
use threadline::model::lesson::{Lesson, LessonRun, LessonWork};
use threadline::model::{Mode, Run, Selection, Setup, Target, WatchedProgram, Workload};
use threadline::source::recording;
use threadline::source::simulate::SimulatedRun;

use crate::app_driver::{AppDriver, Scenario};

/// The number of followers on the built-in server.
const FOLLOWERS: u32 = 127;

/// The number of followers per page in a scenario.
const SCENARIO_PER_PAGE: u32 = 30;

/// A lesson, and the runs of each of its questions.
pub(super) struct PlayedLesson {
    pub(super) lesson: Lesson,
    /// The runs of each question; empty where those of the question before answer it.
    runs: Vec<Vec<Run>>,
}

impl PlayedLesson {
    pub(super) fn new(lesson: Lesson) -> Self {
        let runs = lesson.questions.iter().map(|question| question.run.as_ref());
        let runs = runs.map(|run| run.map(play).unwrap_or_default()).collect();
        Self { lesson, runs }
    }

    /// Returns the runs that a question speaks of.
    pub(super) fn runs(&self, question: usize) -> LessonRuns<'_> {
        let own = self.runs[question].as_slice();
        let before = question.checked_sub(1).map_or(&[][..], |before| &self.runs[before]);
        match own {
            [] => LessonRuns { current: before, earlier: &[] },
            own => LessonRuns { current: own, earlier: before },
        }
    }

    /// Returns what happened, for somebody who chose the first answer.
    pub(super) fn outcome(&self, question: usize) -> LessonOutcome {
        let asked = &self.lesson.questions[question];
        let key = |name: &str| format!("<{name}>");
        LessonOutcome::new(asked, Prediction::Answer(0), self.runs(question), &key)
            .unwrap_or_else(|| panic!("{}: {} has no value", self.lesson.name, asked.figure))
    }
}

/// Plays the runs of a question to their end.
pub(super) fn play(run: &LessonRun) -> Vec<Run> {
    match run.work {
        LessonWork::Followers { per_page } => {
            let pages = FOLLOWERS.div_ceil(u32::from(per_page));
            let fetch = |&mode: &Mode| fetched(mode, run.workers, pages);
            run.modes.iter().map(fetch).collect()
        }
        LessonWork::Computation { .. } => simulated(run),
        LessonWork::Script => recorded(),
    }
}

/// Returns the setup of a run on a machine of two cores.
pub(super) fn setup(run: &LessonRun) -> Setup {
    let script =
        WatchedProgram { command: "python3 real.py".to_owned(), pid: 0, attached: false, cores: 2 };
    run.setup("aaronlelevier", Some(2), &script)
}

fn simulated(run: &LessonRun) -> Vec<Run> {
    let selection = run.selection();
    let mut session = Session::new(setup(run));
    let mut started = session.start_selection(selection);
    while let Some(planned) = started.pop() {
        let events = SimulatedRun::new(&planned.plan).expect("a simulated run");
        for event in events {
            started.extend(session.apply(planned.run, &event));
        }
    }
    session.runs(selection).to_vec()
}

/// Fetches pages with the delays of the built-in server, which do not depend on the size of a page.
fn fetched(mode: Mode, workers: u16, pages: u32) -> Run {
    let followers = pages * SCENARIO_PER_PAGE;
    let (host, workers) = (Target::BUILT_IN, Some(workers));
    let scenario = Scenario { host, workers, followers, listed: followers, ..Scenario::default() };
    let selection = Selection::only(Workload::Followers, mode);
    let driver = AppDriver::new(scenario, selection).play_to_end();
    driver.app.session().runs(selection)[0].clone()
}

fn recorded() -> Vec<Run> {
    let recording = recording::read("real.jsonl", Cursor::new(real_program_recording())).unwrap();
    let selection = recording.last_selection();
    let (setup, entries) = recording.into_parts();
    Session::from_log(&setup, &entries).runs(selection).to_vec()
}
