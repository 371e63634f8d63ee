//! A lane as a list of nanoseconds: what each cell must show, found by counting them.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{Lane, LaneCell, Nanos, State, TaskId};

/// Something that a lane is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LaneAct {
    Start,
    Enter(State),
    Finish,
    Fail,
}

/// A lane, and the same by the nanosecond.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneOracle {
    pub(crate) lane: Lane,
    /// What it does in each nanosecond so far.
    pub(crate) states: Vec<State>,
    /// When it changed.
    pub(crate) changes: Vec<u64>,
    /// When it failed.
    pub(crate) errors: Vec<u64>,
    pub(crate) now: u64,
    state: State,
    working: bool,
}

/// What a lane is told, each after a pause: short ones and long ones, so that cells hold none, one
/// and many.
pub(crate) fn acts() -> impl Strategy<Value = Vec<(u64, LaneAct)>> {
    let pause = prop_oneof![4 => 0..6_u64, 3 => 0..60_u64, 1 => 200..900_u64];
    let act = prop_oneof![
        2 => Just(LaneAct::Start),
        5 => select(State::ALL[1..State::ALL.len() - 1].to_vec()).prop_map(LaneAct::Enter),
        // Two that take turns: cells of one kind of change.
        3 => select(vec![State::Waiting, State::Computing]).prop_map(LaneAct::Enter),
        2 => Just(LaneAct::Finish),
        1 => Just(LaneAct::Fail),
    ];
    prop::collection::vec((pause, act), 0..120)
}

impl LaneOracle {
    pub(crate) fn new(acts: &[(u64, LaneAct)]) -> Self {
        let mut told = Self::default();
        for &(pause, act) in acts {
            told.apply(pause, act);
        }
        told
    }

    pub(crate) fn apply(&mut self, pause: u64, act: LaneAct) {
        self.states.resize((self.now + pause) as usize, self.state);
        self.now += pause;
        let at = Nanos(self.now);
        match act {
            LaneAct::Start => {
                self.lane.start_task(at, TaskId(1));
                (self.state, self.working) = (State::Computing, true);
            }
            LaneAct::Enter(state) => {
                self.lane.enter_state(at, state);
                self.state = state;
            }
            LaneAct::Finish => self.finish(at),
            LaneAct::Fail => {
                self.lane.enter_state(at, State::Error);
                self.state = State::Error;
                self.errors.push(self.now);
                self.finish(at);
            }
        }
        self.changes.push(self.now);
    }

    fn finish(&mut self, at: Nanos) {
        self.lane.finish_task(at);
        if self.working {
            (self.state, self.working) = (State::Idle, false);
        }
    }

    /// What it does in one nanosecond.
    pub(crate) fn state_at(&self, t: u64) -> State {
        self.states.get(t as usize).copied().unwrap_or(self.state)
    }

    /// Nanoseconds in each state in [a, b).
    pub(crate) fn count(&self, a: u64, b: u64) -> [u64; State::ALL.len()] {
        let mut sums = [0; State::ALL.len()];
        for t in a..b {
            sums[self.state_at(t) as usize] += 1;
        }
        sums
    }

    /// Whether it failed in (a, b], or at 0 in what begins there.
    pub(crate) fn failed(&self, a: u64, b: u64) -> bool {
        self.errors.iter().any(|&at| (at > a || at == 0 && a == 0) && at <= b)
    }

    /// What happens in [start, end) of a lane that has lived until `until`.
    pub(crate) fn part(&self, start: u64, end: u64, until: u64) -> ExpectedCell {
        let states = (start..end).map(|t| if t < until { self.state_at(t) } else { State::Idle });
        let mut stretches: Vec<(State, u64)> = Vec::new();
        for state in states {
            match stretches.last_mut() {
                Some((last, length)) if *last == state => *length += 1,
                _ => stretches.push((state, 1)),
            }
        }
        // An act is up to three entries on the lane.
        let changes = self.changes.iter().filter(|&&at| at >= start && at < end).count();
        let failed = self.failed(start, end.min(until));
        ExpectedCell { stretches, width: end - start, crowded: changes > 4, failed }
    }
}

/// A cell's time, stretch by stretch of one state.
#[derive(Debug)]
pub(crate) struct ExpectedCell {
    stretches: Vec<(State, u64)>,
    width: u64,
    /// Whether there may be too many changes to look at each.
    crowded: bool,
    failed: bool,
}

impl ExpectedCell {
    fn time(&self, state: State) -> u64 {
        let of_state = self.stretches.iter().filter(|(other, _)| *other == state);
        of_state.map(|(_, length)| length).sum()
    }

    /// The part of the cell that a state has, in eighths, rounded.
    fn eighths(&self, state: State) -> u64 {
        (self.time(state) * 16 + self.width) / (self.width * 2)
    }

    /// Checks what a cell shows against what happened in it.
    pub(crate) fn check(&self, cell: LaneCell) -> Result<(), TestCaseError> {
        if self.failed {
            prop_assert_eq!(cell, LaneCell::Whole(State::Error));
            return Ok(());
        }
        let (fine, most) = (self.width / 16, self.width / 8);
        match cell {
            LaneCell::Whole(state) => {
                prop_assert!(self.width - self.time(state) <= most, "{self:?}");
                prop_assert!(state == State::Throttled || self.time(State::Throttled) == 0);
                let ends = [self.stretches.first(), self.stretches.last()];
                let around = ends.iter().flatten().all(|(end, _)| *end == state);
                prop_assert!(!around || self.stretches.len() == 1, "an interruption: {self:?}");
            }
            LaneCell::Edge { left, right, eighths } => {
                prop_assert!((1..=7).contains(&eighths) && left != right);
                let others = self.width - self.time(left) - self.time(right);
                prop_assert!(others <= most, "{self:?}");
                let off = self.time(left).abs_diff(u64::from(eighths) * self.width / 8);
                prop_assert!(off <= fine + most + 1, "{off} {self:?}");
                for state in [State::Throttled, State::Error] {
                    let shown = left == state || right == state;
                    prop_assert!(shown || self.time(state) == 0, "{self:?}");
                }
            }
            LaneCell::Notched(state) => {
                let others = self.width - self.time(state);
                prop_assert!(others > 0 && others <= most, "{self:?}");
                prop_assert!(state < State::Throttled, "{self:?}");
            }
            LaneCell::Merged { top, under, eighths } => self.check_merged(top, under, eighths)?,
        }
        match (self.stretches.as_slice(), self.crowded) {
            (&[(only, _)], _) => prop_assert_eq!(cell, LaneCell::Whole(only)),
            (&[(left, _), (right, length)], false) if length.min(self.width - length) > fine => {
                let eighths = self.eighths(left) as u8;
                prop_assert_eq!(cell, LaneCell::Edge { left, right, eighths });
            }
            _ => {}
        }
        Ok(())
    }

    fn check_merged(&self, top: State, under: State, eighths: u8) -> Result<(), TestCaseError> {
        prop_assert!(top != under && self.time(under) > 0, "{self:?}");
        prop_assert_eq!(u64::from(eighths), self.eighths(top).clamp(1, 7), "{:?}", self);
        let rank = |state| (state >= State::Throttled && self.time(state) > 0, self.time(state));
        for state in State::ALL {
            prop_assert!(rank(top) >= rank(state), "{state:?} leads: {self:?}");
        }
        Ok(())
    }
}
