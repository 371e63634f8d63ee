//! The mouse over the lanes and over the table.

use ratatui::layout::Size;
use threadline::app::{Gesture, Msg, PointerTarget};
use threadline::model::Nanos;
use threadline::ui::{self, theme::Theme};

use crate::app_driver::{AppDriver, COLOUR};
use crate::keys::{press, seen};

fn mouse(driver: &mut AppDriver, gesture: Gesture, pointed: PointerTarget) {
    driver.app.update(Msg::Mouse(gesture, pointed));
}

/// The lane at a row of a screen of 120 columns and 36 rows.
fn lane_at(driver: &AppDriver, row: u16) -> Option<usize> {
    let look = Theme::new(COLOUR.0, COLOUR.1, driver.app.background());
    ui::pointer_target(&driver.app, look, Size::new(120, 36), 60, row).lane
}

#[test]
fn a_gap_below_a_lane_belongs_to_it() {
    let mut driver = seen();
    let rows = driver.rows((120, 36));
    let row = rows.iter().position(|row| row.contains("worker-2")).expect("a lane") as u16;
    let next = rows.iter().position(|row| row.contains("worker-3")).expect("a lane") as u16;
    assert!(next > row + 1, "no gap");
    for between in row..next {
        assert_eq!(lane_at(&driver, between), Some(2), "row {between}");
    }
    assert_eq!(lane_at(&driver, next), Some(3));
}

#[test]
fn a_range_that_is_dragged_ends_where_the_run_does() {
    let mut driver = seen();
    let edge = driver.app.runs().iter().filter_map(threadline::model::Run::duration).max().unwrap();
    let to = |at| PointerTarget { lane: Some(0), at: Some(at) };
    mouse(&mut driver, Gesture::Press, to(Nanos::ZERO));
    mouse(&mut driver, Gesture::Drag, to(edge + edge));
    mouse(&mut driver, Gesture::Release, PointerTarget::default());
    assert_eq!(driver.app.range(), Some((Nanos::ZERO, edge)));
}

#[test]
fn the_wheel_moves_through_the_table() {
    let mut driver = seen().press_keys("T");
    let row = |driver: &AppDriver| driver.app.table_view().expect("a table").selected_row();
    for (gesture, place) in [
        (Gesture::ScrollDown, 1),
        (Gesture::ScrollDown, 2),
        (Gesture::ScrollUp, 1),
        (Gesture::ScrollUp, 0),
    ] {
        mouse(&mut driver, gesture, PointerTarget::default());
        assert_eq!(row(&driver), place);
    }
}

#[test]
fn the_first_and_the_last_span_are_announced() {
    let mut driver = seen();
    // Five pages: the first is gone to, too, and there are four before the last.
    for (key, times, said) in
        [('.', 5, "last span on this lane"), (',', 4, "first span on this lane")]
    {
        for _ in 0..times {
            press(&mut driver, key);
            assert_ne!(driver.app.notice(), Some(said), "{key}");
            driver.draw((120, 36), COLOUR);
        }
        press(&mut driver, key);
        assert_eq!(driver.app.notice(), Some(said), "{key}");
    }
}
