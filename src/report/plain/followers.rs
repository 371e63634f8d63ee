//! The plain report of the followers workload.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::{
    Remark, done_fraction, example_mode_name, gil_and_processes, new_remark, unfinished_remarks,
    write_remarks, write_times,
};
use crate::analysis::plural;
use crate::analysis::verdict::{self, Form, Verdict};
use crate::model::{Mode, Run, Target};
use crate::report::{Comparison, duration_percentiles, run_time};

pub(super) fn write(out: &mut dyn Write, target: Option<&Target>, runs: &[Run]) -> io::Result<()> {
    write_times(out, runs)?;
    write_counts(out, runs)?;
    if let (Some(Target { user, api, per_page, .. }), Some(last)) =
        (target, runs.iter().rfind(|run| run.has_started()))
    {
        let pages = plural::count(last.progress().known_tasks(), "page");
        writeln!(out, "\n{user} @ {api}, {pages} of {per_page}\n")?;
    }
    write_table(out, runs)?;
    write_remarks(out, remarks(runs))?;
    write_remarks(out, gil_and_processes::remarks(runs))?;
    write_remarks(out, unfinished_remarks(runs))
}

fn write_counts(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    if let [one, other] = runs
        && one.is_complete()
        && other.is_complete()
        && one.progress().follower_count() == other.progress().follower_count()
    {
        let [one, other] = [one, other].map(|run| example_mode_name(run.plan().mode));
        let count = runs.first().map_or(0, |run| run.progress().follower_count());
        return writeln!(out, "both {one} and {other} count: {count}");
    }
    let counts: Vec<String> = runs.iter().map(count_phrase).collect();
    writeln!(out, "{}", counts.join(", "))
}

fn count_phrase(run: &Run) -> String {
    let (name, followers) = (example_mode_name(run.plan().mode), run.progress().follower_count());
    if run.is_complete() {
        return format!("{name} count: {followers}");
    }
    format!("{name} count: {followers} (incomplete: {} pages)", done_fraction(run))
}

fn write_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let (median, p95) = ("median", "p95");
    let started = || runs.iter().filter(|run| run.has_started());
    let names = started().map(|run| run.plan().name().len()).fold(12, usize::max);
    writeln!(
        out,
        "{:<names$} {:>9}{:>11}{:>11}{:>12}{median:>10}{p95:>10}",
        "mode", "elapsed", "pages", "followers", "requests/s"
    )?;
    for run in started() {
        let elapsed = run_time(run);
        let pages = format!("{}/{}", run.progress().done_tasks(), run.progress().known_tasks());
        write!(
            out,
            "{:<names$} {elapsed:>9} {pages:>10} {:>10} {:>11.2}",
            run.plan().name(),
            run.progress().follower_count(),
            run.rate(elapsed)
        )?;
        match duration_percentiles(run, [0.5, 0.95]) {
            Some([median, p95]) => writeln!(out, " {median:>9} {p95:>9}")?,
            None => writeln!(out, "{:>10}{:>10}", "-", "-")?,
        }
    }
    writeln!(out)
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

/// Returns the remarks after the table.
fn remarks(runs: &[Run]) -> Vec<Remark> {
    let comparison = Comparison::for_threads(runs);
    let several = runs.iter().find(|run| run.plan().mode != Mode::Sequential && run.is_complete());
    let mut remarks = Vec::new();
    if let Some(run) = several {
        let workers = workers_phrase(run);
        if let Some(Comparison { speed_up: Some(s), efficiency: Some(e), .. }) = comparison {
            let speed_up = format!("{s:.2}x with {workers}, efficiency {:.0} %", e * 100.0);
            remarks.push(new_remark("speed-up", speed_up));
        }
        remarks.extend(
            run.waves().map(|waves| new_remark("waves", verdict::waves_text(waves, Form::Long))),
        );
    }
    remarks.extend(
        runs.iter().filter_map(limit_changes_phrase).map(|text| new_remark("in flight", text)),
    );
    let agreement = Verdict::new(runs, None).agreement_text(Form::Long);
    remarks.extend(agreement.map(|text| new_remark("followers", text)));
    remarks.extend(COUNT_REMARKS.iter().filter_map(|counted| counted.for_runs(runs)));
    remarks.extend(verdict::last_page_text(runs).map(|text| new_remark("last page", text)));
    remarks
}

impl CountRemark {
    fn for_runs(&self, runs: &[Run]) -> Option<Remark> {
        let counted = runs.iter().filter(|run| (self.count)(run) > 0);
        let each = counted.map(|run| format!("{} in {}", (self.count)(run), run.plan().name()));
        let each: Vec<String> = each.collect();
        (!each.is_empty())
            .then(|| new_remark(self.label, format!("{}: {}", each.join(", "), self.meaning)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        ChangeReason, Event, EventKind, FailureKind, LaneId, Nanos, Plan, RunOutcome,
    };
    use crate::report::fixture::{PageFixture, ended, not_begun, run, target};
    use crate::report::plain;

    fn report(runs: &[Run]) -> String {
        let mut out = Vec::new();
        plain::write(&mut out, Some(&target()), runs, None).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn race(sequential: &[PageFixture<'_>], threads: &[PageFixture<'_>]) -> [Run; 2] {
        [run(Mode::Sequential, 1, sequential), run(Mode::Threads, 2, threads)]
    }

    #[test]
    fn report_of_a_complete_race() {
        let pages: [PageFixture<'_>; 3] = [Ok(&[1, 2]), Ok(&[3, 4]), Ok(&[5])];
        assert_eq!(
            report(&race(&pages, &pages)),
            "\
single_threaded time(sec): 3.0
multi_threaded time(sec): 2.0
both single_threaded and multi_threaded count: 5

octocat @ api.example, 3 pages of 2

mode           elapsed      pages  followers  requests/s    median       p95
sequential     3.000 s        3/3          5        1.00   1.000 s   1.000 s
threads x2     2.000 s        3/3          5        1.50   1.000 s   1.000 s

speed-up     1.50x with 2 workers, efficiency 75 %
waves        equal pages: ceil(3/2) = 2 waves, 1 idle in the last
followers    the same 5 followers in both, in the same order
"
        );
    }

    #[test]
    fn differing_lists_are_reported() {
        let report = report(&race(&[Ok(&[1, 2]), Ok(&[3])], &[Ok(&[1, 2]), Ok(&[4])]));
        assert!(report.contains("both single_threaded and multi_threaded count: 3\n"), "{report}");
        let differ = "\nfollowers    1 follower joined and 1 left between the runs\n";
        assert!(report.contains(differ), "{report}");
        assert!(!report.contains("same"), "{report}");
        let reordered = race(&[Ok(&[1, 2]), Ok(&[3])], &[Ok(&[2, 1]), Ok(&[3])]);
        assert!(super::tests::report(&reordered).contains("in a different order\n"));
    }

    #[test]
    fn limit_changes_are_counted_by_reason() {
        let auto = |whys: &[ChangeReason]| {
            let plan = Plan { auto: true, ..not_begun(Mode::Threads).plan().clone() };
            let mut run = Run::opened(plan.clone());
            let at = |kind| Event { at: Nanos::ZERO, lane: LaneId(0), kind };
            run.apply(&at(EventKind::RunStarted { plan }));
            for (in_flight, &reason) in (4..).zip([&[ChangeReason::Start], whys].concat().iter()) {
                run.apply(&at(EventKind::ConcurrencyChanged { in_flight, reason }));
            }
            run.apply(&at(EventKind::RunFinished { outcome: RunOutcome::Finished }));
            report(&[run])
        };
        let [free, queue] =
            [ChangeReason::NoQueue { tenths: 1 }, ChangeReason::Queue { tenths: 25 }];
        let several =
            auto(&[free, queue, ChangeReason::Broken, ChangeReason::Queue { tenths: 31 }]);
        let said = "\nin flight    8 at the end, peak 8, after 4 changes: \
                    2 queue, 1 no queue, 1 broken connection\n";
        assert!(several.contains(said), "{several}");
        assert!(auto(&[free]).contains(", peak 5, after 1 change: 1 no queue\n"));
        assert!(auto(&[]).contains("4 at the end, peak 4, never changed\n"));
    }

    #[test]
    fn duplicates_are_counted_once_and_reported() {
        let doubled: [PageFixture<'_>; 3] = [Ok(&[1, 2]), Ok(&[2, 3]), Ok(&[3])];
        let plain: [PageFixture<'_>; 3] = [Ok(&[1, 2]), Ok(&[3]), Ok(&[])];
        let both = report(&race(&doubled, &doubled));
        assert!(both.contains("both single_threaded and multi_threaded count: 3\n"), "{both}");
        let said = "the same 3 followers in both, in the same order\n\
                    duplicates   2 in sequential, 2 in threads x2: seen before, counted once\n";
        assert!(both.ends_with(said), "{both}");
        let one = report(&race(&plain, &doubled));
        assert!(one.ends_with("duplicates   2 in threads x2: seen before, counted once\n"));
        assert!(!report(&race(&plain, &plain)).contains("duplicates"));
    }

    #[test]
    fn differing_counts_are_both_reported() {
        let report = report(&race(&[Ok(&[1, 2]), Ok(&[3])], &[Ok(&[1, 2]), Ok(&[3, 4])]));
        let line = "\nsingle_threaded count: 3, multi_threaded count: 4\n";
        assert!(report.contains(line), "{report}");
    }

    #[test]
    fn wide_numbers_are_separated_by_a_space() {
        let pages: Vec<PageFixture<'_>> = vec![Ok(&[]); 100_000];
        let report = report(&[run(Mode::Threads, 1000, &pages)]);
        assert!(report.contains("threads x1000 100.000 s 100000/100000 "), "{report}");
    }

    #[test]
    fn missing_page_is_reported() {
        let whole: [PageFixture<'_>; 2] = [Ok(&[1, 2]), Ok(&[3])];
        let report = report(&race(&whole, &[Err(FailureKind::Server), Ok(&[3])]));
        let line = "count: 3, multi_threaded count: 1 (incomplete: 1 of 2 pages)\n";
        assert!(report.contains(line), "{report}");
        assert!(report.contains("followers    not compared: a run is incomplete\n"));
        assert!(!report.contains("speed-up"), "{report}");
        let trouble = "threads x2   1 of 2 pages fetched; api.example broke; try again\n";
        assert!(report.ends_with(trouble), "{report}");
    }

    #[test]
    fn mode_that_did_not_run_has_no_time() {
        let stopped = ended(Mode::Sequential, 1, &[Ok(&[1, 2])], RunOutcome::Stopped);
        let report = report(&[stopped, not_begun(Mode::Threads)]);
        assert!(report.contains("single_threaded time(sec): 1.0\n"), "{report}");
        assert!(report.contains("multi_threaded time(sec): not run\n"), "{report}");
    }

    #[test]
    fn single_mode_has_its_own_two_lines() {
        let report = report(&[run(Mode::Threads, 2, &[Ok(&[1, 2]), Ok(&[3])])]);
        let lines = "multi_threaded time(sec): 1.0\nmulti_threaded count: 3\n\n";
        assert!(report.starts_with(lines), "{report}");
    }

    #[test]
    fn report_without_started_runs_is_empty() {
        assert_eq!(report(&[]), "");
        assert_eq!(report(&[not_begun(Mode::Sequential)]), "");
    }
}
