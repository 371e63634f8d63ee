//! Results of worker processes: the values of one thread, and time stamps on the run's clock.

use std::path::Path;

use threadline::model::{
    Event, EventKind, LaneId, Mode, Nanos, Plan, Run, State, TaskId, TaskOutcome,
};
use threadline::source::Clock;

use super::{
    PROGRAM, ProcessRun, WORKS, compute, cpu, distinct, followers, launcher, launcher_with_api,
};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

#[test]
fn processes_compute_the_values_of_one_thread() {
    let launcher = launcher(PROGRAM, &Clock::system());
    for work in WORKS {
        let plan = Plan::new(work(compute(2_000)), Mode::Sequential, 1, 9);
        let expected = ProcessRun::run_to_end(&launcher, &plan).values();
        for workers in [1, 4] {
            let plan = Plan { mode: Mode::Processes, workers, ..plan.clone() };
            let many = ProcessRun::run_to_end(&launcher, &plan);
            assert_eq!(many.values(), expected, "{:?}", plan.work);
            let pids = many.pids();
            assert!(pids.len() <= usize::from(workers) && distinct(&pids).len() == pids.len());
            assert_eq!(many.run.processes().requeue_count(), 0);
        }
    }
}

#[test]
fn processes_fetch_the_followers_that_threads_fetch() {
    let server = ScriptedServer::list(290, |_| None);
    let launcher = launcher_with_api(server.url());
    let processes = ProcessRun::run_to_end(&launcher, &followers(3, 10));
    let threads =
        ProcessRun::run_to_end(&launcher, &Plan { mode: Mode::Threads, ..followers(3, 10) });
    assert!(processes.run.is_complete() && threads.run.is_complete());
    let ids = |process_run: &ProcessRun| process_run.run.follower_ids().collect::<Vec<_>>();
    assert_eq!((ids(&processes), ids(&threads)), ((1..=290).collect(), (1..=290).collect()));
    assert!(server.pages().values().all(|&requests| requests == 2), "{:?}", server.pages());
    let connected = |run: &Run| {
        let responses = run.tasks().iter().filter_map(|(_, record)| match record.outcome {
            Some(TaskOutcome::Done(done)) => Some(done.response?.connected),
            _ => None,
        });
        responses.filter(|&connected| connected).count()
    };
    let busy = processes.run.lanes().iter().filter(|lane| lane.spans().next().is_some()).count();
    assert_eq!(connected(&processes.run), busy, "a process opened a second connection");
}

/// The parent handles the retry and the rate limit that a worker reports.
#[test]
fn parent_handles_retries_and_limits_of_its_processes() {
    let refusals = std::sync::atomic::AtomicU32::new(0);
    let server = ScriptedServer::list(90, move |page| {
        let first = page == 2 && refusals.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        first.then(|| ScriptedReply::error(429, "slow down").header("retry-after", "0"))
    });
    let process_run = ProcessRun::run_to_end(&launcher_with_api(server.url()), &followers(2, 3));
    assert!(process_run.run.is_complete(), "{:?}", process_run.run.failure());
    assert_eq!(
        (
            process_run.run.timing().request_count(),
            process_run.run.progress().retry_count(),
            process_run.run.limits().reached().len()
        ),
        (4, 1, 1)
    );
    assert_eq!(server.requests().len(), 4);
    let [refused] = process_run.run.tasks().failed_attempts(TaskId(2)) else {
        panic!("one attempt fails")
    };
    assert_eq!(refused.failure.status, Some(429));
}

/// Returns the events of each task of a lane, from its start to its finish.
fn events_by_task(events: &[Event], lane: LaneId) -> Vec<Vec<&Event>> {
    let mut tasks: Vec<Vec<&Event>> = Vec::new();
    for event in events.iter().filter(|event| event.lane == lane) {
        match event.kind {
            EventKind::TaskStarted { .. } => tasks.push(vec![event]),
            EventKind::TaskCountChanged { .. }
            | EventKind::LaneClosed { .. }
            | EventKind::RunFinished { .. } => {}
            _ => tasks.iter_mut().last().into_iter().for_each(|task| task.push(event)),
        }
    }
    tasks
}

/// A worker's events lie between the parent's hand-over and its receipt of the answer. This holds
/// only if both use the same clock.
#[test]
fn process_events_are_stamped_on_the_runs_clock() {
    let plan = cpu(50_000, 2, 6);
    let process_run = ProcessRun::run_to_end(&launcher(PROGRAM, &Clock::system()), &plan);
    process_run.values();
    let enters = |event: &Event, state| event.kind == EventKind::StateEntered { state };
    for lane in [LaneId(0), LaneId(1)] {
        let events: Vec<&Event> =
            process_run.events.iter().filter(|event| event.lane == lane).collect();
        let at = |condition: &dyn Fn(&Event) -> bool| events.iter().find(|event| condition(event));
        let starting = at(&|event| enters(event, State::Starting)).unwrap();
        let running = at(&|event| matches!(event.kind, EventKind::ProcessStarted { .. })).unwrap();
        assert!(starting.at < running.at);
        for task in events_by_task(&process_run.events, lane) {
            let times: Vec<Nanos> = task.iter().map(|event| event.at).collect();
            assert!(times.is_sorted(), "{task:?}");
            let [start, out, computing, back, finish] = task[..] else { panic!("{task:?}") };
            assert!(matches!(start.kind, EventKind::TaskStarted { .. }));
            assert!(enters(out, State::HandOver) && enters(computing, State::Computing));
            assert!(enters(back, State::HandOver), "{task:?}");
            assert!(matches!(finish.kind, EventKind::TaskFinished { .. }));
            let strict = [out, computing, back, finish].map(|event| event.at);
            assert!(strict.windows(2).all(|pair| pair[0] < pair[1]), "{strict:?}");
        }
    }
}

/// The run's clock stands still, so every event gets its time.
#[test]
fn time_stamps_of_another_clock_are_corrected() {
    let clock = Clock::manual();
    clock.advance(std::time::Duration::from_secs(7));
    let process_run = ProcessRun::run_to_end(&launcher(PROGRAM, &clock), &cpu(500, 2, 5));
    process_run.values();
    assert!(
        process_run.events.iter().all(|event| event.at == Nanos::ZERO),
        "{:?}",
        process_run.events
    );
}

#[test]
fn hundred_processes_start_in_parallel() {
    let process_run =
        ProcessRun::run_to_end(&launcher(PROGRAM, &Clock::system()), &cpu(200, 100, 200));
    process_run.values();
    let pids = process_run.pids();
    assert_eq!(distinct(&pids).len(), pids.len());
    assert!(
        process_run.run.lanes().len() == 100
            && process_run.run.timing().in_flight_level().peak() <= 100
    );
}

#[test]
fn unusable_program_file_is_reported() {
    let gone = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deleted");
    for (program, expected) in [
        (gone.as_path(), "no longer exists; restart threadline"),
        (Path::new("/"), "cannot start a worker process from /: "),
        (Path::new(env!("CARGO_MANIFEST_DIR")), "lower --threads"),
    ] {
        for plan in [cpu(100, 3, 9), followers(3, 9)] {
            let api = threadline::github::Api::new("http://127.0.0.1:9", None).unwrap();
            let launcher = threadline::source::Launcher::with_processes(
                Some(std::sync::Arc::new(api)),
                threadline::http::RetryPolicy::default(),
                Clock::system(),
                Some(program.into()),
            );
            let process_run = ProcessRun::run_to_end(&launcher, &plan);
            let message = &process_run.failure().message;
            assert!(message.contains(expected), "{message}");
            assert_eq!(process_run.run.progress().done_tasks(), 0);
        }
    }
    let launcher = threadline::source::Launcher::new(
        None,
        threadline::http::RetryPolicy::default(),
        Clock::system(),
    );
    let process_run = ProcessRun::run_to_end(&launcher, &cpu(100, 2, 2));
    assert!(
        process_run.failure().message.contains("executable is unknown"),
        "{}",
        process_run.failure()
    );
}
