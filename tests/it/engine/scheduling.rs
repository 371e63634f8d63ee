//! The assignment of tasks to lanes, their order, and the names of the worker threads.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use threadline::model::{
    CloseReason, Event, EventKind, LaneId, Mode, Nanos, Plan, RunOutcome, State, TaskId,
};
use threadline::source::{Clock, TaskCount};

use super::{TaskFnJob, collect_events, done, finished_tasks, fold, plan, run_outcome};

#[test]
fn one_worker_runs_tasks_in_order_and_timestamps_its_events() {
    let clock = Clock::manual();
    clock.advance(Duration::from_secs(5));
    let plan = Plan { mode: Mode::Sequential, ..plan(1, 2) };
    let task_clock = clock.clone();
    let run = TaskFnJob::new(move |task, report, _| {
        task_clock.advance(Duration::from_millis(1));
        report.enter_state(State::Waiting);
        task_clock.advance(Duration::from_millis(10 * u64::from(task.0)));
        (done(), TaskCount::Unknown)
    });
    let run = run.start_on(&plan, &clock);
    assert_eq!(run.elapsed(Nanos::from_millis(5_001)), Nanos::from_millis(1));
    let events = collect_events(&run);
    let at = |millis, kind| Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind };
    let started = |task| EventKind::TaskStarted { task: TaskId(task) };
    let entered = EventKind::StateEntered { state: State::Waiting };
    let finished = |task| EventKind::TaskFinished { task: TaskId(task), outcome: done() };
    let expected = [
        at(0, EventKind::RunStarted { plan: plan.clone() }),
        at(0, EventKind::LaneOpened { name: "main".to_owned() }),
        at(0, EventKind::TaskCountChanged { tasks: 2 }),
        at(0, started(1)),
        at(1, entered.clone()),
        at(11, finished(1)),
        at(11, started(2)),
        at(12, entered),
        at(32, finished(2)),
        at(32, EventKind::LaneClosed { reason: CloseReason::Finished }),
        at(32, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None }),
    ];
    assert_eq!(events, expected);
    assert!(fold(&plan, &events).is_complete());
}

/// Each worker blocks in its first task until all have one, so no thread can take two.
#[test]
fn threads_are_named_after_their_lanes_and_take_the_first_tasks_in_order() {
    for _ in 0..20 {
        let (all_started, names) = (Arc::new(Barrier::new(8)), Arc::new(Mutex::new(Vec::new())));
        let thread_names = Arc::clone(&names);
        let events = TaskFnJob::new(move |task, _, _| {
            thread_names.lock().unwrap().push((thread::current().name().unwrap().to_owned(), task));
            all_started.wait();
            (done(), TaskCount::Unknown)
        })
        .run(&plan(8, 8));
        let lanes: BTreeSet<_> =
            finished_tasks(&events).iter().map(|&(lane, task, _)| (lane, task)).collect();
        assert_eq!(lanes, (0..8).map(|i| (LaneId(i), TaskId(u32::from(i) + 1))).collect());
        let names: BTreeSet<_> = names.lock().unwrap().drain(..).collect();
        assert_eq!(names, (1..=8).map(|i| (format!("worker-{i}"), TaskId(i))).collect());
    }
}

#[test]
fn sequential_mode_runs_on_a_thread_named_main() {
    let plan = Plan { mode: Mode::Sequential, ..plan(1, 3) };
    let events = TaskFnJob::new(|_, _, _| {
        assert_eq!(thread::current().name(), Some("main"));
        (done(), TaskCount::Unknown)
    })
    .run(&plan);
    assert_eq!(fold(&plan, &events).progress().done_tasks(), 3);
}

#[test]
fn surplus_workers_stay_idle() {
    let plan = plan(200, 3);
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&plan);
    let run = fold(&plan, &events);
    assert!(run.is_complete());
    let lanes: Vec<usize> = run.lanes().iter().map(|lane| lane.spans().count()).collect();
    assert_eq!((lanes.len(), lanes.iter().sum::<usize>()), (200, 3));
    assert!(lanes[3..].iter().all(|&tasks| tasks == 0), "only the first lanes may have tasks");
}

#[test]
fn run_without_tasks_finishes_immediately() {
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&plan(3, 0));
    assert_eq!((run_outcome(&events), events.len()), (&RunOutcome::Finished, 9));
}

/// The events of each lane are in order of time, for any scheduling of the threads.
#[test]
fn each_of_many_tasks_is_done_once_on_many_threads() {
    let plan = plan(16, 2_000);
    let clock = Clock::manual();
    let task_clock = clock.clone();
    let run = TaskFnJob::new(move |_, report, _| {
        report.enter_state(State::Waiting);
        task_clock.advance(Duration::from_micros(1));
        (done(), TaskCount::Exactly(2_000))
    });
    let events = collect_events(&run.start_on(&plan, &clock));
    let tasks: BTreeSet<_> = finished_tasks(&events).iter().map(|&(_, task, _)| task).collect();
    assert_eq!((tasks.len(), finished_tasks(&events).len()), (2_000, 2_000));
    for lane in 0..16 {
        let times: Vec<_> = events
            .iter()
            .filter(|event| event.lane == LaneId(lane))
            .map(|event| event.at)
            .collect();
        assert!(lane == 0 || times.is_sorted(), "lane {lane}");
    }
    let run = fold(&plan, &events);
    assert!(run.is_complete() && run.timing().in_flight_level().peak() <= 16);
}
