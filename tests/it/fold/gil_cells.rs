//! The cells of the GIL's row, by example and checked against the held share.

use proptest::prelude::*;
use threadline::model::{
    ComputeSpec, Event, EventKind, GilCell, LaneId, Mode, Nanos, Plan, Run, State, WorkSpec,
};

use super::config;

/// Returns a run with the given holds of the GIL: lane, start and end.
fn run_with_holds(holds: &[(u16, u64, u64)]) -> Run {
    let mut run = Run::opened(Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, 3, 8));
    let mut enter = |lane, at, state| {
        run.apply(&Event {
            at: Nanos(at),
            lane: LaneId(lane),
            kind: EventKind::StateEntered { state },
        });
    };
    for &(lane, start, end) in holds {
        enter(lane, start, State::Computing);
        enter(lane, end, State::LockWait);
    }
    run
}

/// Returns the cells of the holds from 0 on, each 80 ns wide.
fn cells(holds: &[(u16, u64, u64)], until: u64) -> Vec<GilCell> {
    let run = run_with_holds(holds);
    run.gil().unwrap().cells(Nanos(0), Nanos(80), 100, Nanos(until)).collect()
}

const fn whole(lane: u16) -> GilCell {
    GilCell::Whole(Some(LaneId(lane)))
}

const FREE: GilCell = GilCell::Whole(None);

const fn edge(left: Option<LaneId>, right: Option<LaneId>, eighths: u8) -> GilCell {
    GilCell::Edge { left, right, eighths }
}

#[test]
fn cells_show_one_holder_or_a_free_gil() {
    assert_eq!(cells(&[], 160), [FREE, FREE]);
    assert_eq!(cells(&[(1, 80, 240)], 320), [FREE, whole(1), whole(1), FREE]);
}

#[test]
fn change_of_holder_is_drawn_at_its_eighth() {
    let (one, two) = (Some(LaneId(0)), Some(LaneId(1)));
    assert_eq!(cells(&[(0, 0, 30), (1, 30, 160)], 160), [edge(one, two, 3), whole(1)]);
    assert_eq!(cells(&[(1, 20, 160)], 160), [edge(None, two, 2), whole(1)]);
    assert_eq!(cells(&[(0, 0, 60)], 160), [edge(one, None, 6), FREE]);
}

#[test]
fn last_cell_ends_with_the_run() {
    assert_eq!(cells(&[(0, 0, 1_000)], 120), [whole(0), edge(Some(LaneId(0)), None, 4)]);
}

#[test]
fn gap_shorter_than_a_sixteenth_of_a_cell_is_ignored() {
    assert_eq!(cells(&[(0, 0, 38), (0, 41, 80)], 80), [whole(0)]);
    let both = edge(Some(LaneId(0)), Some(LaneId(2)), 4);
    assert_eq!(cells(&[(0, 0, 40), (2, 43, 80)], 80), [both]);
}

#[test]
fn merged_cell_has_its_main_holder() {
    let merged = |lane, eighths| [GilCell::Merged { lane: Some(LaneId(lane)), eighths }];
    assert_eq!(cells(&[(0, 0, 20), (1, 20, 41), (0, 41, 60), (1, 60, 80)], 80), merged(1, 8));
    assert_eq!(cells(&[(0, 10, 40), (0, 50, 70)], 80), merged(0, 5));
    let most = [(0, 0, 15), (1, 15, 25), (0, 25, 40), (2, 40, 68)];
    assert_eq!(cells(&most, 80), merged(0, 7));
    // The first of equal holders.
    assert_eq!(cells(&[(2, 0, 20), (1, 20, 40), (0, 40, 60)], 80), merged(2, 6));
}

#[test]
fn hold_of_a_sixteenth_of_a_cell_is_not_drawn() {
    assert_eq!(cells(&[(0, 10, 15)], 80), [FREE]);
    assert_eq!(cells(&[(0, 10, 12), (1, 30, 33)], 80), [FREE]);
}

#[test]
fn cell_with_too_many_changes_shows_only_the_share() {
    let holds: Vec<_> = (0..200).map(|turn| ((turn % 3) as u16, turn * 2, turn * 2 + 1)).collect();
    let run = run_with_holds(&holds);
    let cells = run.gil().unwrap().cells(Nanos(0), Nanos(400), 100, Nanos(400));
    assert_eq!(cells.collect::<Vec<_>>(), [GilCell::Merged { lane: None, eighths: 4 }]);
}

proptest! {
    #![proptest_config(config())]

    /// The tolerance is an eighth for rounding and a sixteenth for ignored gaps.
    #[test]
    fn gil_cells_match_the_held_share(
        turns in prop::collection::vec((0..3_u16, 0..60_u64, 1..200_u64), 0..60),
        width in 1..400_u64,
    ) {
        let mut at = 0;
        let holds: Vec<(u16, u64, u64)> = turns
            .into_iter()
            .map(|(lane, pause, length)| {
                let start = at + pause;
                at = start + length;
                (lane, start, at)
            })
            .collect();
        let run = run_with_holds(&holds);
        let gil = run.gil().unwrap();
        let until = at + 50;
        let cells = gil.cells(Nanos(0), Nanos(width), 2_000, Nanos(until));
        for (index, cell) in (0..).zip(cells) {
            let (start, end) = (index * width, (index + 1) * width);
            let share = gil.share_between(Nanos(start), Nanos(end)).share;
            let drawn = match cell {
                GilCell::Whole(None) => 0.0,
                GilCell::Whole(Some(_))
                | GilCell::Edge { left: Some(_), right: Some(_), .. } => 1.0,
                GilCell::Edge { left: None, eighths, .. } => 1.0 - f64::from(eighths) / 8.0,
                GilCell::Edge { eighths, .. } | GilCell::Merged { eighths, .. } => {
                    f64::from(eighths) / 8.0
                }
            };
            prop_assert!((share - drawn).abs() <= 0.19, "{cell:?} at {start}: {share}");
        }
    }
}
