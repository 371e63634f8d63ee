//! Runs folded from valid events: counts, spans, totals, limits and replay.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use threadline::model::{
    ChangeReason, Completion, Event, EventKind, FailureKind, Lane, LaneCell, LaneId, LimitChange,
    LimitKind, Nanos, Plan, Product, ReachedLimit, ResponseSummary, Run, Span, State, TaskId,
    TaskOutcome,
};

use super::config;
use super::event_history::{EventHistory, event_history, page_outcome, plan};

fn fold(history: &EventHistory) -> Run {
    let mut run = Run::opened(history.plan.clone());
    for step in &history.steps {
        run.apply(&step.event);
    }
    run
}

/// Formats the results of a run's accessors, for comparison.
fn describe(run: &Run) -> String {
    let mut text = String::new();
    for lane in run.lanes() {
        let end = lane.last_change();
        let cells: Vec<_> = lane.cells(Nanos::ZERO, Nanos(997), 500, end).collect();
        let spans: Vec<_> = lane.spans().collect();
        let sums = lane.state_times_between(Nanos::ZERO, end);
        writeln!(text, "{:?} {end:?} {spans:?} {cells:?} {sums:?}", lane.state()).unwrap();
    }
    let tasks: Vec<_> = run.tasks().iter().collect();
    writeln!(text, "{:?} {tasks:?} {:?} {:?}", run.plan(), run.failure(), run.failed_task())
        .unwrap();
    let counts = (
        run.progress().known_tasks(),
        run.progress().done_tasks(),
        run.started_tasks(),
        run.timing().in_flight(),
    );
    let names: Vec<String> = (0..run.plan().workers).map(|lane| run.worker_name(lane)).collect();
    let processes = (names, run.processes().requeue_count(), run.tasks_in_work());
    writeln!(text, "{processes:?} {:?}", run.tasks().values().collect::<Vec<_>>()).unwrap();
    let followers = (run.progress().result_count(), run.progress().duplicate_count());
    let totals = (
        run.queued_tasks(),
        followers,
        run.progress().bytes(),
        run.limits().quota(),
        run.progress().retry_count(),
    );
    let limits = (
        run.limits().reached(),
        run.reduced_limit(),
        run.progress().last_visible_page(),
        run.limits().quota_level().value_at(AFTER_ALL),
    );
    let ends = (
        run.has_started(),
        run.outcome(),
        run.duration(),
        run.is_complete(),
        run.elapsed(Nanos::ZERO),
    );
    let levels = [run.timing().in_flight_level(), run.timing().queue_level()];
    let levels = levels.map(|level| {
        let mean = |at: u64| level.mean(Nanos(at), Nanos(at + 991));
        ((0..20_000).step_by(991).map(mean).collect::<Vec<f64>>(), level.peak())
    });
    let followers: Vec<_> = run.followers().collect();
    writeln!(text, "{counts:?} {totals:?} {limits:?} {ends:?} {levels:?} {followers:?}").unwrap();
    text
}

/// Returns the nanoseconds that a lane waited between a failed attempt and the next, or the end of
/// its task.
fn retry_wait(history: &EventHistory, run: &Run, lane: &Lane) -> u64 {
    let index = run.lanes().iter().position(|other| std::ptr::eq(other, lane)).unwrap();
    let own = history.steps.iter().map(|step| &step.event);
    let (mut since, mut total) = (None, 0);
    for event in own.filter(|event| usize::from(event.lane.0) == index) {
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

/// A time after all events.
const AFTER_ALL: Nanos = Nanos(u64::MAX);

proptest! {
    #![proptest_config(config())]
    #[test]
    fn in_flight_and_queue_counts_match_the_pool(history in event_history()) {
        let mut run = Run::opened(history.plan.clone());
        for step in &history.steps {
            run.apply(&step.event);
            prop_assert_eq!(run.timing().in_flight(), step.in_flight);
            prop_assert!(run.timing().in_flight() <= u32::from(history.plan.workers));
            prop_assert_eq!(run.queued_tasks(), step.queued);
            prop_assert_eq!(run.tasks_in_work(), step.tasks_in_work);
            let is_start = matches!(step.event.kind, EventKind::RunStarted { .. });
            prop_assert!(is_start || run.timing().queue_level().value_at(AFTER_ALL) == step.queued);
            prop_assert_eq!(run.timing().in_flight_level().value_at(AFTER_ALL), step.in_flight);
        }
        prop_assert!(run.timing().in_flight_level().peak() <= u32::from(history.plan.workers));
    }

    #[test]
    fn lane_spans_do_not_overlap_and_add_up_to_its_busy_time(history in event_history()) {
        let run = fold(&history);
        let end = run.elapsed(Nanos::ZERO);
        for lane in run.lanes() {
            let spans: Vec<_> = lane.spans().collect();
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end.unwrap() <= pair[1].start);
            }
            let retry_wait = retry_wait(&history, &run, lane);
            let lengths = spans.iter().map(|span| span.end.unwrap().since(span.start).0);
            let sums = lane.state_times_between(Nanos::ZERO, end);
            let busy = sums.total() - sums[State::Idle] - sums[State::Unknown];
            prop_assert_eq!(busy, lengths.sum::<u64>() + retry_wait);
            prop_assert_eq!(sums.total(), end.0);
            let durations = run.lane_task_durations(lane, end).count();
            let stopped = |span: &&Span| {
                run.tasks().get(span.task).and_then(|record| record.outcome) == Some(TaskOutcome::Stopped)
            };
            prop_assert_eq!(durations, spans.len() - spans.iter().filter(stopped).count());
        }
    }

    #[test]
    fn attempts_are_numbered_per_task_across_lanes(history in event_history()) {
        let run = fold(&history);
        let mut attempts: BTreeMap<TaskId, u32> = BTreeMap::new();
        let mut taken = vec![0; run.lanes().len()];
        for Event { at, lane, kind } in history.steps.iter().map(|step| &step.event) {
            let (EventKind::TaskStarted { task } | EventKind::TaskRetried { task }) = kind else { continue };
            taken[usize::from(lane.0)] += usize::from(matches!(kind, EventKind::TaskStarted { .. }));
            let attempt = attempts.entry(*task).or_default();
            *attempt += 1;
            let spans = run.lanes()[usize::from(lane.0)].spans();
            let task_spans: Vec<Span> = spans.filter(|span| span.task == *task).collect();
            let own = task_spans.iter().find(|span| span.attempt == *attempt);
            prop_assert!(
                own.is_some_and(|span| span.start == *at),
                "{task:?} {attempt}: {task_spans:?}"
            );
        }
        for (task, attempts) in attempts {
            let failed = run.tasks().failed_attempts(task).len() as u32;
            let open = run.tasks().get(task).is_none();
            prop_assert!(failed == attempts || failed + 1 == attempts && !open);
        }
        for (lane, taken) in run.lanes().iter().zip(taken) {
            prop_assert_eq!(lane.task_count_until(run.elapsed(Nanos::ZERO)), taken);
        }
    }

    /// By Little's law, the area under the tasks in flight is the sum of their durations.
    #[test]
    fn mean_in_flight_is_the_sum_of_span_durations_over_the_elapsed_time(
        history in event_history(),
    ) {
        let run = fold(&history);
        let end = run.elapsed(Nanos::ZERO);
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let durations: u64 = spans.map(|span| span.end.unwrap().since(span.start).0).sum();
        let area = run.timing().in_flight_level().mean(Nanos::ZERO, end) * end.0 as f64;
        prop_assert!((area - durations as f64).abs() < 1.0, "{area} {durations}");
    }

    #[test]
    fn totals_match_the_task_outcomes(history in event_history()) {
        let mut run = Run::opened(history.plan.clone());
        let (mut outcomes, mut requeued) = (BTreeMap::new(), 0);
        for step in &history.steps {
            run.apply(&step.event);
            if let EventKind::TaskFinished { task, outcome } = &step.event.kind {
                prop_assert_eq!(run.followers().count() as u64, run.progress().result_count());
                match outcome {
                    TaskOutcome::Requeued(_) => {
                        requeued += 1;
                        outcomes.remove(task);
                    }
                    _ => _ = outcomes.insert(*task, outcome.clone()),
                }
            }
        }
        prop_assert_eq!(run.processes().requeue_count(), requeued);
        let completions: Vec<_> = outcomes
            .values()
            .filter_map(|outcome| match outcome {
                TaskOutcome::Done(done) => Some(done),
                _ => None,
            })
            .collect();
        prop_assert_eq!(run.progress().done_tasks() as usize, completions.len());
        let responses = completions.iter().filter_map(|done| done.response);
        prop_assert_eq!(run.progress().bytes(), responses.map(|response| response.bytes).sum::<u64>());
        let followers = completions.iter().flat_map(|done| match &done.product {
            Product::Followers(page) => page.ids().to_vec(),
            _ => Vec::new(),
        });
        let (mut unique, mut duplicates) = (Vec::new(), 0);
        for id in followers {
            if unique.contains(&id) {
                duplicates += 1;
            } else {
                unique.push(id);
            }
        }
        let counts = (run.progress().result_count(), run.progress().duplicate_count());
        prop_assert_eq!(counts, (unique.len() as u64, duplicates));
        prop_assert!(run.followers().map(|follower| follower.id).eq(unique.iter().copied()));
        prop_assert!(run.follower_ids().eq(unique));
        let values = completions.iter().filter_map(|done| match done.product {
            Product::Value(value) => Some(value),
            _ => None,
        });
        prop_assert!(run.tasks().values().eq(values));
        for (task, record) in run.tasks().iter() {
            prop_assert_eq!(record.outcome.as_ref(), outcomes.get(&task));
        }
        prop_assert_eq!(run.tasks().iter().count(), run.started_tasks() as usize);
    }

    #[test]
    fn replayed_recording_gives_the_same_run(history in event_history()) {
        let mut replayed = Run::opened(history.plan.clone());
        for step in &history.steps {
            let line = serde_json::to_string(&step.event).unwrap();
            prop_assert!(!line.contains('\n'));
            let event: Event = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&event, &step.event);
            replayed.apply(&event);
        }
        prop_assert_eq!(describe(&fold(&history)), describe(&replayed));
    }
}

fn apply(run: &mut Run, at: u64, lane: u16, kind: EventKind) {
    run.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
}

fn finish_page(run: &mut Run, task: u32, followers: u8) {
    let (task, at) = (TaskId(task), u64::from(task) * 10);
    apply(run, at, 0, EventKind::TaskStarted { task });
    apply(run, at + 5, 0, EventKind::TaskFinished { task, outcome: page_outcome(task, followers) });
}

#[test]
fn page_past_the_end_counts_as_started_but_not_as_done() {
    let mut run = Run::opened(plan(1, 3));
    finish_page(&mut run, 1, 2);
    finish_page(&mut run, 2, 1);
    finish_page(&mut run, 3, 0);
    apply(&mut run, 40, 0, EventKind::TaskCountChanged { tasks: 2 });
    assert_eq!(
        (run.progress().done_tasks(), run.progress().known_tasks(), run.started_tasks()),
        (2, 2, 3)
    );
    assert_eq!(run.queued_tasks(), 0);
    // Page 3 exists after all.
    apply(&mut run, 50, 0, EventKind::TaskCountChanged { tasks: 4 });
    assert_eq!(
        (run.progress().done_tasks(), run.progress().known_tasks(), run.queued_tasks()),
        (3, 4, 1)
    );
}

#[test]
fn empty_page_before_the_last_counts_as_done() {
    let mut run = Run::opened(plan(1, 3));
    for (task, followers) in [(1, 2), (2, 0), (3, 1)] {
        finish_page(&mut run, task, followers);
    }
    apply(
        &mut run,
        40,
        0,
        EventKind::RunFinished {
            outcome: threadline::model::RunOutcome::Finished,
            machine_load: None,
        },
    );
    assert!(run.is_complete());
}

#[test]
fn run_lasts_from_its_start_to_its_last_finished_task() {
    let mut run = Run::opened(plan(1, 1));
    assert_eq!(run.elapsed(Nanos(7)), Nanos::ZERO);
    apply(&mut run, 0, 0, EventKind::RunStarted { plan: plan(1, 1) });
    assert_eq!(run.elapsed(Nanos(7)), Nanos(7));
    finish_page(&mut run, 1, 1);
    // The given time is before the newest event.
    assert_eq!(run.elapsed(Nanos(7)), Nanos(15));
    assert_eq!(run.duration(), None);
    apply(
        &mut run,
        99,
        0,
        EventKind::RunFinished {
            outcome: threadline::model::RunOutcome::Finished,
            machine_load: None,
        },
    );
    assert_eq!((run.elapsed(Nanos(200)), run.duration()), (Nanos(15), Some(Nanos(15))));
}

#[test]
fn failed_task_is_recorded_and_its_lane_takes_the_next_one() {
    let mut run = Run::opened(plan(1, 2));
    apply(&mut run, 0, 0, EventKind::TaskStarted { task: TaskId(1) });
    let failure = super::event_history::failure(threadline::model::FailureKind::Panicked);
    let outcome = TaskOutcome::Failed(failure.clone());
    apply(&mut run, 8, 0, EventKind::TaskFinished { task: TaskId(1), outcome });
    assert_eq!((run.failure(), run.failed_task()), (Some(&failure), Some(TaskId(1))));
    assert_eq!(run.lanes()[0].state(), State::Idle);
    finish_page(&mut run, 2, 1);
    assert_eq!((run.progress().done_tasks(), run.timing().in_flight()), (1, 0));
}

#[test]
fn each_attempt_has_its_own_span_without_the_retry_wait() {
    let mut run = Run::opened(plan(1, 1));
    let task = TaskId(1);
    let failed = |kind| {
        let (failure, retry_at) = (super::event_history::failure(kind), Nanos(9));
        EventKind::AttemptFailed { task, failure, retry_at }
    };
    apply(&mut run, 0, 0, EventKind::TaskStarted { task });
    apply(&mut run, 2, 0, failed(FailureKind::Server));
    assert_eq!((run.timing().in_flight(), run.queued_tasks()), (0, 0));
    assert_eq!(run.lanes()[0].state(), State::RetryWait);
    apply(&mut run, 9, 0, EventKind::TaskRetried { task });
    assert_eq!(
        (run.timing().in_flight(), run.progress().retry_count(), run.started_tasks()),
        (1, 1, 1)
    );
    apply(&mut run, 12, 0, EventKind::TaskFinished { task, outcome: page_outcome(task, 1) });
    let spans: Vec<_> = run.lanes()[0].spans().collect();
    let attempts = spans.iter().map(|span| (span.attempt, span.start.0, span.end.unwrap().0));
    assert_eq!(attempts.collect::<Vec<_>>(), [(1, 0, 2), (2, 9, 12)]);
    let times: Vec<u64> = run.task_durations().map(|time| time.0).collect();
    assert_eq!((times, run.tasks().failed_attempts(task).len()), (vec![2, 3], 1));
    // A failed attempt is shown as an error, a rate limit is not.
    let lane = |kind| {
        let mut run = Run::opened(plan(1, 1));
        apply(&mut run, 0, 0, EventKind::TaskStarted { task });
        apply(&mut run, 5, 0, failed(kind));
        run.lanes()[0].cells(Nanos::ZERO, Nanos(10), 1, Nanos(10)).next()
    };
    assert_eq!(lane(FailureKind::TimedOut), Some(LaneCell::Whole(State::Error)));
    assert_ne!(lane(FailureKind::RateLimited), Some(LaneCell::Whole(State::Error)));
}

#[test]
fn rate_limits_last_until_their_end_and_reduced_concurrency_is_reported() {
    let mut run = Run::opened(plan(4, 9));
    let limit =
        ReachedLimit { kind: LimitKind::Secondary, until: Nanos(70), until_utc: 1_700_000_000 };
    apply(&mut run, 10, 0, EventKind::RateLimited(limit));
    assert_eq!((run.limit_at(Nanos(69)), run.limit_at(Nanos(70))), (Some(&limit), None));
    // A limit of the same kind while it lasts extends it; another kind or a later one is a new
    // limit.
    let (longer, primary) = (
        ReachedLimit { until: Nanos(75), ..limit },
        ReachedLimit { kind: LimitKind::Primary, ..limit },
    );
    apply(&mut run, 20, 0, EventKind::RateLimited(longer));
    assert_eq!(run.limits().reached(), [longer]);
    apply(&mut run, 30, 0, EventKind::RateLimited(primary));
    apply(&mut run, 75, 0, EventKind::RateLimited(primary));
    assert_eq!(run.limits().reached(), [longer, primary, primary]);
    for (in_flight, reduced) in [(2, Some(2)), (3, Some(3)), (4, None)] {
        apply(
            &mut run,
            80,
            0,
            EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::Recovered },
        );
        assert_eq!(run.reduced_limit(), reduced);
    }
}

#[test]
fn concurrency_changes_are_kept_with_their_reasons() {
    let plan = Plan { auto: true, ..plan(9, 9) };
    let mut run = Run::opened(plan.clone());
    let changes = [
        (10, 4, ChangeReason::Start),
        (20, 8, ChangeReason::NoQueue { tenths: 3 }),
        (60, 4, ChangeReason::TimedOut),
    ];
    apply(&mut run, 0, 0, EventKind::RunStarted { plan });
    for (at, in_flight, reason) in changes {
        apply(&mut run, at, 0, EventKind::ConcurrencyChanged { in_flight, reason });
    }
    let step = |at, from, to, reason| LimitChange { at: Nanos(at), from, to, reason };
    let steps = [
        step(10, None, 4, ChangeReason::Start),
        step(20, Some(4), 8, ChangeReason::NoQueue { tenths: 3 }),
        step(60, Some(8), 4, ChangeReason::TimedOut),
    ];
    assert_eq!(run.limits().concurrency_changes(), steps);
    let found: Vec<_> =
        [9, 10, 59, 60, 99].map(|t| run.limits().concurrency_change_at(Nanos(t)).copied()).into();
    assert_eq!(found, [None, Some(steps[0]), Some(steps[1]), Some(steps[2]), Some(steps[2])]);
    let level = run.limits().concurrency_level();
    assert_eq!((level.value_at(Nanos(9)), level.value_at(Nanos(20)), level.peak()), (0, 8, 8));
    assert!((level.mean(Nanos(10), Nanos(30)) - 6.0).abs() < 1e-9);
    // In auto mode there is no requested number that the limit could fall short of.
    assert_eq!((run.limits().concurrency(), run.reduced_limit()), (Some(4), None));
    assert!((run.mean_workers(Nanos(110)) - 5.1).abs() < 0.1, "{}", run.mean_workers(Nanos(110)));
}

#[test]
fn last_visible_page_precedes_the_first_page_past_the_end() {
    let mut run = Run::opened(plan(1, 9));
    let past_last_page = || {
        let done = Completion {
            response: Some(ResponseSummary { status: 422, bytes: 9, connected: false }),
            product: Product::PastLastPage,
        };
        TaskOutcome::Done(done)
    };
    assert_eq!(run.progress().last_visible_page(), None);
    for task in [7, 5, 6] {
        let (task, at) = (TaskId(task), u64::from(task));
        apply(&mut run, at, 0, EventKind::TaskStarted { task });
        apply(&mut run, at, 0, EventKind::TaskFinished { task, outcome: past_last_page() });
    }
    assert_eq!(run.progress().last_visible_page(), Some(TaskId(4)));
}
