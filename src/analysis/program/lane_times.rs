//! The time of a lane in each state, by the kernel's counters of its threads.

use super::thread_summary::ThreadPart;
use super::time_sums::scaled;
use crate::model::{Lane, Nanos, ProgramRecord, State, StateTimes};

/// The maximum number of threads of a lane whose counters are asked: this is done for every frame.
const MAX_THREADS: usize = 8;

/// Returns the time of a lane in each state until `until`. The time on a CPU and without a core are the
/// kernel's sums, as in [`ThreadSummary`](super::ThreadSummary), except on a lane that many threads used
/// one after another: its times are those of the records.
pub fn lane_times(record: &ProgramRecord, lane: &Lane, until: Nanos) -> StateTimes {
    let recorded = lane.state_times_between(Nanos::ZERO, until);
    let spans = || lane.spans().take_while(|span| span.start < until);
    if spans().take(MAX_THREADS + 1).count() > MAX_THREADS {
        return recorded;
    }
    let mut times = StateTimes::default();
    for thread in spans().filter_map(|span| record.thread(span.task)) {
        let to = thread.ended.unwrap_or(until).min(until).max(thread.born);
        times.add_all(&ThreadPart { lane, thread, from: thread.born, to }.times());
    }
    with_kinds_of_work(&times, &recorded)
}

/// Divides the time on a CPU among computing and native code as the records do.
fn with_kinds_of_work(times: &StateTimes, recorded: &StateTimes) -> StateTimes {
    let kinds = [State::OnCpu, State::Computing, State::Native];
    let all = kinds.iter().map(|&kind| recorded[kind]).sum();
    let longest = kinds.into_iter().max_by_key(|&kind| recorded[kind]);
    let mut divided = StateTimes::default();
    for (state, time) in times.spent() {
        if state != State::OnCpu || all == 0 {
            divided.add(state, time);
            continue;
        }
        let mut left = time;
        for kind in kinds.into_iter().filter(|&kind| Some(kind) != longest) {
            let part = scaled(time, recorded[kind], all);
            divided.add(kind, part);
            left -= part;
        }
        divided.add(longest.unwrap_or(state), left);
    }
    divided
}
