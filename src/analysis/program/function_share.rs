//! The functions that a thread was seen in.

use super::time_sums::{grouped, scaled};
use crate::model::{CodePlace, Lane, LaneId, Nanos, ProgramRecord, State};

/// A function's share of a thread's work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FunctionShare<'run> {
    /// The function with its file and line. Not safe to print.
    pub place: &'run CodePlace,
    /// The time in which the thread was last seen in it, and ran or wanted to run.
    pub time: Nanos,
    /// The share of all such time of the thread, 0 to 1.
    pub share: f64,
}

/// Returns the functions of a lane in [a, b), the largest share first.
pub(super) fn of_lane<'run>(
    record: &'run ProgramRecord,
    (id, lane): (LaneId, &Lane),
    (a, b): (Nanos, Nanos),
) -> Vec<FunctionShare<'run>> {
    let places = record.places_between(id, a, b);
    let times = places.map(|(start, end, place)| (place, active_time(lane, start, end)));
    let times = grouped(times.filter(|(_, time)| *time > Nanos::ZERO));
    let all = if times.is_empty() { Nanos::ZERO } else { active_time(lane, a, b) };
    let share = |time: Nanos| scaled(1_000_000_000, time.0, all.0) as f64 / 1e9;
    times
        .into_iter()
        .map(|(place, time)| FunctionShare { place, time, share: share(time) })
        .collect()
}

/// The time in [a, b) in which a lane's thread ran, wanted to run, or waited for a lock.
fn active_time(lane: &Lane, a: Nanos, b: Nanos) -> Nanos {
    let times = lane.state_times_between(a, b);
    let states = [State::OnCpu, State::Computing, State::Native, State::NoCore, State::LockWait];
    Nanos(states.iter().map(|&state| times[state]).sum())
}
