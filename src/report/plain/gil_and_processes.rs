//! Remarks on the GIL and the worker processes of a run.

use super::{Remark, new_remark};
use crate::analysis::{plural, verdict};
use crate::model::{GilUsage, Nanos, Run, State};
use crate::report::{run_time, time_in};

/// Returns the remarks for all runs that used a GIL or worker processes, or lack workers.
pub(super) fn remarks(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for run in runs.iter().filter(|run| run.has_started()) {
        if let Some(gil) = run.gil() {
            remarks.push(new_remark("GIL", gil_phrase(run, gil)));
            let cost = gil.wait_time(run_time(run));
            remarks.push(new_remark(
                "GIL cost",
                format!("{cost} of waiting, summed over all threads"),
            ));
            remarks.extend(gil_violation_phrase(gil).map(|text| new_remark("GIL broken", text)));
        }
        remarks.extend(process_time_phrase(run).map(|text| new_remark("processes", text)));
        remarks.extend(lost_phrase(run).map(|text| new_remark("lost", text)));
        remarks.extend(missing(run).map(|text| new_remark("missing", text)));
    }
    remarks
}

fn gil_phrase(run: &Run, gil: GilUsage<'_>) -> String {
    let took = run_time(run);
    let (held, waiters) = (gil.held_share(took) * 100.0, gil.mean_waiters(took));
    let switches = gil.switches_per_second(took);
    let longest = gil.longest_hold(took).map_or_else(String::new, |hold| {
        format!(", longest hold {} by {}", hold.length, run.worker_name(hold.lane.0))
    });
    format!(
        "held {held:.0} % of the time, {waiters:.1} threads waiting on average, \
         {switches:.0} switches/s\
         {longest}"
    )
}

fn gil_violation_phrase(gil: GilUsage<'_>) -> Option<String> {
    let times = plural::count(gil.violation_count(), "time");
    (gil.violation_count() > 0).then(|| {
        format!(
            "two threads held it at once, {times}; this is a bug in threadline, please report it"
        )
    })
}

fn process_time_phrase(run: &Run) -> Option<String> {
    let [starting, hand_over] =
        [State::Starting, State::HandOver].map(|state| time_in(run, state, run_time(run)));
    (starting + hand_over > Nanos::ZERO).then(|| {
        format!(
            "{starting} to start, {hand_over} to hand over tasks and results, summed over all processes"
        )
    })
}

fn lost_phrase(run: &Run) -> Option<String> {
    let lost = verdict::lost_text(std::slice::from_ref(run))?;
    Some(format!("in {}, {lost}", run.plan().name()))
}

fn missing(run: &Run) -> Option<String> {
    let missing = run.processes().missing_workers().len();
    let workers = plural::count(run.plan().workers, "worker");
    (missing > 0).then(|| {
        format!(
            "in {}, {missing} of {workers}: {}",
            run.plan().name(),
            run.processes().shortage().map_or("", |f| &f.message)
        )
    })
}
