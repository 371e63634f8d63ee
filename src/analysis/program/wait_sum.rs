//! The waits of a thread by their reasons.

use crate::model::{
    Lane, LaneId, Nanos, ProgramRecord, Run, State, StateTimes, ThreadRecord, WaitReason,
};

use super::time_sums::scaled;

/// The time that a thread waited for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitSum<'run> {
    /// The state.
    pub state: State,
    /// The reason. Not safe to print.
    pub reason: &'run WaitReason,
    /// The time.
    pub time: Nanos,
}

/// The maximum number of a thread's states that are searched for its longest wait: this is done for every
/// frame.
const MAX_STATES: usize = 256;

/// Returns the reason that a thread waited for longest among its latest states until `until`, or `None` if
/// none was read.
pub fn longest_wait<'run>(
    run: &'run Run,
    record: &'run ProgramRecord,
    thread: &ThreadRecord,
    until: Nanos,
) -> Option<WaitSum<'run>> {
    let lane = run.lanes().get(usize::from(thread.lane.0))?;
    let (from, to) = (thread.born, thread.ended.unwrap_or(until).min(until));
    let times = lane.state_times_between(from, to.max(from));
    let waits = of_lane(record, (thread.lane, lane), (from, to), &times, MAX_STATES);
    waits.into_iter().next()
}

/// Sums a lane's waits in [a, b) by their reasons, the longest first. Of each state's time in `times`, each
/// reason has the share that it has among the latest `max_states` states of the lane.
pub(super) fn of_lane<'run>(
    record: &'run ProgramRecord,
    (id, lane): (LaneId, &Lane),
    (a, b): (Nanos, Nanos),
    times: &StateTimes,
    max_states: usize,
) -> Vec<WaitSum<'run>> {
    let mut sums: Vec<WaitSum<'run>> = Vec::new();
    let mut all = StateTimes::default();
    let intervals = lane.state_intervals_between(a, b).rev().take(max_states);
    for interval in intervals.filter(|interval| interval.state.has_reason()) {
        let state = interval.state;
        all.add(state, interval.end.since(interval.start).0);
        for (start, end, reason) in record.reasons_between(id, interval.start, interval.end) {
            let time = end.since(start);
            match sums.iter_mut().find(|sum| sum.state == state && sum.reason == reason) {
                Some(sum) => sum.time = sum.time + time,
                None => sums.push(WaitSum { state, reason, time }),
            }
        }
    }
    for sum in &mut sums {
        sum.time = Nanos(scaled(times[sum.state], sum.time.0, all[sum.state]));
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.time));
    sums
}
