//! The marks of a lane: each state at its exact time, or the shares of several states that fall within
//! a quarter of a pixel.

use crate::model::{Lane, Nanos, Run, State, StateTimes};

/// The minimum width of a mark in pixels; narrower states are merged.
const MIN_MARK_WIDTH: f64 = 0.25;

/// The maximum number of marks. Above it wider states are merged too, so that no picture exceeds 2 MB.
const MAX_MARKS: usize = 40_000;

/// The maximum number of states drawn for a merged block: those with the most time.
const MAX_SHARES: usize = 3;

/// An interval in one state, or the share of one state in a merged block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StateMark {
    pub(super) state: State,
    /// The start and the end in pixels from the left.
    pub(super) x: [f64; 2],
    /// The top and the bottom as fractions of the lane height, from 0 at the top to 1.
    pub(super) y: [f64; 2],
}

/// The marks of a lane.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneMarks {
    pub(super) states: Vec<StateMark>,
    /// The positions of errors, which are drawn on top.
    pub(super) errors: Vec<f64>,
}

/// The scale from time to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeScale {
    pub(super) width: f64,
    pub(super) end: Nanos,
}

impl TimeScale {
    pub(super) fn x(self, at: Nanos) -> f64 {
        at.0.min(self.end.0) as f64 / self.end.0.max(1) as f64 * self.width
    }
}

/// A sequence of short states.
#[derive(Clone, Copy, Default)]
struct MergedBlock {
    start: Nanos,
    end: Nanos,
    sums: StateTimes,
}

/// Returns the marks of all lanes of all runs, as fine as visible within [`MAX_MARKS`].
pub(super) fn marks_for_runs(runs: &[&Run], now: Nanos, scale: TimeScale) -> Vec<Vec<LaneMarks>> {
    let mut finest = MIN_MARK_WIDTH;
    loop {
        let runs = runs.iter().map(|run| {
            let until = run.elapsed(now);
            run.lanes().iter().map(|lane| marks_for_lane(lane, until, scale, finest)).collect()
        });
        let marks: Vec<Vec<LaneMarks>> = runs.collect();
        let lanes = marks.iter().flatten();
        let count: usize = lanes.map(|lane| lane.states.len() + lane.errors.len()).sum();
        if count <= MAX_MARKS || finest > scale.width {
            return marks;
        }
        finest *= 2.0;
    }
}

/// Returns the states whose marks together are large enough to be visible.
pub(super) fn visible_states(runs: &[Vec<LaneMarks>]) -> Vec<State> {
    /// In pixels of lane length at full height.
    const MIN_VISIBLE_AREA: f64 = 0.5;
    let is_seen = |&state: &State| {
        let marks = runs.iter().flatten().flat_map(|lane| &lane.states);
        let marks = marks.filter(|mark| mark.state == state);
        let length = marks
            .map(|StateMark { x: [from, to], y: [top, bottom], .. }| (to - from) * (bottom - top));
        let failed =
            state == State::Error && runs.iter().flatten().any(|lane| !lane.errors.is_empty());
        failed || length.sum::<f64>() >= MIN_VISIBLE_AREA
    };
    State::ALL.into_iter().skip(1).filter(is_seen).collect()
}

fn marks_for_lane(lane: &Lane, until: Nanos, scale: TimeScale, finest: f64) -> LaneMarks {
    let mut marks = LaneMarks::default();
    let mut block: Option<MergedBlock> = None;
    for stretch in lane.state_intervals(until) {
        let [from, to] = [stretch.start, stretch.end].map(|at| scale.x(at));
        if stretch.state == State::Error {
            let apart = |last: &f64| from - last >= finest;
            if marks.errors.last().is_none_or(apart) {
                marks.errors.push(from);
            }
        }
        if to - from >= finest {
            flush_block(block.take(), scale, &mut marks);
            marks.push(stretch.state, [from, to], [0.0, 1.0]);
            continue;
        }
        let open =
            block.get_or_insert(MergedBlock { start: stretch.start, ..MergedBlock::default() });
        open.end = stretch.end;
        open.sums.add(stretch.state, stretch.end.since(stretch.start).0);
        if scale.x(open.end) - scale.x(open.start) >= finest {
            flush_block(block.take(), scale, &mut marks);
        }
    }
    flush_block(block, scale, &mut marks);
    marks
}

/// Stacks the states of a block, the one with the most time at the bottom.
fn flush_block(block: Option<MergedBlock>, scale: TimeScale, marks: &mut LaneMarks) {
    let Some(MergedBlock { start, end, sums }) = block else { return };
    let x = [start, end].map(|at| scale.x(at));
    let all = sums.total();
    let mut shares: Vec<(State, u64)> = sums.spent().collect();
    shares.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    let mut bottom = 1.0;
    for (state, sum) in shares.into_iter().take(MAX_SHARES) {
        let top = bottom - sum as f64 / all.max(1) as f64;
        marks.push(state, x, [top.max(0.0), bottom]);
        bottom = top;
    }
}

impl LaneMarks {
    fn push(&mut self, state: State, x: [f64; 2], y: [f64; 2]) {
        if state != State::Idle && x.first() < x.last() {
            self.states.push(StateMark { state, x, y });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskId;

    const SCALE: TimeScale = TimeScale { width: 100.0, end: Nanos(1_000_000) };

    #[test]
    fn visible_states_are_at_their_exact_times() {
        let mut lane = Lane::default();
        lane.start_task(Nanos(100_000), TaskId(1));
        lane.enter_state(Nanos(100_000), State::Waiting);
        lane.enter_state(Nanos(400_000), State::Receiving);
        lane.finish_task(Nanos(450_000));
        let marks = marks_for_lane(&lane, SCALE.end, SCALE, MIN_MARK_WIDTH);
        let mark = |state, x| StateMark { state, x, y: [0.0, 1.0] };
        assert_eq!(
            marks.states,
            [mark(State::Waiting, [10.0, 40.0]), mark(State::Receiving, [40.0, 45.0])]
        );
        assert!(marks.errors.is_empty());
    }

    #[test]
    fn short_states_are_merged_by_time_and_errors_are_kept() {
        let mut lane = Lane::default();
        for task in 0..10_000_u64 {
            let start = task * 100;
            lane.start_task(Nanos(start), TaskId(task as u32 + 1));
            lane.enter_state(Nanos(start), State::Waiting);
            lane.enter_state(Nanos(start + 75), State::Receiving);
            if task == 5_000 {
                lane.enter_state(Nanos(start + 80), State::Error);
            }
            lane.finish_task(Nanos(start + 100));
        }
        let marks = marks_for_lane(&lane, SCALE.end, SCALE, MIN_MARK_WIDTH);
        assert!((300..=900).contains(&marks.states.len()), "{}", marks.states.len());
        let waiting = marks.states.iter().filter(|mark| mark.state == State::Waiting);
        let share = |mark: &StateMark| mark.y[1] - mark.y[0];
        assert!(waiting.clone().count() > 300);
        assert!(waiting.clone().all(|mark| (share(mark) - 0.75).abs() < 0.02));
        assert_eq!(marks.errors.len(), 1);
        assert!((marks.errors[0] - 50.0).abs() < 0.01);
    }

    #[test]
    fn huge_run_stays_within_the_maximum_number_of_marks() {
        let plan = crate::model::Plan::new(
            crate::model::WorkSpec::Cpu(crate::model::ComputeSpec::default()),
            crate::model::Mode::Threads,
            200,
            0,
        );
        let mut run = Run::opened(plan.clone());
        let mut apply = |at: u64, lane: u16, kind| {
            let lane = crate::model::LaneId(lane);
            run.apply(&crate::model::Event { at: Nanos(at), lane, kind });
        };
        apply(0, 0, crate::model::EventKind::RunStarted { plan });
        for at in 0..400 {
            for lane in 0..200 {
                let task = TaskId(at * 200 + u32::from(lane) + 1);
                apply(u64::from(at) * 2_500, lane, crate::model::EventKind::TaskStarted { task });
                let outcome = crate::model::TaskOutcome::Stopped;
                let end = u64::from(at) * 2_500 + 2_000;
                apply(end, lane, crate::model::EventKind::TaskFinished { task, outcome });
            }
        }
        let marks = marks_for_runs(&[&run], Nanos::ZERO, SCALE);
        let count: usize = marks.iter().flatten().map(|lane| lane.states.len()).sum();
        assert!((MAX_MARKS / 4..=MAX_MARKS).contains(&count), "{count}");
        assert_eq!(marks[0].len(), 200);
    }
}
