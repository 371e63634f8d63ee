//! Events that no engine sends, as in foreign or damaged recordings.

use proptest::prelude::*;
use proptest::sample::select;
use threadline::model::{
    CloseReason, CommandOutput, Completion, Event, EventKind, ExitStatus, FailureKind, Gap,
    GapScope, LaneId, Mode, Nanos, Plan, Product, Quota, Run, RunOutcome, State, TaskId,
    TaskOutcome, WorkSpec,
};

use super::config;
use super::event_history::{cpu_plan, failure, page_outcome, plan, value_outcome};

/// Plans of every kind.
fn any_plan(workers: u16, tasks: u32) -> impl Strategy<Value = Plan> {
    (0..4_u8).prop_map(move |kind| {
        let commands = WorkSpec::Commands { commands: vec!["true".to_owned()].into() };
        match kind {
            0 => plan(workers, tasks),
            1 => cpu_plan(workers, tasks),
            2 => Plan { mode: Mode::Gil, ..cpu_plan(workers, tasks) },
            _ => Plan::new(commands, Mode::Threads, workers, tasks),
        }
    })
}

fn edge_numbers() -> impl Strategy<Value = u32> {
    prop_oneof![0..6_u32, select(vec![999_999, 1_000_000, 1_000_001, u32::MAX - 1, u32::MAX])]
}

fn any_event() -> impl Strategy<Value = Event> {
    let at = prop_oneof![0..100_u64, select(vec![u64::MAX / 2, u64::MAX - 1, u64::MAX])];
    let lane = prop_oneof![0..4_u16, Just(u16::MAX)];
    (at, lane, any_kind()).prop_map(|(at, lane, kind)| Event {
        at: Nanos(at),
        lane: LaneId(lane),
        kind,
    })
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    let task = || (0..6_u32).prop_map(TaskId);
    prop_oneof![
        8 => edge_numbers()
            .prop_flat_map(|tasks| any_plan(2, tasks))
            .prop_map(|plan| EventKind::RunStarted { plan }),
        8 => edge_numbers().prop_map(|tasks| EventKind::TaskCountChanged { tasks }),
        24 => task().prop_map(|task| EventKind::TaskStarted { task }),
        24 => select(State::ALL.to_vec()).prop_map(|state| EventKind::StateEntered { state }),
        12 => (task(), 0..6_u8).prop_map(|(task, n)| EventKind::TaskFinished { task, outcome: page_outcome(task, n) }),
        4 => task().prop_map(|task| EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped }),
        8 => task().prop_map(|task| {
            let outcome = TaskOutcome::Failed(failure(FailureKind::Server));
            EventKind::TaskFinished { task, outcome }
        }),
        8 => task().prop_map(|task| {
            let outcome = TaskOutcome::Requeued(failure(FailureKind::Worker));
            EventKind::TaskFinished { task, outcome }
        }),
        6 => (task(), any::<u64>()).prop_map(|(task, number)| {
            EventKind::TaskFinished { task, outcome: value_outcome(number) }
        }),
        6 => task().prop_map(|task| {
            let done = Completion { response: None, product: Product::Success };
            EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) }
        }),
        2 => any::<u32>().prop_map(|pid| EventKind::ProcessStarted { pid }),
        1 => (any::<[u64; 3]>(), any::<bool>()).prop_map(|([from, to, lost], whole)| {
            let scope = if whole { GapScope::Run } else { GapScope::Lane };
            EventKind::Gap(Gap { from: Nanos(from), to: Nanos(to), lost, scope })
        }),
        1 => Just(EventKind::LaneOpened { name: "late".to_owned() }),
        1 => Just(EventKind::LaneClosed { reason: CloseReason::Finished }),
        2 => task().prop_map(|task| {
            EventKind::CommandOutput { task, output: CommandOutput {
                text: "\u{1b}[2J".into(),
                bytes: u64::MAX,
                omitted: u64::MAX,
                status: ExitStatus::Signal(i32::MIN),
            } }
        }),
        3 => task().prop_map(|task| {
            let (failure, retry_at) = (failure(FailureKind::TimedOut), Nanos(u64::MAX));
            EventKind::AttemptFailed { task, failure, retry_at }
        }),
        3 => task().prop_map(|task| EventKind::TaskRetried { task }),
        1 => (0..3_u32, 0..3_u64).prop_map(|(remaining, reset)| {
            EventKind::QuotaReported(Quota { limit: 2, remaining, reset })
        }),
        1 => Just(EventKind::QuotaReported(Quota { limit: 0, remaining: u32::MAX, reset: u64::MAX })),
        1 => Just(EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None }),
    ]
}

/// Returns the number of followers of a page.
fn entry_count(outcome: TaskOutcome) -> Option<u64> {
    match outcome {
        TaskOutcome::Done(Completion { product: Product::Followers(page), .. }) => {
            Some(page.len() as u64)
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn any_events_in_any_order_fold_into_a_consistent_run(
        plan in (0..4_u16, edge_numbers()).prop_flat_map(|(workers, tasks)| any_plan(workers, tasks)),
        events in prop::collection::vec(any_event(), 0..120),
    ) {
        let mut run = Run::opened(plan);
        for event in &events {
            run.apply(event);
            let workers = run.lanes().len() as u32;
            prop_assert!(run.timing().in_flight() <= workers);
            prop_assert!(run.tasks_in_work() as u32 <= workers);
            prop_assert!(run.queued_tasks() <= run.progress().known_tasks());
            prop_assert!(run.started_tasks() + run.processes().requeue_count() + run.progress().retry_count() == run.timing().request_count());
            prop_assert_eq!(run.tasks().iter().count() as u32, run.started_tasks());
            prop_assert!(run.progress().done_tasks() <= run.progress().known_tasks());
            prop_assert!(run.progress().done_tasks() <= run.started_tasks());
        }
        let end = run.elapsed(Nanos(50));
        prop_assert_eq!(run.followers().count() as u64, run.progress().result_count());
        let entries = run.tasks().iter().filter_map(|(_, record)| entry_count(record.outcome?));
        prop_assert_eq!(entries.sum::<u64>(), run.progress().result_count() + run.progress().duplicate_count());
        let values = run.tasks().values().count() as u32;
        prop_assert!(values == 0 || values >= run.progress().done_tasks());
        if let Some(gil) = run.gil() {
            prop_assert!((0.0..=1.0).contains(&gil.held_share(end)));
            prop_assert!(gil.wait_time(end).0 <= end.0.saturating_mul(run.lanes().len() as u64));
        }
        for lane in run.lanes() {
            let spans: Vec<_> = lane.spans().collect();
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end.unwrap() <= pair[1].start);
            }
            prop_assert_eq!(lane.state_times_between(Nanos::ZERO, end).total(), end.0);
            for width in [0, 1, 7, u64::MAX / 3, u64::MAX] {
                for from in [0, 3, u64::MAX - 10, u64::MAX] {
                    let cells = lane.cells(Nanos(from), Nanos(width), 50, end).count();
                    let time = end.0.saturating_sub(from);
                    prop_assert_eq!(cells as u64, time.div_ceil(width.max(1)).min(50));
                }
            }
        }
        for t in [0, 50, u64::MAX] {
            prop_assert!(run.timing().in_flight_level().mean(Nanos::ZERO, Nanos(t)) >= 0.0);
            prop_assert!(run.timing().queue_level().mean(Nanos(t), Nanos(u64::MAX)) >= 0.0);
        }
    }

    #[test]
    fn damaged_event_line_does_not_panic(cut in 0..200_usize, byte in any::<u8>()) {
        let (task, at) = (TaskId(3), Nanos(1_234));
        let kind = EventKind::TaskFinished { task, outcome: page_outcome(task, 2) };
        let mut line = serde_json::to_vec(&Event { at, lane: LaneId(1), kind }).unwrap();
        let cut = cut % line.len();
        line[cut] = byte;
        if let Ok(event) = serde_json::from_slice::<Event>(&line) {
            Run::opened(plan(2, 5)).apply(&event);
        }
    }
}

/// Storing every task up to such a number would take 80 GB.
#[test]
fn huge_task_numbers_are_ignored() {
    let mut run = Run::opened(plan(1, u32::MAX));
    for task in [u32::MAX, u32::MAX - 1, 1_000_001, 0] {
        let task = TaskId(task);
        run.apply(&Event { at: Nanos(1), lane: LaneId(0), kind: EventKind::TaskStarted { task } });
        let kind = EventKind::TaskFinished { task, outcome: page_outcome(task, 1) };
        run.apply(&Event { at: Nanos(2), lane: LaneId(0), kind });
        assert_eq!(run.tasks().iter().count(), 0);
    }
    assert_eq!((run.started_tasks(), run.progress().result_count()), (0, 0));
}

#[test]
fn task_is_counted_once_if_it_finishes_repeatedly() {
    let mut run = Run::opened(plan(2, 2));
    let task = TaskId(1);
    let finish = |lane| Event {
        at: Nanos(2),
        lane: LaneId(lane),
        kind: EventKind::TaskFinished { task, outcome: page_outcome(task, 3) },
    };
    run.apply(&finish(0));
    assert_eq!(
        (run.progress().done_tasks(), run.progress().result_count()),
        (0, 0),
        "the task has not started"
    );
    run.apply(&Event { at: Nanos(3), lane: LaneId(0), kind: EventKind::TaskStarted { task } });
    run.apply(&finish(1));
    assert_eq!(run.progress().done_tasks(), 0, "the task is on another lane");
    run.apply(&finish(0));
    run.apply(&finish(0));
    assert_eq!(
        (run.progress().done_tasks(), run.progress().result_count(), run.timing().in_flight()),
        (1, 3, 0)
    );
}

#[test]
fn events_after_the_end_are_ignored() {
    let mut run = Run::opened(plan(1, 2));
    let page_events = |task| {
        [
            EventKind::TaskStarted { task },
            EventKind::TaskFinished { task, outcome: page_outcome(task, 3) },
        ]
    };
    let end = EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None };
    for kind in page_events(TaskId(1)).into_iter().chain([end]).chain(page_events(TaskId(2))) {
        run.apply(&Event { at: Nanos(1), lane: LaneId(0), kind });
    }
    assert_eq!(
        (run.progress().done_tasks(), run.started_tasks(), run.progress().result_count()),
        (1, 1, 3)
    );
}

#[test]
fn lane_takes_part_from_its_opening_to_its_closing() {
    let mut run = Run::new(plan(1, 3));
    let mut apply = |at, lane, kind| {
        run.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
        let lanes = run.lanes().iter().map(|lane| (lane.label(), lane.opened(), lane.closed()));
        (lanes.collect::<Vec<_>>(), run.started_tasks(), run.tasks_in_work())
    };
    let started = |task| EventKind::TaskStarted { task: TaskId(task) };
    let opened = |name: &str| EventKind::LaneOpened { name: name.to_owned() };
    let closed = EventKind::LaneClosed { reason: CloseReason::Finished };
    let planned = |opened, closed| ("worker-1".to_owned(), opened, closed);
    assert_eq!(apply(1, 0, started(1)), (vec![planned(None, None)], 0, 0));
    assert_eq!(apply(2, 0, opened("worker-1")), (vec![planned(Some(Nanos(2)), None)], 0, 0));
    assert_eq!(apply(3, 0, started(1)).1, 1);
    assert_eq!(apply(4, 0, closed.clone()), (vec![planned(Some(Nanos(2)), None)], 1, 1));
    assert_eq!(apply(5, 2, opened("far")).0.len(), 1, "lanes are opened in order");
    let late = ("late".to_owned(), Some(Nanos(6)), None);
    assert_eq!(apply(6, 1, opened("late")).0.last(), Some(&late));
    assert_eq!(apply(7, 1, EventKind::ProcessStarted { pid: 9 }).0[1].0, "pid 9");
    assert_eq!(apply(8, 1, closed).0[1].2, Some(Nanos(8)));
    assert_eq!(apply(9, 1, started(2)).1, 1);
}
