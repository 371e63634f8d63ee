//! The shares of a lane's time by state: what it did, in words.

use std::fmt;

use crate::model::{Lane, Nanos, State};

/// A state's share of the time of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeShare {
    /// The state.
    pub state: State,
    /// The share, as a rounded percentage.
    pub percent: u32,
}

impl TimeShare {
    /// Returns up to `count` of the largest shares of a lane's time in [0, until), without those that
    /// round to 0 %. They are in the order of the states, so that close shares do not change places
    /// while the lane runs.
    pub fn largest(lane: &Lane, until: Nanos, count: usize) -> Vec<Self> {
        let times = lane.state_times_between(Nanos::ZERO, until);
        let whole = until.0.max(1) as f64;
        let mut spent: Vec<(State, u64)> = times.spent().collect();
        spent.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        spent.truncate(count);
        spent.sort_by_key(|&(state, _)| (state == State::Idle, state));
        let shares = spent.into_iter().map(|(state, time)| {
            let percent = (time as f64 * 100.0 / whole).round() as u32;
            Self { state, percent }
        });
        shares.filter(|share| share.percent > 0).collect()
    }

    /// Returns the text of the largest shares: `computing 25 %, lock wait 75 %`, or `idle` if none
    /// reaches 1 %.
    pub fn largest_text(lane: &Lane, until: Nanos, count: usize) -> String {
        let shares = Self::largest(lane, until, count);
        let shares: Vec<String> = shares.iter().map(Self::to_string).collect();
        if shares.is_empty() { State::Idle.label().to_owned() } else { shares.join(", ") }
    }
}

impl fmt::Display for TimeShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent {
            0 => write!(f, "{} <1 %", self.state.label()),
            percent => write!(f, "{} {percent} %", self.state.label()),
        }
    }
}
