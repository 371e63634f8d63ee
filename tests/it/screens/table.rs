//! The table of attempts: its rows, their order and the way from a row to the timeline.

use ratatui::crossterm::event::KeyCode;
use threadline::analysis::attempt_table::AttemptColumn;
use threadline::app::Overlay;
use threadline::model::{Mode, Nanos, Run, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::run_keys::{finished_race, press};
use crate::screens::screen_text::{ALL_SIZES, screens};

/// The table of a race in which the threads run fetches page 3 on its third attempt.
fn table_with_retries() -> AppDriver {
    let scenario = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver.press_keys("T")
}

/// The rows: task, attempt, mode.
fn rows(driver: &AppDriver) -> Vec<(u32, u32, Mode)> {
    let table = driver.table_view().table();
    let visible: Vec<(&Run, Nanos)> = driver.app.visible_runs().collect();
    let row = |index| {
        let attempt = table.row(index).unwrap().attempt(&visible).unwrap();
        (attempt.span.task.0, attempt.span.attempt, attempt.run.plan().mode)
    };
    (0..table.len()).map(row).collect()
}

fn selected(driver: &AppDriver) -> (u32, u32, Mode) {
    rows(driver)[driver.table_view().selected_row()]
}

/// Sorts by a column.
fn sort_by(mut driver: AppDriver, column: AttemptColumn) -> AppDriver {
    while driver.table_view().table().column() != column {
        press(&mut driver, '>');
    }
    driver
}

#[test]
fn every_attempt_has_a_row_sorted_by_start() {
    let driver = table_with_retries();
    let rows = rows(&driver);
    assert_eq!(rows.len(), 5 + 5 + 2);
    let visible: Vec<(&Run, Nanos)> = driver.app.visible_runs().collect();
    let starts = (0..rows.len()).map(|index| {
        let row = driver.table_view().table().row(index).unwrap();
        row.attempt(&visible).unwrap().span.start
    });
    assert!(starts.is_sorted());
    assert_eq!(driver.table_view().table().column(), AttemptColumn::Start);
}

#[test]
fn angle_brackets_select_the_sort_column_and_problems_come_first() {
    let driver = sort_by(table_with_retries(), AttemptColumn::Task);
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5]);
    let driver = sort_by(driver, AttemptColumn::Attempt);
    assert_eq!(rows(&driver)[0], (3, 3, Mode::Threads));
    let driver = sort_by(driver, AttemptColumn::Status);
    let failed: Vec<_> = rows(&driver).into_iter().take(2).collect();
    assert!(failed.iter().all(|&(task, attempt, _)| task == 3 && attempt < 3), "{failed:?}");
    // The order of the columns is a cycle: the last one is before the first.
    let mut driver = sort_by(driver, AttemptColumn::Task);
    press(&mut driver, '<');
    assert_eq!(driver.table_view().table().column(), AttemptColumn::Error);
}

#[test]
fn sorting_keeps_the_selected_row() {
    let mut driver = sort_by(table_with_retries(), AttemptColumn::Attempt);
    assert_eq!(selected(&driver), (1, 1, Mode::Sequential), "the row selected before sorting");
    driver.press(KeyCode::Home);
    assert_eq!(selected(&driver), (3, 3, Mode::Threads));
    for key in ['>', '<', '>', '>'] {
        press(&mut driver, key);
        assert_eq!(selected(&driver), (3, 3, Mode::Threads), "{key}");
    }
}

#[test]
fn attempt_column_is_shown_at_every_width() {
    let mut driver = table_with_retries();
    for size in ALL_SIZES {
        let shown = driver.text(size, COLOUR);
        assert!(shown.contains(" try "), "{size:?}: {shown}");
    }
}

#[test]
fn keys_move_the_selected_row_and_stop_at_the_ends() {
    let mut driver = table_with_retries();
    let selected_row = |driver: &AppDriver| driver.table_view().selected_row();
    for (key, row) in [
        (KeyCode::Char('k'), 0),
        (KeyCode::Char('j'), 1),
        (KeyCode::Down, 2),
        (KeyCode::Up, 1),
        (KeyCode::PageDown, 11),
        (KeyCode::PageDown, 11),
        (KeyCode::PageUp, 1),
        (KeyCode::End, 11),
        (KeyCode::Char('j'), 11),
        (KeyCode::Home, 0),
    ] {
        driver.press(key);
        assert_eq!(selected_row(&driver), row, "{key:?}");
    }
    assert_eq!(driver.app.picture().lane_index(), None, "the lane selection does not change");
}

#[test]
fn enter_goes_to_the_span_and_escape_closes_the_table() {
    let mut driver = sort_by(table_with_retries(), AttemptColumn::Attempt);
    driver.press(KeyCode::Home);
    driver.press(KeyCode::Enter);
    assert!(driver.app.overlay().is_none());
    assert_eq!(driver.app.picture().lane_index(), Some(3), "worker-3");
    let span = driver.app.picture().selected_span(driver.app.session()).unwrap();
    assert_eq!((span.task.0, span.attempt), (3, 3));
    assert_eq!(driver.app.picture().cursor(), Some(span.start));
    for close in [KeyCode::Esc, KeyCode::Char('T'), KeyCode::Char('q')] {
        press(&mut driver, 'T');
        assert!(matches!(driver.app.overlay(), Some(Overlay::Table(_))));
        assert_eq!(driver.press(close), None);
        assert!(driver.app.overlay().is_none());
    }
}

#[test]
fn table_is_updated_during_a_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("T");
    assert_eq!(rows(&driver), [(1, 1, Mode::Sequential)]);
    driver.play_to(Nanos::from_millis(3_000));
    driver.draw((120, 36), COLOUR);
    assert_eq!(rows(&driver).len(), 4);
    assert_eq!(selected(&driver).0, 1);
    // Active attempts come last in every order.
    let mut driver = sort_by(driver, AttemptColumn::Attempt);
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [3, 2, 1, 4]);
    driver.press(KeyCode::End);
    assert_eq!(selected(&driver).0, 4);
    driver.play_to(Nanos::from_millis(4_000));
    driver.draw((120, 36), COLOUR);
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [4, 3, 2, 1, 5]);
    assert_eq!(selected(&driver).0, 4, "the row stays selected when its attempt ends");
}

#[test]
fn each_selection_has_its_own_table() {
    let mut driver = table_with_retries();
    driver.press(KeyCode::End);
    driver.press(KeyCode::Esc);
    let mut driver = driver.press_keys("2").play_to_end();
    driver.draw((120, 36), COLOUR);
    let driver = driver.press_keys("T");
    assert_eq!(rows(&driver).len(), 5);
    assert_eq!(driver.table_view().selected_row(), 0);
}

#[test]
fn empty_table_can_be_opened() {
    let mut driver = AppDriver::race().press_keys("T<>jk");
    driver.press(KeyCode::Enter);
    assert!(driver.rows((80, 24)).join("\n").contains("no task has started yet"));
}

#[test]
fn table_is_drawn_at_every_size() {
    let mut failed = sort_by(table_with_retries(), AttemptColumn::Status);
    failed.press(KeyCode::Home);
    insta::assert_snapshot!("table_of_failed_attempts", screens(failed, &ALL_SIZES));
    let running = AppDriver::race().play_until(Mode::Threads, 900);
    insta::assert_snapshot!(
        "table_of_active_run",
        screens(running.press_keys("T"), &ALL_SIZES[..4])
    );
    let commands =
        AppDriver::new(Scenario::default(), Selection::race(Workload::Commands)).play_to_end();
    insta::assert_snapshot!(
        "table_of_commands",
        screens(commands.press_keys("T"), &ALL_SIZES[..4])
    );
    let cpu = AppDriver::new(Scenario::default(), Selection::race(Workload::Cpu)).play_to_end();
    insta::assert_snapshot!("table_of_cpu_work", screens(cpu.press_keys("T"), &ALL_SIZES[1..2]));
    let mut ascii = finished_race().press_keys("T");
    let mono = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!("table_in_ascii", ascii.text((80, 24), mono));
}
