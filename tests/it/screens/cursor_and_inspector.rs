//! The cursor, the inspector and the range.

use proptest::prelude::*;
use proptest::test_runner::Config;
use ratatui::Terminal;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;
use threadline::app::{DetailPane, Overlay};
use threadline::model::{LimitKind, Mode, Nanos, Selection, TaskId, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::run_keys::finished_race;
use crate::screens::screen_sizes::{assert_selection_visible, selected_lane_name};
use crate::screens::screen_text::{ALL_SIZES, STANDARD, WIDE, draw_screens};

const MONO: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Unicode);
const ASCII: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);

/// All sizes that have lanes, and one column less than the smallest.
const SIZES: [(u16, u16); 5] = [ALL_SIZES[0], ALL_SIZES[1], ALL_SIZES[2], ALL_SIZES[3], (39, 11)];

/// A finished race of 240 followers, drawn once; page 3 failed twice with threads.
fn race_with_retries() -> AppDriver {
    let scenario = Scenario {
        followers: 240,
        listed: 240,
        retried: Some((Mode::Threads, 3, 2)),
        error_message: "Bad\u{1b}[2JGateway",
        ..Scenario::default()
    };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    driver.draw(WIDE, COLOUR);
    driver
}

fn cursor_nanos(driver: &AppDriver) -> u64 {
    driver.app.picture().cursor().unwrap().0
}

fn is_cursor_in_view(driver: &mut AppDriver, size: (u16, u16)) -> bool {
    driver.draw(size, COLOUR);
    driver.app.picture().viewport().window().contains(driver.app.picture().cursor().unwrap())
}

#[test]
fn cursor_is_drawn_at_every_size() {
    let mut driver = finished_race().press_keys("jj..→→");
    let mut text = draw_screens(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(STANDARD, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn inspector_is_drawn_at_every_size() {
    let mut driver = finished_race().press_keys("jj.→→");
    driver.press(KeyCode::Enter);
    let mut text = draw_screens(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(STANDARD, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn inspector_shows_each_attempt_of_a_retried_page() {
    let mut driver = race_with_retries().press_keys("jjjj..");
    driver.press(KeyCode::Enter);
    insta::assert_snapshot!(draw_screens(&mut driver, &SIZES));
}

#[test]
fn inspector_shows_cpu_native_and_mixed_work() {
    let mut text = String::new();
    for (workload, mode) in [
        (Workload::Cpu, Mode::Gil),
        (Workload::Native, Mode::Processes),
        (Workload::Mixed, Mode::Threads),
    ] {
        let mut driver =
            AppDriver::new(Scenario::default(), Selection::only(workload, mode)).play_to_end();
        driver.draw(WIDE, COLOUR);
        let mut driver = driver.press_keys("j..");
        driver.press(KeyCode::Enter);
        text.push_str(&draw_screens(&mut driver, &[WIDE]));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn range_pane_is_drawn_at_every_size() {
    let mut driver = finished_race().press_keys("jj.v→→→→→→v");
    let mut text = draw_screens(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(STANDARD, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn open_range_is_drawn_during_an_active_run() {
    let mut driver = AppDriver::race().play_until(Mode::Threads, 900);
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("jj.v→→→→→→→→");
    insta::assert_snapshot!(draw_screens(&mut driver, &SIZES));
}

#[test]
fn shift_arrows_move_the_cursor_by_a_cell_and_keep_it_in_view() {
    let mut driver = finished_race().press_keys("+→");
    let first = cursor_nanos(&driver);
    driver.draw(WIDE, COLOUR);
    let cell = driver.app.picture().viewport().window().cell.0;
    let mut driver = driver.press_keys("→");
    assert_eq!(cursor_nanos(&driver), first + cell);
    for _ in 0..200 {
        driver = driver.press_keys("→");
        assert!(is_cursor_in_view(&mut driver, WIDE));
    }
    let end = driver.app.runs()[0].duration().unwrap();
    assert_eq!(driver.app.picture().cursor(), Some(end), "the cursor stops at the end of the run");
    for _ in 0..400 {
        driver = driver.press_keys("←");
        assert!(is_cursor_in_view(&mut driver, WIDE));
    }
    assert_eq!(cursor_nanos(&driver), 0);
    assert_eq!(driver.app.picture().viewport().window().from, Nanos::ZERO);
}

#[test]
fn comma_and_dot_step_between_spans_and_across_retries() {
    let mut driver = race_with_retries().press_keys("jjjj");
    let mut attempts = Vec::new();
    let end = driver.app.runs()[1].duration().unwrap();
    for _ in 0..10 {
        driver = driver.press_keys(".");
        let span = driver.app.picture().selected_span(driver.app.session()).unwrap();
        assert_eq!(driver.app.picture().cursor(), Some(span.start));
        if attempts.last() != Some(&(span.task.0, span.attempt)) {
            attempts.push((span.task.0, span.attempt));
        }
    }
    assert_eq!(attempts, [(3, 1), (3, 2), (3, 3)], "dot stops at the last attempt");
    assert!(driver.app.picture().cursor() < Some(end));
    let driver = driver.press_keys(",");
    assert_eq!(driver.app.picture().selected_span(driver.app.session()).unwrap().attempt, 2);
    // Within a span, comma goes to its start.
    let start = driver.app.picture().cursor();
    assert_eq!(driver.press_keys("→,").app.picture().cursor(), start);
}

#[test]
fn first_dot_selects_the_first_span_in_view_and_first_comma_the_last() {
    let driver = finished_race().press_keys(".");
    assert_eq!(driver.app.picture().lane_index(), Some(0));
    assert_eq!(driver.app.picture().selected_span(driver.app.session()).unwrap().task.0, 1);
    let driver = finished_race().press_keys(",");
    assert_eq!(driver.app.picture().selected_span(driver.app.session()).unwrap().task.0, 5);
}

#[test]
fn stepping_to_a_span_out_of_view_pans_without_zooming() {
    let mut driver = finished_race().press_keys("++++.");
    let before = driver.app.picture().viewport().window();
    assert!(is_cursor_in_view(&mut driver, WIDE));
    for _ in 0..4 {
        driver = driver.press_keys(".");
        assert!(is_cursor_in_view(&mut driver, WIDE));
    }
    let after = driver.app.picture().viewport().window();
    assert_eq!(after.cell, before.cell);
    assert!(after.from > before.from);
}

#[test]
fn axis_points_to_a_cursor_out_of_view() {
    let mut driver = finished_race().press_keys("+++j...");
    let axis = |driver: &mut AppDriver| driver.rows(WIDE)[9].clone();
    assert!(axis(&mut driver).contains("1.927 s▼"), "{}", axis(&mut driver));
    driver.press(KeyCode::End);
    assert!(axis(&mut driver).contains(" <1.927 s"), "{}", axis(&mut driver));
    driver.press(KeyCode::Home);
    assert!(axis(&mut driver).contains("1.927 s> "), "{}", axis(&mut driver));
}

#[test]
fn selecting_another_lane_keeps_the_cursor_time() {
    let driver = finished_race().press_keys("j.→→");
    let at = driver.app.picture().cursor();
    assert_eq!(driver.press_keys("jjjk").app.picture().cursor(), at);
}

#[test]
fn zoom_keeps_the_cursor_in_its_column() {
    let mut driver = finished_race().press_keys("j....");
    let column = |driver: &mut AppDriver| {
        driver.draw(WIDE, COLOUR);
        let window = driver.app.picture().viewport().window();
        window.column(driver.app.picture().cursor().unwrap()).unwrap()
    };
    let before = column(&mut driver);
    for keys in ["+", "+", "+", "-", "-"] {
        driver = driver.press_keys(keys);
        assert_eq!(column(&mut driver), before, "{keys}");
    }
}

#[test]
fn inspector_stays_open_until_enter_or_escape() {
    for close in [KeyCode::Enter, KeyCode::Esc] {
        let mut driver = finished_race();
        driver.press(KeyCode::Enter);
        assert_eq!(driver.app.picture().detail_pane(), Some(DetailPane::Inspector));
        assert_eq!(
            driver.app.picture().lane_index(),
            Some(0),
            "without a selected lane, the first one"
        );
        // Without a cursor, the last span in view is inspected.
        assert_eq!(driver.app.picture().selected_span(driver.app.session()).unwrap().task.0, 5);
        let mut driver = driver.press_keys(".,jkjj←→+-hl0");
        assert_eq!(driver.app.picture().detail_pane(), Some(DetailPane::Inspector));
        driver.press(close);
        assert_eq!(driver.app.picture().detail_pane(), None);
        assert!(driver.app.picture().cursor().is_some(), "closing the inspector keeps the cursor");
    }
}

#[test]
fn escape_dismisses_inspector_range_cursor_lane_and_pause_in_order() {
    let mut driver = finished_race().press_keys("++jj.v→→ ");
    driver.press(KeyCode::Enter);
    assert_eq!(driver.app.picture().detail_pane(), Some(DetailPane::Inspector));
    driver.press(KeyCode::Esc);
    assert!(matches!(driver.app.picture().detail_pane(), Some(DetailPane::Range(..))));
    driver.press(KeyCode::Esc);
    assert_eq!(
        (driver.app.picture().range(), driver.app.picture().cursor().is_some()),
        (None, true)
    );
    driver.press(KeyCode::Esc);
    assert_eq!((driver.app.picture().cursor(), driver.app.picture().lane_index()), (None, Some(1)));
    driver.press(KeyCode::Esc);
    assert_eq!(driver.app.picture().lane_index(), None);
    assert!(driver.app.picture().time_behind(driver.app.session()).is_some());
    driver.press(KeyCode::Esc);
    assert!(driver.app.picture().time_behind(driver.app.session()).is_none());
    driver.press(KeyCode::Esc);
    assert!(!driver.app.picture().viewport().is_fitted(), "Escape keeps the zoom");
}

#[test]
fn v_starts_and_ends_a_range() {
    let driver = finished_race().press_keys("j.v");
    let start = driver.app.picture().cursor().unwrap();
    assert_eq!(driver.app.picture().range(), Some((start, start)));
    let driver = driver.press_keys("→→→");
    let end = driver.app.picture().cursor().unwrap();
    assert_eq!(driver.app.picture().range(), Some((start, end)));
    let driver = driver.press_keys("v←←←←←←");
    assert_eq!(driver.app.picture().range(), Some((start, end)), "an ended range does not move");
    let driver = driver.press_keys("v");
    let restart = driver.app.picture().cursor().unwrap();
    assert_eq!(driver.app.picture().range(), Some((restart, restart)), "another range starts");
}

#[test]
fn f_fits_the_range_or_the_span_and_0_the_whole_run() {
    let mut driver = finished_race().press_keys("jj.f");
    driver.draw(WIDE, COLOUR);
    let span = driver.app.picture().selected_span(driver.app.session()).unwrap();
    let window = driver.app.picture().viewport().window();
    assert!(window.contains(span.start) && window.contains(span.end.unwrap()));
    let share =
        span.end.unwrap().since(span.start).0 as f64 / window.end().since(window.from).0 as f64;
    assert!(share > 0.6, "the span fills only {share} of the view");
    let driver = driver.press_keys("f");
    assert_eq!(driver.app.picture().viewport().window(), window, "the second f changes nothing");
    let mut driver = driver.press_keys("0");
    assert!(driver.app.picture().viewport().is_fitted());
    driver = driver.press_keys("v→→v");
    driver.draw(WIDE, COLOUR);
    driver = driver.press_keys("f");
    driver.draw(WIDE, COLOUR);
    let (from, to) = driver.app.picture().range().unwrap();
    let window = driver.app.picture().viewport().window();
    assert!(window.contains(from) && window.contains(to));
    assert!(to.since(from).0 * 2 > window.end().since(window.from).0);
}

#[test]
fn cursor_keeps_the_background_colour_of_states() {
    let mut without_cursor = finished_race().press_keys("jj");
    let mut with_cursor = finished_race().press_keys("jj.→→→");
    for size in [WIDE, STANDARD] {
        let [mut before, mut after] =
            [&mut without_cursor, &mut with_cursor].map(|driver| driver.draw(size, COLOUR));
        let [before, after] = [&mut before, &mut after].map(Terminal::current_buffer_mut);
        let (mut lines, mut underlined) = (0, 0);
        for (old, new) in before.content().iter().zip(after.content()) {
            lines += usize::from(new.symbol() == "│" && old.symbol() != "│");
            underlined += usize::from(new.modifier.contains(Modifier::UNDERLINED));
            if new.symbol() == "│" {
                assert_eq!(old.bg, new.bg);
            }
        }
        assert!(lines > 3 && underlined < 20, "{lines} {underlined}");
    }
}

#[test]
fn control_characters_from_the_server_are_escaped() {
    let mut driver = race_with_retries().press_keys("jjjj.");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("Bad\\u{1b}[2JGateway"), "{rows}");
    assert!(!rows.contains('\u{1b}'));
}

#[test]
fn inspector_names_the_gil_holder_for_a_waiting_lane() {
    let mut driver = AppDriver::new(Scenario::default(), Selection::only(Workload::Cpu, Mode::Gil))
        .play_to_end();
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("j.+++→→→→");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("lock wait, worker-") && rows.contains("holds the GIL"), "{rows}");
}

#[test]
fn enter_opens_the_output_of_the_command_under_the_cursor() {
    let sequential = Selection::only(Workload::Commands, Mode::Sequential);
    let mut driver = AppDriver::new(Scenario::default(), sequential).play_to_end();
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("..");
    driver.press(KeyCode::Enter);
    let Some(Overlay::Output(output)) = driver.app.overlay() else { panic!("no output") };
    assert_eq!(output.task, Some(TaskId(2)));
}

#[test]
fn restarting_a_run_clears_cursor_range_and_pane() {
    let mut driver = finished_race().press_keys("jj.v→→");
    driver.press(KeyCode::Enter);
    let driver = driver.press_keys("r");
    let app = &driver.app;
    assert_eq!(
        (app.picture().cursor(), app.picture().range(), app.picture().detail_pane()),
        (None, None, None)
    );
    assert_eq!(app.picture().lane_index(), Some(1));
}

/// Draws a screen and, if it has room for lanes, asserts that the selected lane and the open pane
/// are visible.
#[track_caller]
fn assert_pane_visible(driver: &mut AppDriver, size: (u16, u16)) {
    assert_selection_visible(driver, size, COLOUR);
    if size.0 < 40 || size.1 < 10 {
        return;
    }
    let screen = driver.rows(size).join("\n");
    let text = match driver.app.picture().detail_pane() {
        Some(DetailPane::Inspector) => selected_lane_name(&driver.app).unwrap(),
        // While a range is being selected, lanes take precedence over the pane.
        Some(DetailPane::Range(..)) if !driver.app.picture().is_selecting_range() => {
            "range".to_owned()
        }
        Some(DetailPane::Range(..)) | None => return,
    };
    assert!(screen.contains(&text), "no {text:?} at {size:?}:\n{screen}");
}

#[test]
fn selected_lane_and_pane_are_visible_at_every_size() {
    for keys in ["..", "..v}}}", "v}}v"] {
        for is_inspecting in [true, false] {
            let mut driver = race_with_retries().press_keys("jjjj").press_keys(keys);
            if is_inspecting {
                driver.press(KeyCode::Enter);
            }
            for width in (0..=200).step_by(7).chain([38, 39, 40, 59, 60, 79, 80, 109, 110]) {
                for height in (0..=60).step_by(5).chain([9, 11, 13, 14, 19, 29]) {
                    assert_pane_visible(&mut driver, (width, height));
                }
            }
        }
    }
}

#[test]
fn inspector_shows_the_attempt_during_an_active_limit() {
    let scenario = Scenario {
        costs_quota: true,
        limited: Some((Mode::Threads, 5, LimitKind::Primary)),
        ..Scenario::default()
    };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers))
        .play_until(Mode::Threads, 60_000);
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("jjjjjj.");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("attempt 1 of 2"), "{rows}");
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// In active, paused and finished runs.
    #[test]
    fn arbitrary_keys_keep_the_range_ordered(
        keys in "[+\\-0hlHLjk.,{}vfu \\n\u{1b}]{0,40}",
        millis in 0..1_200_u64,
        size in (0..140_u16, 0..40_u16),
    ) {
        let mut driver = AppDriver::race().play_until(Mode::Threads, millis);
        driver.draw(size, COLOUR);
        for key in keys.chars() {
            driver.press(match key {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                key => KeyCode::Char(key),
            });
            driver.draw(size, COLOUR);
            if let Some((from, to)) = driver.app.picture().range() {
                prop_assert!(from <= to);
            }
        }
    }
}
