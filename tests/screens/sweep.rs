//! The screen of a sweep: the chart beside the lanes of the trial that goes on, in words and figures.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Effect;
use threadline::app::session::SweepSetup;
use threadline::model::{Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::snapshots::{self, EVERY, USUAL, WIDE, pictures, real, screens};

const SWEEP: Selection = Selection::sweep(Workload::Followers);

/// 60 pages from a service that works on 8 at once.
fn capped() -> Scenario {
    Scenario { followers: 1_800, listed: 1_800, at_once: Some(8), ..Scenario::default() }
}

/// A sweep of these, until so many trials are over and the next has gone on for so many
/// milliseconds.
fn after(job: Scenario, trials: usize, millis: u64) -> AppDriver {
    let mut driver = AppDriver::new(job, SWEEP);
    let over = |driver: &AppDriver| {
        driver.app.session().sweep(SWEEP).map_or(0, |sweep| sweep.trials().len())
    };
    while over(&driver) < trials {
        driver.play_event().unwrap();
    }
    driver.play_to(Nanos::from_millis(millis));
    driver
}

#[test]
fn before_the_first_trial() {
    insta::assert_snapshot!(screens(AppDriver::new(capped(), SWEEP), &EVERY));
}

#[test]
fn in_the_middle() {
    insta::assert_snapshot!(screens(after(capped(), 9, 200), &EVERY));
}

#[test]
fn finished() {
    insta::assert_snapshot!(screens(AppDriver::new(capped(), SWEEP).play_to_end(), &EVERY));
}

/// What is promised, on a machine that is always the same: `tests/bench/sweep.rs` measures it.
#[test]
fn a_service_with_room_for_8_is_a_plateau_with_its_knee_at_8() {
    let driver = AppDriver::new(capped(), SWEEP).play_to_end();
    let sweep = driver.app.session().sweep(SWEEP).unwrap();
    assert_eq!(sweep.fits()[0].name(), "plateau");
    assert!((7..=9).contains(&sweep.knee().unwrap().workers), "{:?}", sweep.knee());
    assert!(sweep.points().iter().all(|point| point.trials == 3));
}

#[test]
fn of_the_built_in_example() {
    insta::assert_snapshot!(screens(
        AppDriver::new(Scenario::default(), SWEEP).play_to_end(),
        &EVERY
    ));
}

/// More counts than rows, on a linear axis.
#[test]
fn of_every_count_up_to_24() {
    let sweep = SweepSetup { counts: Some((1..=24).collect()), repeats: 1, agreed: false };
    let driver = AppDriver::new(Scenario { sweep, ..capped() }, SWEEP).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL]));
}

/// The counts leave no gap that is not told, and the captions stay.
#[test]
fn a_table_without_room_says_how_many_more_there_are() {
    let sweep = SweepSetup { counts: Some((1..=24).collect()), repeats: 1, agreed: false };
    let mut driver = AppDriver::new(Scenario { sweep, ..capped() }, SWEEP).play_to_end();
    for size in [WIDE, USUAL] {
        let screen = driver.text(size, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
        let captions = screen.find("threads    median").unwrap();
        let more = screen.find(" more  ").unwrap();
        assert!(captions < more, "{screen}");
    }
}

/// What a law fits, it passes: the curve enters and leaves each dot in the dot's row.
#[test]
fn the_curve_of_what_fits_goes_through_the_dots() {
    let mut driver = AppDriver::new(capped(), SWEEP).play_to_end();
    let screen = driver.text(WIDE, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
    let dots = screen.lines().flat_map(|line| {
        let cells: Vec<char> = line.chars().collect();
        let inside = cells.windows(3).filter(|cells| cells[1] == '●' && cells[2] != ' ');
        inside.map(|cells| [cells[0], cells[2]]).collect::<Vec<_>>()
    });
    let beside: Vec<_> = dots.collect();
    assert!(beside.len() >= 5, "{screen}");
    for [before, after] in beside {
        assert!(" ─╭╯".contains(before) && "─╭╯".contains(after), "{screen}");
    }
}

/// Little more than the first: the axis begins where its half is.
#[test]
fn an_axis_has_two_ticks_for_small_differences() {
    let sweep = SweepSetup { counts: Some(vec![1, 2, 4]), repeats: 1, agreed: false };
    let job = Scenario {
        sweep,
        at_once: Some(2),
        followers: 1_800,
        listed: 1_800,
        ..Scenario::default()
    };
    let mut driver = AppDriver::new(job, SWEEP).play_to_end();
    let screen = driver.text(USUAL, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
    assert!(screen.matches('┤').count() >= 2, "{screen}");
}

/// Without a trial of one thread, and too few counts for a law.
#[test]
fn of_two_counts() {
    let sweep = SweepSetup { counts: Some(vec![4, 8]), repeats: 1, agreed: false };
    let driver = AppDriver::new(Scenario { sweep, ..capped() }, SWEEP).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL]));
}

#[test]
fn of_cpu_work() {
    let mut driver =
        AppDriver::race().play_to_end().press_keys("w").play_to_end().press_keys("6").play_to_end();
    insta::assert_snapshot!(pictures(&mut driver, &[WIDE, USUAL]));
}

#[test]
fn stopped() {
    let driver = after(capped(), 9, 200).press_keys("x").play_to_end();
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn a_trial_that_failed() {
    let job = Scenario { bad_page: Some((Mode::Threads, 3)), ..capped() };
    insta::assert_snapshot!(screens(AppDriver::new(job, SWEEP).play_to_end(), &EVERY));
}

#[test]
fn asks_before_it_costs_anything() {
    let mut driver =
        AppDriver::new(Scenario { costs_quota: true, ..capped() }, SWEEP).play_to_end();
    assert!(driver.app.runs().is_empty(), "nothing but the profile was asked for");
    insta::assert_snapshot!(pictures(&mut driver, &EVERY));
    assert!(matches!(driver.press(KeyCode::Char('r')), Some(Effect::Start(_))));
    let driver = driver.play_to_end();
    let sweep = driver.app.session().sweep(SWEEP).unwrap();
    assert_eq!((sweep.trials().len(), sweep.planned_trials()), (18, 18));
}

#[test]
fn agreed_to_beforehand_it_begins_at_once() {
    let sweep = SweepSetup { agreed: true, repeats: 1, counts: None };
    let driver = AppDriver::new(Scenario { sweep, ..real() }, SWEEP).play_to_end();
    assert_eq!(driver.app.session().sweep(SWEEP).unwrap().trials().len(), 5);
}

#[test]
fn brackets_say_where_the_counts_come_from() {
    let mut driver = after(capped(), 1, 0);
    for key in ['[', ']'] {
        assert_eq!(driver.press(KeyCode::Char(key)), None);
        assert!(driver.app.notice().unwrap().contains("--threads 1,2,4"));
    }
    assert_eq!(driver.app.next_workers(), None);
}

/// What is held still is a trial: with it, the hold is over.
#[test]
fn a_pause_ends_with_its_trial() {
    let mut driver = after(capped(), 2, 100).press_keys(" ");
    assert!(driver.app.time_behind().is_some());
    driver.play_to(Nanos::from_millis(300));
    assert!(driver.app.time_behind().unwrap() > Nanos::ZERO);
    let driver = driver.play_to_end();
    assert_eq!(driver.app.time_behind(), None);
}

#[test]
fn in_ascii_and_without_colour() {
    let mut driver = AppDriver::new(capped(), SWEEP).play_to_end();
    let ascii = driver.text(WIDE, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(ascii.is_ascii(), "only ASCII was asked for:\n{ascii}");
    insta::assert_snapshot!(
        ascii + &driver.text(USUAL, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
}

#[test]
fn styles() {
    insta::assert_snapshot!(snapshots::styles(
        &mut AppDriver::new(capped(), SWEEP).play_to_end(),
        COLOUR
    ));
}

/// There is no room for the chart, lanes and a pane, so that the pane has all of it.
#[test]
fn the_inspector_lies_over_a_chart_on_a_small_screen() {
    let mut driver = AppDriver::new(capped(), SWEEP).play_to_end().press_keys("j.");
    driver.press(KeyCode::Enter);
    let [small, large] = [USUAL, WIDE].map(|size| driver.text(size, COLOUR));
    assert!(small.contains("attempt 1 of 1") && !small.contains("in flight"), "{small}");
    assert!(large.contains("attempt 1 of 1") && large.contains("in flight"), "{large}");
}
