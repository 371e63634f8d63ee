//! Sweeps in a session: the order of trials, early ends and confirmation.

use threadline::analysis::Sweep;
use threadline::app::Session;
use threadline::model::{
    Failure, FailureKind, Nanos, Plan, Quota, RunOutcome, Selection, Setup, SweepSetup,
    TaskOutcome, Workload,
};

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
    let mut next = Some(play_profile(&mut session, SWEEP, 60));
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
        let plan = play_profile(&mut session, SWEEP, 60);
        let plan = play_trial(&mut session, &plan).unwrap();
        let outcomes = [page(&[1]), outcome];
        assert_eq!(play(&mut session, &plan, 9, &outcomes, end), None);
        assert_eq!((session.active(), sweep(&session).trials().len()), (None, 1));
        assert!(session.runs(SWEEP)[0].done_tasks() > 0);
        // The sweep restarts from the beginning, without another profile request.
        let again = session.start_selection(SWEEP).unwrap();
        assert_eq!((again.workload(), again.workers), (Workload::Followers, 1));
        assert!(sweep(&session).trials().is_empty());
    }
}

/// The profile counts 3 pages and the list has 2.
#[test]
fn first_trial_updates_the_page_count() {
    let mut session = session_with_counts(false, &[1, 2], 1);
    let plan = play_profile(&mut session, SWEEP, 90);
    assert_eq!(plan.tasks, 3);
    let plan = play_trial(&mut session, &plan).unwrap();
    assert_eq!((plan.tasks, plan.workers), (2, 2));
}

#[test]
fn default_counts_depend_on_the_page_count() {
    for (followers, counts) in [
        (0, vec![1]),
        (127, vec![1, 2, 3, 4, 5]),
        (240, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (300, vec![1, 2, 4, 8]),
        (1_800, vec![1, 2, 4, 8, 12, 16]),
        (300_000, vec![1, 2, 4, 8, 12, 16]),
    ] {
        let mut session = session(false, None);
        play_profile(&mut session, SWEEP, followers);
        assert_eq!(sweep(&session).counts(), counts, "{followers}");
        assert_eq!(sweep(&session).repeats(), 3);
    }
}

#[test]
fn sweep_that_costs_quota_waits_for_confirmation() {
    let mut session = session_with_counts(true, &[1, 2, 4], 2);
    assert_eq!(play_profile_with_quota(&mut session, SWEEP, 60), None);
    assert!(session.awaits_confirmation(SWEEP) && session.failure(SWEEP).is_none());
    // Six trials of five pages, and another profile request.
    assert_eq!(session.request_cost(SWEEP), Some(31));
    // The profile request took 3 ms. The counts need 5, 3 and 2 waves of 3 ms, twice.
    assert_eq!(session.expected_time(SWEEP), Some(Nanos::from_millis(60)));
    let plan = play_profile_with_quota(&mut session, SWEEP, 59).unwrap();
    assert_eq!((plan.workload(), plan.workers), (Workload::Followers, 1));
    assert!(!session.awaits_confirmation(SWEEP));
    let quota = Quota { limit: 60, remaining: 59, reset: 1_700_000_000 };
    let estimate = session.quota_estimate(SWEEP).unwrap();
    assert_eq!((estimate.requests, estimate.quota), (30, quota));
}

#[test]
fn sweep_confirmed_in_advance_needs_no_confirmation() {
    let setup = session_with_counts(true, &[1, 2], 1).setup().clone();
    let mut session = Session::new(Setup { agreed: true, ..setup });
    assert!(play_profile_with_quota(&mut session, SWEEP, 60).is_some());
    assert!(!session.awaits_confirmation(SWEEP));
}

#[test]
fn sweep_that_exceeds_the_quota_fails_without_confirmation() {
    let mut session = session_with_counts(true, &[1, 2, 4], 2);
    assert_eq!(play_profile_with_quota(&mut session, SWEEP, 29), None);
    assert!(!session.awaits_confirmation(SWEEP));
    let failure = session.failure(SWEEP).unwrap();
    assert!(failure.message.contains("sweep needs 30 more requests"), "{failure}");
    assert!(failure.message.contains("--threads, --repeats or --per-page 100"), "{failure}");
}
