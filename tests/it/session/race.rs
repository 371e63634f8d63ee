//! Races on the built-in server: all modes start at the same moment.

use threadline::model::PlannedRun;

use super::*;

const RACE: Selection = Selection::race(Workload::Followers);

/// A session of two pages on the built-in server.
fn built_in_session() -> Session {
    let target = Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    Session::new(Setup::followers(target, None)).with_pages(2)
}

/// Applies an event to a run; no other run starts.
fn apply_to(session: &mut Session, run: u16, millis: u64, kind: EventKind) {
    let event = Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind };
    assert_eq!(session.apply(RunId(run), &event), None);
}

/// Starts a race, and opens the lanes of its runs.
fn begin_race(session: &mut Session) {
    for PlannedRun { run, plan } in session.start_selection(RACE) {
        for (lane, kind) in plan.opening() {
            assert_eq!(session.apply(run, &Event { at: Nanos::ZERO, lane, kind }), None);
        }
    }
}

/// Fetches a page in a run, from one time to another.
fn fetch(session: &mut Session, run: u16, number: u32, [from, to]: [u64; 2]) {
    let task = TaskId(number);
    apply_to(session, run, from, EventKind::TaskStarted { task });
    let outcome = page(&[u64::from(number)]);
    apply_to(session, run, to, EventKind::TaskFinished { task, outcome });
}

fn finish(session: &mut Session, run: u16, millis: u64, outcome: RunOutcome) {
    apply_to(session, run, millis, EventKind::RunFinished { outcome, machine_load: None });
}

fn active_modes(session: &Session) -> Vec<Mode> {
    session.active_runs().map(|(_, run)| run.plan().mode).collect()
}

#[test]
fn race_on_the_built_in_server_starts_all_modes() {
    let mut session = built_in_session();
    let started = session.start_selection(RACE);
    let plans: Vec<(u16, Mode, u16, u32)> = started
        .iter()
        .map(|PlannedRun { run, plan }| (run.0, plan.mode, plan.workers, plan.tasks))
        .collect();
    assert_eq!(
        plans,
        [(0, Mode::Sequential, 1, 2), (1, Mode::Threads, 2, 2), (2, Mode::Gil, 2, 2)]
    );
    assert_eq!(session.start_selection(THREADS), [], "the race is active");
}

#[test]
fn race_at_the_same_moment_ends_with_its_last_run() {
    let mut session = built_in_session();
    begin_race(&mut session);
    // The threads are home while the sequential run fetches its first page.
    fetch(&mut session, 1, 1, [0, 100]);
    apply_to(&mut session, 0, 0, EventKind::TaskStarted { task: TaskId(1) });
    fetch(&mut session, 1, 2, [100, 110]);
    finish(&mut session, 1, 110, RunOutcome::Finished);
    assert_eq!(active_modes(&session), [Mode::Sequential, Mode::Gil]);
    assert_eq!((session.agreement(RACE), session.baseline_time(RACE)), (None, None));
    let threads = session.runs(RACE)[1].clone();
    let least = |session: &Session, at| session.least_speed_up(RACE, &threads, at);
    assert_eq!(least(&session, Nanos::from_millis(330)), Some(3.0), "the sequential run goes on");
    assert_eq!(least(&session, Nanos::from_millis(50)), None);

    apply_to(
        &mut session,
        0,
        400,
        EventKind::TaskFinished { task: TaskId(1), outcome: page(&[1]) },
    );
    fetch(&mut session, 2, 1, [0, 100]);
    fetch(&mut session, 2, 2, [100, 120]);
    finish(&mut session, 2, 120, RunOutcome::Finished);
    fetch(&mut session, 0, 2, [400, 440]);
    assert_eq!(active_modes(&session), [Mode::Sequential]);
    finish(&mut session, 0, 440, RunOutcome::Finished);
    assert_eq!((session.active(), session.latest_selection()), (None, Some(RACE)));
    assert_eq!(session.agreement(RACE), Some(Agreement::Same { items: 2 }));
    let threads = &session.runs(RACE)[1];
    assert_eq!(session.speed_up(RACE, threads, Nanos::ZERO), Some(4.0));
    assert_eq!(session.least_speed_up(RACE, threads, Nanos::ZERO), None);
}

/// A failed mode does not take the time of the others.
#[test]
fn failed_mode_leaves_the_others_of_its_race_running() {
    let mut session = built_in_session();
    begin_race(&mut session);
    finish(&mut session, 0, 5, RunOutcome::Failed(failure()));
    assert_eq!(active_modes(&session), [Mode::Threads, Mode::Gil]);
    fetch(&mut session, 1, 1, [0, 100]);
    for run in [1, 2] {
        finish(&mut session, run, 110, RunOutcome::Stopped);
    }
    assert_eq!((session.active(), session.failure(RACE)), (None, Some(&failure())));
    assert_eq!(session.agreement(RACE), Some(Agreement::Incomplete));
}

#[test]
fn event_of_a_run_that_is_not_active_is_ignored() {
    let mut session = built_in_session();
    begin_race(&mut session);
    finish(&mut session, 1, 5, RunOutcome::Stopped);
    for run in [1, 3, u16::MAX] {
        finish(&mut session, run, 9, RunOutcome::Finished);
    }
    assert_eq!(session.runs(RACE)[1].outcome(), Some(&RunOutcome::Stopped));
    assert_eq!(active_modes(&session), [Mode::Sequential, Mode::Gil]);
}

/// Computations share the cores, and other servers may not serve all modes at once.
#[test]
fn other_races_run_one_mode_after_another() {
    let mut session = built_in_session();
    assert_eq!(session.start_selection(Selection::race(Workload::Cpu)).len(), 1);
    let mut elsewhere = super::session(false, None);
    let started = elsewhere.start_selection(RACE);
    let modes: Vec<Mode> = elsewhere.runs(RACE).iter().map(|run| run.plan().mode).collect();
    assert_eq!((started.len(), modes), (1, vec![Mode::Sequential, Mode::Threads]));
}
