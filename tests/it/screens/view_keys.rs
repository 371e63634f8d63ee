//! Keys that change the view and never the run.

use ratatui::crossterm::event::KeyCode;
use ratatui::style::Color;
use threadline::app::keymap::DEFAULT_BINDINGS;
use threadline::app::{HelpView, Overlay};
use threadline::model::{Background, Mode, Nanos, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::screens::run_keys::{finished_race, press};

#[test]
fn space_pauses_the_view_but_not_the_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_000);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys(" ");
    driver.play_to(Nanos::from_millis(3_000));
    driver.draw((120, 36), COLOUR);
    assert_eq!(
        driver.app.picture().time_behind(driver.app.session()),
        Some(Nanos::from_millis(2_000))
    );
    assert!(driver.app.runs()[0].progress().done_tasks() >= 2, "the run is not paused");
    let until: Vec<Nanos> = driver.app.visible_runs().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO], "the view is paused");
    let app = driver.press_keys(" ").app;
    assert_eq!(app.picture().time_behind(app.session()), None);
}

#[test]
fn paused_view_stays_paused_after_the_run_ends() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_000);
    driver.draw((120, 36), COLOUR);
    let paused = driver.press_keys(" ").play_to_end();
    let until: Vec<Nanos> = paused.app.visible_runs().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO]);
    assert!(
        paused
            .app
            .picture()
            .time_behind(paused.app.session())
            .is_some_and(|behind| behind > Nanos::from_millis(4_600))
    );
}

#[test]
fn plus_and_minus_zoom_and_zero_fits() {
    let mut driver = finished_race();
    let fitted = driver.app.picture().viewport().window();
    for (keys, zooms_in) in [("+", true), ("=", true), ("-", false), ("_", false)] {
        let zoomed = driver.press_keys(keys);
        let window = zoomed.app.picture().viewport().window();
        assert_eq!(window.cell < fitted.cell, zooms_in, "{keys}");
        assert_eq!(window.cell > fitted.cell, !zooms_in, "{keys}");
        driver = zoomed.press_keys("0");
        assert_eq!(driver.app.picture().viewport().window(), fitted);
    }
}

/// Both runs of a race start at zero, so the active one can be far to the left of the other's end.
#[test]
fn following_view_moves_with_the_active_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 2_500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("+++");
    driver.press(KeyCode::End);
    let in_view = |driver: &mut AppDriver, millis: u64| {
        driver.draw((120, 36), COLOUR);
        let window = driver.app.picture().viewport().window();
        let to = window.from.0 + window.cell.0 * u64::from(window.columns);
        (window.from.0..to).contains(&Nanos::from_millis(millis).0)
    };
    assert!(in_view(&mut driver, 2_500) && !in_view(&mut driver, 600));
    let mut driver = driver.play_until(Mode::Threads, 600);
    assert!(in_view(&mut driver, 600) && !in_view(&mut driver, 4_600));
    // The view does not jump when the run ends.
    driver.play_to(Nanos::from_millis(1_040));
    assert!(in_view(&mut driver, 1_040));
    let mut driver = driver.play_to_end();
    assert!(in_view(&mut driver, 1_040) && !in_view(&mut driver, 4_600));
    driver.press(KeyCode::End);
    assert!(in_view(&mut driver, 4_600));
}

#[test]
fn panning_and_zooming_out_keep_the_run_in_view() {
    let mut driver = finished_race();
    for key in [KeyCode::Right, KeyCode::Char('-')] {
        for _ in 0..30 {
            driver.press(key);
        }
        let window = driver.app.picture().viewport().window();
        let end = driver.app.runs()[0].duration().unwrap().0;
        let visible = end.saturating_sub(window.from.0) / window.cell.0;
        assert!(visible > u64::from(window.columns / 5), "{key:?}: {visible} of {window:?}");
        press(&mut driver, '0');
    }
}

#[test]
fn zooming_in_and_out_again_restores_the_scale() {
    let driver = finished_race().press_keys("++");
    let before = driver.app.picture().viewport().window();
    let driver = driver.press_keys("++--");
    assert_eq!(driver.app.picture().viewport().window().cell, before.cell);
}

#[test]
fn arrows_and_letters_pan_and_home_and_end_go_to_the_ends() {
    for (earlier, later) in
        [(KeyCode::Left, KeyCode::Right), (KeyCode::Char('h'), KeyCode::Char('l'))]
    {
        let mut driver = finished_race().press_keys("+++");
        driver.press(KeyCode::Home);
        let start = driver.app.picture().viewport().window();
        assert_eq!(start.from, Nanos::ZERO);
        driver.press(earlier);
        assert_eq!(driver.app.picture().viewport().window(), start, "the view stops at the start");
        driver.press(later);
        driver.press(later);
        let later = driver.app.picture().viewport().window();
        assert!(later.from > start.from);
        driver.press(earlier);
        assert!(driver.app.picture().viewport().window().from < later.from);
        driver.press(KeyCode::End);
        let end = driver.app.picture().viewport().window();
        let right = end.from.0 + end.cell.0 * u64::from(end.columns);
        assert!(
            right > driver.app.runs()[0].duration().unwrap().0,
            "the end of the run is in view"
        );
        assert!(driver.app.picture().viewport().is_following());
    }
}

#[test]
fn letters_and_arrows_select_a_lane_and_stop_at_the_ends() {
    for (below, above) in [(KeyCode::Char('j'), KeyCode::Char('k')), (KeyCode::Down, KeyCode::Up)] {
        let mut driver = finished_race();
        assert_eq!(driver.app.picture().lane_index(), None);
        for lane in [0, 1, 2, 3, 4, 5, 5] {
            driver.press(below);
            assert_eq!(driver.app.picture().lane_index(), Some(lane));
        }
        for lane in [4, 3, 2, 1, 0, 0] {
            driver.press(above);
            assert_eq!(driver.app.picture().lane_index(), Some(lane));
        }
    }
}

#[test]
fn t_toggles_between_dark_and_light() {
    let driver = finished_race().press_keys("t");
    assert_eq!(driver.app.background(), Background::Light);
    assert_eq!(driver.press_keys("t").app.background(), Background::Dark);
}

#[test]
fn open_help_captures_other_keys_until_closed() {
    for close in [KeyCode::Char('?'), KeyCode::Esc, KeyCode::Char('q')] {
        let mut driver = finished_race().press_keys("?");
        assert!(matches!(driver.app.overlay(), Some(Overlay::Help(HelpView { page: 0, .. }))));
        assert_eq!(press(&mut driver, '3'), None);
        assert_eq!(driver.app.selection(), Selection::race(Workload::Followers));
        assert_eq!(driver.press(close), None);
        assert!(driver.app.overlay().is_none());
    }
}

/// Returns the text of all pages of the help, which is open, and leaves it at the first.
fn read_help(driver: &mut AppDriver, size: (u16, u16)) -> String {
    let mut read = String::new();
    let pages = driver.rows(size).join("\n");
    let (_, pages) = pages.split_once(" of ").unwrap();
    let pages: usize = pages.split(' ').next().unwrap().parse().unwrap();
    for _ in 0..pages {
        read.push_str(&driver.rows(size).join("\n"));
        press(driver, 'j');
    }
    read
}

/// The description of every key that has an effect can be read on every screen.
#[test]
fn help_has_pages_where_it_does_not_fit() {
    for size in [(120, 36), (80, 24), (60, 14), (40, 12)] {
        let mut driver = finished_race().press_keys("?");
        let read = read_help(&mut driver, size);
        let available: Vec<&str> =
            driver.app.available_bindings().map(|(binding, _)| binding.help).collect();
        assert!(available.len() > 30 && available.len() < DEFAULT_BINDINGS.len());
        for help in available {
            // At 40 columns, the longest descriptions are truncated.
            let beginning: String = help.chars().take(20).collect();
            assert!(read.contains(&beginning), "{beginning} at {size:?}\n{read}");
        }
        for heading in ["How to read the picture", "Run", "Look", "Compare", "Export"] {
            assert!(read.contains(heading), "{heading} at {size:?}");
        }
        let before = driver.rows(size);
        driver.press(KeyCode::Down);
        driver.press(KeyCode::Up);
        assert_eq!(driver.rows(size), before);
        assert_eq!(driver.app.picture().lane_index(), None, "the lane selection does not change");
    }
}

#[test]
fn help_has_only_the_keys_that_have_an_effect() {
    let help = |driver: AppDriver| read_help(&mut driver.press_keys("?"), (120, 36));
    let finished = help(finished_race());
    let running = help(AppDriver::race().play_until(Mode::Sequential, 500));
    for (text, when_finished, when_running) in [
        ("run this mode again", true, true),
        ("stop the run", false, true),
        ("simulation, recording: step back", false, false),
        ("table: sort by next column", false, false),
        ("next match", false, false),
        ("CPU work: simulated or real", false, false),
    ] {
        assert_eq!(finished.contains(text), when_finished, "{text}\n{finished}");
        assert_eq!(running.contains(text), when_running, "{text}\n{running}");
    }
}

/// No letter of the screen stands beside the help.
#[test]
fn help_stands_on_an_empty_screen() {
    for size in [(120, 36), (80, 24), (60, 14), (40, 12), (200, 60)] {
        let rows = finished_race().press_keys("?").rows(size);
        let outside = |row: &String| {
            let row = row.trim();
            !row.is_empty() && !row.starts_with(['│', '┌', '└', '╭', '╰'])
        };
        assert!(!rows.iter().any(outside), "{}", rows.join("\n"));
    }
}

#[test]
fn escape_goes_back_one_step_and_never_quits() {
    let mut driver = finished_race().press_keys("+ ");
    let zoomed = driver.app.picture().viewport().clone();
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(
        driver.app.picture().time_behind(driver.app.session()),
        None,
        "the first Escape ends the pause"
    );
    assert_eq!(driver.app.picture().viewport().window(), zoomed.window());
    for _ in 0..5 {
        assert_eq!(driver.press(KeyCode::Esc), None);
    }
    let mut running = AppDriver::race().play_until(Mode::Sequential, 100);
    assert_eq!(running.press(KeyCode::Esc), None);
}

#[test]
fn escape_frees_the_range_the_cursor_and_the_lane_in_turn() {
    let mut driver = finished_race().press_keys("j.v");
    let selected = |driver: &AppDriver| {
        let picture = driver.app.picture();
        (picture.range().is_some(), picture.cursor().is_some(), picture.lane_index().is_some())
    };
    assert_eq!(selected(&driver), (true, true, true));
    for rest in [(false, true, true), (false, false, true), (false, false, false)] {
        driver.press(KeyCode::Esc);
        assert_eq!(selected(&driver), rest);
    }
}

#[test]
fn page_keys_move_the_selection_by_ten_lanes() {
    let mut driver = finished_race();
    driver.press(KeyCode::PageDown);
    driver.press(KeyCode::PageDown);
    assert_eq!(driver.app.picture().lane_index(), Some(5), "stops at the last lane");
    driver.press(KeyCode::PageUp);
    assert_eq!(driver.app.picture().lane_index(), Some(0));
}

#[test]
fn zooming_during_a_run_keeps_following_it() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 3_000);
    driver.draw((120, 36), COLOUR);
    press(&mut driver, '+');
    press(&mut driver, '+');
    let window = driver.app.picture().viewport().window();
    let end = window.from.0 + window.cell.0 * u64::from(window.columns);
    assert!(driver.app.picture().viewport().is_following() && end > 3_000_000_000, "{window:?}");
}

#[test]
fn stepping_past_the_first_or_last_span_shows_a_notice() {
    let mut driver = finished_race();
    // The lane has five spans. The first dot goes to the first of them.
    for (key, steps, notice) in
        [('.', 5, "last span on this lane"), (',', 4, "first span on this lane")]
    {
        for _ in 0..steps {
            press(&mut driver, key);
            assert_ne!(driver.app.notice(), Some(notice), "{key}");
            driver.draw((120, 36), COLOUR);
        }
        press(&mut driver, key);
        assert_eq!(driver.app.notice(), Some(notice), "{key}");
    }
}

/// Ink for another background alone could not be read on the terminal's own.
#[test]
fn t_changes_the_paper_with_the_ink() {
    let mut driver = finished_race();
    let own_paper = |driver: &mut AppDriver| {
        let mut terminal = driver.draw((80, 24), COLOUR);
        let cells = terminal.current_buffer_mut().content.iter();
        cells.filter(|cell| cell.bg == Color::Reset).count()
    };
    assert!(own_paper(&mut driver) > 1_000);
    press(&mut driver, 't');
    assert_eq!((driver.app.background(), own_paper(&mut driver)), (Background::Light, 0));
    press(&mut driver, 't');
    assert!(own_paper(&mut driver) > 1_000, "back to the terminal's own");
}

#[test]
fn g_shows_the_switches_of_the_gil_and_goes_back() {
    let race = Selection::race(Workload::Cpu);
    let mut driver = AppDriver::new(Scenario::default(), race).play_to_end();
    driver.draw((120, 36), COLOUR);
    let whole = driver.app.picture().viewport().window();
    let driver = driver.press_keys("g");
    let close = driver.app.picture().viewport().window();
    assert_eq!((close.cell, close.from), (Nanos::from_millis(2), Nanos::ZERO));
    let driver = driver.press_keys("g");
    assert_eq!(driver.app.picture().viewport().window(), whole);
    // A mode without a GIL is left for the one with it.
    let driver = driver.press_keys("3").play_to_end().press_keys("g");
    assert_eq!(driver.app.selection(), Selection::only(Workload::Cpu, Mode::Gil));
    assert_eq!(driver.app.picture().viewport().window().cell, Nanos::from_millis(2));
}
