//! Sessions driven by fabricated events: the order of runs, page counts, workers and agreement.

mod quota;
mod race;
mod sweep;

use std::sync::Arc;

use threadline::analysis::stats::Agreement;
use threadline::app::Session;
use threadline::app::session::RequestCost;
use threadline::model::setup::{
    DEFAULT_WORKERS, MAX_AUTO_WORKERS, MAX_WORKERS, MAX_WORKERS_WITH_QUOTA,
};
use threadline::model::{
    ChangeReason, Completion, Event, EventKind, Failure, FailureKind, Follower, LaneId, Mode,
    Nanos, Plan, Product, Quota, ResponseSummary, RunId, RunOutcome, Selection, Setup, Target,
    TaskId, TaskOutcome, Workload,
};

const SEQUENTIAL: Selection = Selection::only(Workload::Followers, Mode::Sequential);
const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);

fn session(costs_quota: bool, workers: Option<u16>) -> Session {
    let target =
        Target { user: "octocat".to_owned(), api: "nowhere".to_owned(), per_page: 30, costs_quota };
    Session::new(Setup::followers(target, workers))
}

fn failure() -> Failure {
    Failure::new(FailureKind::NotFound, "no such user; check the spelling")
}

fn completed(product: Product) -> TaskOutcome {
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 9, connected: false }),
        product,
    })
}

/// A page of accounts with these IDs.
fn page(ids: &[u64]) -> TaskOutcome {
    let follower = |&id: &u64| Follower { id, login: format!("u{id}").into(), html_url: "".into() };
    completed(Product::Followers(Arc::new(ids.iter().map(follower).collect())))
}

/// Starts a selection whose runs follow one another, and returns the first plan.
fn begin(session: &mut Session, selection: Selection) -> Plan {
    let mut started = session.start_selection(selection);
    assert_eq!(started.len(), 1, "{started:?}");
    started.remove(0).plan
}

/// Applies an event to the first active run. Returns the plan of the next run.
fn apply(session: &mut Session, millis: u64, kind: EventKind) -> Option<Plan> {
    let run = session.active_runs().next().map_or(RunId(0), |(run, _)| run);
    let event = Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind };
    session.apply(run, &event).map(|next| next.plan)
}

/// Starts a run and opens its lanes.
fn open(session: &mut Session, plan: &Plan) {
    let (run, _) = session.active_runs().next().unwrap();
    for (lane, kind) in plan.opening() {
        assert_eq!(session.apply(run, &Event { at: Nanos::ZERO, lane, kind }), None);
    }
}

/// Plays one run, whose tasks end with `outcomes` one after another, `millis` milliseconds each.
/// Returns the plan of the next run.
fn play(
    session: &mut Session,
    plan: &Plan,
    millis: u64,
    outcomes: &[TaskOutcome],
    end: RunOutcome,
) -> Option<Plan> {
    open(session, plan);
    apply(session, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    let tasks = outcomes.len() as u32;
    for (task, outcome) in (1..).zip(outcomes) {
        let (task, at) = (TaskId(task), millis * u64::from(task));
        assert_eq!(apply(session, at - millis, EventKind::TaskStarted { task }), None);
        let outcome = outcome.clone();
        assert_eq!(apply(session, at, EventKind::TaskFinished { task, outcome }), None);
        if task == TaskId(1) {
            apply(session, at, EventKind::TaskCountChanged { tasks });
        }
    }
    apply(session, 1_000_000, EventKind::RunFinished { outcome: end, machine_load: None })
}

/// Starts a selection in a new session whose number of pages is known; returns the first plan.
fn start(session: &mut Session, selection: Selection, pages: u32) -> Plan {
    *session = Session::new(session.setup().clone()).with_pages(pages);
    begin(session, selection)
}

/// Plays a race of two pages, whose runs fetch these accounts.
fn play_race(session: &mut Session, first: [&[u64]; 2], second: [&[u64]; 2]) {
    let plan = start(session, Selection::race(Workload::Followers), 2);
    let next = play(session, &plan, 100, &first.map(page), RunOutcome::Finished).unwrap();
    assert_eq!(play(session, &next, 25, &second.map(page), RunOutcome::Finished), None);
}

#[test]
fn race_runs_sequential_then_threads() {
    let mut session = session(false, None);
    assert_eq!(
        (
            session.task_count(Workload::Followers),
            session.active(),
            session.request_cost(Selection::race(Workload::Followers))
        ),
        (None, None, Some(RequestCost::AtLeast(2)))
    );
    let first = start(&mut session, Selection::race(Workload::Followers), 5);
    assert_eq!((first.workload(), first.mode), (Workload::Followers, Mode::Sequential));
    assert_eq!((first.workers, first.tasks), (1, 5));
    // Both runs have their lanes before the first one starts.
    let lanes: Vec<usize> = session
        .runs(Selection::race(Workload::Followers))
        .iter()
        .map(|run| run.lanes().len())
        .collect();
    assert_eq!(
        (lanes, session.request_cost(Selection::race(Workload::Followers))),
        (vec![1, 5], Some(RequestCost::Exactly(10)))
    );
    assert_eq!(session.start_selection(THREADS), [], "a race is active");
    let pages: Vec<TaskOutcome> = (1..=5).map(|id| page(&[id])).collect();
    let second = play(&mut session, &first, 100, &pages, RunOutcome::Finished).unwrap();
    assert_eq!((second.mode, second.workers, second.tasks), (Mode::Threads, 5, 5));
    assert_eq!(session.active(), Some(Selection::race(Workload::Followers)));
    assert_eq!(play(&mut session, &second, 25, &pages, RunOutcome::Finished), None);
    assert_eq!(session.active(), None);
    assert_eq!(
        session.agreement(Selection::race(Workload::Followers)),
        Some(Agreement::Same { items: 5 })
    );
    let runs = session.runs(Selection::race(Workload::Followers));
    assert_eq!(
        session.baseline_time(Selection::race(Workload::Followers)),
        Some(Nanos::from_millis(500))
    );
    let speed_up =
        session.speed_up(Selection::race(Workload::Followers), &runs[1], Nanos::ZERO).unwrap();
    assert!((speed_up - 4.0).abs() < 1e-9);
    assert_eq!(session.latest_run().unwrap().plan(), &second);
    // An event after the end belongs to no run.
    assert_eq!(
        apply(
            &mut session,
            1,
            EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None }
        ),
        None
    );
}

#[test]
fn run_that_finds_no_page_ends_the_race() {
    let race = Selection::race(Workload::Followers);
    for (kind, ends) in [(FailureKind::NotFound, true), (FailureKind::Server, false)] {
        let failure = Failure { kind, ..failure() };
        let end = if ends { RunOutcome::Failed(failure.clone()) } else { RunOutcome::Finished };
        let mut session = session(false, None);
        let plan = begin(&mut session, race);
        let failed = TaskOutcome::Failed(failure.clone());
        assert_eq!(play(&mut session, &plan, 5, &[failed], end), None);
        assert_eq!((session.active(), session.task_count(Workload::Followers)), (None, None));
        assert_eq!(session.failure(race), Some(&failure));
        assert!(!session.runs(race)[1].has_started());
        assert_eq!(session.failure(THREADS), None);
    }
}

#[test]
fn first_response_reports_the_number_of_pages() {
    let race = Selection::race(Workload::Followers);
    let mut session = session(false, None);
    let plan = begin(&mut session, race);
    assert_eq!((plan.mode, plan.workers, plan.tasks), (Mode::Sequential, 1, 1));
    assert_eq!(session.task_count(Workload::Followers), None);
    let pages: Vec<TaskOutcome> = (1..=5).map(|id| page(&[id])).collect();
    let next = play(&mut session, &plan, 100, &pages, RunOutcome::Finished).unwrap();
    assert_eq!((next.mode, next.workers, next.tasks), (Mode::Threads, 5, 5));
    assert_eq!(session.task_count(Workload::Followers), Some(5));
}

/// Until the number of pages is known, a worker requests one page each, unless that may waste quota.
#[test]
fn first_wave_has_one_page_per_worker() {
    for (costs_quota, has_token, workers, planned) in [
        (false, false, None, (DEFAULT_WORKERS, 8)),
        (false, false, Some(16), (16, 16)),
        (true, false, None, (DEFAULT_WORKERS, 1)),
        (true, false, Some(16), (16, 1)),
        (true, true, None, (DEFAULT_WORKERS, 1)),
        (true, true, Some(16), (16, 16)),
    ] {
        let setup = session(costs_quota, workers).setup().clone();
        for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
            let mut session = Session::new(Setup { has_token, ..setup.clone() });
            let selection = Selection::only(Workload::Followers, mode);
            let plan = begin(&mut session, selection);
            assert_eq!(
                (plan.workers, plan.tasks),
                planned,
                "{costs_quota} {has_token} {workers:?}"
            );
        }
    }
}

#[test]
fn stop_ends_the_race() {
    let mut session = session(false, None);
    let plan = start(&mut session, Selection::race(Workload::Followers), 2);
    let outcomes = [page(&[1]), TaskOutcome::Stopped];
    assert_eq!(play(&mut session, &plan, 9, &outcomes, RunOutcome::Stopped), None);
    assert_eq!(session.active(), None);
    assert_eq!(session.runs(Selection::race(Workload::Followers))[0].progress().done_tasks(), 1);
    assert_eq!(
        (
            session.baseline_time(Selection::race(Workload::Followers)),
            session.agreement(Selection::race(Workload::Followers))
        ),
        (None, None)
    );
    let again = begin(&mut session, Selection::race(Workload::Followers));
    assert_eq!((again.workload(), again.mode), (Workload::Followers, Mode::Sequential));
    assert!(
        !session.runs(Selection::race(Workload::Followers))[0].has_started(),
        "the stopped run is replaced"
    );
}

#[test]
fn failed_run_ends_the_race() {
    let mut session = session(false, None);
    let plan = start(&mut session, Selection::race(Workload::Followers), 2);
    let outcomes = [page(&[1]), TaskOutcome::Failed(failure())];
    assert_eq!(play(&mut session, &plan, 9, &outcomes, RunOutcome::Failed(failure())), None);
    assert_eq!(session.failure(Selection::race(Workload::Followers)), Some(&failure()));
    assert_eq!(session.failure(THREADS), None);
}

/// The fetched list overrides a number of pages that was known before.
#[test]
fn complete_run_updates_the_page_count() {
    let mut session = session(false, None);
    let plan = start(&mut session, SEQUENTIAL, 5);
    assert_eq!((plan.tasks, session.worker_count(Workload::Followers)), (5, 5));
    let pages: Vec<TaskOutcome> = (1..=3).map(|id| page(&[id])).collect();
    assert_eq!(play(&mut session, &plan, 10, &pages, RunOutcome::Finished), None);
    assert_eq!(
        (session.task_count(Workload::Followers), session.worker_count(Workload::Followers)),
        (Some(3), 3)
    );
    let plan = begin(&mut session, THREADS);
    assert_eq!((plan.tasks, plan.workers), (3, 3));
    // The sequential run is the baseline of other selections, too.
    play(&mut session, &plan, 2, &pages, RunOutcome::Finished);
    let threads = &session.runs(THREADS)[0];
    assert!((session.speed_up(THREADS, threads, Nanos::ZERO).unwrap() - 5.0).abs() < 1e-9);
}

#[test]
fn stopped_run_updates_the_page_count_but_not_the_baseline_time() {
    let mut session = session(false, None);
    let plan = start(&mut session, SEQUENTIAL, 5);
    play(&mut session, &plan, 10, &[page(&[1]), TaskOutcome::Stopped], RunOutcome::Stopped);
    assert_eq!(
        (session.task_count(Workload::Followers), session.baseline_time(SEQUENTIAL)),
        (Some(2), None)
    );
}

#[test]
fn worker_count_defaults_to_the_page_count_up_to_eight() {
    for (pages, workers) in [(1, 1), (2, 2), (8, 8), (9, 8), (100_000, 8)] {
        let mut session = session(true, None);
        assert_eq!(session.worker_count(Workload::Followers), DEFAULT_WORKERS);
        start(&mut session, THREADS, pages);
        assert_eq!(session.worker_count(Workload::Followers), workers);
    }
    let mut session = session(true, Some(3));
    start(&mut session, THREADS, 400);
    assert_eq!(session.runs(THREADS)[0].lanes().len(), 3);
}

#[test]
fn worker_count_stays_within_the_limits_of_the_server() {
    for (costs_quota, max) in [(true, MAX_WORKERS_WITH_QUOTA), (false, MAX_WORKERS)] {
        let mut session = session(costs_quota, Some(2));
        session.change_workers(Workload::Followers, 1);
        assert_eq!(session.worker_count(Workload::Followers), 3);
        session.change_workers(Workload::Followers, -5);
        assert_eq!(session.worker_count(Workload::Followers), 1);
        session.change_workers(Workload::Followers, i32::MIN);
        assert_eq!(session.worker_count(Workload::Followers), 1);
        session.change_workers(Workload::Followers, i32::MAX);
        assert_eq!(session.worker_count(Workload::Followers), max);
    }
    let mut session = session(false, None);
    session.change_workers(Workload::Followers, 1);
    assert_eq!(
        session.worker_count(Workload::Followers),
        DEFAULT_WORKERS + 1,
        "the change starts from the default"
    );
}

#[test]
fn auto_run_has_one_lane_per_page_up_to_the_limit() {
    for (costs_quota, pages, lanes) in [
        (false, Some(3), 3),
        (false, Some(10_000), MAX_AUTO_WORKERS),
        (true, Some(10_000), MAX_WORKERS_WITH_QUOTA),
        (false, None, MAX_AUTO_WORKERS),
    ] {
        let target = session(costs_quota, None).target().unwrap().clone();
        let mut session = Session::new(Setup { auto: true, ..Setup::followers(target, None) });
        if let Some(pages) = pages {
            session = session.with_pages(pages);
        }
        let plan = begin(&mut session, THREADS);
        assert_eq!((plan.auto, plan.workers), (true, lanes));
        assert_eq!(plan.tasks, pages.unwrap_or(DEFAULT_WORKERS.into()));
        let in_flight = 2;
        apply(
            &mut session,
            1,
            EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::Start },
        );
        // The first change starts from the current limit and ends `auto` mode.
        for workers in [3, 4] {
            session.change_workers(Workload::Followers, 1);
            assert_eq!(session.worker_count(Workload::Followers), workers);
            assert!(!session.is_auto(Workload::Followers));
        }
    }
}

#[test]
fn active_run_speed_up_is_based_on_its_completed_pages() {
    let mut session = session(false, None);
    let plan = start(&mut session, Selection::race(Workload::Followers), 2);
    let next =
        play(&mut session, &plan, 100, &[page(&[1]), page(&[2])], RunOutcome::Finished).unwrap();
    open(&mut session, &next);
    apply(&mut session, 0, EventKind::TaskStarted { task: TaskId(1) });
    let threads = session.active_run().unwrap();
    assert_eq!(
        session.speed_up(Selection::race(Workload::Followers), threads, Nanos::from_millis(20)),
        None
    );
    apply(&mut session, 20, EventKind::TaskFinished { task: TaskId(1), outcome: page(&[1]) });
    let threads = session.active_run().unwrap();
    // One of two pages took 25 ms; the sequential run took 200 ms for both.
    let speed_up = session
        .speed_up(Selection::race(Workload::Followers), threads, Nanos::from_millis(25))
        .unwrap();
    assert!((speed_up - 4.0).abs() < 1e-9, "{speed_up}");
}

#[test]
fn agreement_compares_the_accounts_and_their_order() {
    let cases: [([&[u64]; 2], Agreement); 4] = [
        ([&[1, 2], &[3]], Agreement::Same { items: 3 }),
        ([&[2, 1], &[3]], Agreement::Reordered { items: 3 }),
        ([&[1, 2], &[4]], Agreement::Different { only_first: 1, only_second: 1 }),
        ([&[1, 2], &[3, 4]], Agreement::Different { only_first: 0, only_second: 1 }),
    ];
    for (second, agreement) in cases {
        let mut session = session(false, None);
        play_race(&mut session, [&[1, 2], &[3]], second);
        assert_eq!(session.agreement(Selection::race(Workload::Followers)), Some(agreement));
    }
}

/// If the list changes between two pages, an account can be on both.
#[test]
fn duplicate_account_is_compared_once() {
    let compared = |second: [&[u64]; 2]| {
        let mut session = session(false, None);
        play_race(&mut session, [&[1, 2], &[3]], second);
        let threads = &session.runs(Selection::race(Workload::Followers))[1];
        let counts = (threads.progress().result_count(), threads.progress().duplicate_count());
        (session.agreement(Selection::race(Workload::Followers)).unwrap(), counts)
    };
    let same = Agreement::Same { items: 3 };
    assert_eq!(compared([&[1, 2], &[2, 3]]), (same, (3, 1)));
    assert_eq!(compared([&[1, 2], &[1, 2, 3]]), (same, (3, 2)));
    let different = Agreement::Different { only_first: 1, only_second: 0 };
    assert_eq!(compared([&[1, 2], &[2]]), (different, (2, 1)));
}

#[test]
fn repeated_race_is_compared_again() {
    let mut session = session(false, None);
    play_race(&mut session, [&[1, 2], &[3]], [&[1, 2], &[3]]);
    let plan = begin(&mut session, Selection::race(Workload::Followers));
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), None);
    let pages = [page(&[1, 2]), page(&[3])];
    let next = play(&mut session, &plan, 9, &pages, RunOutcome::Finished).unwrap();
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), None);
    play(&mut session, &next, 9, &[page(&[1, 2]), page(&[4])], RunOutcome::Finished);
    let different = Agreement::Different { only_first: 1, only_second: 1 };
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), Some(different));
}

#[test]
fn race_with_a_failed_page_has_no_speed_up_and_incomplete_agreement() {
    let mut session = session(false, None);
    let plan = start(&mut session, Selection::race(Workload::Followers), 2);
    let failed = TaskOutcome::Failed(Failure { kind: FailureKind::Server, ..failure() });
    let next = play(&mut session, &plan, 9, &[page(&[1]), failed], RunOutcome::Finished).unwrap();
    assert_eq!(
        session.agreement(Selection::race(Workload::Followers)),
        None,
        "both runs must end first"
    );
    play(&mut session, &next, 9, &[page(&[1]), page(&[2])], RunOutcome::Finished);
    assert_eq!(
        session.agreement(Selection::race(Workload::Followers)),
        Some(Agreement::Incomplete)
    );
    assert_eq!(session.baseline_time(Selection::race(Workload::Followers)), None);
    let threads = &session.runs(Selection::race(Workload::Followers))[1];
    assert_eq!(session.speed_up(Selection::race(Workload::Followers), threads, Nanos::ZERO), None);
}
