//! Screens of runs that find out how many workers they need.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Effect;
use threadline::model::{Mode, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::snapshots::{EVERY, USUAL, WIDE, screens};

const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);

/// 60 pages.
fn job() -> Scenario {
    Scenario { followers: 1_800, listed: 1_800, auto: true, ..Scenario::default() }
}

#[test]
fn the_limit_and_why_it_changed() {
    insta::assert_snapshot!(screens(AppDriver::new(job(), THREADS).play_to_end(), &EVERY));
}

#[test]
fn while_it_is_found() {
    let driver = AppDriver::new(job(), THREADS).play_until(Mode::Threads, 130);
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL]));
}

#[test]
fn in_ascii_and_without_colour() {
    let mut driver = AppDriver::new(job(), THREADS).play_to_end();
    let ascii = driver.text(WIDE, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(ascii.is_ascii(), "only ASCII was asked for:\n{ascii}");
    insta::assert_snapshot!(
        ascii + &driver.text(USUAL, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
}

/// Whoever presses a bracket has a number from then on: from where it stands.
#[test]
fn brackets_set_a_number_from_where_it_stands() {
    let mut driver = AppDriver::new(job(), THREADS).play_to_end();
    assert!(driver.text(WIDE, COLOUR).contains("workers auto "));
    assert_eq!(driver.app.next_workers(), None);
    driver.press(KeyCode::Char(']'));
    assert!(driver.text(WIDE, COLOUR).contains("workers auto, next run 10 "));
    let Some(Effect::Start(plan)) = driver.press(KeyCode::Char('r')) else { panic!("no run") };
    assert_eq!((plan.auto, plan.workers, plan.name().as_str()), (false, 10, "threads x10"));
}

/// The workers of CPU work are as many as they were.
#[test]
fn other_workloads_have_a_number() {
    let mut driver = AppDriver::new(job(), THREADS).play_to_end();
    let Some(Effect::Start(plan)) = driver.press(KeyCode::Char('w')) else { panic!("no run") };
    assert!(driver.text(USUAL, COLOUR).contains("workers 4"));
    assert!(!plan.auto && plan.workload() == Workload::Cpu, "{plan:?}");
}

/// There is always room for a line, or none is drawn.
#[test]
fn it_is_drawn_at_every_size() {
    let mut driver = AppDriver::new(job(), THREADS).play_until(Mode::Threads, 320);
    for width in (1..=150).step_by(7) {
        for height in 1..=50 {
            driver.draw((width, height), COLOUR);
        }
    }
}
