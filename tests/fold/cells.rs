//! A lane's sums and cells, against counting nanoseconds.

use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::model::{Lane, LaneCell, Nanos, State, TaskId};

use super::config;
use super::oracle::{LaneAct, LaneOracle, acts};

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
    fn sums_are_the_nanoseconds_counted(
        acts in acts(),
        [mut a, mut b, mut c] in prop::array::uniform3(0..6_000_u64),
    ) {
        let told = LaneOracle::new(&acts);
        let lane = &told.lane;
        if a > b { std::mem::swap(&mut a, &mut b); }
        if b > c { std::mem::swap(&mut b, &mut c); }
        if a > b { std::mem::swap(&mut a, &mut b); }
        prop_assert_eq!(lane.state_times_between(Nanos(a), Nanos(b)), told.count(a, b));
        let halves = [lane.state_times_between(Nanos(a), Nanos(b)), lane.state_times_between(Nanos(b), Nanos(c))];
        let whole = lane.state_times_between(Nanos(a), Nanos(c));
        for (state, sum) in whole.iter().enumerate() {
            prop_assert_eq!(halves[0][state] + halves[1][state], *sum);
        }
        prop_assert_eq!(whole.iter().sum::<u64>(), c - a);
        prop_assert_eq!(lane.busy_time(Nanos(c)).0, told.count(0, c)[1..].iter().sum::<u64>());
    }

    #[test]
    fn a_cell_shows_what_happens_in_it(
        acts in acts(),
        first in 0..40_u64,
        width in widths(),
        beyond in 0..500_u64,
        early in 0..3_000_u64,
    ) {
        let told = LaneOracle::new(&acts);
        let from = first * width;
        for until in [told.now, told.now + beyond, told.now.saturating_sub(early)] {
            let cells = cells(&told.lane, from, width, until);
            let count = until.saturating_sub(from).div_ceil(width).min(CELLS as u64);
            prop_assert_eq!(cells.len() as u64, count);
            for (start, &cell) in (from..).step_by(width as usize).zip(&cells) {
                told.part(start, start + width, until).check(cell)?;
            }
        }
    }

    #[test]
    fn what_comes_later_changes_no_cell(
        acts in acts(),
        cut in 0..120_usize,
        width in widths(),
        gap in 0..50_u64,
    ) {
        let mut told = LaneOracle::new(&acts[..cut.min(acts.len())]);
        let until = told.now + gap;
        let before = cells(&told.lane, 0, width, until);
        let sums = told.lane.state_times_between(Nanos::ZERO, Nanos(until));
        let mut pause = gap + 1;
        for &(next, act) in &acts[cut.min(acts.len())..] {
            told.apply(pause + next, act);
            pause = 0;
        }
        prop_assert_eq!(cells(&told.lane, 0, width, until), before);
        prop_assert_eq!(told.lane.state_times_between(Nanos::ZERO, Nanos(until)), sums);
    }

    #[test]
    fn every_error_is_in_one_cell(acts in acts(), width in widths(), first in 0..3_u64) {
        let told = LaneOracle::new(&acts);
        let from = first * width;
        let until = told.now;
        let red = |cell: &&LaneCell| **cell == LaneCell::Whole(State::Error);
        let shown = cells(&told.lane, from, width, until).iter().filter(red).count();
        // The error at the very start has its place in the first cell, if there is one.
        let cell_of = |at: u64| at.saturating_sub(1) / width;
        let mut failed: Vec<u64> = told.errors.iter().map(|&at| cell_of(at)).collect();
        failed.dedup();
        failed.retain(|cell| (first..first + CELLS as u64).contains(cell) && cell * width < until);
        // A lane that was told of an error without a task stays in that state.
        let lasting = told.count(0, until)[State::Error as usize] > 0;
        prop_assert!(shown == failed.len() || lasting && shown > failed.len());
    }
}

#[test]
fn an_edge_is_where_the_change_is_to_an_eighth() {
    for change in 1..800_u64 {
        let told =
            LaneOracle::new(&[(0, LaneAct::Start), (change, LaneAct::Enter(State::Waiting))]);
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
        let shown = cells(&told.lane, 0, 800, 800)[0];
        let near = change == 50 || change == 750;
        assert!(shown == cell || near, "{change}: {shown:?} {cell:?}");
    }
}

#[test]
fn a_task_that_fails_at_the_last_moment_is_seen_to_fail() {
    let told = LaneOracle::new(&[(0, LaneAct::Start), (300, LaneAct::Fail)]);
    let failed = LaneCell::Whole(State::Error);
    // The lane's life ends at a border: what failed belongs to the last cell.
    assert_eq!(
        cells(&told.lane, 0, 100, 300),
        [LaneCell::Whole(State::Computing); 2].into_iter().chain([failed]).collect::<Vec<_>>()
    );
    assert_eq!(cells(&told.lane, 300, 100, 400), [LaneCell::Whole(State::Idle)]);
    // A view that was paused before knows nothing of it.
    assert_eq!(cells(&told.lane, 0, 1_000, 299).iter().filter(|&&cell| cell == failed).count(), 0);
}

#[test]
fn a_throttle_is_seen_however_short() {
    for gap in [1, 10, 30, 100] {
        let throttled = LaneAct::Enter(State::Throttled);
        let waiting = LaneAct::Enter(State::Waiting);
        let told = LaneOracle::new(&[(0, LaneAct::Start), (500, throttled), (gap, waiting)]);
        let cell = cells(&told.lane, 0, 1_000, 1_000)[0];
        assert!(matches!(cell, LaneCell::Merged { top: State::Throttled, .. }), "{gap} {cell:?}");
    }
}

#[test]
fn a_span_is_found_by_time() {
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
