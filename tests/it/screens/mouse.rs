//! Mouse gestures over the lanes and the table.

use ratatui::layout::Size;
use threadline::app::{Effect, Gesture, Msg, PointerTarget};
use threadline::model::{Mode, Nanos, Workload};
use threadline::ui;
use threadline::ui::theme::Theme;

use crate::app_driver::{AppDriver, COLOUR};
use crate::screens::run_keys::finished_race;

fn send_mouse(driver: &mut AppDriver, gesture: Gesture, target: PointerTarget) {
    driver.app.update(Msg::Mouse(gesture, target));
}

/// Returns the lane at a row of a screen of 120 columns and 36 rows.
fn lane_at(driver: &AppDriver, row: u16) -> Option<usize> {
    let theme = Theme::new(COLOUR.0, COLOUR.1, driver.app.background());
    ui::pointer_target(&driver.app, theme, Size::new(120, 36), 60, row).lane
}

#[test]
fn gap_below_a_lane_belongs_to_the_lane() {
    let mut driver = finished_race();
    let rows = driver.rows((120, 36));
    let row = rows.iter().position(|row| row.contains("worker-2")).expect("a lane") as u16;
    let next = rows.iter().position(|row| row.contains("worker-3")).expect("a lane") as u16;
    assert!(next > row + 1, "there is no gap");
    for between in row..next {
        assert_eq!(lane_at(&driver, between), Some(2), "row {between}");
    }
    assert_eq!(lane_at(&driver, next), Some(3));
}

#[test]
fn dragged_range_ends_at_the_end_of_the_run() {
    let mut driver = finished_race();
    let end = driver.app.runs().iter().filter_map(threadline::model::Run::duration).max().unwrap();
    let target_at = |at| PointerTarget { lane: Some(0), at: Some(at), action: None };
    send_mouse(&mut driver, Gesture::Press, target_at(Nanos::ZERO));
    send_mouse(&mut driver, Gesture::Drag, target_at(end + end));
    send_mouse(&mut driver, Gesture::Release, PointerTarget::default());
    assert_eq!(driver.app.picture().range(), Some((Nanos::ZERO, end)));
}

#[test]
fn wheel_moves_the_selected_row_of_the_table() {
    let mut driver = finished_race().press_keys("T");
    let selected_row = |driver: &AppDriver| driver.table_view().selected_row();
    for (gesture, row) in [
        (Gesture::ScrollDown, 1),
        (Gesture::ScrollDown, 2),
        (Gesture::ScrollUp, 1),
        (Gesture::ScrollUp, 0),
    ] {
        send_mouse(&mut driver, gesture, PointerTarget::default());
        assert_eq!(selected_row(&driver), row);
    }
}

/// Presses the button where a text stands, in a row that contains another text.
fn click(driver: &mut AppDriver, row_text: &str, text: &str) -> Option<Effect> {
    let size = (120, 36);
    let rows = driver.rows(size);
    let row = rows.iter().position(|row| row.contains(row_text)).expect("the row");
    let (before, _) = rows[row].split_once(text).expect("the text");
    let theme = Theme::new(COLOUR.0, COLOUR.1, driver.app.background());
    let column = before.chars().count() as u16;
    let target = ui::pointer_target(&driver.app, theme, size.into(), column, row as u16);
    let effect = driver.app.update(Msg::Mouse(Gesture::Press, target));
    driver.app.update(Msg::Mouse(Gesture::Release, target));
    effect
}

#[test]
fn modes_and_keys_can_be_clicked() {
    let mut driver = finished_race();
    let effect = click(&mut driver, "1 race", "3 threads");
    assert!(matches!(effect, Some(Effect::Start(runs)) if runs[0].plan.mode == Mode::Threads));
    let mut driver = finished_race();
    assert!(matches!(click(&mut driver, "Tab mode", "run again"), Some(Effect::Start(_))));
    let mut driver = finished_race();
    assert_eq!(driver.app.session().worker_count(Workload::Followers), 5);
    click(&mut driver, "Tab mode", "] workers");
    assert_eq!(driver.app.session().worker_count(Workload::Followers), 6);
    click(&mut driver, "Tab mode", "[ ]");
    assert_eq!(driver.app.session().worker_count(Workload::Followers), 5);
    assert_eq!(click(&mut driver, "Tab mode", "q quit"), Some(Effect::Quit));
}

#[test]
fn clicks_beside_the_modes_and_keys_do_nothing() {
    let mut driver = finished_race();
    let before = driver.rows((120, 36));
    assert_eq!(click(&mut driver, "Tab mode", "  r run"), None);
    assert_eq!(driver.rows((120, 36)), before);
}

#[test]
fn wheel_turns_the_pages_of_the_help() {
    let mut driver = finished_race().press_keys("?");
    let first = driver.rows((80, 24));
    send_mouse(&mut driver, Gesture::ScrollDown, PointerTarget::default());
    assert_ne!(driver.rows((80, 24)), first);
    send_mouse(&mut driver, Gesture::ScrollUp, PointerTarget::default());
    assert_eq!(driver.rows((80, 24)), first);
}
