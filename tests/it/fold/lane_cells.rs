//! The state times and cells of a lane, checked against a count of nanoseconds.

use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::model::{Lane, LaneCell, Nanos, State, TaskId};

use super::config;
use super::lane_oracle::{LaneAction, LaneOracle, lane_actions};

const CELLS: usize = 200;

fn cells(lane: &Lane, from: u64, width: u64, until: u64) -> Vec<LaneCell> {
    lane.cells(Nanos(from), Nanos(width), CELLS, Nanos(until)).collect()
}

fn widths() -> impl Strategy<Value = u64> {
    prop_oneof![1..40_u64, 40..400_u64, 400..4_000_u64]
}

proptest! {
    #![proptest_config(Config { cases: 400, ..config() })]

    #[test]
    fn state_times_match_a_count_of_nanoseconds(
        actions in lane_actions(),
        [mut a, mut b, mut c] in prop::array::uniform3(0..6_000_u64),
    ) {
        let oracle = LaneOracle::new(&actions);
        let lane = &oracle.lane;
        if a > b { std::mem::swap(&mut a, &mut b); }
        if b > c { std::mem::swap(&mut b, &mut c); }
        if a > b { std::mem::swap(&mut a, &mut b); }
        prop_assert_eq!(lane.state_times_between(Nanos(a), Nanos(b)), oracle.state_times(a, b));
        let halves = [lane.state_times_between(Nanos(a), Nanos(b)), lane.state_times_between(Nanos(b), Nanos(c))];
        let whole = lane.state_times_between(Nanos(a), Nanos(c));
        for state in State::ALL {
            prop_assert_eq!(halves[0][state] + halves[1][state], whole[state]);
        }
        prop_assert_eq!(whole.total(), c - a);
    }

    #[test]
    fn lane_cells_match_the_oracle(
        actions in lane_actions(),
        first in 0..40_u64,
        width in widths(),
        beyond in 0..500_u64,
        early in 0..3_000_u64,
    ) {
        let oracle = LaneOracle::new(&actions);
        let from = first * width;
        for until in [oracle.now, oracle.now + beyond, oracle.now.saturating_sub(early)] {
            let cells = cells(&oracle.lane, from, width, until);
            let count = until.saturating_sub(from).div_ceil(width).min(CELLS as u64);
            prop_assert_eq!(cells.len() as u64, count);
            for (start, &cell) in (from..).step_by(width as usize).zip(&cells) {
                oracle.expected_cell(start, start + width, until).check(cell)?;
            }
        }
    }

    #[test]
    fn later_events_change_no_earlier_cell(
        actions in lane_actions(),
        cut in 0..120_usize,
        width in widths(),
        gap in 0..50_u64,
    ) {
        let mut oracle = LaneOracle::new(&actions[..cut.min(actions.len())]);
        let until = oracle.now + gap;
        let before = cells(&oracle.lane, 0, width, until);
        let sums = oracle.lane.state_times_between(Nanos::ZERO, Nanos(until));
        let mut pause = gap + 1;
        for &(next, action) in &actions[cut.min(actions.len())..] {
            oracle.apply(pause + next, action);
            pause = 0;
        }
        prop_assert_eq!(cells(&oracle.lane, 0, width, until), before);
        prop_assert_eq!(oracle.lane.state_times_between(Nanos::ZERO, Nanos(until)), sums);
    }

    #[test]
    fn each_error_is_shown_in_one_cell(
        actions in lane_actions(),
        width in widths(),
        first in 0..3_u64,
    ) {
        let oracle = LaneOracle::new(&actions);
        let from = first * width;
        let until = oracle.now;
        let is_error = |cell: &&LaneCell| **cell == LaneCell::Whole(State::Error);
        let shown = cells(&oracle.lane, from, width, until).iter().filter(is_error).count();
        // An error at time 0 belongs to the first cell.
        let cell_of = |at: u64| at.saturating_sub(1) / width;
        let mut failed: Vec<u64> = oracle.errors.iter().map(|&at| cell_of(at)).collect();
        failed.dedup();
        failed.retain(|cell| (first..first + CELLS as u64).contains(cell) && cell * width < until);
        // A lane that fails without a task stays in the error state.
        let lasting = oracle.state_times(0, until)[State::Error] > 0;
        prop_assert!(shown == failed.len() || lasting && shown > failed.len());
    }
}

#[test]
fn edge_is_drawn_at_the_nearest_eighth_of_a_cell() {
    for change in 1..800_u64 {
        let oracle =
            LaneOracle::new(&[(0, LaneAction::Start), (change, LaneAction::Enter(State::Waiting))]);
        let eighths = (change * 8 + 400) / 800;
        let cell = match eighths {
            0 => LaneCell::Whole(State::Waiting),
            8 => LaneCell::Whole(State::Computing),
            _ => LaneCell::Edge {
                left: State::Computing,
                right: State::Waiting,
                eighths: eighths as u8,
            },
        };
        let shown = cells(&oracle.lane, 0, 800, 800)[0];
        let near = change == 50 || change == 750;
        assert!(shown == cell || near, "{change}: {shown:?} {cell:?}");
    }
}

#[test]
fn failure_at_the_end_of_a_lane_is_shown_in_its_last_cell() {
    let oracle = LaneOracle::new(&[(0, LaneAction::Start), (300, LaneAction::Fail)]);
    let failed = LaneCell::Whole(State::Error);
    // The run ends at a cell's border, so the failure belongs to the last cell.
    assert_eq!(
        cells(&oracle.lane, 0, 100, 300),
        [LaneCell::Whole(State::Computing); 2].into_iter().chain([failed]).collect::<Vec<_>>()
    );
    assert_eq!(cells(&oracle.lane, 300, 100, 400), [LaneCell::Whole(State::Idle)]);
    // A view that was paused before the failure does not show it.
    assert_eq!(
        cells(&oracle.lane, 0, 1_000, 299).iter().filter(|&&cell| cell == failed).count(),
        0
    );
}

#[test]
fn throttling_is_shown_however_short() {
    for gap in [1, 10, 30, 100] {
        let throttled = LaneAction::Enter(State::Throttled);
        let waiting = LaneAction::Enter(State::Waiting);
        let oracle = LaneOracle::new(&[(0, LaneAction::Start), (500, throttled), (gap, waiting)]);
        let cell = cells(&oracle.lane, 0, 1_000, 1_000)[0];
        assert!(matches!(cell, LaneCell::Merged { main: State::Throttled, .. }), "{gap} {cell:?}");
    }
}

#[test]
fn interruption_of_a_sixteenth_of_a_cell_is_not_drawn() {
    let enter = LaneAction::Enter;
    for (length, cell) in [
        (100, LaneCell::Whole(State::Waiting)),
        (200, LaneCell::Merged { main: State::Waiting, eighths: 8 }),
    ] {
        let oracle = LaneOracle::new(&[
            (0, enter(State::Waiting)),
            (800, enter(State::Computing)),
            (length, enter(State::Waiting)),
        ]);
        assert_eq!(cells(&oracle.lane, 0, 1_600, 1_600), [cell], "{length}");
    }
}

#[test]
fn merged_cell_has_its_main_state_and_its_busy_share() {
    let enter = LaneAction::Enter;
    let oracle = LaneOracle::new(&[
        (200, enter(State::Receiving)),
        (200, enter(State::Idle)),
        (100, enter(State::Waiting)),
        (100, enter(State::Idle)),
    ]);
    let main = LaneCell::Merged { main: State::Receiving, eighths: 3 };
    assert_eq!(cells(&oracle.lane, 0, 800, 800), [main]);
    // Work of a sixteenth of the cell leaves the lane idle.
    let oracle = LaneOracle::new(&[(200, enter(State::Receiving)), (50, enter(State::Idle))]);
    assert_eq!(cells(&oracle.lane, 0, 800, 800), [LaneCell::Whole(State::Idle)]);
}

#[test]
fn spans_are_found_by_time() {
    let mut lane = Lane::default();
    for (start, end, task) in [(10, 20, 1), (20, 30, 2), (40, 45, 3)] {
        lane.start_task(Nanos(start), TaskId(task));
        lane.finish_task(Nanos(end));
    }
    let at = |t| lane.span_at(Nanos(t)).map(|span| span.task.0);
    assert_eq!(
        [at(9), at(10), at(19), at(20), at(35), at(99)],
        [None, Some(1), Some(1), Some(2), Some(2), Some(3)]
    );
    let from = |t| lane.span_from(Nanos(t)).map(|span| span.task.0);
    assert_eq!(
        [from(0), from(10), from(11), from(40), from(41)],
        [Some(1), Some(1), Some(2), Some(3), None]
    );
}
