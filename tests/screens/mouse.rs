//! The mouse over the lanes and over the table.

use ratatui::layout::Size;
use threadline::app::{Gesture, Msg, Pointed};
use threadline::model::Nanos;
use threadline::ui::{self, theme::Theme};

use crate::fabricate::{COLOUR, Sitting};
use crate::keys::{press, seen};

fn mouse(sitting: &mut Sitting, gesture: Gesture, pointed: Pointed) {
    sitting.app.update(Msg::Mouse(gesture, pointed));
}

/// The lane at a row of a screen of 120 columns and 36 rows.
fn lane_at(sitting: &Sitting, row: u16) -> Option<usize> {
    let look = Theme::new(COLOUR.0, COLOUR.1, sitting.app.background());
    ui::pointed_at(&sitting.app, look, Size::new(120, 36), 60, row).lane
}

#[test]
fn a_gap_below_a_lane_belongs_to_it() {
    let mut sitting = seen();
    let rows = sitting.rows((120, 36));
    let row = rows.iter().position(|row| row.contains("worker-2")).expect("a lane") as u16;
    let next = rows.iter().position(|row| row.contains("worker-3")).expect("a lane") as u16;
    assert!(next > row + 1, "no gap");
    for between in row..next {
        assert_eq!(lane_at(&sitting, between), Some(2), "row {between}");
    }
    assert_eq!(lane_at(&sitting, next), Some(3));
}

#[test]
fn a_range_that_is_dragged_ends_where_the_run_does() {
    let mut sitting = seen();
    let edge = sitting.app.runs().iter().filter_map(threadline::model::Run::took).max().unwrap();
    let to = |at| Pointed { lane: Some(0), at: Some(at) };
    mouse(&mut sitting, Gesture::Press, to(Nanos::ZERO));
    mouse(&mut sitting, Gesture::Drag, to(edge + edge));
    mouse(&mut sitting, Gesture::Release, Pointed::default());
    assert_eq!(sitting.app.range(), Some((Nanos::ZERO, edge)));
}

#[test]
fn the_wheel_moves_through_the_table() {
    let mut sitting = seen().pressed("T");
    let row = |sitting: &Sitting| sitting.app.listing().expect("a table").chosen();
    for (gesture, place) in
        [(Gesture::Farther, 1), (Gesture::Farther, 2), (Gesture::Closer, 1), (Gesture::Closer, 0)]
    {
        mouse(&mut sitting, gesture, Pointed::default());
        assert_eq!(row(&sitting), place);
    }
}

#[test]
fn the_first_and_the_last_span_are_told() {
    let mut sitting = seen();
    // Five pages: the first is gone to, too, and there are four before the last.
    for (key, times, said) in
        [('.', 5, "last span on this lane"), (',', 4, "first span on this lane")]
    {
        for _ in 0..times {
            press(&mut sitting, key);
            assert_ne!(sitting.app.notice(), Some(said), "{key}");
            sitting.draw((120, 36), COLOUR);
        }
        press(&mut sitting, key);
        assert_eq!(sitting.app.notice(), Some(said), "{key}");
    }
}
