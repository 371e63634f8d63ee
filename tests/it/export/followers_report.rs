//! The plain report of the followers workload.

use threadline::model::{
    ChangeReason, Event, EventKind, FailureKind, LaneId, Mode, Nanos, Plan, Run, RunOutcome,
};
use threadline::report::plain;

use crate::fabricated_runs::{PageFixture, ended, not_begun, run, target};

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

2 threads were 1.50x faster: they waited for the server side by side.
Both got the same 5 followers. Next: 3 workers (--threads 3), CPU work (--workload cpu)

octocat @ api.example, 3 pages, 2 each

mode                 elapsed  pages  followers  requests/s   median      p95
sequential           3.000 s    3/3          5        1.00  1.000 s  1.000 s
threads (no GIL) x2  2.000 s    3/3          5        1.50  1.000 s  1.000 s

speed-up     1.50x with 2 workers, efficiency 75 %
waves        equal pages: ceil(3/2) = 2 waves, 1 idle in the last
"
    );
}

#[test]
fn differing_lists_are_reported() {
    let report = report(&race(&[Ok(&[1, 2]), Ok(&[3])], &[Ok(&[1, 2]), Ok(&[4])]));
    assert!(report.contains("both single_threaded and multi_threaded count: 3\n"), "{report}");
    let differ = "\n1 follower joined and 1 left between the runs. Next: ";
    assert!(report.contains(differ), "{report}");
    assert!(!report.contains("same"), "{report}");
    let reordered = race(&[Ok(&[1, 2]), Ok(&[3])], &[Ok(&[2, 1]), Ok(&[3])]);
    assert!(super::followers_report::report(&reordered).contains("in a different order. Next: "));
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
        run.apply(&at(EventKind::RunFinished {
            outcome: RunOutcome::Finished,
            machine_load: None,
        }));
        report(&[run])
    };
    let [free, queue] = [ChangeReason::NoQueue { tenths: 1 }, ChangeReason::Queue { tenths: 25 }];
    let several = auto(&[free, queue, ChangeReason::Broken, ChangeReason::Queue { tenths: 31 }]);
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
    let said =
        "\nduplicates   2 in sequential, 2 in threads (no GIL) x2: seen before, counted once\n";
    assert!(both.ends_with(said), "{both}");
    let one = report(&race(&plain, &doubled));
    assert!(one.ends_with("duplicates   2 in threads (no GIL) x2: seen before, counted once\n"));
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
    assert!(report.contains("threads (no GIL) x1000  100.000 s  100000/100000 "), "{report}");
}

#[test]
fn missing_page_is_reported() {
    let whole: [PageFixture<'_>; 2] = [Ok(&[1, 2]), Ok(&[3])];
    let report = report(&race(&whole, &[Err(FailureKind::Server), Ok(&[3])]));
    let line = "count: 3, multi_threaded count: 1 (incomplete: 1 of 2 pages)\n";
    assert!(report.contains(line), "{report}");
    assert!(report.contains("\nNot compared: a run is incomplete\n"));
    assert!(!report.contains("speed-up"), "{report}");
    let trouble = "threads (no GIL) x2 1 of 2 pages fetched; api.example broke; try again\n";
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
