//! A sweep in a sitting: which trial follows which, and what ends it.

use threadline::app::Session;
use threadline::app::session::{Setup, SweepSetup};
use threadline::model::{
    Failure, FailureKind, Nanos, Plan, Quota, RunOutcome, Selection, Sweep, TaskOutcome, Workload,
};

use super::*;

const SWEEP: Selection = Selection::sweep(Workload::Followers);

/// A sitting whose sweeps have these counts.
fn sweeping(costs_quota: bool, counts: &[u16], repeats: u16) -> Session {
    let setup = session(costs_quota, None).setup().clone();
    let sweep = SweepSetup { counts: Some(counts.to_vec()), repeats, agreed: false };
    Session::new(Setup { sweep, ..setup })
}

fn pages(count: u64) -> Vec<TaskOutcome> {
    (1..=count).map(|id| page(&[id])).collect()
}

fn sweep(session: &Session) -> &Sweep {
    session.sweep(SWEEP).unwrap()
}

/// Plays one trial of two pages, whole.
fn trial(session: &mut Session, plan: &Plan) -> Option<Plan> {
    let millis = 100 / u64::from(plan.workers);
    play(session, plan, millis, &pages(2), RunOutcome::Finished)
}

#[test]
fn the_counts_take_turns_and_only_the_last_run_is_kept() {
    let mut session = sweeping(false, &[1, 2, 4], 3);
    let mut next = Some(prepared(&mut session, SWEEP, 60));
    let mut workers = Vec::new();
    while let Some(plan) = next {
        assert_eq!((plan.workload(), plan.mode), (Workload::Followers, Mode::Threads));
        assert_eq!(session.active(), Some(SWEEP));
        let [run] = session.runs(SWEEP) else { panic!("a trial takes the place of the last") };
        assert_eq!(run.lanes().len(), usize::from(plan.workers));
        workers.push(plan.workers);
        next = trial(&mut session, &plan);
    }
    assert_eq!(workers, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    assert_eq!((session.active(), session.runs(SWEEP).len()), (None, 1));
    let medians: Vec<Nanos> = sweep(&session).points().iter().map(|point| point.median).collect();
    assert_eq!(medians, [200, 100, 50].map(Nanos::from_millis));
    assert_eq!(session.baseline_time(SWEEP), Some(Nanos::from_millis(200)));
}

#[test]
fn a_trial_that_is_not_whole_ends_the_sweep_with_what_it_has() {
    let broken = TaskOutcome::Failed(Failure { kind: FailureKind::Server, ..failure() });
    for (outcome, end) in [
        (broken, RunOutcome::Finished),
        (TaskOutcome::Stopped, RunOutcome::Stopped),
        (page(&[2]), RunOutcome::Stopped),
    ] {
        let mut session = sweeping(false, &[1, 2, 4], 3);
        let plan = prepared(&mut session, SWEEP, 60);
        let plan = trial(&mut session, &plan).unwrap();
        let outcomes = [page(&[1]), outcome];
        assert_eq!(play(&mut session, &plan, 9, &outcomes, end), None);
        assert_eq!((session.active(), sweep(&session).trials().len()), (None, 1));
        assert!(session.runs(SWEEP)[0].done_tasks() > 0);
        // From the beginning, without the profile.
        let again = session.start_selection(SWEEP).unwrap();
        assert_eq!((again.workload(), again.workers), (Workload::Followers, 1));
        assert!(sweep(&session).trials().is_empty());
    }
}

/// The list is shorter than the profile says: the trials after the first know it.
#[test]
fn pages_are_learnt_from_the_first_trial() {
    let mut session = sweeping(false, &[1, 2], 1);
    let plan = prepared(&mut session, SWEEP, 90);
    assert_eq!(plan.tasks, 3);
    let plan = trial(&mut session, &plan).unwrap();
    assert_eq!((plan.tasks, plan.workers), (2, 2));
}

#[test]
fn the_usual_counts_are_those_that_tell_something() {
    for (followers, counts) in [
        (0, vec![1]),
        (127, vec![1, 2, 3, 4, 5]),
        (240, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (300, vec![1, 2, 4, 8]),
        (1_800, vec![1, 2, 4, 8, 12, 16]),
        (300_000, vec![1, 2, 4, 8, 12, 16]),
    ] {
        let mut session = session(false, None);
        prepared(&mut session, SWEEP, followers);
        assert_eq!(sweep(&session).counts(), counts, "{followers}");
        assert_eq!(sweep(&session).repeats(), 3);
    }
}

#[test]
fn where_requests_cost_quota_a_person_begins_it_who_knows_what_it_costs() {
    let mut session = sweeping(true, &[1, 2, 4], 2);
    assert_eq!(prepared_with(&mut session, SWEEP, 60), None);
    assert!(session.awaits_confirmation(SWEEP) && session.failure(SWEEP).is_none());
    // 5 pages for each of 6 trials, and the preparing request again.
    assert_eq!(session.request_cost(SWEEP), Some(31));
    // The preparing request took 3 ms: 5, 3 and 2 waves of that, twice.
    assert_eq!(session.expected_time(SWEEP), Some(Nanos::from_millis(60)));
    let plan = prepared_with(&mut session, SWEEP, 59).unwrap();
    assert_eq!((plan.workload(), plan.workers), (Workload::Followers, 1));
    assert!(!session.awaits_confirmation(SWEEP));
    let quota = Quota { limit: 60, remaining: 59, reset: 1_700_000_000 };
    let bill = session.quota_estimate(SWEEP).unwrap();
    assert_eq!((bill.requests, bill.quota), (30, quota));
}

#[test]
fn who_agreed_beforehand_is_not_asked() {
    let setup = sweeping(true, &[1, 2], 1).setup().clone();
    let sweep = SweepSetup { agreed: true, ..setup.sweep.clone() };
    let mut session = Session::new(Setup { sweep, ..setup });
    assert!(prepared_with(&mut session, SWEEP, 60).is_some());
    assert!(!session.awaits_confirmation(SWEEP));
}

#[test]
fn too_small_a_quota_is_reported_without_a_request() {
    let mut session = sweeping(true, &[1, 2, 4], 2);
    assert_eq!(prepared_with(&mut session, SWEEP, 29), None);
    assert!(!session.awaits_confirmation(SWEEP));
    let failure = session.failure(SWEEP).unwrap();
    assert!(failure.message.contains("sweep needs 30 more requests"), "{failure}");
    assert!(failure.message.contains("--threads, --repeats or --per-page 100"), "{failure}");
}
