//! Who does what, when, and under which name.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use threadline::engine::{Clock, TaskCount};
use threadline::model::{Event, EventKind, LaneId, Mode, Nanos, Plan, RunOutcome, State, TaskId};

use super::{TaskFnJob, done, end, events, finished, fold, plan};

#[test]
fn one_worker_does_the_tasks_in_order_and_stamps_what_it_does() {
    let clock = Clock::manual();
    clock.advance(Duration::from_secs(5));
    let plan = Plan { mode: Mode::Sequential, ..plan(1, 2) };
    let hands = clock.clone();
    let run = TaskFnJob::new(move |task, report, _| {
        hands.advance(Duration::from_millis(1));
        report.enter_state(State::Waiting);
        hands.advance(Duration::from_millis(10 * u64::from(task.0)));
        (done(), TaskCount::Unknown)
    });
    let run = run.start_on(&plan, &clock);
    assert_eq!(run.elapsed(Nanos::from_millis(5_001)), Nanos::from_millis(1));
    let events = events(&run);
    let at = |millis, kind| Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind };
    let started = |task| EventKind::TaskStarted { task: TaskId(task) };
    let entered = EventKind::StateEntered { state: State::Waiting };
    let finished = |task| EventKind::TaskFinished { task: TaskId(task), outcome: done() };
    let expected = [
        at(0, EventKind::RunStarted { plan: plan.clone() }),
        at(0, EventKind::TaskCountChanged { tasks: 2 }),
        at(0, started(1)),
        at(1, entered.clone()),
        at(11, finished(1)),
        at(11, started(2)),
        at(12, entered),
        at(32, finished(2)),
        at(32, EventKind::RunFinished { outcome: RunOutcome::Finished }),
    ];
    assert_eq!(events, expected);
    assert!(fold(&plan, &events).is_complete());
}

/// Each worker holds its first task until all have one: no thread can take two.
#[test]
fn threads_are_named_after_their_lanes_and_begin_with_the_tasks_in_order() {
    for _ in 0..20 {
        let (together, names) = (Arc::new(Barrier::new(8)), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&names);
        let events = TaskFnJob::new(move |task, _, _| {
            seen.lock().unwrap().push((thread::current().name().unwrap().to_owned(), task));
            together.wait();
            (done(), TaskCount::Unknown)
        })
        .run(&plan(8, 8));
        let lanes: BTreeSet<_> =
            finished(&events).iter().map(|&(lane, task, _)| (lane, task)).collect();
        assert_eq!(lanes, (0..8).map(|i| (LaneId(i), TaskId(u32::from(i) + 1))).collect());
        let names: BTreeSet<_> = names.lock().unwrap().drain(..).collect();
        assert_eq!(names, (1..=8).map(|i| (format!("worker-{i}"), TaskId(i))).collect());
    }
}

#[test]
fn the_one_thread_of_sequential_mode_is_called_main() {
    let plan = Plan { mode: Mode::Sequential, ..plan(1, 3) };
    let events = TaskFnJob::new(|_, _, _| {
        assert_eq!(thread::current().name(), Some("main"));
        (done(), TaskCount::Unknown)
    })
    .run(&plan);
    assert_eq!(fold(&plan, &events).done_tasks(), 3);
}

#[test]
fn more_workers_than_tasks_leave_the_rest_idle() {
    let plan = plan(200, 3);
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&plan);
    let run = fold(&plan, &events);
    assert!(run.is_complete());
    let lanes: Vec<usize> = run.lanes().iter().map(|lane| lane.spans().count()).collect();
    assert_eq!((lanes.len(), lanes.iter().sum::<usize>()), (200, 3));
    assert!(lanes[3..].iter().all(|&tasks| tasks == 0), "the first lanes have the first tasks");
}

#[test]
fn a_run_without_tasks_is_over_at_once() {
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&plan(3, 0));
    assert_eq!((end(&events), events.len()), (&RunOutcome::Finished, 3));
}

/// However the threads are scheduled, what a lane reports is in order, and a fold of it makes sense.
#[test]
fn many_tasks_on_many_threads_are_each_done_once() {
    let plan = plan(16, 2_000);
    let clock = Clock::manual();
    let hands = clock.clone();
    let run = TaskFnJob::new(move |_, report, _| {
        report.enter_state(State::Waiting);
        hands.advance(Duration::from_micros(1));
        (done(), TaskCount::Exactly(2_000))
    });
    let events = events(&run.start_on(&plan, &clock));
    let tasks: BTreeSet<_> = finished(&events).iter().map(|&(_, task, _)| task).collect();
    assert_eq!((tasks.len(), finished(&events).len()), (2_000, 2_000));
    for lane in 0..16 {
        let times: Vec<_> = events
            .iter()
            .filter(|event| event.lane == LaneId(lane))
            .map(|event| event.at)
            .collect();
        assert!(lane == 0 || times.is_sorted(), "lane {lane}");
    }
    let run = fold(&plan, &events);
    assert!(run.is_complete() && run.in_flight_level().peak() <= 16);
}
