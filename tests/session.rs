//! A sitting, with events made up: what runs next, what is learnt, how runs compare.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "session/sweep.rs"]
mod sweep;

use std::sync::Arc;

use threadline::app::Session;
use threadline::app::session::Setup;
use threadline::app::session::{
    DEFAULT_WORKERS, MAX_AUTO_WORKERS, MAX_WORKERS, MAX_WORKERS_WITH_QUOTA,
};
use threadline::model::plan::MAX_TASKS;
use threadline::model::stats::Agreement;
use threadline::model::{
    ChangeReason, Completion, Event, EventKind, Failure, FailureKind, Follower, LaneId, Mode,
    Nanos, Plan, Product, Profile, Quota, ResponseSummary, RunOutcome, Selection, Target, TaskId,
    TaskOutcome, Workload,
};

const SEQUENTIAL: Selection = Selection::only(Workload::Followers, Mode::Sequential);
const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);

fn session(costs_quota: bool, workers: Option<u16>) -> Session {
    let target =
        Target { user: "octocat".to_owned(), api: "nowhere".to_owned(), per_page: 30, costs_quota };
    Session::new(Setup::followers(target, workers))
}

fn failure() -> Failure {
    Failure::new(FailureKind::NotFound, "nobody: check the spelling")
}

fn done(product: Product) -> TaskOutcome {
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 9, connected: false }),
        product,
    })
}

fn profile(followers: u64) -> TaskOutcome {
    done(Product::Profile(Profile { login: "octocat".to_owned(), followers }))
}

/// A page with these accounts on it.
fn page(ids: &[u64]) -> TaskOutcome {
    let follower = |&id: &u64| Follower { id, login: format!("u{id}").into(), html_url: "".into() };
    done(Product::Followers(Arc::new(ids.iter().map(follower).collect())))
}

fn apply(session: &mut Session, millis: u64, kind: EventKind) -> Option<Plan> {
    session.apply(&Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind })
}

/// Runs one plan: task 1 ends with the first of `outcomes`, and so on, each after so many
/// milliseconds. Returns what comes next.
fn play(
    session: &mut Session,
    plan: &Plan,
    millis: u64,
    outcomes: &[TaskOutcome],
    end: RunOutcome,
) -> Option<Plan> {
    assert_eq!(apply(session, 0, EventKind::RunStarted { plan: plan.clone() }), None);
    assert_eq!(
        apply(session, 0, EventKind::TaskCountChanged { tasks: outcomes.len() as u32 }),
        None
    );
    for (task, outcome) in (1..).zip(outcomes) {
        let (task, at) = (TaskId(task), millis * u64::from(task));
        assert_eq!(apply(session, at - millis, EventKind::TaskStarted { task }), None);
        let outcome = outcome.clone();
        assert_eq!(apply(session, at, EventKind::TaskFinished { task, outcome }), None);
    }
    apply(session, 1_000_000, EventKind::RunFinished { outcome: end })
}

/// Makes the preparing request, which finds so many followers, and returns what comes next.
fn prepared(session: &mut Session, selection: Selection, followers: u64) -> Plan {
    let plan = session.start_selection(selection).unwrap();
    assert_eq!((plan.workload(), plan.workers, plan.tasks), (Workload::Profile, 1, 1));
    play(session, &plan, 5, &[profile(followers)], RunOutcome::Finished).unwrap()
}

/// Runs a race of two pages, whose runs bring these accounts.
fn race(session: &mut Session, first: [&[u64]; 2], second: [&[u64]; 2]) {
    let plan = prepared(session, Selection::race(Workload::Followers), 31);
    let next = play(session, &plan, 100, &first.map(page), RunOutcome::Finished).unwrap();
    assert_eq!(play(session, &next, 25, &second.map(page), RunOutcome::Finished), None);
}

#[test]
fn a_race_is_the_profile_then_sequential_then_threads() {
    let mut session = session(false, None);
    assert_eq!(
        (
            session.task_count(Workload::Followers),
            session.active(),
            session.request_cost(Selection::race(Workload::Followers))
        ),
        (None, None, None)
    );
    let first = prepared(&mut session, Selection::race(Workload::Followers), 127);
    assert_eq!((first.workload(), first.mode), (Workload::Followers, Mode::Sequential));
    assert_eq!((first.workers, first.tasks), (1, 5));
    // All rows are there before anything of them has begun.
    let lanes: Vec<usize> = session
        .runs(Selection::race(Workload::Followers))
        .iter()
        .map(|run| run.lanes().len())
        .collect();
    assert_eq!(
        (lanes, session.request_cost(Selection::race(Workload::Followers))),
        (vec![1, 5], Some(11))
    );
    assert_eq!(session.start_selection(THREADS), None, "something runs");
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
    // What comes after the end is nobody's.
    assert_eq!(
        apply(&mut session, 1, EventKind::RunFinished { outcome: RunOutcome::Finished }),
        None
    );
}

#[test]
fn a_failed_profile_ends_the_session_until_it_is_retried() {
    let mut session = session(false, None);
    let plan = session.start_selection(Selection::race(Workload::Followers)).unwrap();
    let failed = TaskOutcome::Failed(failure());
    assert_eq!(play(&mut session, &plan, 5, &[failed], RunOutcome::Failed(failure())), None);
    assert_eq!((session.active(), session.task_count(Workload::Followers)), (None, None));
    assert!(session.runs(Selection::race(Workload::Followers)).is_empty());
    assert_eq!(session.failure(Selection::race(Workload::Followers)), Some(&failure()));
    let next = prepared(&mut session, THREADS, 40);
    assert_eq!((next.mode, next.tasks), (Mode::Threads, 2));
    assert_eq!(session.failure(THREADS), None);
}

#[test]
fn a_stop_ends_what_was_to_follow() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, Selection::race(Workload::Followers), 60);
    let outcomes = [page(&[1]), TaskOutcome::Stopped];
    assert_eq!(play(&mut session, &plan, 9, &outcomes, RunOutcome::Stopped), None);
    assert_eq!(session.active(), None);
    assert_eq!(session.runs(Selection::race(Workload::Followers))[0].done_tasks(), 1);
    assert_eq!(
        (
            session.baseline_time(Selection::race(Workload::Followers)),
            session.agreement(Selection::race(Workload::Followers))
        ),
        (None, None)
    );
    // The profile is known: it is not asked for again.
    let again = session.start_selection(Selection::race(Workload::Followers)).unwrap();
    assert_eq!((again.workload(), again.mode), (Workload::Followers, Mode::Sequential));
    assert!(
        !session.runs(Selection::race(Workload::Followers))[0].has_started(),
        "the old picture goes"
    );
}

/// The answer came, but a person wanted no more.
#[test]
fn a_stop_during_the_profile_is_a_stop_even_if_it_came_too_late() {
    let mut session = session(false, None);
    let plan = session.start_selection(Selection::race(Workload::Followers)).unwrap();
    assert_eq!(play(&mut session, &plan, 5, &[profile(90)], RunOutcome::Stopped), None);
    assert_eq!(session.active(), None);
}

#[test]
fn a_run_that_failed_is_followed_by_none() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, Selection::race(Workload::Followers), 60);
    let outcomes = [page(&[1]), TaskOutcome::Failed(failure())];
    assert_eq!(play(&mut session, &plan, 9, &outcomes, RunOutcome::Failed(failure())), None);
    assert_eq!(session.failure(Selection::race(Workload::Followers)), Some(&failure()));
    assert_eq!(session.failure(THREADS), None);
}

/// The list decides: a whole run teaches the later ones.
#[test]
fn a_run_learns_how_many_pages_there_are() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, SEQUENTIAL, 150);
    assert_eq!((plan.tasks, session.worker_count(Workload::Followers)), (5, 5));
    let pages: Vec<TaskOutcome> = (1..=3).map(|id| page(&[id])).collect();
    assert_eq!(play(&mut session, &plan, 10, &pages, RunOutcome::Finished), None);
    assert_eq!(
        (session.task_count(Workload::Followers), session.worker_count(Workload::Followers)),
        (Some(3), 3)
    );
    let plan = session.start_selection(THREADS).unwrap();
    assert_eq!((plan.tasks, plan.workers), (3, 3));
    // The sequential run measures the threads of another selection, too.
    play(&mut session, &plan, 2, &pages, RunOutcome::Finished);
    let threads = &session.runs(THREADS)[0];
    assert!((session.speed_up(THREADS, threads, Nanos::ZERO).unwrap() - 5.0).abs() < 1e-9);
}

/// How many pages there are is known as soon as a page tells; how long they take, only of them all.
#[test]
fn a_run_that_is_not_whole_teaches_the_pages_and_no_time() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, SEQUENTIAL, 150);
    play(&mut session, &plan, 10, &[page(&[1]), TaskOutcome::Stopped], RunOutcome::Stopped);
    assert_eq!(
        (session.task_count(Workload::Followers), session.baseline_time(SEQUENTIAL)),
        (Some(2), None)
    );
}

#[test]
fn a_count_is_a_guess_at_the_pages() {
    let counts = [(0, 1), (1, 1), (30, 1), (31, 2), (127, 5), (u64::MAX, MAX_TASKS)];
    for (followers, pages) in counts {
        let mut session = session(false, None);
        assert_eq!(prepared(&mut session, SEQUENTIAL, followers).tasks, pages, "{followers}");
    }
}

#[test]
fn workers_are_as_many_as_pages_up_to_eight_unless_a_person_says() {
    for (followers, workers) in [(0, 1), (60, 2), (240, 8), (241, 8), (100_000, 8)] {
        let mut session = session(true, None);
        assert_eq!(session.worker_count(Workload::Followers), DEFAULT_WORKERS);
        prepared(&mut session, THREADS, followers);
        assert_eq!(session.worker_count(Workload::Followers), workers);
    }
    let mut session = session(true, Some(3));
    prepared(&mut session, THREADS, 10_000);
    assert_eq!(session.runs(THREADS)[0].lanes().len(), 3);
}

#[test]
fn workers_change_by_steps_within_what_the_server_allows() {
    for (costs_quota, most) in [(true, MAX_WORKERS_WITH_QUOTA), (false, MAX_WORKERS)] {
        let mut session = session(costs_quota, Some(2));
        session.change_workers(Workload::Followers, 1);
        assert_eq!(session.worker_count(Workload::Followers), 3);
        session.change_workers(Workload::Followers, -5);
        assert_eq!(session.worker_count(Workload::Followers), 1);
        session.change_workers(Workload::Followers, i32::MIN);
        assert_eq!(session.worker_count(Workload::Followers), 1);
        session.change_workers(Workload::Followers, i32::MAX);
        assert_eq!(session.worker_count(Workload::Followers), most);
    }
    let mut session = session(false, None);
    session.change_workers(Workload::Followers, 1);
    assert_eq!(
        session.worker_count(Workload::Followers),
        DEFAULT_WORKERS + 1,
        "from what would have been"
    );
}

/// A thread a page, but no more than anybody wants to see, or the server allows.
#[test]
fn threads_whose_number_is_found_have_room_for_as_many_as_there_are_pages() {
    for (costs_quota, followers, most) in [
        (false, 90, 3),
        (false, 100_000, MAX_AUTO_WORKERS),
        (true, 100_000, MAX_WORKERS_WITH_QUOTA),
    ] {
        let target = session(costs_quota, None).target().unwrap().clone();
        let mut session = Session::new(Setup { auto: true, ..Setup::followers(target, None) });
        let plan = session.start_selection(THREADS).unwrap();
        assert!(!plan.auto, "one request needs one thread");
        let plan =
            play(&mut session, &plan, 5, &[profile(followers)], RunOutcome::Finished).unwrap();
        assert_eq!((plan.auto, plan.workers), (true, most));
        let in_flight = 2;
        apply(
            &mut session,
            1,
            EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::Start },
        );
        // From where it stands, and once that is a number, by steps of one.
        for workers in [3, 4] {
            session.change_workers(Workload::Followers, 1);
            assert_eq!(session.worker_count(Workload::Followers), workers);
            assert!(!session.is_auto(Workload::Followers));
        }
    }
}

#[test]
fn a_run_that_goes_on_is_measured_by_its_pages_so_far() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, Selection::race(Workload::Followers), 31);
    let next =
        play(&mut session, &plan, 100, &[page(&[1]), page(&[2])], RunOutcome::Finished).unwrap();
    apply(&mut session, 0, EventKind::RunStarted { plan: next });
    apply(&mut session, 0, EventKind::TaskStarted { task: TaskId(1) });
    let threads = session.active_run().unwrap();
    assert_eq!(
        session.speed_up(Selection::race(Workload::Followers), threads, Nanos::from_millis(20)),
        None
    );
    apply(&mut session, 20, EventKind::TaskFinished { task: TaskId(1), outcome: page(&[1]) });
    let threads = session.active_run().unwrap();
    // One of two pages in 25 ms, where two took 200 ms.
    let speed_up = session
        .speed_up(Selection::race(Workload::Followers), threads, Nanos::from_millis(25))
        .unwrap();
    assert!((speed_up - 4.0).abs() < 1e-9, "{speed_up}");
}

#[test]
fn runs_agree_on_the_accounts_and_their_order() {
    let cases: [([&[u64]; 2], Agreement); 4] = [
        ([&[1, 2], &[3]], Agreement::Same { items: 3 }),
        ([&[2, 1], &[3]], Agreement::Reordered { items: 3 }),
        ([&[1, 2], &[4]], Agreement::Different { only_first: 1, only_second: 1 }),
        ([&[1, 2], &[3, 4]], Agreement::Different { only_first: 0, only_second: 1 }),
    ];
    for (second, agreement) in cases {
        let mut session = session(false, None);
        race(&mut session, [&[1, 2], &[3]], second);
        assert_eq!(session.agreement(Selection::race(Workload::Followers)), Some(agreement));
    }
}

/// Someone who came or went while the pages were turned made one account be seen twice.
#[test]
fn an_account_that_came_twice_is_compared_once() {
    let compared = |second: [&[u64]; 2]| {
        let mut session = session(false, None);
        race(&mut session, [&[1, 2], &[3]], second);
        let threads = &session.runs(Selection::race(Workload::Followers))[1];
        let counts = (threads.follower_count(), threads.duplicate_count());
        (session.agreement(Selection::race(Workload::Followers)).unwrap(), counts)
    };
    let same = Agreement::Same { items: 3 };
    assert_eq!(compared([&[1, 2], &[2, 3]]), (same, (3, 1)));
    assert_eq!(compared([&[1, 2], &[1, 2, 3]]), (same, (3, 2)));
    let different = Agreement::Different { only_first: 1, only_second: 0 };
    assert_eq!(compared([&[1, 2], &[2]]), (different, (2, 1)));
}

/// What was found of an earlier race says nothing of the next.
#[test]
fn a_race_run_again_is_compared_again() {
    let mut session = session(false, None);
    race(&mut session, [&[1, 2], &[3]], [&[1, 2], &[3]]);
    let plan = session.start_selection(Selection::race(Workload::Followers)).unwrap();
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), None);
    let pages = [page(&[1, 2]), page(&[3])];
    let next = play(&mut session, &plan, 9, &pages, RunOutcome::Finished).unwrap();
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), None);
    play(&mut session, &next, 9, &[page(&[1, 2]), page(&[4])], RunOutcome::Finished);
    let different = Agreement::Different { only_first: 1, only_second: 1 };
    assert_eq!(session.agreement(Selection::race(Workload::Followers)), Some(different));
}

#[test]
fn what_is_not_whole_agrees_with_nothing() {
    let mut session = session(false, None);
    let plan = prepared(&mut session, Selection::race(Workload::Followers), 31);
    let failed = TaskOutcome::Failed(Failure { kind: FailureKind::Server, ..failure() });
    let next = play(&mut session, &plan, 9, &[page(&[1]), failed], RunOutcome::Finished).unwrap();
    assert_eq!(
        session.agreement(Selection::race(Workload::Followers)),
        None,
        "not before both are over"
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

/// The preparing request on an API with a quota, of which so many requests are left.
fn prepared_with(session: &mut Session, selection: Selection, left: u32) -> Option<Plan> {
    let plan = session.start_selection(selection).unwrap();
    assert_eq!(plan.workload(), Workload::Profile);
    apply(session, 0, EventKind::RunStarted { plan: plan.clone() });
    apply(session, 1, EventKind::TaskStarted { task: TaskId(1) });
    apply(
        session,
        2,
        EventKind::QuotaReported(Quota { limit: 60, remaining: left, reset: 1_700_000_000 }),
    );
    apply(session, 3, EventKind::TaskFinished { task: TaskId(1), outcome: profile(127) });
    apply(session, 4, EventKind::RunFinished { outcome: RunOutcome::Finished })
}

#[test]
fn what_the_quota_has_no_room_for_is_not_begun() {
    let race = Selection::race(Workload::Followers);
    let mut session = session(true, None);
    assert_eq!(prepared_with(&mut session, race, 9), None);
    let failure = session.failure(race).unwrap();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    for words in
        ["race needs 10 more requests", "nowhere has 9 of 60 left until 22:13 UTC", "--force"]
    {
        assert!(failure.message.contains(words), "{failure}");
    }
    assert_eq!((session.active(), session.task_count(Workload::Followers)), (None, Some(5)));
    // Half of it would do.
    assert_eq!((session.failure(THREADS), session.request_cost(THREADS)), (None, Some(6)));
    assert_eq!(prepared_with(&mut session, THREADS, 5).unwrap().mode, Mode::Threads);
    assert_eq!(session.failure(THREADS), None);
}

#[test]
fn a_person_may_begin_all_the_same() {
    let setup = session(true, None).setup().clone();
    let mut session = Session::new(Setup { force: true, ..setup });
    assert!(prepared_with(&mut session, Selection::race(Workload::Followers), 0).is_some());
}

#[test]
fn where_requests_cost_quota_it_is_asked_before_each_run() {
    let mut session = session(true, None);
    let plan = prepared_with(&mut session, THREADS, 60).unwrap();
    let pages: Vec<TaskOutcome> = (1..=5).map(|id| page(&[id])).collect();
    play(&mut session, &plan, 100, &pages, RunOutcome::Finished);
    // Its rows are there all the while.
    let plan = session.start_selection(THREADS).unwrap();
    assert_eq!((plan.workload(), session.runs(THREADS).len()), (Workload::Profile, 1));
}
