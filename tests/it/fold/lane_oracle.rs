//! A reference implementation of a lane that stores the state of every nanosecond.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{Lane, LaneCell, Nanos, State, StateTimes, TaskId};

/// The states that every cell shows, however short they are.
const CRITICAL: [State; 4] = [State::RetryWait, State::Throttled, State::Unknown, State::Error];

/// An action on a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LaneAction {
    Start,
    Enter(State),
    Finish,
    Fail,
}

/// A lane and its reference: the state in each nanosecond.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneOracle {
    pub(crate) lane: Lane,
    /// The state in each nanosecond so far.
    pub(crate) states: Vec<State>,
    /// The times of all actions.
    pub(crate) changes: Vec<u64>,
    /// The times of all failures.
    pub(crate) errors: Vec<u64>,
    pub(crate) now: u64,
    state: State,
    working: bool,
}

/// Actions, each after a pause. The pauses are short and long, so that cells have no, one and many
/// changes.
pub(crate) fn lane_actions() -> impl Strategy<Value = Vec<(u64, LaneAction)>> {
    let pause = prop_oneof![4 => 0..6_u64, 3 => 0..60_u64, 1 => 200..900_u64];
    let action = prop_oneof![
        2 => Just(LaneAction::Start),
        5 => select(State::ALL[1..State::ALL.len() - 1].to_vec()).prop_map(LaneAction::Enter),
        // Two alternating states, for cells with only one kind of change.
        3 => select(vec![State::Waiting, State::Computing]).prop_map(LaneAction::Enter),
        2 => Just(LaneAction::Finish),
        1 => Just(LaneAction::Fail),
    ];
    prop::collection::vec((pause, action), 0..120)
}

impl LaneOracle {
    pub(crate) fn new(actions: &[(u64, LaneAction)]) -> Self {
        let mut oracle = Self::default();
        for &(pause, action) in actions {
            oracle.apply(pause, action);
        }
        oracle
    }

    pub(crate) fn apply(&mut self, pause: u64, action: LaneAction) {
        self.states.resize((self.now + pause) as usize, self.state);
        self.now += pause;
        let at = Nanos(self.now);
        match action {
            LaneAction::Start => {
                self.lane.start_task(at, TaskId(1));
                (self.state, self.working) = (State::Computing, true);
            }
            LaneAction::Enter(state) => {
                self.lane.enter_state(at, state);
                self.state = state;
            }
            LaneAction::Finish => self.finish_task(at),
            LaneAction::Fail => {
                self.lane.enter_state(at, State::Error);
                self.state = State::Error;
                self.errors.push(self.now);
                self.finish_task(at);
            }
        }
        self.changes.push(self.now);
    }

    fn finish_task(&mut self, at: Nanos) {
        self.lane.finish_task(at);
        if self.working {
            (self.state, self.working) = (State::Idle, false);
        }
    }

    /// Returns the state in one nanosecond.
    pub(crate) fn state_at(&self, t: u64) -> State {
        self.states.get(t as usize).copied().unwrap_or(self.state)
    }

    /// Returns the nanoseconds in each state in [a, b).
    pub(crate) fn state_times(&self, a: u64, b: u64) -> StateTimes {
        let mut sums = StateTimes::default();
        for t in a..b {
            sums.add(self.state_at(t), 1);
        }
        sums
    }

    /// Returns true if the lane failed in (a, b], or at 0 if `a` is 0.
    pub(crate) fn failed(&self, a: u64, b: u64) -> bool {
        self.errors.iter().any(|&at| (at > a || at == 0 && a == 0) && at <= b)
    }

    /// Returns the expected cell of [start, end) on a lane whose run lasted until `until`.
    pub(crate) fn expected_cell(&self, start: u64, end: u64, until: u64) -> ExpectedCell {
        let states = (start..end).map(|t| if t < until { self.state_at(t) } else { State::Idle });
        let mut segments: Vec<(State, u64)> = Vec::new();
        for state in states {
            match segments.last_mut() {
                Some((last, length)) if *last == state => *length += 1,
                _ => segments.push((state, 1)),
            }
        }
        // An action adds up to three entries to the lane.
        let changes = self.changes.iter().filter(|&&at| at >= start && at < end).count();
        let failed = self.failed(start, end.min(until));
        ExpectedCell { segments, width: end - start, crowded: changes > 4, failed }
    }
}

/// The time of a cell, as segments of one state each.
#[derive(Debug)]
pub(crate) struct ExpectedCell {
    segments: Vec<(State, u64)>,
    width: u64,
    /// True if the lane may have too many changes in this cell to draw each.
    crowded: bool,
    failed: bool,
}

impl ExpectedCell {
    fn time(&self, state: State) -> u64 {
        let of_state = self.segments.iter().filter(|(other, _)| *other == state);
        of_state.map(|(_, length)| length).sum()
    }

    /// Returns the share of a state in the cell, in rounded eighths.
    fn eighths(&self, state: State) -> u64 {
        (self.time(state) * 16 + self.width) / (self.width * 2)
    }

    /// Asserts that a cell shows what happened in it.
    pub(crate) fn check(&self, cell: LaneCell) -> Result<(), TestCaseError> {
        if self.failed {
            prop_assert_eq!(cell, LaneCell::Whole(State::Error));
            return Ok(());
        }
        let (tolerance, max_hidden) = (self.width / 16, self.width / 8);
        match cell {
            LaneCell::Whole(state) => {
                // Of a lane that is calm in several ways, the main one is shown.
                let is_calm = |state: State| state == State::Idle || state.is_rest();
                let alike: u64 = State::ALL
                    .into_iter()
                    .filter(|&one| one == state || (is_calm(one) && is_calm(state)))
                    .map(|one| self.time(one))
                    .sum();
                prop_assert!(self.width - alike <= max_hidden, "{self:?}");
                prop_assert!(
                    state.is_critical() || CRITICAL.iter().all(|&other| self.time(other) == 0)
                );
            }
            LaneCell::Edge { left, right, eighths } => {
                prop_assert!((1..=7).contains(&eighths) && left != right);
                let others = self.width - self.time(left) - self.time(right);
                prop_assert!(others <= max_hidden, "{self:?}");
                let off = self.time(left).abs_diff(u64::from(eighths) * self.width / 8);
                prop_assert!(off <= tolerance + max_hidden + 1, "{off} {self:?}");
                for state in CRITICAL {
                    let shown = left == state || right == state;
                    prop_assert!(shown || self.time(state) == 0, "{self:?}");
                }
            }
            LaneCell::Merged { main, eighths } => self.check_merged(main, eighths)?,
        }
        match (self.segments.as_slice(), self.crowded) {
            (&[(only, _)], _) => prop_assert_eq!(cell, LaneCell::Whole(only)),
            (&[(left, _), (right, length)], false)
                if length.min(self.width - length) > tolerance =>
            {
                let eighths = self.eighths(left) as u8;
                prop_assert_eq!(cell, LaneCell::Edge { left, right, eighths });
            }
            _ => {}
        }
        Ok(())
    }

    fn check_merged(&self, main: State, eighths: u8) -> Result<(), TestCaseError> {
        let is_calm = |state: State| state == State::Idle || state.is_rest();
        let idle: u64 =
            State::ALL.into_iter().filter(|&one| is_calm(one)).map(|one| self.time(one)).sum();
        let busy = ((self.width - idle) * 16 + self.width) / (self.width * 2);
        prop_assert_eq!(u64::from(eighths), busy.clamp(1, 8), "{:?}", self);
        prop_assert!(!is_calm(main) && self.time(main) > 0, "{self:?}");
        let rank = |state: State| (state.is_critical() && self.time(state) > 0, self.time(state));
        for state in State::ALL.into_iter().filter(|&one| !is_calm(one)) {
            prop_assert!(rank(main) >= rank(state), "{state:?} leads: {self:?}");
        }
        Ok(())
    }
}
