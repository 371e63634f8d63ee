//! The keys that change how a picture is looked at, and never what runs.

use ratatui::crossterm::event::KeyCode;
use threadline::app::keymap::DEFAULT_BINDINGS;
use threadline::app::{Background, Overlay};
use threadline::model::{Mode, Nanos, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR};
use crate::keys::{press, seen};

#[test]
fn space_holds_the_view_and_never_the_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_000);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys(" ");
    driver.play_to(Nanos::from_millis(3_000));
    driver.draw((120, 36), COLOUR);
    assert_eq!(driver.app.time_behind(), Some(Nanos::from_millis(2_000)));
    assert!(driver.app.runs()[0].done_tasks() >= 2, "the run goes on");
    let until: Vec<Nanos> = driver.app.visible_runs().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO], "the picture does not");
    assert_eq!(driver.press_keys(" ").app.time_behind(), None);
}

#[test]
fn a_paused_view_stays_paused_when_the_run_is_over() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_000);
    driver.draw((120, 36), COLOUR);
    let held = driver.press_keys(" ").play_to_end();
    let until: Vec<Nanos> = held.app.visible_runs().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO]);
    assert!(held.app.time_behind().is_some_and(|behind| behind > Nanos::from_millis(4_600)));
}

#[test]
fn plus_and_minus_zoom_and_zero_fits() {
    let mut driver = seen();
    let fitted = driver.app.viewport().window();
    for (keys, closer) in [("+", true), ("=", true), ("-", false), ("_", false)] {
        let cell = driver.press_keys(keys);
        let window = cell.app.viewport().window();
        assert_eq!(window.cell < fitted.cell, closer, "{keys}");
        assert_eq!(window.cell > fitted.cell, !closer, "{keys}");
        driver = cell.press_keys("0");
        assert_eq!(driver.app.viewport().window(), fitted);
    }
}

/// Both runs of a race begin at zero, so the one that goes on may be far left of the other's end.
#[test]
fn a_view_that_follows_goes_with_the_run_that_goes_on() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 2_500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("+++");
    driver.press(KeyCode::End);
    let in_view = |driver: &mut AppDriver, millis: u64| {
        driver.draw((120, 36), COLOUR);
        let window = driver.app.viewport().window();
        let to = window.from.0 + window.cell.0 * u64::from(window.columns);
        (window.from.0..to).contains(&Nanos::from_millis(millis).0)
    };
    assert!(in_view(&mut driver, 2_500) && !in_view(&mut driver, 600));
    let mut driver = driver.play_until(Mode::Threads, 600);
    assert!(in_view(&mut driver, 600) && !in_view(&mut driver, 4_600));
    // Nothing jumps when it is over.
    driver.play_to(Nanos::from_millis(1_040));
    assert!(in_view(&mut driver, 1_040));
    let mut driver = driver.play_to_end();
    assert!(in_view(&mut driver, 1_040) && !in_view(&mut driver, 4_600));
    driver.press(KeyCode::End);
    assert!(in_view(&mut driver, 4_600));
}

#[test]
fn there_is_no_way_out_of_the_picture() {
    let mut driver = seen();
    for key in [KeyCode::Right, KeyCode::Char('-')] {
        for _ in 0..30 {
            driver.press(key);
        }
        let window = driver.app.viewport().window();
        let end = driver.app.runs()[0].duration().unwrap().0;
        let seen = end.saturating_sub(window.from.0) / window.cell.0;
        assert!(seen > u64::from(window.columns / 5), "{key:?}: {seen} of {window:?}");
        driver.press(KeyCode::Esc);
    }
}

#[test]
fn zooming_in_and_out_again_ends_where_it_began() {
    let driver = seen().press_keys("++");
    let before = driver.app.viewport().window();
    let driver = driver.press_keys("++--");
    assert_eq!(driver.app.viewport().window().cell, before.cell);
}

#[test]
fn arrows_and_letters_pan_home_and_end_go_to_the_ends() {
    for (earlier, later) in
        [(KeyCode::Left, KeyCode::Right), (KeyCode::Char('h'), KeyCode::Char('l'))]
    {
        let mut driver = seen().press_keys("+++");
        driver.press(KeyCode::Home);
        let start = driver.app.viewport().window();
        assert_eq!(start.from, Nanos::ZERO);
        driver.press(earlier);
        assert_eq!(driver.app.viewport().window(), start, "nothing is before the start");
        driver.press(later);
        driver.press(later);
        let later = driver.app.viewport().window();
        assert!(later.from > start.from);
        driver.press(earlier);
        assert!(driver.app.viewport().window().from < later.from);
        driver.press(KeyCode::End);
        let end = driver.app.viewport().window();
        let right = end.from.0 + end.cell.0 * u64::from(end.columns);
        assert!(right > driver.app.runs()[0].duration().unwrap().0, "the newest is in view");
        assert!(driver.app.viewport().is_following());
    }
}

#[test]
fn letters_and_arrows_choose_a_lane_and_stop_at_the_ends() {
    for (below, above) in [(KeyCode::Char('j'), KeyCode::Char('k')), (KeyCode::Down, KeyCode::Up)] {
        let mut driver = seen();
        assert_eq!(driver.app.lane_index(), None);
        for lane in [0, 1, 2, 3, 4, 5, 5] {
            driver.press(below);
            assert_eq!(driver.app.lane_index(), Some(lane));
        }
        for lane in [4, 3, 2, 1, 0, 0] {
            driver.press(above);
            assert_eq!(driver.app.lane_index(), Some(lane));
        }
    }
}

#[test]
fn t_changes_dark_and_light() {
    let driver = seen().press_keys("t");
    assert_eq!(driver.app.background(), Background::Light);
    assert_eq!(driver.press_keys("t").app.background(), Background::Dark);
}

#[test]
fn the_help_comes_and_goes_and_keeps_other_keys_away() {
    for close in [KeyCode::Char('?'), KeyCode::Esc, KeyCode::Char('q')] {
        let mut driver = seen().press_keys("?");
        assert_eq!(driver.app.overlay(), Some(Overlay::Help(0)));
        assert_eq!(press(&mut driver, '3'), None);
        assert_eq!(driver.app.selection(), Selection::race(Workload::Followers));
        assert_eq!(driver.press(close), None);
        assert_eq!(driver.app.overlay(), None);
    }
}

/// Every key can be read on every screen, however low.
#[test]
fn the_help_scrolls_where_it_does_not_fit() {
    for size in [(80, 24), (60, 14), (40, 12)] {
        let mut driver = seen().press_keys("?");
        let mut read = String::new();
        for _ in DEFAULT_BINDINGS {
            read.push_str(&driver.rows(size).join("\n"));
            press(&mut driver, 'j');
        }
        for binding in DEFAULT_BINDINGS {
            // The longest sentences lose their end at 40 columns.
            let begin: String = binding.help.chars().take(20).collect();
            assert!(read.contains(&begin), "{begin} at {size:?}");
        }
        let round = driver.rows(size);
        driver.press(KeyCode::Down);
        driver.press(KeyCode::Up);
        assert_eq!(driver.rows(size), round);
        assert_eq!(driver.app.lane_index(), None, "no lane is chosen meanwhile");
    }
}

#[test]
fn escape_goes_one_step_back_and_never_quits() {
    let mut driver = seen().press_keys("+ ");
    let zoomed = driver.app.viewport().clone();
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(driver.app.time_behind(), None, "first it goes on");
    assert_eq!(driver.app.viewport().window(), zoomed.window());
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert!(driver.app.viewport().is_fitted(), "then it fits");
    for _ in 0..5 {
        assert_eq!(driver.press(KeyCode::Esc), None);
    }
    let mut running = AppDriver::race().play_until(Mode::Sequential, 100);
    assert_eq!(running.press(KeyCode::Esc), None);
}

#[test]
fn capital_letters_pan_a_whole_view() {
    let mut eighths = seen().press_keys("++");
    let mut whole = seen().press_keys("++");
    for _ in 0..8 {
        press(&mut eighths, 'l');
    }
    press(&mut whole, 'L');
    assert_eq!(whole.app.viewport().window(), eighths.app.viewport().window());
    press(&mut whole, 'H');
    assert_eq!(whole.app.viewport().window().from, Nanos::ZERO);
}

#[test]
fn page_keys_go_ten_lanes() {
    let mut driver = seen();
    driver.press(KeyCode::PageDown);
    driver.press(KeyCode::PageDown);
    assert_eq!(driver.app.lane_index(), Some(5), "the last");
    driver.press(KeyCode::PageUp);
    assert_eq!(driver.app.lane_index(), Some(0));
}

#[test]
fn a_zoom_while_a_run_goes_on_stays_with_it() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 3_000);
    driver.draw((120, 36), COLOUR);
    press(&mut driver, '+');
    press(&mut driver, '+');
    let window = driver.app.viewport().window();
    let end = window.from.0 + window.cell.0 * u64::from(window.columns);
    assert!(driver.app.viewport().is_following() && end > 3_000_000_000, "{window:?}");
}
