//! The keys that change how a picture is looked at, and never what runs.

use ratatui::crossterm::event::KeyCode;
use threadline::app::keymap::BINDINGS;
use threadline::app::{Background, Popup};
use threadline::model::{Mode, Nanos, Selection, Workload};

use crate::fabricate::{COLOUR, Sitting};
use crate::keys::{press, seen};

#[test]
fn space_holds_the_view_and_never_the_run() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_000);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed(" ");
    sitting.play(Nanos::from_millis(3_000));
    sitting.draw((120, 36), COLOUR);
    assert_eq!(sitting.app.behind(), Some(Nanos::from_millis(2_000)));
    assert!(sitting.app.runs()[0].done_tasks() >= 2, "the run goes on");
    let until: Vec<Nanos> = sitting.app.visible().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO], "the picture does not");
    assert_eq!(sitting.pressed(" ").app.behind(), None);
}

#[test]
fn a_paused_view_stays_paused_when_the_run_is_over() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_000);
    sitting.draw((120, 36), COLOUR);
    let held = sitting.pressed(" ").finished();
    let until: Vec<Nanos> = held.app.visible().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO]);
    assert!(held.app.behind().is_some_and(|behind| behind > Nanos::from_millis(4_600)));
}

#[test]
fn plus_and_minus_zoom_and_zero_fits() {
    let mut sitting = seen();
    let fitted = sitting.app.viewport().window();
    for (keys, closer) in [("+", true), ("=", true), ("-", false), ("_", false)] {
        let cell = sitting.pressed(keys);
        let window = cell.app.viewport().window();
        assert_eq!(window.cell < fitted.cell, closer, "{keys}");
        assert_eq!(window.cell > fitted.cell, !closer, "{keys}");
        sitting = cell.pressed("0");
        assert_eq!(sitting.app.viewport().window(), fitted);
    }
}

/// Both runs of a race begin at zero, so the one that goes on may be far left of the other's end.
#[test]
fn a_view_that_follows_goes_with_the_run_that_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 2_500);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed("+++");
    sitting.press(KeyCode::End);
    let in_view = |sitting: &mut Sitting, millis: u64| {
        sitting.draw((120, 36), COLOUR);
        let window = sitting.app.viewport().window();
        let to = window.from.0 + window.cell.0 * u64::from(window.columns);
        (window.from.0..to).contains(&Nanos::from_millis(millis).0)
    };
    assert!(in_view(&mut sitting, 2_500) && !in_view(&mut sitting, 600));
    let mut sitting = sitting.until(Mode::Threads, 600);
    assert!(in_view(&mut sitting, 600) && !in_view(&mut sitting, 4_600));
    // Nothing jumps when it is over.
    sitting.play(Nanos::from_millis(1_040));
    assert!(in_view(&mut sitting, 1_040));
    let mut sitting = sitting.finished();
    assert!(in_view(&mut sitting, 1_040) && !in_view(&mut sitting, 4_600));
    sitting.press(KeyCode::End);
    assert!(in_view(&mut sitting, 4_600));
}

#[test]
fn there_is_no_way_out_of_the_picture() {
    let mut sitting = seen();
    for key in [KeyCode::Right, KeyCode::Char('-')] {
        for _ in 0..30 {
            sitting.press(key);
        }
        let window = sitting.app.viewport().window();
        let end = sitting.app.runs()[0].took().unwrap().0;
        let seen = end.saturating_sub(window.from.0) / window.cell.0;
        assert!(seen > u64::from(window.columns / 5), "{key:?}: {seen} of {window:?}");
        sitting.press(KeyCode::Esc);
    }
}

#[test]
fn zooming_in_and_out_again_ends_where_it_began() {
    let sitting = seen().pressed("++");
    let before = sitting.app.viewport().window();
    let sitting = sitting.pressed("++--");
    assert_eq!(sitting.app.viewport().window().cell, before.cell);
}

#[test]
fn arrows_and_letters_pan_home_and_end_go_to_the_ends() {
    for (earlier, later) in
        [(KeyCode::Left, KeyCode::Right), (KeyCode::Char('h'), KeyCode::Char('l'))]
    {
        let mut sitting = seen().pressed("+++");
        sitting.press(KeyCode::Home);
        let start = sitting.app.viewport().window();
        assert_eq!(start.from, Nanos::ZERO);
        sitting.press(earlier);
        assert_eq!(sitting.app.viewport().window(), start, "nothing is before the start");
        sitting.press(later);
        sitting.press(later);
        let later = sitting.app.viewport().window();
        assert!(later.from > start.from);
        sitting.press(earlier);
        assert!(sitting.app.viewport().window().from < later.from);
        sitting.press(KeyCode::End);
        let end = sitting.app.viewport().window();
        let right = end.from.0 + end.cell.0 * u64::from(end.columns);
        assert!(right > sitting.app.runs()[0].took().unwrap().0, "the newest is in view");
        assert!(sitting.app.viewport().follows());
    }
}

#[test]
fn letters_and_arrows_choose_a_lane_and_stop_at_the_ends() {
    for (below, above) in [(KeyCode::Char('j'), KeyCode::Char('k')), (KeyCode::Down, KeyCode::Up)] {
        let mut sitting = seen();
        assert_eq!(sitting.app.lane(), None);
        for lane in [0, 1, 2, 3, 4, 5, 5] {
            sitting.press(below);
            assert_eq!(sitting.app.lane(), Some(lane));
        }
        for lane in [4, 3, 2, 1, 0, 0] {
            sitting.press(above);
            assert_eq!(sitting.app.lane(), Some(lane));
        }
    }
}

#[test]
fn t_changes_dark_and_light() {
    let sitting = seen().pressed("t");
    assert_eq!(sitting.app.background(), Background::Light);
    assert_eq!(sitting.pressed("t").app.background(), Background::Dark);
}

#[test]
fn the_help_comes_and_goes_and_keeps_other_keys_away() {
    for close in [KeyCode::Char('?'), KeyCode::Esc, KeyCode::Char('q')] {
        let mut sitting = seen().pressed("?");
        assert_eq!(sitting.app.popup(), Some(Popup::Help(0)));
        assert_eq!(press(&mut sitting, '3'), None);
        assert_eq!(sitting.app.shown(), Selection::race(Workload::Followers));
        assert_eq!(sitting.press(close), None);
        assert_eq!(sitting.app.popup(), None);
    }
}

/// Every key can be read on every screen, however low.
#[test]
fn the_help_scrolls_where_it_does_not_fit() {
    for size in [(80, 24), (60, 14), (40, 12)] {
        let mut sitting = seen().pressed("?");
        let mut read = String::new();
        for _ in BINDINGS {
            read.push_str(&sitting.rows(size).join("\n"));
            press(&mut sitting, 'j');
        }
        for binding in BINDINGS {
            // The longest sentences lose their end at 40 columns.
            let begin: String = binding.help.chars().take(20).collect();
            assert!(read.contains(&begin), "{begin} at {size:?}");
        }
        let round = sitting.rows(size);
        sitting.press(KeyCode::Down);
        sitting.press(KeyCode::Up);
        assert_eq!(sitting.rows(size), round);
        assert_eq!(sitting.app.lane(), None, "no lane is chosen meanwhile");
    }
}

#[test]
fn escape_goes_one_step_back_and_never_quits() {
    let mut sitting = seen().pressed("+ ");
    let zoomed = sitting.app.viewport().clone();
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert_eq!(sitting.app.behind(), None, "first it goes on");
    assert_eq!(sitting.app.viewport().window(), zoomed.window());
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert!(sitting.app.viewport().fits(), "then it fits");
    for _ in 0..5 {
        assert_eq!(sitting.press(KeyCode::Esc), None);
    }
    let mut running = Sitting::race().until(Mode::Sequential, 100);
    assert_eq!(running.press(KeyCode::Esc), None);
}

#[test]
fn capital_letters_pan_a_whole_view() {
    let mut eighths = seen().pressed("++");
    let mut whole = seen().pressed("++");
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
    let mut sitting = seen();
    sitting.press(KeyCode::PageDown);
    sitting.press(KeyCode::PageDown);
    assert_eq!(sitting.app.lane(), Some(5), "the last");
    sitting.press(KeyCode::PageUp);
    assert_eq!(sitting.app.lane(), Some(0));
}

#[test]
fn a_zoom_while_a_run_goes_on_stays_with_it() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 3_000);
    sitting.draw((120, 36), COLOUR);
    press(&mut sitting, '+');
    press(&mut sitting, '+');
    let window = sitting.app.viewport().window();
    let end = window.from.0 + window.cell.0 * u64::from(window.columns);
    assert!(sitting.app.viewport().follows() && end > 3_000_000_000, "{window:?}");
}
