//! The table of tasks: its rows, their order, and the way from a row to the timeline.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Overlay;
use threadline::model::attempt_table::AttemptColumn;
use threadline::model::{Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, screens};

/// A race in which page 3 fails twice with threads before it goes well, with its table.
fn listed() -> AppDriver {
    let job = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let mut driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver.press_keys("T")
}

/// The rows: task, attempt, mode.
fn rows(driver: &AppDriver) -> Vec<(u32, u32, Mode)> {
    let table = driver.app.table_view().expect("a table").table();
    let row = |place| {
        let (attempt, _) = driver.app.attempt_in_row(table.row(place).unwrap()).unwrap();
        (attempt.span.task.0, attempt.span.attempt, attempt.run.plan().mode)
    };
    (0..table.len()).map(row).collect()
}

fn chosen(driver: &AppDriver) -> (u32, u32, Mode) {
    rows(driver)[driver.app.table_view().unwrap().selected_row()]
}

/// Sorts by a column.
fn by(mut driver: AppDriver, column: AttemptColumn) -> AppDriver {
    while driver.app.table_view().unwrap().table().order().0 != column {
        press(&mut driver, '>');
    }
    driver
}

#[test]
fn every_attempt_of_every_run_has_a_row_by_its_start() {
    let driver = listed();
    let rows = rows(&driver);
    assert_eq!(rows.len(), 5 + 5 + 2);
    let starts = (0..rows.len()).map(|place| {
        let row = driver.app.table_view().unwrap().table().row(place).unwrap();
        driver.app.attempt_in_row(row).unwrap().0.span.start
    });
    assert!(starts.is_sorted());
    assert_eq!(driver.app.table_view().unwrap().table().order(), (AttemptColumn::Start, false));
}

#[test]
fn angles_choose_the_column_and_i_inverts() {
    let driver = by(listed(), AttemptColumn::Task);
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5]);
    let driver = driver.press_keys("I");
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 1, 1]);
    let driver = by(driver, AttemptColumn::Attempt).press_keys("I");
    assert_eq!(rows(&driver)[0], (3, 3, Mode::Threads));
    let driver = by(driver, AttemptColumn::Status).press_keys("I");
    let failed: Vec<_> = rows(&driver).into_iter().take(2).collect();
    assert!(failed.iter().all(|&(task, attempt, _)| task == 3 && attempt < 3), "{failed:?}");
    // A whole round of columns, and one back.
    let mut driver = by(driver, AttemptColumn::Task);
    press(&mut driver, '<');
    assert_eq!(driver.app.table_view().unwrap().table().order(), (AttemptColumn::Error, false));
}

/// What one looks at does not change because it stands elsewhere.
#[test]
fn the_row_chosen_stays_chosen() {
    let mut driver = by(listed(), AttemptColumn::Attempt).press_keys("I");
    assert_eq!(chosen(&driver), (1, 1, Mode::Sequential), "the first from before");
    driver.press(KeyCode::Home);
    assert_eq!(chosen(&driver), (3, 3, Mode::Threads));
    for key in ['>', '<', 'I', '>', '>', 'I'] {
        press(&mut driver, key);
        assert_eq!(chosen(&driver), (3, 3, Mode::Threads), "{key}");
    }
}

#[test]
fn rows_of_a_task_that_was_tried_again_differ_at_every_width() {
    let mut driver = listed();
    for size in EVERY {
        let shown = driver.text(size, COLOUR);
        assert!(shown.contains(" try "), "{size:?}: {shown}");
    }
}

#[test]
fn keys_move_through_the_rows_and_stop_at_the_ends() {
    let mut driver = listed();
    let at = |driver: &AppDriver| driver.app.table_view().unwrap().selected_row();
    for (key, place) in [
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
        assert_eq!(at(&driver), place, "{key:?}");
    }
    assert_eq!(driver.app.lane_index(), None, "no lane is chosen meanwhile");
}

#[test]
fn enter_goes_to_the_span_and_escape_closes() {
    let mut driver = by(listed(), AttemptColumn::Attempt).press_keys("I");
    driver.press(KeyCode::Home);
    driver.press(KeyCode::Enter);
    assert_eq!(driver.app.overlay(), None);
    assert_eq!(driver.app.lane_index(), Some(3), "worker-3");
    let span = driver.app.selected_span().unwrap();
    assert_eq!((span.task.0, span.attempt), (3, 3));
    assert_eq!(driver.app.cursor(), Some(span.start));
    for close in [KeyCode::Esc, KeyCode::Char('T'), KeyCode::Char('q')] {
        press(&mut driver, 'T');
        assert_eq!(driver.app.overlay(), Some(Overlay::Table));
        assert_eq!(driver.press(close), None);
        assert_eq!(driver.app.overlay(), None);
    }
}

#[test]
fn the_table_lives_while_a_run_goes_on() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("T");
    assert_eq!(rows(&driver), [(1, 1, Mode::Sequential)]);
    driver.play_to(Nanos::from_millis(3_000));
    driver.draw((120, 36), COLOUR);
    assert_eq!(rows(&driver).len(), 4);
    assert_eq!(chosen(&driver).0, 1);
    // What goes on stands below, whatever the order.
    let mut driver = by(driver, AttemptColumn::Task).press_keys("I");
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [3, 2, 1, 4]);
    driver.press(KeyCode::End);
    assert_eq!(chosen(&driver).0, 4);
    driver.play_to(Nanos::from_millis(4_000));
    driver.draw((120, 36), COLOUR);
    let tasks: Vec<u32> = rows(&driver).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [4, 3, 2, 1, 5]);
    assert_eq!(chosen(&driver).0, 4, "also when it is over");
}

#[test]
fn another_run_has_a_table_of_its_own() {
    let mut driver = listed();
    driver.press(KeyCode::End);
    driver.press(KeyCode::Esc);
    let mut driver = driver.press_keys("2").play_to_end();
    driver.draw((120, 36), COLOUR);
    let driver = driver.press_keys("T");
    assert_eq!(rows(&driver).len(), 5);
    assert_eq!(driver.app.table_view().unwrap().selected_row(), 0);
}

#[test]
fn a_table_without_rows_is_one() {
    let mut driver = AppDriver::race().press_keys("T<>Ijk");
    driver.press(KeyCode::Enter);
    assert!(driver.rows((80, 24)).join("\n").contains("no task has started yet"));
}

#[test]
fn table() {
    let failed = by(listed(), AttemptColumn::Status).press_keys("I");
    let mut failed = failed;
    failed.press(KeyCode::Home);
    insta::assert_snapshot!("table_failed", screens(failed, &EVERY));
    let running = AppDriver::race().play_until(Mode::Threads, 900);
    insta::assert_snapshot!("table_running", screens(running.press_keys("T"), &EVERY[..4]));
    let commands =
        AppDriver::new(Scenario::default(), Selection::race(Workload::Commands)).play_to_end();
    insta::assert_snapshot!("table_commands", screens(commands.press_keys("T"), &EVERY[..4]));
    let cpu = AppDriver::new(Scenario::default(), Selection::race(Workload::Cpu)).play_to_end();
    insta::assert_snapshot!("table_cpu", screens(cpu.press_keys("T"), &EVERY[1..2]));
    let mut ascii = seen().press_keys("T");
    let mono = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!("table_ascii", ascii.text((80, 24), mono));
}
