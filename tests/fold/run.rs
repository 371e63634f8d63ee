//! A run of legal events: what is counted is what happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use threadline::model::{
    Answer, Cell, Done, Event, FailureKind, Kind, Lane, LaneId, Limit, LimitKind, Nanos, Outcome,
    Plan, Product, Run, Span, State, Step, TaskId, Why,
};

use super::config;
use super::legal::{Story, page, plan, story};

fn fold(story: &Story) -> Run {
    let mut run = Run::new(story.plan.clone());
    for chapter in &story.chapters {
        run.apply(&chapter.event);
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
        let sums = lane.between(Nanos::ZERO, end);
        writeln!(text, "{:?} {end:?} {spans:?} {cells:?} {sums:?}", lane.state()).unwrap();
    }
    let tasks: Vec<_> = run.tasks().collect();
    writeln!(text, "{:?} {tasks:?} {:?} {:?}", run.plan(), run.failure(), run.failed_task())
        .unwrap();
    let counts = (run.known_tasks(), run.done_tasks(), run.started_tasks(), run.in_flight());
    let names: Vec<String> = (0..run.plan().workers).map(|lane| run.worker_name(lane)).collect();
    let processes = (names, run.lost(), run.handed_out(), run.unqueued());
    writeln!(text, "{processes:?} {:?}", run.values().collect::<Vec<_>>()).unwrap();
    let followers = (run.follower_count(), run.duplicates());
    let totals = (run.queued(), followers, run.bytes(), run.quota(), run.retries());
    let limits = (run.limits(), run.narrowed(), run.last_shown(), run.quota_level().at(NOW));
    let ends = (run.has_begun(), run.end(), run.took(), run.is_whole(), run.elapsed(Nanos::ZERO));
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
fn held(story: &Story, run: &Run, lane: &Lane) -> u64 {
    let place = run.lanes().iter().position(|other| std::ptr::eq(other, lane)).unwrap();
    let own = story.chapters.iter().map(|chapter| &chapter.event);
    let (mut since, mut total) = (None, 0);
    for event in own.filter(|event| usize::from(event.lane.0) == place) {
        match event.kind {
            Kind::AttemptFailed { .. } => since = Some(event.at),
            Kind::Retried { .. } | Kind::Finished { .. } => {
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
    fn in_flight_and_queue_are_as_the_pool_has_them(story in story()) {
        let mut run = Run::new(story.plan.clone());
        for chapter in &story.chapters {
            run.apply(&chapter.event);
            prop_assert_eq!(run.in_flight(), chapter.in_flight);
            prop_assert!(run.in_flight() <= u32::from(story.plan.workers));
            prop_assert_eq!(run.queued(), chapter.queued);
            prop_assert_eq!(run.handed_out(), chapter.handed_out);
            prop_assert_eq!(run.unqueued(), chapter.unqueued);
            let begins = matches!(chapter.event.kind, Kind::RunStarted { .. });
            prop_assert!(begins || run.queue_level().at(NOW) == chapter.queued);
            prop_assert_eq!(run.in_flight_level().at(NOW), chapter.in_flight);
        }
        prop_assert!(run.in_flight_level().peak() <= u32::from(story.plan.workers));
    }

    #[test]
    fn a_lane_does_one_task_at_a_time_and_is_busy_as_long_as_it_has_one(story in story()) {
        let run = fold(&story);
        let end = run.elapsed(Nanos::ZERO);
        for lane in run.lanes() {
            let spans: Vec<_> = lane.spans().collect();
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end.unwrap() <= pair[1].start);
            }
            let held = held(&story, &run, lane);
            let lengths = spans.iter().map(|span| span.end.unwrap().since(span.start).0);
            prop_assert_eq!(lane.busy(end).0, lengths.sum::<u64>() + held);
            let sums = lane.between(Nanos::ZERO, end);
            prop_assert_eq!(sums.iter().sum::<u64>(), end.0);
            let durations = run.durations_on(lane, end).count();
            let stopped = |span: &&Span| {
                run.task(span.task).and_then(|record| record.outcome) == Some(Outcome::Stopped)
            };
            prop_assert_eq!(durations, spans.len() - spans.iter().filter(stopped).count());
        }
    }

    #[test]
    fn a_tasks_attempts_are_counted_whatever_lane_makes_them(story in story()) {
        let run = fold(&story);
        let mut attempts: BTreeMap<TaskId, u32> = BTreeMap::new();
        let mut taken = vec![0; run.lanes().len()];
        for Event { at, lane, kind } in story.chapters.iter().map(|chapter| &chapter.event) {
            let (Kind::Started { task } | Kind::Retried { task }) = kind else { continue };
            taken[usize::from(lane.0)] += usize::from(matches!(kind, Kind::Started { .. }));
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
            prop_assert_eq!(lane.tasks_until(run.elapsed(Nanos::ZERO)), taken);
        }
    }

    /// Little's law, exactly: the area under the tasks in flight is the sum of their durations.
    #[test]
    fn the_mean_in_flight_is_the_sum_of_durations_over_the_time(story in story()) {
        let run = fold(&story);
        let end = run.elapsed(Nanos::ZERO);
        let spans = run.lanes().iter().flat_map(Lane::spans);
        let durations: u64 = spans.map(|span| span.end.unwrap().since(span.start).0).sum();
        let area = run.in_flight_level().mean(Nanos::ZERO, end) * end.0 as f64;
        prop_assert!((area - durations as f64).abs() < 1.0, "{area} {durations}");
    }

    #[test]
    fn totals_are_those_of_the_outcomes(story in story()) {
        let mut run = Run::new(story.plan.clone());
        let (mut outcomes, mut lost) = (BTreeMap::new(), 0);
        for chapter in &story.chapters {
            run.apply(&chapter.event);
            if let Kind::Finished { task, outcome } = &chapter.event.kind {
                prop_assert_eq!(run.followers().count() as u64, run.follower_count());
                match outcome {
                    Outcome::Lost(_) => {
                        lost += 1;
                        outcomes.remove(task);
                    }
                    _ => _ = outcomes.insert(*task, outcome.clone()),
                }
            }
        }
        prop_assert_eq!(run.lost(), lost);
        let dones: Vec<_> = outcomes
            .values()
            .filter_map(|outcome| match outcome {
                Outcome::Done(done) => Some(done),
                _ => None,
            })
            .collect();
        prop_assert_eq!(run.done_tasks() as usize, dones.len());
        prop_assert_eq!(run.bytes(), dones.iter().filter_map(|done| done.answer).map(|answer| answer.bytes).sum::<u64>());
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
        let counts = (run.follower_count(), run.duplicates());
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
    fn a_recording_replayed_gives_the_same_run(story in story()) {
        let mut replayed = Run::new(story.plan.clone());
        for chapter in &story.chapters {
            let line = serde_json::to_string(&chapter.event).unwrap();
            prop_assert!(!line.contains('\n'));
            let event: Event = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&event, &chapter.event);
            replayed.apply(&event);
        }
        prop_assert_eq!(portrait(&fold(&story)), portrait(&replayed));
    }
}

fn apply(run: &mut Run, at: u64, lane: u16, kind: Kind) {
    run.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
}

fn done(run: &mut Run, task: u32, followers: u8) {
    let (task, at) = (TaskId(task), u64::from(task) * 10);
    apply(run, at, 0, Kind::Started { task });
    apply(run, at + 5, 0, Kind::Finished { task, outcome: page(task, followers) });
}

#[test]
fn a_page_past_the_end_counts_as_asked_for_and_not_as_done() {
    let mut run = Run::new(plan(1, 3));
    done(&mut run, 1, 2);
    done(&mut run, 2, 1);
    done(&mut run, 3, 0);
    apply(&mut run, 40, 0, Kind::Queued { tasks: 2 });
    assert_eq!((run.done_tasks(), run.known_tasks(), run.started_tasks()), (2, 2, 3));
    assert_eq!(run.queued(), 0);
    // It exists after all.
    apply(&mut run, 50, 0, Kind::Queued { tasks: 4 });
    assert_eq!((run.done_tasks(), run.known_tasks(), run.queued()), (3, 4, 1));
}

#[test]
fn an_empty_page_before_the_last_is_a_page() {
    let mut run = Run::new(plan(1, 3));
    for (task, followers) in [(1, 2), (2, 0), (3, 1)] {
        done(&mut run, task, followers);
    }
    apply(&mut run, 40, 0, Kind::RunFinished { end: threadline::model::End::Finished });
    assert!(run.is_whole());
}

#[test]
fn a_run_lasts_from_its_start_to_its_last_finish() {
    let mut run = Run::new(plan(1, 1));
    assert_eq!(run.elapsed(Nanos(7)), Nanos::ZERO);
    apply(&mut run, 0, 0, Kind::RunStarted { plan: plan(1, 1) });
    assert_eq!(run.elapsed(Nanos(7)), Nanos(7));
    done(&mut run, 1, 1);
    // Its clock is behind the newest event.
    assert_eq!(run.elapsed(Nanos(7)), Nanos(15));
    assert_eq!(run.took(), None);
    apply(&mut run, 99, 0, Kind::RunFinished { end: threadline::model::End::Finished });
    assert_eq!((run.elapsed(Nanos(200)), run.took()), (Nanos(15), Some(Nanos(15))));
}

#[test]
fn a_failed_task_ends_in_an_error_and_its_lane_goes_on() {
    let mut run = Run::new(plan(1, 2));
    apply(&mut run, 0, 0, Kind::Started { task: TaskId(1) });
    let failure = super::legal::failure(threadline::model::FailureKind::Panicked);
    let outcome = Outcome::Failed(failure.clone());
    apply(&mut run, 8, 0, Kind::Finished { task: TaskId(1), outcome });
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
        let (failure, again) = (super::legal::failure(kind), Nanos(9));
        Kind::AttemptFailed { task, failure, again }
    };
    apply(&mut run, 0, 0, Kind::Started { task });
    apply(&mut run, 2, 0, failed(FailureKind::Server));
    assert_eq!((run.in_flight(), run.queued()), (0, 0));
    assert_eq!(run.lanes()[0].state(), State::Throttled);
    apply(&mut run, 9, 0, Kind::Retried { task });
    assert_eq!((run.in_flight(), run.retries(), run.started_tasks()), (1, 1, 1));
    apply(&mut run, 12, 0, Kind::Finished { task, outcome: page(task, 1) });
    let spans: Vec<_> = run.lanes()[0].spans().collect();
    let stretches = spans.iter().map(|span| (span.attempt, span.start.0, span.end.unwrap().0));
    assert_eq!(stretches.collect::<Vec<_>>(), [(1, 0, 2), (2, 9, 12)]);
    let times: Vec<u64> = run.durations().map(|time| time.0).collect();
    assert_eq!((times, run.failed_attempts(task).len()), (vec![2, 3], 1));
    // A failed attempt is seen as one, a limit is not.
    let lane = |kind| {
        let mut run = Run::new(plan(1, 1));
        apply(&mut run, 0, 0, Kind::Started { task });
        apply(&mut run, 5, 0, failed(kind));
        run.lanes()[0].cells(Nanos::ZERO, Nanos(10), 1, Nanos(10)).next()
    };
    assert_eq!(lane(FailureKind::TimedOut), Some(Cell::Whole(State::Error)));
    assert_ne!(lane(FailureKind::RateLimited), Some(Cell::Whole(State::Error)));
}

#[test]
fn a_limit_holds_until_it_ends_and_fewer_than_all_workers_are_said() {
    let mut run = Run::new(plan(4, 9));
    let limit = Limit { kind: LimitKind::Secondary, until: Nanos(70), until_utc: 1_700_000_000 };
    apply(&mut run, 10, 0, Kind::Limited(limit));
    assert_eq!((run.limit_at(Nanos(69)), run.limit_at(Nanos(70))), (Some(&limit), None));
    // Said again while it lasts it is the same one; another kind, or later, and it is another.
    let (longer, primary) =
        (Limit { until: Nanos(75), ..limit }, Limit { kind: LimitKind::Primary, ..limit });
    apply(&mut run, 20, 0, Kind::Limited(longer));
    assert_eq!(run.limits(), [longer]);
    apply(&mut run, 30, 0, Kind::Limited(primary));
    apply(&mut run, 75, 0, Kind::Limited(primary));
    assert_eq!(run.limits(), [longer, primary, primary]);
    for (in_flight, said) in [(2, Some(2)), (3, Some(3)), (4, None)] {
        apply(&mut run, 80, 0, Kind::Allowed { in_flight, why: Why::Recovered });
        assert_eq!(run.narrowed(), said);
    }
}

#[test]
fn each_change_of_how_many_may_be_in_flight_is_kept_with_its_reason() {
    let plan = Plan { auto: true, ..plan(9, 9) };
    let mut run = Run::new(plan.clone());
    let told = [(10, 4, Why::Start), (20, 8, Why::NoQueue { tenths: 3 }), (60, 4, Why::TimedOut)];
    apply(&mut run, 0, 0, Kind::RunStarted { plan });
    for (at, in_flight, why) in told {
        apply(&mut run, at, 0, Kind::Allowed { in_flight, why });
    }
    let step = |at, from, to, why| Step { at: Nanos(at), from, to, why };
    let steps = [
        step(10, None, 4, Why::Start),
        step(20, Some(4), 8, Why::NoQueue { tenths: 3 }),
        step(60, Some(8), 4, Why::TimedOut),
    ];
    assert_eq!(run.steps(), steps);
    let found: Vec<_> = [9, 10, 59, 60, 99].map(|t| run.step_at(Nanos(t)).copied()).into();
    assert_eq!(found, [None, Some(steps[0]), Some(steps[1]), Some(steps[2]), Some(steps[2])]);
    let level = run.allowed_level();
    assert_eq!((level.at(Nanos(9)), level.at(Nanos(20)), level.peak()), (0, 8, 8));
    assert!((level.mean(Nanos(10), Nanos(30)) - 6.0).abs() < 1e-9);
    // What a person who asked for no number is not told as if they had.
    assert_eq!((run.allowed(), run.narrowed()), (Some(4), None));
    assert!((run.mean_workers(Nanos(110)) - 5.1).abs() < 0.1, "{}", run.mean_workers(Nanos(110)));
}

#[test]
fn the_last_page_that_the_api_shows_is_the_one_before_the_first_that_it_does_not() {
    let mut run = Run::new(plan(1, 9));
    let no_more = || {
        let done = Done {
            answer: Some(Answer { status: 422, bytes: 9, connected: false }),
            product: Product::NoMore,
        };
        Outcome::Done(done)
    };
    assert_eq!(run.last_shown(), None);
    for task in [7, 5, 6] {
        let (task, at) = (TaskId(task), u64::from(task));
        apply(&mut run, at, 0, Kind::Started { task });
        apply(&mut run, at, 0, Kind::Finished { task, outcome: no_more() });
    }
    assert_eq!(run.last_shown(), Some(TaskId(4)));
}
