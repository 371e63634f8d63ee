//! A run of legal events: what is counted is what happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use threadline::model::{
    ChangeReason, Completion, Event, EventKind, FailureKind, Lane, LaneCell, LaneId, LimitChange,
    LimitKind, Nanos, Plan, Product, ReachedLimit, ResponseSummary, Run, Span, State, TaskId,
    TaskOutcome,
};

use super::config;
use super::legal::{EventHistory, event_history, page, plan};

fn fold(history: &EventHistory) -> Run {
    let mut run = Run::new(history.plan.clone());
    for history_step in &history.history_steps {
        run.apply(&history_step.event);
    }
    run
}

/// All that a run's accessors tell.
fn portrait(run: &Run) -> String {
    let mut text = String::new();
    for lane in run.lanes() {
        let end = lane.last_change();
        let cells: Vec<_> = lane.cells(Nanos::ZERO, Nanos(997), 500, end).collect();
        let spans: Vec<_> = lane.spans().collect();
        let sums = lane.state_times_between(Nanos::ZERO, end);
        writeln!(text, "{:?} {end:?} {spans:?} {cells:?} {sums:?}", lane.state()).unwrap();
    }
    let tasks: Vec<_> = run.tasks().collect();
    writeln!(text, "{:?} {tasks:?} {:?} {:?}", run.plan(), run.failure(), run.failed_task())
        .unwrap();
    let counts = (run.known_tasks(), run.done_tasks(), run.started_tasks(), run.in_flight());
    let names: Vec<String> = (0..run.plan().workers).map(|lane| run.worker_name(lane)).collect();
    let processes = (names, run.requeue_count(), run.tasks_in_work(), run.unqueued_tasks());
    writeln!(text, "{processes:?} {:?}", run.values().collect::<Vec<_>>()).unwrap();
    let followers = (run.follower_count(), run.duplicate_count());
    let totals = (run.queued_tasks(), followers, run.bytes(), run.quota(), run.retry_count());
    let limits = (
        run.limits(),
        run.reduced_limit(),
        run.last_visible_page(),
        run.quota_level().value_at(NOW),
    );
    let ends = (
        run.has_started(),
        run.outcome(),
        run.duration(),
        run.is_complete(),
        run.elapsed(Nanos::ZERO),
    );
    let levels = [run.in_flight_level(), run.queue_level()];
    let levels = levels.map(|level| {
        let mean = |at: u64| level.mean(Nanos(at), Nanos(at + 991));
        ((0..20_000).step_by(991).map(mean).collect::<Vec<f64>>(), level.peak())
    });
    let followers: Vec<_> = run.followers().collect();
    writeln!(text, "{counts:?} {totals:?} {limits:?} {ends:?} {levels:?} {followers:?}").unwrap();
    text
}

/// How long a lane waited between a failed attempt and the next, or the end of its task.
fn held(history: &EventHistory, run: &Run, lane: &Lane) -> u64 {
    let place = run.lanes().iter().position(|other| std::ptr::eq(other, lane)).unwrap();
    let own = history.history_steps.iter().map(|history_step| &history_step.event);
    let (mut since, mut total) = (None, 0);
    for event in own.filter(|event| usize::from(event.lane.0) == place) {
        match event.kind {
            EventKind::AttemptFailed { .. } => since = Some(event.at),
            EventKind::TaskRetried { .. } | EventKind::TaskFinished { .. } => {
                total += since.take().map_or(0, |since| event.at.since(since).0);
            }
            _ => {}
        }
    }
    total
}

/// After everything that happened so far.
const NOW: Nanos = Nanos(u64::MAX);

proptest! {
    #![proptest_config(config())]
    #[test]
    fn in_flight_and_queue_are_as_the_pool_has_them(history in event_history()) {
        let mut run = Run::new(history.plan.clone());
        for history_step in &history.history_steps {
            run.apply(&history_step.event);
            prop_assert_eq!(run.in_flight(), history_step.in_flight);
            prop_assert!(run.in_flight() <= u32::from(history.plan.workers));
            prop_assert_eq!(run.queued_tasks(), history_step.queued);
            prop_assert_eq!(run.tasks_in_work(), history_step.handed_out);
            prop_assert_eq!(run.unqueued_tasks(), history_step.unqueued);
            let begins = matches!(history_step.event.kind, EventKind::RunStarted { .. });
            prop_assert!(begins || run.queue_level().value_at(NOW) == history_step.queued);
            prop_assert_eq!(run.in_flight_level().value_at(NOW), history_step.in_flight);
        }
        prop_assert!(run.in_flight_level().peak() <= u32::from(history.plan.workers));
    }

    #[test]
    fn a_lane_does_one_task_at_a_time_and_is_busy_as_long_as_it_has_one(history in event_history()) {
        let run = fold(&history);
        let end = run.elapsed(Nanos::ZERO);
        for lane in run.lanes() {
            let spans: Vec<_> = lane.spans().collect();
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end.unwrap() <= pair[1].start);
            }
            let held = held(&history, &run, lane);
            let lengths = spans.iter().map(|span| span.end.unwrap().since(span.start).0);
            prop_assert_eq!(lane.busy_time(end).0, lengths.sum::<u64>() + held);
            let sums = lane.state_times_between(Nanos::ZERO, end);
            prop_assert_eq!(sums.iter().sum::<u64>(), end.0);
            let durations = run.lane_task_durations(lane, end).count();
            let stopped = |span: &&Span| {
                run.task(span.task).and_then(|record| record.outcome) == Some(TaskOutcome::Stopped)
            };
            prop_assert_eq!(durations, spans.len() - spans.iter().filter(stopped).count());
        }
    }

    #[test]
    fn a_tasks_attempts_are_counted_whatever_lane_makes_them(history in event_history()) {
        let run = fold(&history);
        let mut attempts: BTreeMap<TaskId, u32> = BTreeMap::new();
        let mut taken = vec![0; run.lanes().len()];
        for Event { at, lane, kind } in history.history_steps.iter().map(|history_step| &history_step.event) {
            let (EventKind::TaskStarted { task } | EventKind::TaskRetried { task }) = kind else { continue };
            taken[usize::from(lane.0)] += usize::from(matches!(kind, EventKind::TaskStarted { .. }));
            let attempt = attempts.entry(*task).or_default();
            *attempt += 1;
            let spans = run.lanes()[usize::from(lane.0)].spans();
            let told: Vec<Span> = spans.filter(|span| span.task == *task).collect();
            let own = told.iter().find(|span| span.attempt == *attempt);
            prop_assert!(own.is_some_and(|span| span.start == *at), "{task:?} {attempt}: {told:?}");
        }
        for (task, attempts) in attempts {
            let failed = run.failed_attempts(task).len() as u32;
            let open = run.task(task).is_none();
            prop_assert!(failed == attempts || failed + 1 == attempts && !open);
        }
        for (lane, taken) in run.lanes().iter().zip(taken) {
            prop_assert_eq!(lane.task_count_until(run.elapsed(Nanos::ZERO)), taken);
        }
    }

    /// Little's law, exactly: the area under the tasks in flight is the sum of their durations.
    #[test]
    fn the_mean_in_flight_is_the_sum_of_durations_over_the_time(history in event_history()) {
        let run = fold(&history);
        let end = run.elapsed(Nanos::ZERO);
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let durations: u64 = spans.map(|span| span.end.unwrap().since(span.start).0).sum();
        let area = run.in_flight_level().mean(Nanos::ZERO, end) * end.0 as f64;
        prop_assert!((area - durations as f64).abs() < 1.0, "{area} {durations}");
    }

    #[test]
    fn totals_are_those_of_the_outcomes(history in event_history()) {
        let mut run = Run::new(history.plan.clone());
        let (mut outcomes, mut lost) = (BTreeMap::new(), 0);
        for history_step in &history.history_steps {
            run.apply(&history_step.event);
            if let EventKind::TaskFinished { task, outcome } = &history_step.event.kind {
                prop_assert_eq!(run.followers().count() as u64, run.follower_count());
                match outcome {
                    TaskOutcome::Requeued(_) => {
                        lost += 1;
                        outcomes.remove(task);
                    }
                    _ => _ = outcomes.insert(*task, outcome.clone()),
                }
            }
        }
        prop_assert_eq!(run.requeue_count(), lost);
        let dones: Vec<_> = outcomes
            .values()
            .filter_map(|outcome| match outcome {
                TaskOutcome::Done(done) => Some(done),
                _ => None,
            })
            .collect();
        prop_assert_eq!(run.done_tasks() as usize, dones.len());
        prop_assert_eq!(run.bytes(), dones.iter().filter_map(|done| done.response).map(|answer| answer.bytes).sum::<u64>());
        let followers = dones.iter().flat_map(|done| match &done.product {
            Product::Followers(page) => page.ids().to_vec(),
            _ => Vec::new(),
        });
        let (mut different, mut duplicates) = (Vec::new(), 0);
        for id in followers {
            if different.contains(&id) {
                duplicates += 1;
            } else {
                different.push(id);
            }
        }
        let counts = (run.follower_count(), run.duplicate_count());
        prop_assert_eq!(counts, (different.len() as u64, duplicates));
        prop_assert!(run.followers().map(|one| one.id).eq(different.iter().copied()));
        prop_assert!(run.follower_ids().eq(different));
        let values = dones.iter().filter_map(|done| match done.product {
            Product::Value(value) => Some(value),
            _ => None,
        });
        prop_assert!(run.values().eq(values));
        for (task, record) in run.tasks() {
            prop_assert_eq!(record.outcome.as_ref(), outcomes.get(&task));
        }
        prop_assert_eq!(run.tasks().count(), run.started_tasks() as usize);
    }

    #[test]
    fn a_recording_replayed_gives_the_same_run(history in event_history()) {
        let mut replayed = Run::new(history.plan.clone());
        for history_step in &history.history_steps {
            let line = serde_json::to_string(&history_step.event).unwrap();
            prop_assert!(!line.contains('\n'));
            let event: Event = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&event, &history_step.event);
            replayed.apply(&event);
        }
        prop_assert_eq!(portrait(&fold(&history)), portrait(&replayed));
    }
}

fn apply(run: &mut Run, at: u64, lane: u16, kind: EventKind) {
    run.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
}

fn done(run: &mut Run, task: u32, followers: u8) {
    let (task, at) = (TaskId(task), u64::from(task) * 10);
    apply(run, at, 0, EventKind::TaskStarted { task });
    apply(run, at + 5, 0, EventKind::TaskFinished { task, outcome: page(task, followers) });
}

#[test]
fn a_page_past_the_end_counts_as_asked_for_and_not_as_done() {
    let mut run = Run::new(plan(1, 3));
    done(&mut run, 1, 2);
    done(&mut run, 2, 1);
    done(&mut run, 3, 0);
    apply(&mut run, 40, 0, EventKind::TaskCountChanged { tasks: 2 });
    assert_eq!((run.done_tasks(), run.known_tasks(), run.started_tasks()), (2, 2, 3));
    assert_eq!(run.queued_tasks(), 0);
    // It exists after all.
    apply(&mut run, 50, 0, EventKind::TaskCountChanged { tasks: 4 });
    assert_eq!((run.done_tasks(), run.known_tasks(), run.queued_tasks()), (3, 4, 1));
}

#[test]
fn an_empty_page_before_the_last_is_a_page() {
    let mut run = Run::new(plan(1, 3));
    for (task, followers) in [(1, 2), (2, 0), (3, 1)] {
        done(&mut run, task, followers);
    }
    apply(
        &mut run,
        40,
        0,
        EventKind::RunFinished { outcome: threadline::model::RunOutcome::Finished },
    );
    assert!(run.is_complete());
}

#[test]
fn a_run_lasts_from_its_start_to_its_last_finish() {
    let mut run = Run::new(plan(1, 1));
    assert_eq!(run.elapsed(Nanos(7)), Nanos::ZERO);
    apply(&mut run, 0, 0, EventKind::RunStarted { plan: plan(1, 1) });
    assert_eq!(run.elapsed(Nanos(7)), Nanos(7));
    done(&mut run, 1, 1);
    // Its clock is behind the newest event.
    assert_eq!(run.elapsed(Nanos(7)), Nanos(15));
    assert_eq!(run.duration(), None);
    apply(
        &mut run,
        99,
        0,
        EventKind::RunFinished { outcome: threadline::model::RunOutcome::Finished },
    );
    assert_eq!((run.elapsed(Nanos(200)), run.duration()), (Nanos(15), Some(Nanos(15))));
}

#[test]
fn a_failed_task_ends_in_an_error_and_its_lane_goes_on() {
    let mut run = Run::new(plan(1, 2));
    apply(&mut run, 0, 0, EventKind::TaskStarted { task: TaskId(1) });
    let failure = super::legal::failure(threadline::model::FailureKind::Panicked);
    let outcome = TaskOutcome::Failed(failure.clone());
    apply(&mut run, 8, 0, EventKind::TaskFinished { task: TaskId(1), outcome });
    assert_eq!((run.failure(), run.failed_task()), (Some(&failure), Some(TaskId(1))));
    assert_eq!(run.lanes()[0].state(), State::Idle);
    done(&mut run, 2, 1);
    assert_eq!((run.done_tasks(), run.in_flight()), (1, 0));
}

#[test]
fn each_attempt_is_a_stretch_of_its_own_and_the_wait_between_is_in_neither() {
    let mut run = Run::new(plan(1, 1));
    let task = TaskId(1);
    let failed = |kind| {
        let (failure, retry_at) = (super::legal::failure(kind), Nanos(9));
        EventKind::AttemptFailed { task, failure, retry_at }
    };
    apply(&mut run, 0, 0, EventKind::TaskStarted { task });
    apply(&mut run, 2, 0, failed(FailureKind::Server));
    assert_eq!((run.in_flight(), run.queued_tasks()), (0, 0));
    assert_eq!(run.lanes()[0].state(), State::Throttled);
    apply(&mut run, 9, 0, EventKind::TaskRetried { task });
    assert_eq!((run.in_flight(), run.retry_count(), run.started_tasks()), (1, 1, 1));
    apply(&mut run, 12, 0, EventKind::TaskFinished { task, outcome: page(task, 1) });
    let spans: Vec<_> = run.lanes()[0].spans().collect();
    let stretches = spans.iter().map(|span| (span.attempt, span.start.0, span.end.unwrap().0));
    assert_eq!(stretches.collect::<Vec<_>>(), [(1, 0, 2), (2, 9, 12)]);
    let times: Vec<u64> = run.task_durations().map(|time| time.0).collect();
    assert_eq!((times, run.failed_attempts(task).len()), (vec![2, 3], 1));
    // A failed attempt is seen as one, a limit is not.
    let lane = |kind| {
        let mut run = Run::new(plan(1, 1));
        apply(&mut run, 0, 0, EventKind::TaskStarted { task });
        apply(&mut run, 5, 0, failed(kind));
        run.lanes()[0].cells(Nanos::ZERO, Nanos(10), 1, Nanos(10)).next()
    };
    assert_eq!(lane(FailureKind::TimedOut), Some(LaneCell::Whole(State::Error)));
    assert_ne!(lane(FailureKind::RateLimited), Some(LaneCell::Whole(State::Error)));
}

#[test]
fn a_limit_holds_until_it_ends_and_fewer_than_all_workers_are_said() {
    let mut run = Run::new(plan(4, 9));
    let limit =
        ReachedLimit { kind: LimitKind::Secondary, until: Nanos(70), until_utc: 1_700_000_000 };
    apply(&mut run, 10, 0, EventKind::RateLimited(limit));
    assert_eq!((run.limit_at(Nanos(69)), run.limit_at(Nanos(70))), (Some(&limit), None));
    // Said again while it lasts it is the same one; another kind, or later, and it is another.
    let (longer, primary) = (
        ReachedLimit { until: Nanos(75), ..limit },
        ReachedLimit { kind: LimitKind::Primary, ..limit },
    );
    apply(&mut run, 20, 0, EventKind::RateLimited(longer));
    assert_eq!(run.limits(), [longer]);
    apply(&mut run, 30, 0, EventKind::RateLimited(primary));
    apply(&mut run, 75, 0, EventKind::RateLimited(primary));
    assert_eq!(run.limits(), [longer, primary, primary]);
    for (in_flight, said) in [(2, Some(2)), (3, Some(3)), (4, None)] {
        apply(
            &mut run,
            80,
            0,
            EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::Recovered },
        );
        assert_eq!(run.reduced_limit(), said);
    }
}

#[test]
fn each_change_of_how_many_may_be_in_flight_is_kept_with_its_reason() {
    let plan = Plan { auto: true, ..plan(9, 9) };
    let mut run = Run::new(plan.clone());
    let told = [
        (10, 4, ChangeReason::Start),
        (20, 8, ChangeReason::NoQueue { tenths: 3 }),
        (60, 4, ChangeReason::TimedOut),
    ];
    apply(&mut run, 0, 0, EventKind::RunStarted { plan });
    for (at, in_flight, reason) in told {
        apply(&mut run, at, 0, EventKind::ConcurrencyChanged { in_flight, reason });
    }
    let step = |at, from, to, why| LimitChange { at: Nanos(at), from, to, reason: why };
    let steps = [
        step(10, None, 4, ChangeReason::Start),
        step(20, Some(4), 8, ChangeReason::NoQueue { tenths: 3 }),
        step(60, Some(8), 4, ChangeReason::TimedOut),
    ];
    assert_eq!(run.limit_changes(), steps);
    let found: Vec<_> = [9, 10, 59, 60, 99].map(|t| run.limit_change_at(Nanos(t)).copied()).into();
    assert_eq!(found, [None, Some(steps[0]), Some(steps[1]), Some(steps[2]), Some(steps[2])]);
    let level = run.concurrency_limit_level();
    assert_eq!((level.value_at(Nanos(9)), level.value_at(Nanos(20)), level.peak()), (0, 8, 8));
    assert!((level.mean(Nanos(10), Nanos(30)) - 6.0).abs() < 1e-9);
    // What a person who asked for no number is not told as if they had.
    assert_eq!((run.concurrency_limit(), run.reduced_limit()), (Some(4), None));
    assert!((run.mean_workers(Nanos(110)) - 5.1).abs() < 0.1, "{}", run.mean_workers(Nanos(110)));
}

#[test]
fn the_last_page_that_the_api_shows_is_the_one_before_the_first_that_it_does_not() {
    let mut run = Run::new(plan(1, 9));
    let no_more = || {
        let done = Completion {
            response: Some(ResponseSummary { status: 422, bytes: 9, connected: false }),
            product: Product::PastLastPage,
        };
        TaskOutcome::Done(done)
    };
    assert_eq!(run.last_visible_page(), None);
    for task in [7, 5, 6] {
        let (task, at) = (TaskId(task), u64::from(task));
        apply(&mut run, at, 0, EventKind::TaskStarted { task });
        apply(&mut run, at, 0, EventKind::TaskFinished { task, outcome: no_more() });
    }
    assert_eq!(run.last_visible_page(), Some(TaskId(4)));
}
