//! What a GIL, and worker processes, did in a run.

use super::{Remark, remark};
use crate::export::{plural, time_in, took};
use crate::model::{Gil, Nanos, Run, State};

/// A line each, of the runs that have any.
pub(super) fn remarks(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for run in runs.iter().filter(|run| run.has_begun()) {
        if let Some(gil) = run.gil() {
            remarks.push(remark("GIL", of_gil(run, gil)));
            let cost = gil.cost(took(run));
            remarks.push(remark("GIL cost", format!("{cost} of waiting, all threads together")));
            remarks.extend(broken(gil).map(|text| remark("GIL broken", text)));
        }
        remarks.extend(of_processes(run).map(|text| remark("processes", text)));
        remarks.extend(lost(run).map(|text| remark("lost", text)));
        remarks.extend(missing(run).map(|text| remark("missing", text)));
    }
    remarks
}

fn of_gil(run: &Run, gil: Gil<'_>) -> String {
    let took = took(run);
    let (held, waiters) = (gil.held(took) * 100.0, gil.mean_waiters(took));
    let switches = gil.switches_per_second(took);
    let longest = gil.longest(took).map_or_else(String::new, |hold| {
        format!(", longest hold {} by {}", hold.length, run.worker_name(hold.lane.0))
    });
    format!(
        "held {held:.0} % of the time, {waiters:.1} threads waiting for it, {switches:.0} switches/s\
         {longest}"
    )
}

fn broken(gil: Gil<'_>) -> Option<String> {
    let times = plural(gil.violations().into(), "time");
    (gil.violations() > 0)
        .then(|| format!("two threads held it at once, {times}: please report it"))
}

fn of_processes(run: &Run) -> Option<String> {
    let [starting, hand_over] =
        [State::Starting, State::HandOver].map(|state| time_in(run, state, took(run)));
    (starting + hand_over > Nanos::ZERO).then(|| {
        format!(
            "{starting} to start them, {hand_over} to hand tasks and results over, all together"
        )
    })
}

fn lost(run: &Run) -> Option<String> {
    let died = match run.deaths() {
        0 => return None,
        1 => "1 worker process died, and its task went back into the queue".to_owned(),
        lost => format!("{lost} worker processes died, and their tasks went back into the queue"),
    };
    Some(format!("in {}, {died}", run.plan().name()))
}

fn missing(run: &Run) -> Option<String> {
    let missing = run.missing_workers().len();
    let workers = plural(run.plan().workers.into(), "worker");
    (missing > 0).then(|| {
        format!(
            "in {}, {missing} of {workers}: {}",
            run.plan().name(),
            run.shortage().map_or("", |f| &f.message)
        )
    })
}
