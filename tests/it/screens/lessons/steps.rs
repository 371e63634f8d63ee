//! The keys of the list and of each step.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::lessons::{LessonProgress, LessonStep};
use threadline::app::{Effect, Gesture, Msg, Overlay};
use threadline::model::Mode;
use threadline::ui::{self, theme::Theme};

use super::course::{SERVER, SIMULATED, answer, finish_run, list, open, recorded};
use crate::app_driver::{AppDriver, COLOUR};

const SIZE: (u16, u16) = (80, 24);

fn step(driver: &AppDriver) -> Option<LessonStep> {
    driver.app.lesson().map(LessonProgress::step)
}

/// A lesson at each of its steps, with the effect of leaving it there.
fn every_step(lesson: usize) -> Vec<(AppDriver, Option<Effect>)> {
    let stop = Some(Effect::Stop);
    let mut steps = vec![(open(lesson), None)];
    let running = || {
        let mut driver = open(lesson).press_keys("1");
        driver.press(KeyCode::Enter);
        driver.advance(100);
        driver
    };
    steps.push((running(), stop));
    // The number of times that Enter is pressed after the first outcome.
    for enters in 0..3 {
        let mut driver = open(lesson);
        answer(&mut driver, "1");
        for _ in 0..enters {
            driver.press(KeyCode::Enter);
        }
        steps.push((driver, None));
    }
    steps.push((at_end(lesson), None));
    steps
}

/// A lesson at its end.
fn at_end(lesson: usize) -> AppDriver {
    let mut driver = open(lesson);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    answer(&mut driver, "2");
    driver.press(KeyCode::Enter);
    driver
}

#[test]
fn list_is_browsed_by_digits_and_lanes_and_enter_begins() {
    let mut driver = list();
    driver.press(KeyCode::Char('2'));
    assert_eq!(driver.app.course().unwrap().chosen(), 1);
    driver.press(KeyCode::Up);
    assert_eq!(driver.app.course().unwrap().chosen(), 0);
    driver.press(KeyCode::Char('j'));
    assert_eq!(driver.press(KeyCode::Enter), None);
    assert_eq!(driver.app.lesson().unwrap().lesson().name, "gil-cpu");
}

#[test]
fn list_is_left_by_q_and_not_by_escape() {
    let mut driver = list();
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(driver.app.notice(), Some("q quits"));
    assert_eq!(driver.press(KeyCode::Char('q')), Some(Effect::Quit));
}

#[test]
fn nothing_runs_before_an_answer_is_confirmed() {
    let mut driver = open(SERVER);
    assert_eq!(driver.press(KeyCode::Enter), None);
    assert!(driver.app.notice().unwrap().starts_with("choose an answer first: 1 to 3"));
    for key in ['r', '2', 'w', 's', '1'] {
        assert_eq!(driver.press(KeyCode::Char(key)), None, "{key}");
        assert_eq!(driver.app.session().active(), None, "{key}");
    }
    assert_eq!(driver.press(KeyCode::Backspace), None);
    assert!(matches!(driver.press(KeyCode::Enter), Some(Effect::Start(runs)) if runs.len() == 2));
    assert_eq!(step(&driver), Some(LessonStep::Run(0)));
}

#[test]
fn backspace_deletes_what_was_typed_and_then_goes_back() {
    let mut driver = open(SIMULATED);
    answer(&mut driver, "3");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    let mut driver = driver.press_keys("12");
    driver.press(KeyCode::Backspace);
    assert_eq!(driver.app.lesson().unwrap().typed(), "1");
    driver.press(KeyCode::Backspace);
    let mut steps = Vec::new();
    for _ in 0..4 {
        driver.press(KeyCode::Backspace);
        steps.push(step(&driver).unwrap());
    }
    let first = LessonStep::Question(0);
    assert_eq!(steps, [LessonStep::Experiment, LessonStep::Outcome(0), first, first]);
}

#[test]
fn escape_leaves_a_lesson_at_every_step_and_stops_its_run() {
    for lesson in [SERVER, SIMULATED] {
        for (mut driver, effect) in every_step(lesson) {
            let left = step(&driver);
            assert_eq!(driver.press(KeyCode::Esc), effect, "{left:?}");
            assert_eq!(step(&driver), None, "{left:?}");
            assert_eq!(driver.press(KeyCode::Enter), None, "{left:?}");
            assert_eq!(step(&driver), Some(LessonStep::Question(0)), "{left:?}");
        }
    }
}

#[test]
fn escape_closes_an_overlay_and_frees_a_lane_first() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    driver.press(KeyCode::Char('?'));
    assert!(matches!(driver.app.overlay(), Some(Overlay::Help(_))));
    driver.press(KeyCode::Esc);
    let mut driver = driver.press_keys("j");
    assert!(driver.app.picture().lane_index().is_some());
    driver.press(KeyCode::Esc);
    assert_eq!(driver.app.picture().lane_index(), None);
    assert_eq!(step(&driver), Some(LessonStep::Outcome(0)));
    driver.press(KeyCode::Esc);
    assert_eq!(step(&driver), None);
}

#[test]
fn enter_goes_on_although_a_lane_is_selected() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    let mut driver = driver.press_keys("j");
    driver.press(KeyCode::Enter);
    assert_eq!(step(&driver), Some(LessonStep::Experiment));
}

#[test]
fn quitting_and_interrupting_are_the_same_as_everywhere() {
    let mut driver = open(SERVER).press_keys("1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Char('q'));
    assert!(matches!(driver.app.overlay(), Some(Overlay::Question(_))));
    assert_eq!(driver.press(KeyCode::Char('q')), Some(Effect::Quit));
    let mut driver = open(SERVER);
    let interrupt = driver.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(interrupt, Some(Effect::Interrupt));
    let suspend = driver.press_with(KeyCode::Char('z'), KeyModifiers::CONTROL);
    assert_eq!(suspend, Some(Effect::Suspend));
}

#[test]
fn later_runs_leave_the_outcome_as_it_was() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    let outcome = driver.app.lesson().unwrap().outcome().cloned().unwrap();
    let records = driver.app.lesson_records().to_vec();
    driver.press(KeyCode::Enter);
    let mut driver = driver.press_keys("[[[r").play_to_end();
    driver.rows(SIZE);
    let workers = driver.app.runs().last().unwrap().plan().workers;
    assert_eq!(workers, 2, "the runs shown are those that the user tried");
    driver.press(KeyCode::Backspace);
    assert_eq!(driver.app.lesson().unwrap().outcome(), Some(&outcome));
    assert_eq!(driver.app.runs().last().unwrap().plan().workers, 5);
    assert_eq!(driver.app.lesson_records(), records);
}

#[test]
fn question_without_runs_is_answered_by_those_of_the_first_one() {
    let mut driver = open(SIMULATED);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    let mut driver = driver.press_keys("2");
    assert_eq!(driver.press(KeyCode::Enter), None, "nothing is run");
    assert_eq!(step(&driver), Some(LessonStep::Outcome(1)));
    let outcome = driver.app.lesson().unwrap().outcome().unwrap();
    assert!(outcome.is_right && outcome.measured > 150.0, "{outcome:?}");
}

#[test]
fn lesson_that_is_played_to_its_end_is_done_and_leads_to_the_next_one() {
    let mut driver = open(SERVER);
    answer(&mut driver, "1");
    driver.press(KeyCode::Enter);
    driver.press(KeyCode::Enter);
    answer(&mut driver, "2");
    let done = Some(Effect::LessonDone("waiting".to_owned()));
    assert_eq!(driver.press(KeyCode::Enter), done);
    assert!(driver.app.course().unwrap().course().lessons[SERVER].is_done);
    let records = driver.app.lesson_records();
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].is_right, records[1].predicted.as_str()), (true, "2.5x"));
    assert!(records[0].why.starts_with("Each page took "), "{}", records[0].why);
    driver.press(KeyCode::Enter);
    assert_eq!(driver.app.lesson().unwrap().lesson().name, "gil-cpu");
}

#[test]
fn simulated_lesson_runs_for_real_at_its_end() {
    let mut driver = at_end(SIMULATED);
    let Some(Effect::Start(runs)) = driver.press(KeyCode::Char('s')) else { panic!("no run") };
    assert!(runs.iter().all(|run| !run.plan.is_simulated() && run.plan.mode == Mode::Gil));
    finish_run(&mut driver);
    let real = *driver.app.lesson().unwrap().real().unwrap();
    assert_eq!((real.simulated_cores, real.cores), (4, Some(2)));
    assert!(real.real.is_some_and(|seconds| seconds > 0.3), "{real:?}");
    assert_eq!(at_end(SERVER).press(KeyCode::Char('s')), None, "its runs were real");
}

#[test]
fn lesson_pauses_at_the_next_switch_of_the_gil() {
    let switches = |driver: &AppDriver| driver.app.runs()[0].gil().unwrap().switch_count();
    let mut driver = open(SIMULATED).press_keys("1");
    driver.press(KeyCode::Enter);
    driver.rows(SIZE);
    for expected in 1..4 {
        driver.press(KeyCode::Char('p'));
        for _ in 0..1_000 {
            if driver.app.is_playback_paused() {
                break;
            }
            driver.advance(50);
            driver.rows(SIZE);
        }
        assert_eq!(switches(&driver), expected);
    }
    driver.press(KeyCode::Char(' '));
    driver.press(KeyCode::Enter);
    finish_run(&mut driver);
    assert_eq!(step(&driver), Some(LessonStep::Outcome(0)), "Enter plays to the end");
}

#[test]
fn stopped_run_has_no_outcome_and_can_be_run_again() {
    let mut driver = open(SIMULATED).press_keys("1");
    driver.press(KeyCode::Enter);
    driver.advance(50);
    driver.rows(SIZE);
    driver.press(KeyCode::Char('x'));
    finish_run(&mut driver);
    assert!(driver.app.lesson().unwrap().outcome().is_none());
    assert!(driver.app.lesson_records().is_empty());
    let text = driver.rows(SIZE).join("\n");
    assert!(text.contains("Enter runs it again"), "{text}");
    assert!(matches!(driver.press(KeyCode::Enter), Some(Effect::Start(_))));
}

#[test]
fn recording_is_played_in_place_of_the_program() {
    let mut driver = recorded().press_keys("2");
    assert_eq!(driver.press(KeyCode::Enter), None, "nothing is started");
    assert_eq!(step(&driver), Some(LessonStep::Run(0)));
    finish_run(&mut driver);
    assert!(driver.app.lesson().unwrap().outcome().is_some());
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(step(&driver), None);
}

#[test]
fn answers_and_lessons_can_be_clicked() {
    let click = |driver: &mut AppDriver, words: &str| {
        let rows = driver.rows(SIZE);
        let row = rows.iter().position(|row| row.contains(words)).unwrap();
        let column = rows[row].split(words).next().unwrap().chars().count() as u16;
        let theme = Theme::new(COLOUR.0, COLOUR.1, driver.app.background());
        let size = Size::new(SIZE.0, SIZE.1);
        let target = ui::pointer_target(&driver.app, theme, size, column, row as u16);
        driver.app.update(Msg::Mouse(Gesture::Press, target));
    };
    let mut driver = open(SERVER);
    click(&mut driver, "3 about 3.1 s");
    assert_eq!(driver.app.lesson().unwrap().typed(), "3");
    let mut driver = list();
    click(&mut driver, "2 The GIL");
    assert_eq!(driver.app.course().unwrap().chosen(), 1);
}
