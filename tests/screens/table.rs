//! The table of tasks: its rows, their order, and the way from a row to the timeline.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Popup;
use threadline::model::table::Column;
use threadline::model::{Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, screens};

/// A race in which page 3 fails twice with threads before it goes well, with its table.
fn listed() -> Sitting {
    let job = Job { retried: Some((Mode::Threads, 3, 2)), ..Job::default() };
    let mut sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    sitting.draw((120, 36), COLOUR);
    sitting.pressed("T")
}

/// The rows: task, attempt, mode.
fn rows(sitting: &Sitting) -> Vec<(u32, u32, Mode)> {
    let table = sitting.app.listing().expect("a table").table();
    let row = |place| {
        let (attempt, _) = sitting.app.listed(table.row(place).unwrap()).unwrap();
        (attempt.span.task.0, attempt.span.attempt, attempt.run.plan().mode)
    };
    (0..table.len()).map(row).collect()
}

fn chosen(sitting: &Sitting) -> (u32, u32, Mode) {
    rows(sitting)[sitting.app.listing().unwrap().chosen()]
}

/// Sorts by a column.
fn by(mut sitting: Sitting, column: Column) -> Sitting {
    while sitting.app.listing().unwrap().table().order().0 != column {
        press(&mut sitting, '>');
    }
    sitting
}

#[test]
fn every_attempt_of_every_run_has_a_row_by_its_start() {
    let sitting = listed();
    let rows = rows(&sitting);
    assert_eq!(rows.len(), 5 + 5 + 2);
    let starts = (0..rows.len()).map(|place| {
        let row = sitting.app.listing().unwrap().table().row(place).unwrap();
        sitting.app.listed(row).unwrap().0.span.start
    });
    assert!(starts.is_sorted());
    assert_eq!(sitting.app.listing().unwrap().table().order(), (Column::Start, false));
}

#[test]
fn angles_choose_the_column_and_i_inverts() {
    let sitting = by(listed(), Column::Task);
    let tasks: Vec<u32> = rows(&sitting).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5]);
    let sitting = sitting.pressed("I");
    let tasks: Vec<u32> = rows(&sitting).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 1, 1]);
    let sitting = by(sitting, Column::Attempt).pressed("I");
    assert_eq!(rows(&sitting)[0], (3, 3, Mode::Threads));
    let sitting = by(sitting, Column::Status).pressed("I");
    let failed: Vec<_> = rows(&sitting).into_iter().take(2).collect();
    assert!(failed.iter().all(|&(task, attempt, _)| task == 3 && attempt < 3), "{failed:?}");
    // A whole round of columns, and one back.
    let mut sitting = by(sitting, Column::Task);
    press(&mut sitting, '<');
    assert_eq!(sitting.app.listing().unwrap().table().order(), (Column::Error, false));
}

/// What one looks at does not change because it stands elsewhere.
#[test]
fn the_row_chosen_stays_chosen() {
    let mut sitting = by(listed(), Column::Attempt).pressed("I");
    assert_eq!(chosen(&sitting), (1, 1, Mode::Sequential), "the first from before");
    sitting.press(KeyCode::Home);
    assert_eq!(chosen(&sitting), (3, 3, Mode::Threads));
    for key in ['>', '<', 'I', '>', '>', 'I'] {
        press(&mut sitting, key);
        assert_eq!(chosen(&sitting), (3, 3, Mode::Threads), "{key}");
    }
}

#[test]
fn rows_of_a_task_that_was_tried_again_differ_at_every_width() {
    let mut sitting = listed();
    for size in EVERY {
        let shown = sitting.text(size, COLOUR);
        assert!(shown.contains(" try "), "{size:?}: {shown}");
    }
}

#[test]
fn keys_move_through_the_rows_and_stop_at_the_ends() {
    let mut sitting = listed();
    let at = |sitting: &Sitting| sitting.app.listing().unwrap().chosen();
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
        sitting.press(key);
        assert_eq!(at(&sitting), place, "{key:?}");
    }
    assert_eq!(sitting.app.lane(), None, "no lane is chosen meanwhile");
}

#[test]
fn enter_goes_to_the_span_and_escape_closes() {
    let mut sitting = by(listed(), Column::Attempt).pressed("I");
    sitting.press(KeyCode::Home);
    sitting.press(KeyCode::Enter);
    assert_eq!(sitting.app.popup(), None);
    assert_eq!(sitting.app.lane(), Some(3), "worker-3");
    let span = sitting.app.span().unwrap();
    assert_eq!((span.task.0, span.attempt), (3, 3));
    assert_eq!(sitting.app.cursor(), Some(span.start));
    for close in [KeyCode::Esc, KeyCode::Char('T'), KeyCode::Char('q')] {
        press(&mut sitting, 'T');
        assert_eq!(sitting.app.popup(), Some(Popup::Table));
        assert_eq!(sitting.press(close), None);
        assert_eq!(sitting.app.popup(), None);
    }
}

#[test]
fn the_table_lives_while_a_run_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 500);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed("T");
    assert_eq!(rows(&sitting), [(1, 1, Mode::Sequential)]);
    sitting.play(Nanos::from_millis(3_000));
    sitting.draw((120, 36), COLOUR);
    assert_eq!(rows(&sitting).len(), 4);
    assert_eq!(chosen(&sitting).0, 1);
    // What goes on stands below, whatever the order.
    let mut sitting = by(sitting, Column::Task).pressed("I");
    let tasks: Vec<u32> = rows(&sitting).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [3, 2, 1, 4]);
    sitting.press(KeyCode::End);
    assert_eq!(chosen(&sitting).0, 4);
    sitting.play(Nanos::from_millis(4_000));
    sitting.draw((120, 36), COLOUR);
    let tasks: Vec<u32> = rows(&sitting).iter().map(|row| row.0).collect();
    assert_eq!(tasks, [4, 3, 2, 1, 5]);
    assert_eq!(chosen(&sitting).0, 4, "also when it is over");
}

#[test]
fn another_run_has_a_table_of_its_own() {
    let mut sitting = listed();
    sitting.press(KeyCode::End);
    sitting.press(KeyCode::Esc);
    let mut sitting = sitting.pressed("2").finished();
    sitting.draw((120, 36), COLOUR);
    let sitting = sitting.pressed("T");
    assert_eq!(rows(&sitting).len(), 5);
    assert_eq!(sitting.app.listing().unwrap().chosen(), 0);
}

#[test]
fn a_table_without_rows_is_one() {
    let mut sitting = Sitting::race().pressed("T<>Ijk");
    sitting.press(KeyCode::Enter);
    assert!(sitting.rows((80, 24)).join("\n").contains("no task has begun so far"));
}

#[test]
fn table() {
    let failed = by(listed(), Column::Status).pressed("I");
    let mut failed = failed;
    failed.press(KeyCode::Home);
    insta::assert_snapshot!("table_failed", screens(failed, &EVERY));
    let running = Sitting::race().until(Mode::Threads, 900);
    insta::assert_snapshot!("table_running", screens(running.pressed("T"), &EVERY[..4]));
    let commands = Sitting::new(Job::default(), Selection::race(Workload::Commands)).finished();
    insta::assert_snapshot!("table_commands", screens(commands.pressed("T"), &EVERY[..4]));
    let cpu = Sitting::new(Job::default(), Selection::race(Workload::Cpu)).finished();
    insta::assert_snapshot!("table_cpu", screens(cpu.pressed("T"), &EVERY[1..2]));
    let mut ascii = seen().pressed("T");
    let mono = Kit(Depth::Mono, Glyphs::Ascii);
    insta::assert_snapshot!("table_ascii", ascii.text((80, 24), mono));
}
