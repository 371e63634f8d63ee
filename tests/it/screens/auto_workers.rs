//! Screens of runs with `--threads auto`.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::run_keys::started_plan;
use crate::screens::screen_text::{ALL_SIZES, STANDARD, WIDE, screens};

const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);

/// 60 pages, fetched with an automatic number of workers.
fn auto_scenario() -> Scenario {
    Scenario { followers: 1_800, listed: 1_800, auto: true, ..Scenario::default() }
}

#[test]
fn finished_auto_run_shows_each_limit_change_and_its_reason() {
    insta::assert_snapshot!(screens(
        AppDriver::new(auto_scenario(), THREADS).play_to_end(),
        &ALL_SIZES
    ));
}

#[test]
fn active_auto_run_shows_the_current_limit() {
    let driver = AppDriver::new(auto_scenario(), THREADS).play_until(Mode::Threads, 130);
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD]));
}

#[test]
fn auto_run_is_drawn_in_ascii_and_without_colour() {
    let mut driver = AppDriver::new(auto_scenario(), THREADS).play_to_end();
    let ascii = driver.text(WIDE, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(ascii.is_ascii(), "not only ASCII:\n{ascii}");
    insta::assert_snapshot!(
        ascii + &driver.text(STANDARD, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
}

#[test]
fn bracket_key_replaces_auto_with_one_more_than_the_number_found() {
    let mut driver = AppDriver::new(auto_scenario(), THREADS).play_to_end();
    assert!(driver.text(WIDE, COLOUR).contains("workers auto "));
    assert_eq!(driver.app.next_workers(), None);
    driver.press(KeyCode::Char(']'));
    assert!(driver.text(WIDE, COLOUR).contains("workers auto, next run 10 "));
    let plan = started_plan(driver.press(KeyCode::Char('r')));
    assert_eq!(
        (plan.auto, plan.workers, plan.name().as_str()),
        (false, 10, "threads (no GIL) x10")
    );
}

#[test]
fn cpu_work_has_a_fixed_worker_count() {
    let mut driver = AppDriver::new(auto_scenario(), THREADS).play_to_end();
    let plan = started_plan(driver.press(KeyCode::Char('w')));
    assert!(driver.text(WIDE, COLOUR).contains("workers 4"));
    assert!(!plan.auto && plan.workload() == Workload::Cpu, "{plan:?}");
}

/// The row of the concurrency limit is omitted where it does not fit.
#[test]
fn auto_run_draws_at_every_size() {
    let mut driver = AppDriver::new(auto_scenario(), THREADS).play_until(Mode::Threads, 320);
    for width in (1..=150).step_by(7) {
        for height in 1..=50 {
            driver.draw((width, height), COLOUR);
        }
    }
}
