//! The quota of a server over time, and the check of a selection against it.

use threadline::model::{
    ComputeSpec, Event, EventKind, FailureKind, LaneId, Mode, ModeChoice, Nanos, Plan, Quota,
    QuotaCheck, Run, Selection, SweepSetup, WorkSpec, Workload,
};

fn run() -> Run {
    Run::new(Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Sequential, 1, 1))
}

fn report(run: &mut Run, at: u64, remaining: u32, reset: u64) {
    let kind = EventKind::QuotaReported(Quota { limit: 5_000, remaining, reset });
    run.apply(&Event { at: Nanos(at), lane: LaneId(0), kind });
}

#[test]
fn lowest_value_of_a_window_wins_and_a_new_window_resets_it() {
    let mut run = run();
    for (at, left, reset, latest) in
        [(1, 4_000, 9, 4_000), (2, 3_900, 9, 3_900), (3, 3_950, 9, 3_900), (4, 4_999, 10, 4_999)]
    {
        report(&mut run, at, left, reset);
        assert_eq!(run.limits().quota().map(|quota| quota.remaining), Some(latest));
        assert_eq!(run.limits().quota_level().value_at(Nanos(at)), latest);
    }
    assert_eq!(run.limits().quota_level().peak(), 5_000);
}

#[test]
fn small_decreases_are_not_kept() {
    let mut run = run();
    for used in 0..5_000 {
        report(&mut run, used.into(), 4_999 - used, 9);
    }
    let level = run.limits().quota_level();
    assert!(level.changes().count() <= 600, "{}", level.changes().count());
    assert_eq!(level.value_at(Nanos(5_000)), 0);
    assert!(level.value_at(Nanos(2_500)).abs_diff(2_499) < 10);
}

fn check(choice: ModeChoice, ended_runs: usize) -> QuotaCheck {
    let selection = Selection { workload: Workload::Followers, choice };
    let sweep = SweepSetup { counts: Some(vec![1, 2, 2]), repeats: 3 };
    QuotaCheck { selection, api: "api.example".to_owned(), ended_runs, sweep }
}

#[test]
fn every_run_that_is_left_fetches_all_pages() {
    assert_eq!(check(ModeChoice::Only(Mode::Threads), 0).remaining_requests(5, 1), 4);
    assert_eq!(check(ModeChoice::Only(Mode::Threads), 0).remaining_requests(5, 8), 0);
    assert_eq!(check(ModeChoice::Race, 0).remaining_requests(5, 1), 9);
    assert_eq!(check(ModeChoice::Race, 1).remaining_requests(5, 1), 4);
    assert_eq!(check(ModeChoice::Sweep, 4).remaining_requests(5, 1), 9);
}

#[test]
fn quota_that_suffices_exactly_is_no_shortage() {
    let quota = |remaining| Quota { limit: 60, remaining, reset: 0 };
    assert_eq!(check(ModeChoice::Race, 0).shortage(5, 1, quota(9)), None);
    let failure = check(ModeChoice::Race, 0).shortage(5, 1, quota(8)).unwrap();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    let start = "race needs 9 more requests, but api.example has 8 of 60 left until 00:00 UTC";
    assert!(failure.message.starts_with(start), "{failure}");
}
