//! Sweeps in a session: the order of trials, early ends and confirmation.

use threadline::analysis::Sweep;
use threadline::app::Session;
use threadline::model::{
    Failure, FailureKind, Nanos, Plan, RunOutcome, Selection, Setup, SweepSetup, TaskOutcome,
    Workload,
};

use super::quota::apply_first_response;
use super::*;

const SWEEP: Selection = Selection::sweep(Workload::Followers);

/// A session whose sweeps have these thread counts.
fn session_with_counts(costs_quota: bool, counts: &[u16], repeats: u16) -> Session {
    let setup = session(costs_quota, None).setup().clone();
    let sweep = SweepSetup { counts: Some(counts.to_vec()), repeats };
    Session::new(Setup { sweep, ..setup })
}

fn pages(count: u64) -> Vec<TaskOutcome> {
    (1..=count).map(|id| page(&[id])).collect()
}

fn sweep(session: &Session) -> &Sweep {
    session.sweep(SWEEP).unwrap()
}

/// Plays one complete trial of two pages.
fn play_trial(session: &mut Session, plan: &Plan) -> Option<Plan> {
    let millis = 100 / u64::from(plan.workers);
    play(session, plan, millis, &pages(2), RunOutcome::Finished)
}

#[test]
fn counts_alternate_and_only_the_last_run_is_kept() {
    let mut session = session_with_counts(false, &[1, 2, 4], 3);
    let mut next = Some(start(&mut session, SWEEP, 2));
    let mut workers = Vec::new();
    while let Some(plan) = next {
        assert_eq!((plan.workload(), plan.mode), (Workload::Followers, Mode::Threads));
        assert_eq!(session.active(), Some(SWEEP));
        let [run] = session.runs(SWEEP) else { panic!("a trial replaces the previous one") };
        assert_eq!(run.lanes().len(), usize::from(plan.workers));
        workers.push(plan.workers);
        next = play_trial(&mut session, &plan);
    }
    assert_eq!(workers, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    assert_eq!((session.active(), session.runs(SWEEP).len()), (None, 1));
    let medians: Vec<Nanos> = sweep(&session).points().iter().map(|point| point.median).collect();
    assert_eq!(medians, [200, 100, 50].map(Nanos::from_millis));
    assert_eq!(session.baseline_time(SWEEP), Some(Nanos::from_millis(200)));
}

#[test]
fn incomplete_trial_ends_the_sweep_and_keeps_earlier_trials() {
    let failed = TaskOutcome::Failed(Failure { kind: FailureKind::Server, ..failure() });
    for (outcome, end) in [
        (failed, RunOutcome::Finished),
        (TaskOutcome::Stopped, RunOutcome::Stopped),
        (page(&[2]), RunOutcome::Stopped),
    ] {
        let mut session = session_with_counts(false, &[1, 2, 4], 3);
        let plan = start(&mut session, SWEEP, 2);
        let plan = play_trial(&mut session, &plan).unwrap();
        let outcomes = [page(&[1]), outcome];
        assert_eq!(play(&mut session, &plan, 9, &outcomes, end), None);
        assert_eq!((session.active(), sweep(&session).trials().len()), (None, 1));
        assert!(session.runs(SWEEP)[0].progress().done_tasks() > 0);
        // The sweep restarts from the beginning, with the first count.
        let again = begin(&mut session, SWEEP);
        assert_eq!((again.workload(), again.workers), (Workload::Followers, 1));
        assert!(sweep(&session).trials().is_empty());
    }
}

/// Three pages are known, and the list has 2.
#[test]
fn first_trial_updates_the_page_count() {
    let mut session = session_with_counts(false, &[1, 2], 1);
    let plan = start(&mut session, SWEEP, 3);
    assert_eq!(plan.tasks, 3);
    let plan = play_trial(&mut session, &plan).unwrap();
    assert_eq!((plan.tasks, plan.workers), (2, 2));
}

#[test]
fn default_counts_depend_on_the_page_count() {
    for (pages, counts) in [
        (1, vec![1]),
        (5, vec![1, 2, 3, 4, 5]),
        (8, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (10, vec![1, 2, 4, 8]),
        (60, vec![1, 2, 4, 8, 12, 16]),
        (10_000, vec![1, 2, 4, 8, 12, 16]),
    ] {
        let mut session = session(false, None);
        start(&mut session, SWEEP, pages);
        assert_eq!(sweep(&session).counts(), counts, "{pages}");
        assert_eq!(sweep(&session).repeats(), 3);
    }
}

#[test]
fn first_trial_finds_the_default_counts() {
    let mut session = session(false, None);
    let plan = begin(&mut session, SWEEP);
    assert_eq!((plan.workers, plan.tasks), (1, 1));
    let next = play_trial(&mut session, &plan).unwrap();
    assert_eq!((next.workers, next.tasks), (2, 2));
    assert_eq!((sweep(&session).counts(), sweep(&session).trials().len()), (&[1, 2][..], 1));
}

#[test]
fn sweep_that_costs_quota_waits_for_confirmation() {
    let mut session = session_with_counts(true, &[1, 2, 4], 2);
    assert!(session.awaits_confirmation(SWEEP) && session.failure(SWEEP).is_none());
    assert_eq!(session.request_cost(SWEEP), Some(RequestCost::AtLeast(6)));
    let example = "100 pages would take 600 requests and about 35 s at 100 ms each";
    assert!(session.cost_remark(SWEEP).ends_with(example), "{}", session.cost_remark(SWEEP));
    let plan = begin(&mut session, SWEEP);
    assert!(!session.awaits_confirmation(SWEEP));
    apply_first_response(&mut session, &plan, 59, 5);
    // Six trials of five pages, without the first page.
    let estimate = session.quota_estimate().unwrap();
    assert_eq!((estimate.requests, estimate.quota.remaining), (29, 59));
    assert_eq!(plan.quota_check.unwrap().remaining_requests(5, 1), 29);
    assert_eq!(session.request_cost(SWEEP), Some(RequestCost::Exactly(30)));
    // Two trials of five, three and two waves.
    assert_eq!(session.cost_remark(SWEEP), ", and about 2 s at 100 ms each");
}

/// Two pages in 240 ms, one after another; a sweep takes two waves with 1 thread and one with 2.
#[test]
fn cost_of_a_sweep_rests_on_the_sequential_run() {
    let mut session = session_with_counts(true, &[1, 2], 1);
    let plan = start(&mut session, SEQUENTIAL, 2);
    assert_eq!(session.cost_remark(SWEEP), ", and about 1 s at 100 ms each");
    play(&mut session, &plan, 1_200, &pages(2), RunOutcome::Finished);
    assert_eq!(session.cost_remark(SWEEP), ", and about 4 s at 1.200 s each, as measured");
}

#[test]
fn sweep_confirmed_in_advance_needs_no_confirmation() {
    let setup = session_with_counts(true, &[1, 2], 1).setup().clone();
    let session = Session::new(Setup { agreed: true, ..setup });
    assert!(!session.awaits_confirmation(SWEEP));
}
