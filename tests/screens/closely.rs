//! Looking closely: the cursor, the inspector, the range, and undoing.

use proptest::prelude::*;
use proptest::test_runner::Config;
use ratatui::Terminal;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;
use threadline::app::{DetailPane, Overlay};
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::keys::seen;
use crate::sizes::{assert_in_sight, chosen_lane};
use crate::snapshots::{EVERY, USUAL, WIDE, pictures};

const MONO: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Unicode);
const ASCII: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);

/// The smallest screen that has lanes but for one column, too.
const SIZES: [(u16, u16); 5] = [EVERY[0], EVERY[1], EVERY[2], EVERY[3], (39, 11)];

/// A finished race of 240 followers, seen before the first key; page 3 failed twice with threads.
fn retried() -> AppDriver {
    let job = Scenario {
        followers: 240,
        listed: 240,
        retried: Some((Mode::Threads, 3, 2)),
        said: "Bad\u{1b}[2JGateway",
        ..Scenario::default()
    };
    let mut driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    driver.draw(WIDE, COLOUR);
    driver
}

fn cursor(driver: &AppDriver) -> u64 {
    driver.app.cursor().unwrap().0
}

fn in_view(driver: &mut AppDriver, size: (u16, u16)) -> bool {
    driver.draw(size, COLOUR);
    driver.app.viewport().window().contains(driver.app.cursor().unwrap())
}

#[test]
fn a_cursor() {
    let mut driver = seen().press_keys("jj..}}");
    let mut text = pictures(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(USUAL, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_inspector() {
    let mut driver = seen().press_keys("jj.}}");
    driver.press(KeyCode::Enter);
    let mut text = pictures(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(USUAL, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_inspector_on_a_page_that_was_asked_for_three_times() {
    let mut driver = retried().press_keys("jjjj..");
    driver.press(KeyCode::Enter);
    insta::assert_snapshot!(pictures(&mut driver, &SIZES));
}

#[test]
fn the_inspector_on_other_work() {
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
        text.push_str(&pictures(&mut driver, &[WIDE]));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_range() {
    let mut driver = seen().press_keys("jj.v}}}}}}v");
    let mut text = pictures(&mut driver, &SIZES);
    for terminal_kind in [MONO, ASCII] {
        text.push_str(&driver.text(USUAL, terminal_kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_range_while_a_run_goes_on() {
    let mut driver = AppDriver::race().play_until(Mode::Threads, 900);
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("jj.v}}}}}}}}");
    insta::assert_snapshot!(pictures(&mut driver, &SIZES));
}

#[test]
fn braces_move_the_cursor_by_a_cell_and_the_view_goes_with_it() {
    let mut driver = seen().press_keys("+}");
    let first = cursor(&driver);
    driver.draw(WIDE, COLOUR);
    let cell = driver.app.viewport().window().cell.0;
    let mut driver = driver.press_keys("}");
    assert_eq!(cursor(&driver), first + cell);
    for _ in 0..200 {
        driver = driver.press_keys("}");
        assert!(in_view(&mut driver, WIDE));
    }
    let took = driver.app.runs()[0].duration().unwrap();
    assert_eq!(driver.app.cursor(), Some(took), "there is nothing later");
    for _ in 0..400 {
        driver = driver.press_keys("{");
        assert!(in_view(&mut driver, WIDE));
    }
    assert_eq!(cursor(&driver), 0);
    assert_eq!(driver.app.viewport().window().from, Nanos::ZERO);
}

#[test]
fn commas_and_dots_go_from_span_to_span_and_across_retries() {
    let mut driver = retried().press_keys("jjjj");
    let mut seen = Vec::new();
    let end = driver.app.runs()[1].duration().unwrap();
    for _ in 0..10 {
        driver = driver.press_keys(".");
        let span = driver.app.selected_span().unwrap();
        assert_eq!(driver.app.cursor(), Some(span.start));
        if seen.last() != Some(&(span.task.0, span.attempt)) {
            seen.push((span.task.0, span.attempt));
        }
    }
    assert_eq!(seen, [(3, 1), (3, 2), (3, 3)], "and stops at the last");
    assert!(driver.app.cursor() < Some(end));
    let driver = driver.press_keys(",");
    assert_eq!(driver.app.selected_span().unwrap().attempt, 2);
    // From within a span, to its start.
    let at = driver.app.cursor();
    assert_eq!(driver.press_keys("},").app.cursor(), at);
}

#[test]
fn the_first_dot_chooses_the_first_lane_and_its_first_span_in_view() {
    let driver = seen().press_keys(".");
    assert_eq!(driver.app.lane_index(), Some(0));
    assert_eq!(driver.app.selected_span().unwrap().task.0, 1);
    let driver = seen().press_keys(",");
    assert_eq!(driver.app.selected_span().unwrap().task.0, 5);
}

#[test]
fn a_cursor_that_goes_to_a_span_out_of_view_pans_by_as_little_as_it_needs() {
    let mut driver = seen().press_keys("++++.");
    let before = driver.app.viewport().window();
    assert!(in_view(&mut driver, WIDE));
    for _ in 0..4 {
        driver = driver.press_keys(".");
        assert!(in_view(&mut driver, WIDE));
    }
    let after = driver.app.viewport().window();
    assert_eq!(after.cell, before.cell);
    assert!(after.from > before.from);
}

#[test]
fn the_axis_says_where_a_cursor_is_that_is_out_of_view() {
    let mut driver = seen().press_keys("+++j...");
    let axis = |driver: &mut AppDriver| driver.rows(WIDE)[8].clone();
    assert!(axis(&mut driver).contains("1.9267 s▼"), "{}", axis(&mut driver));
    driver.press(KeyCode::End);
    assert!(axis(&mut driver).contains(" <1.9267 s"), "{}", axis(&mut driver));
    driver.press(KeyCode::Home);
    assert!(axis(&mut driver).contains("1.9267 s> "), "{}", axis(&mut driver));
}

#[test]
fn another_lane_keeps_the_time() {
    let driver = seen().press_keys("j.}}");
    let at = driver.app.cursor();
    assert_eq!(driver.press_keys("jjjk").app.cursor(), at);
}

#[test]
fn a_zoom_keeps_the_cursor_in_its_column() {
    let mut driver = seen().press_keys("j....");
    let column = |driver: &mut AppDriver| {
        driver.draw(WIDE, COLOUR);
        let window = driver.app.viewport().window();
        window.column(driver.app.cursor().unwrap()).unwrap()
    };
    let before = column(&mut driver);
    for keys in ["+", "+", "+", "-", "-"] {
        driver = driver.press_keys(keys);
        assert_eq!(column(&mut driver), before, "{keys}");
    }
}

#[test]
fn enter_opens_the_inspector_which_stays_open_until_enter_or_escape() {
    for close in [KeyCode::Enter, KeyCode::Esc] {
        let mut driver = seen();
        driver.press(KeyCode::Enter);
        assert_eq!(driver.app.detail_pane(), Some(DetailPane::Inspector));
        assert_eq!(driver.app.lane_index(), Some(0), "the first lane, where none was chosen");
        // Without a cursor, the last span in view.
        assert_eq!(driver.app.selected_span().unwrap().task.0, 5);
        let mut driver = driver.press_keys(".,jkjj{}+-hl0");
        assert_eq!(driver.app.detail_pane(), Some(DetailPane::Inspector));
        driver.press(close);
        assert_eq!(driver.app.detail_pane(), None);
        assert!(driver.app.cursor().is_some(), "one step at a time");
    }
}

#[test]
fn escape_drops_the_inspector_the_range_the_cursor_and_then_the_held_view() {
    let mut driver = seen().press_keys("++jj.v}} ");
    driver.press(KeyCode::Enter);
    assert_eq!(driver.app.detail_pane(), Some(DetailPane::Inspector));
    driver.press(KeyCode::Esc);
    assert!(matches!(driver.app.detail_pane(), Some(DetailPane::Range(..))));
    driver.press(KeyCode::Esc);
    assert_eq!((driver.app.range(), driver.app.cursor().is_some()), (None, true));
    driver.press(KeyCode::Esc);
    assert_eq!(driver.app.cursor(), None);
    assert!(driver.app.time_behind().is_some());
    driver.press(KeyCode::Esc);
    assert!(driver.app.time_behind().is_none() && !driver.app.viewport().is_fitted());
    driver.press(KeyCode::Esc);
    assert!(driver.app.viewport().is_fitted());
}

#[test]
fn v_begins_a_range_and_ends_it() {
    let driver = seen().press_keys("j.v");
    let begun = driver.app.cursor().unwrap();
    assert_eq!(driver.app.range(), Some((begun, begun)));
    let driver = driver.press_keys("}}}");
    let end = driver.app.cursor().unwrap();
    assert_eq!(driver.app.range(), Some((begun, end)));
    let driver = driver.press_keys("v{{{{{{");
    assert_eq!(driver.app.range(), Some((begun, end)), "it stays where it was ended");
    let driver = driver.press_keys("v");
    let again = driver.app.cursor().unwrap();
    assert_eq!(driver.app.range(), Some((again, again)), "and another begins");
}

#[test]
fn f_fits_the_range_else_the_span_and_then_the_run_again() {
    let mut driver = seen().press_keys("jj.f");
    driver.draw(WIDE, COLOUR);
    let span = driver.app.selected_span().unwrap();
    let window = driver.app.viewport().window();
    assert!(window.contains(span.start) && window.contains(span.end.unwrap()));
    let share =
        span.end.unwrap().since(span.start).0 as f64 / window.end().since(window.from).0 as f64;
    assert!(share > 0.6, "it fills {share} of the view");
    let mut driver = driver.press_keys("f");
    assert!(driver.app.viewport().is_fitted(), "a second time");
    driver = driver.press_keys("v}}v");
    driver.draw(WIDE, COLOUR);
    driver = driver.press_keys("f");
    driver.draw(WIDE, COLOUR);
    let (from, to) = driver.app.range().unwrap();
    let window = driver.app.viewport().window();
    assert!(window.contains(from) && window.contains(to));
    assert!(to.since(from).0 * 2 > window.end().since(window.from).0);
}

#[test]
fn u_undoes_one_change_after_another() {
    let keys = ["+", "lll", "j", "..", "}}}", "v", "}}", "f", "0"];
    let mut driver = seen();
    let state = |driver: &mut AppDriver| {
        driver.draw(WIDE, COLOUR);
        let app = &driver.app;
        (app.viewport().window(), app.lane_index(), app.cursor(), app.range())
    };
    let mut states = Vec::new();
    for keys in keys {
        states.push(state(&mut driver));
        driver = driver.press_keys(keys);
    }
    for before in states.into_iter().rev() {
        assert!(driver.app.can_undo());
        driver = driver.press_keys("u");
        assert_eq!(state(&mut driver), before);
    }
    assert!(!driver.app.can_undo());
    let before = state(&mut driver);
    assert_eq!(state(&mut driver.press_keys("u")), before, "there is no more to undo");
}

#[test]
fn the_cursor_takes_no_state_its_colour() {
    let mut plain = seen().press_keys("jj");
    let mut pointed = seen().press_keys("jj.}}}");
    for size in [WIDE, USUAL] {
        let [mut before, mut after] = [&mut plain, &mut pointed].map(|one| one.draw(size, COLOUR));
        let [before, after] = [&mut before, &mut after].map(Terminal::current_buffer_mut);
        let (mut lines, mut underlined) = (0, 0);
        for (old, new) in before.content().iter().zip(after.content()) {
            lines += usize::from(new.symbol() == "│" && old.symbol() != "│");
            underlined += usize::from(new.modifier.contains(Modifier::UNDERLINED));
            if new.symbol() == "│" {
                assert_eq!(old.bg, new.bg);
            }
        }
        assert!(lines > 5 && underlined < 20, "{lines} {underlined}");
    }
}

#[test]
fn a_server_says_nothing_that_a_terminal_acts_on() {
    let mut driver = retried().press_keys("jjjj.");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("Bad\\u{1b}[2JGateway"), "{rows}");
    assert!(!rows.contains('\u{1b}'));
}

#[test]
fn who_holds_the_gil_is_said_of_a_lane_that_waits_for_it() {
    let mut driver = AppDriver::new(Scenario::default(), Selection::only(Workload::Cpu, Mode::Gil))
        .play_to_end();
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("j.+++}}}}");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("lock wait, worker-") && rows.contains("holds the GIL"), "{rows}");
}

/// As on a lane of pages: what is under the cursor, and not what is last in view.
#[test]
fn enter_reads_the_command_under_the_cursor() {
    let sequential = Selection::only(Workload::Commands, Mode::Sequential);
    let mut driver = AppDriver::new(Scenario::default(), sequential).play_to_end();
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("..");
    driver.press(KeyCode::Enter);
    let Some(Overlay::Output(reading)) = driver.app.overlay() else { panic!("no output") };
    assert_eq!(reading.task.0, 2);
}

#[test]
fn a_run_that_begins_again_is_looked_at_anew() {
    let mut driver = seen().press_keys("jj.v}}");
    driver.press(KeyCode::Enter);
    let driver = driver.press_keys("r");
    let app = &driver.app;
    assert_eq!((app.cursor(), app.range(), app.detail_pane()), (None, None, None));
    assert_eq!(app.lane_index(), Some(1));
    assert!(!app.can_undo());
}

/// Draws a screen; where it has room for lanes, the lane that was chosen and what is open are in sight.
#[track_caller]
fn assert_pane_in_sight(driver: &mut AppDriver, size: (u16, u16)) {
    assert_in_sight(driver, size, COLOUR);
    if size.0 < 40 || size.1 < 10 {
        return;
    }
    let screen = driver.rows(size).join("\n");
    let words = match driver.app.detail_pane() {
        Some(DetailPane::Inspector) => chosen_lane(&driver.app).unwrap(),
        // Lanes are needed to mark a range on, and have all the room that there is.
        Some(DetailPane::Range(..)) if !driver.app.is_selecting_range() => "range".to_owned(),
        Some(DetailPane::Range(..)) | None => return,
    };
    assert!(screen.contains(&words), "no {words:?} at {size:?}:\n{screen}");
}

#[test]
fn every_size_with_a_pane() {
    for keys in ["..", "..v}}}", "v}}v"] {
        for pane in [true, false] {
            let mut driver = retried().press_keys("jjjj").press_keys(keys);
            if pane {
                driver.press(KeyCode::Enter);
            }
            for width in (0..=200).step_by(7).chain([38, 39, 40, 59, 60, 79, 80, 109, 110]) {
                for height in (0..=60).step_by(5).chain([9, 11, 13, 14, 19, 29]) {
                    assert_pane_in_sight(&mut driver, (width, height));
                }
            }
        }
    }
}

#[test]
fn a_limit_is_looked_at_while_it_holds() {
    let job = Scenario {
        costs_quota: true,
        limited: Some((Mode::Threads, 5, LimitKind::Primary)),
        ..Scenario::default()
    };
    let mut driver =
        AppDriver::new(job, Selection::race(Workload::Followers)).play_until(Mode::Threads, 60_000);
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("jjjjjj.");
    driver.press(KeyCode::Enter);
    let rows = driver.rows(WIDE).join("\n");
    assert!(rows.contains("attempt 1 of 2"), "{rows}");
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// Whatever is pressed, in a run that goes on, held still or over.
    #[test]
    fn no_keys_lead_to_nonsense(
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
            if let Some((from, to)) = driver.app.range() {
                prop_assert!(from <= to);
            }
        }
    }
}
