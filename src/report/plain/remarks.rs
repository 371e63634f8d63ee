//! The remarks after the table of the plain report.

use std::cmp::Reverse;

use super::Remark;
use crate::analysis::{plural, verdict};
use crate::model::{GilUsage, Mode, Nanos, Run, State};
use crate::report::{Comparison, run_time, time_in};

/// Returns the remarks on runs of CPU work.
pub(super) fn for_computed(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = gil_and_processes(runs);
    remarks.extend(unfinished(runs));
    remarks
}

/// Returns the remarks on runs of a workload of pages.
pub(super) fn for_pages(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let several = runs.iter().find(|run| run.plan().mode != Mode::Sequential && run.is_complete());
    if let Some(run) = several {
        let compared = Comparison::for_threads(runs).filter(|compared| !compared.is_limited);
        if let Some([times, share]) = compared.and_then(Comparison::texts) {
            let share = Some(share).filter(|share| share != "-");
            let share = share.map_or_else(String::new, |share| format!(", efficiency {share}"));
            let text = format!("{times} with {}{share}", workers_phrase(run));
            remarks.push(Remark::new("speed-up", text));
        }
        let waves = run.waves().map(verdict::waves_text);
        remarks.extend(waves.map(|text| Remark::new("waves", text)));
    }
    let changes = runs.iter().filter_map(limit_changes_phrase);
    remarks.extend(changes.map(|text| Remark::new("in flight", text)));
    remarks.extend(COUNT_REMARKS.iter().filter_map(|counted| counted.for_runs(runs)));
    remarks.extend(verdict::last_page_text(runs).map(|text| Remark::new("last page", text)));
    remarks.extend(gil_and_processes(runs));
    remarks.extend(unfinished(runs));
    remarks
}

/// Returns a remark for each incomplete run with the reason.
fn unfinished(runs: &[Run]) -> impl Iterator<Item = Remark> {
    let runs = runs.iter().filter(|run| run.has_started() && !run.is_complete());
    runs.map(|run| Remark::new(run.plan().name(), verdict::incomplete_reason(run)))
}

/// Returns the number of workers of a run in words.
fn workers_phrase(run: &Run) -> String {
    if run.plan().auto {
        return format!("{:.1} workers on average", run.mean_workers(run_time(run)));
    }
    plural::count(run.plan().workers, "worker")
}

/// Describes the concurrency limit of an automatic run: its final value, its peak, and the number of
/// changes per reason, the most frequent reason first.
fn limit_changes_phrase(run: &Run) -> Option<String> {
    let (first, changes) =
        run.limits().concurrency_changes().split_first().filter(|_| run.plan().auto)?;
    let last = changes.last().unwrap_or(first);
    let end = format!("{} at the end, peak {}", last.to, run.limits().concurrency_level().peak());
    let mut reasons: Vec<(usize, &str)> = Vec::new();
    for words in changes.iter().map(|step| step.reason.label()) {
        match reasons.iter_mut().find(|(_, known)| *known == words) {
            Some((count, _)) => *count += 1,
            None => reasons.push((1, words)),
        }
    }
    if reasons.is_empty() {
        return Some(format!("{end}, never changed"));
    }
    reasons.sort_by_key(|&(count, _)| Reverse(count));
    let reasons: Vec<String> =
        reasons.into_iter().map(|(count, words)| format!("{count} {words}")).collect();
    let changes = plural::count(changes.len(), "change");
    Some(format!("{end}, after {changes}: {}", reasons.join(", ")))
}

/// A count that is reported only if it is not zero.
struct CountRemark {
    label: &'static str,
    count: fn(&Run) -> u64,
    meaning: &'static str,
}

const COUNT_REMARKS: [CountRemark; 4] = [
    CountRemark {
        label: "duplicates",
        count: |run| run.progress().duplicate_count(),
        meaning: "seen before, counted once",
    },
    CountRemark {
        label: "past the end",
        count: |run| run.progress().requests_past_end().into(),
        meaning: "requests past the end of the list, counted nowhere else",
    },
    CountRemark {
        label: "retries",
        count: |run| run.progress().retry_count().into(),
        meaning: "requests sent again after a failure",
    },
    CountRemark {
        label: "rate limits",
        count: |run| run.limits().reached().len() as u64,
        meaning: "requests were paused meanwhile",
    },
];

impl CountRemark {
    fn for_runs(&self, runs: &[Run]) -> Option<Remark> {
        let counted = runs.iter().filter(|run| (self.count)(run) > 0);
        let each = counted.map(|run| format!("{} in {}", (self.count)(run), run.plan().name()));
        let each: Vec<String> = each.collect();
        (!each.is_empty())
            .then(|| Remark::new(self.label, format!("{}: {}", each.join(", "), self.meaning)))
    }
}

/// Returns the remarks for all runs that used a GIL or worker processes, or lack workers.
fn gil_and_processes(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for run in runs.iter().filter(|run| run.has_started()) {
        if let Some(gil) = run.gil() {
            remarks.push(Remark::new("GIL", gil_phrase(run, gil)));
            let cost = gil.wait_time(run_time(run));
            let cost = format!("{cost} of waiting, summed over all threads");
            remarks.push(Remark::new("GIL cost", cost));
            remarks.extend(gil_violation_phrase(gil).map(|text| Remark::new("GIL broken", text)));
        }
        remarks.extend(process_time_phrase(run).map(|text| Remark::new("processes", text)));
        let lost = verdict::lost_text(std::slice::from_ref(run));
        let lost = lost.map(|lost| format!("in {}, {lost}", run.plan().name()));
        remarks.extend(lost.map(|text| Remark::new("lost", text)));
        remarks.extend(missing_phrase(run).map(|text| Remark::new("missing", text)));
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
         {switches:.0} switches/s{longest}"
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

fn missing_phrase(run: &Run) -> Option<String> {
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
