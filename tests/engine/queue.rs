//! A queue that holds only so many: never more than that wait, and nothing is done twice, missed or
//! waited for in vain.

use std::collections::BTreeSet;

use crossbeam_channel::{Sender, unbounded};
use proptest::prelude::*;
use proptest::test_runner::Config;
use threadline::engine::{RunHandle, TaskCount};
use threadline::model::{
    Event, EventKind, FailureKind, LaneId, Plan, Run, RunOutcome, State, TaskId, TaskOutcome,
};

use super::page_counts::{extent, said, tasks};
use super::{HANGS, TaskFnJob, done, end, events, failed, failure, finished, fold, plan, wait_for};

/// So many workers and tasks, and room for so many in the queue.
fn narrow(workers: u16, tasks: u32, queue: u32) -> Plan {
    Plan { queue: Some(queue), ..plan(workers, tasks) }
}

/// Tasks that each wait for leave to end.
fn held(plan: &Plan) -> (RunHandle, Sender<()>) {
    let (leave, leaves) = unbounded();
    let run = TaskFnJob::new(move |_, _, _| {
        leaves.recv_timeout(HANGS).unwrap();
        (done(), TaskCount::Unknown)
    });
    (run.start(plan), leave)
}

/// Asserts what holds at every moment: each task is told of before it is started, and a lane has at
/// most one that it took, so that no more than the queue's bound can have been put in beside these.
fn assert_never_too_many(plan: &Plan, events: &[Event]) {
    let (mut run, mut put, mut started, mut over) = (Run::new(plan.clone()), 0, 0, 0);
    let most = plan.queue.unwrap();
    for event in events {
        match event.kind {
            EventKind::TaskEnqueued { tasks } => {
                assert_eq!(tasks, put + 1, "each is told of");
                put = tasks;
            }
            EventKind::TaskStarted { .. } => started += 1,
            // One that is not there any more is let go again.
            EventKind::TaskFinished { .. } | EventKind::StateEntered { state: State::Idle } => {
                over += 1;
            }
            _ => {}
        }
        run.apply(event);
        assert!(started <= put, "started before it was put");
        assert!(put <= most + u32::from(plan.workers) + over, "{put} are too many");
        assert!(run.queued_tasks() <= most && run.queue_level().peak() <= most);
    }
}

#[test]
fn the_queue_is_full_as_long_as_there_are_more_tasks() {
    let plan = narrow(3, 20, 4);
    let (handle, leave) = held(&plan);
    let (mut run, mut seen) = (Run::new(plan.clone()), Vec::new());
    for over in 0..=20 {
        let all_begun = (3 + over).min(20);
        let all_put = (3 + 4 + over).min(20);
        while (run.started_tasks(), run.unqueued_tasks()) != (all_begun, 20 - all_put)
            || run.done_tasks() < over
        {
            let event = handle.events().recv_timeout(HANGS).unwrap();
            run.apply(&event);
            seen.push(event);
        }
        assert_eq!(run.queued_tasks(), all_put - all_begun);
        assert_eq!(
            run.queued_tasks() + run.unqueued_tasks() + run.in_flight() + run.done_tasks(),
            20
        );
        _ = leave.send(());
    }
    seen.extend(events(&handle));
    assert_never_too_many(&plan, &seen);
    assert!(fold(&plan, &seen).is_complete());
}

#[test]
fn the_first_lanes_have_the_first_tasks_however_narrow_the_queue() {
    for queue in [1, 3, 400_000] {
        let plan = narrow(8, 6, queue);
        let (handle, leave) = held(&plan);
        let mut begun = BTreeSet::new();
        while begun.len() < 6 {
            let event = handle.events().recv_timeout(HANGS).unwrap();
            if let EventKind::TaskStarted { task } = event.kind {
                begun.insert((event.lane, task));
            }
        }
        assert_eq!(begun, (0..6).map(|lane| (LaneId(lane), TaskId(u32::from(lane) + 1))).collect());
        (0..6).for_each(|_| leave.send(()).unwrap());
        assert_eq!(end(&events(&handle)), &RunOutcome::Finished);
    }
}

#[test]
fn a_failure_that_ends_the_run_ends_a_full_queue() {
    let refuse = |task: TaskId, _: &_, _: &_| match task.0 {
        5 => (failed(FailureKind::Refused), TaskCount::Unknown),
        _ => (done(), TaskCount::Unknown),
    };
    let events = TaskFnJob::new(refuse).run(&narrow(2, 1_000, 2));
    assert_eq!(end(&events), &RunOutcome::Failed(failure(FailureKind::Refused)));
}

#[test]
fn a_bound_of_none_is_one() {
    let events = TaskFnJob::new(|_, _, _| (done(), TaskCount::Unknown)).run(&narrow(2, 9, 0));
    assert_eq!((tasks(&events).len(), end(&events)), (9, &RunOutcome::Finished));
}

/// Worker processes die over these tasks: they come back through the queue, and are done.
#[test]
fn tasks_that_were_lost_are_done_by_another() {
    for (deadly, queue) in [([4, 9], None), ([4, 9], Some(1)), ([9, 9], Some(5)), ([9, 9], None)] {
        let plan = Plan { queue, ..plan(3, 30) };
        let deadly = std::sync::Mutex::new(deadly.to_vec());
        let events = TaskFnJob::new(move |task, _, _| {
            let mut deadly = deadly.lock().unwrap();
            let dies = deadly.iter().position(|&other| other == task.0);
            let dies = dies.map(|at| deadly.remove(at));
            drop(deadly);
            (dies.map_or_else(done, died), TaskCount::Unknown)
        })
        .run(&plan);
        let run = fold(&plan, &events);
        assert!(run.is_complete(), "{:?}", run.failure());
        assert_eq!((run.done_tasks(), run.requeue_count(), run.started_tasks()), (30, 2, 30));
        assert_eq!((run.queued_tasks(), run.unqueued_tasks(), run.in_flight()), (0, 0, 0));
        let well = |(_, _, outcome): &(_, _, &TaskOutcome)| matches!(outcome, TaskOutcome::Done(_));
        let well: Vec<TaskId> =
            finished(&events).into_iter().filter(well).map(|(_, task, _)| task).collect();
        assert_eq!((well.len(), well.iter().collect::<BTreeSet<_>>().len()), (30, 30));
    }
}

/// The task kills whoever does it.
#[test]
fn a_task_that_three_worker_processes_died_over_ends_the_run() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..plan(2, 5) };
        let kills = |task: TaskId, _: &_, _: &_| {
            (if task.0 == 2 { died(2) } else { done() }, TaskCount::Unknown)
        };
        let events = TaskFnJob::new(kills).run(&plan);
        assert_given_up(&events, "after 3 worker processes died on task 2 (");
        let run = fold(&plan, &events);
        assert_eq!((run.requeue_count(), run.failed_task()), (2, Some(TaskId(2))));
    }
}

/// Workers die whatever they do: not each of many tasks is tried.
#[test]
fn three_worker_processes_that_died_in_a_row_end_the_run() {
    for queue in [None, Some(2)] {
        let plan = Plan { queue, ..plan(1, 1_000) };
        let kills = |task: TaskId, _: &_, _: &_| {
            (if task.0 > 5 { died(task.0) } else { done() }, TaskCount::Unknown)
        };
        let events = TaskFnJob::new(kills).run(&plan);
        assert_given_up(&events, "after 3 worker processes died in a row (");
        let run = fold(&plan, &events);
        assert_eq!(
            (run.requeue_count(), run.failed_task(), run.done_tasks()),
            (2, Some(TaskId(8)), 5)
        );
    }
}

fn assert_given_up(events: &[Event], words: &str) {
    let RunOutcome::Failed(failure) = end(events) else { panic!("{:?}", end(events)) };
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains(words), "{failure}");
    assert!(failure.message.contains("killed by signal 9"), "{failure}");
}

fn died(task: u32) -> TaskOutcome {
    let message = format!("worker process {task} was killed by signal 9");
    TaskOutcome::Requeued(threadline::model::Failure::new(FailureKind::Worker, message))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_tasks_say_no_more_wait_than_there_is_room_for(
        workers in 1..6_u16,
        count in 0..20_u32,
        queue in 1..8_u32,
        extents in prop::collection::vec(extent(), 0..20),
    ) {
        let plan = narrow(workers, count, queue);
        let events = TaskFnJob::new(move |task, _, _| {
            let extent = extents.get(task.0 as usize - 1).copied();
            (done(), extent.unwrap_or(TaskCount::Unknown))
        })
        .run(&plan);
        prop_assert_eq!(end(&events), &RunOutcome::Finished);
        prop_assert!(tasks(&events).is_superset(&(1..=said(&events)).collect()));
        assert_never_too_many(&plan, &events);
        prop_assert!(fold(&plan, &events).is_complete());
    }

    /// The stop comes after any event, with workers that do their tasks at once and others that only
    /// a stop ends.
    #[test]
    fn a_stop_at_any_moment_ends_it(
        workers in 1..6_u16,
        count in 0..40_u32,
        queue in 1..8_u32,
        stuck in 1..60_u32,
        after in 0..120_usize,
    ) {
        let plan = narrow(workers, count, queue);
        let handle = TaskFnJob::new(move |task, _, cancel| {
            if task.0 % stuck == 0 {
                wait_for(cancel);
                return (TaskOutcome::Stopped, TaskCount::Unknown);
            }
            (done(), TaskCount::Unknown)
        })
        .start(&plan);
        let mut seen: Vec<Event> = Vec::new();
        while seen.len() < after {
            // Where all workers are stuck, nothing more comes: no test waits for that.
            let Ok(event) = handle.events().try_recv() else { break };
            seen.push(event);
        }
        handle.stop();
        let is_over = seen.last().is_some_and(|event| matches!(event.kind, EventKind::RunFinished { .. }));
        if !is_over {
            seen.extend(events(&handle));
        }
        assert_never_too_many(&plan, &seen);
        prop_assert!(matches!(end(&seen), RunOutcome::Stopped | RunOutcome::Finished));
    }
}
