//! The levels of tasks in flight and in the queue over time, checked against a count per
//! nanosecond.

use proptest::prelude::*;
use threadline::model::{Event, EventKind, LaneId, LevelSeries, Nanos, Run, TaskId};

use super::config;
use super::event_history::{event_history, plan};

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + b.abs())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn level_means_match_a_count_of_nanoseconds(
        history in event_history(),
        ranges in prop::collection::vec((0..20_000_u64, 0..9_000_u64), 8),
    ) {
        let mut run = Run::opened(history.plan.clone());
        // The levels in each nanosecond.
        let mut levels = vec![(0_u32, 0_u32); 30_000];
        for step in &history.steps {
            run.apply(&step.event);
            let now = (step.event.at.0 as usize).min(levels.len());
            let has_started = !matches!(step.event.kind, EventKind::RunStarted { .. });
            levels[now..].fill((step.in_flight, if has_started { step.queued } else { 0 }));
        }
        for (a, width) in ranges {
            let (in_flight, queued) = levels[a as usize];
            prop_assert_eq!(run.timing().in_flight_level().value_at(Nanos(a)), in_flight);
            prop_assert_eq!(run.timing().queue_level().value_at(Nanos(a)), queued);
            let b = a + width;
            let nanoseconds = &levels[a as usize..b as usize];
            let mean = |part: fn(&(u32, u32)) -> u32| {
                let sum: u64 = nanoseconds.iter().map(|level| u64::from(part(level))).sum();
                if width == 0 { 0.0 } else { sum as f64 / width as f64 }
            };
            let series_mean = |series: LevelSeries<'_>| series.mean(Nanos(a), Nanos(b));
            prop_assert!(is_close(series_mean(run.timing().in_flight_level()), mean(|level| level.0)));
            prop_assert!(is_close(series_mean(run.timing().queue_level()), mean(|level| level.1)));
        }
        let peak = |part: fn(&(u32, u32)) -> u32| levels.iter().map(part).max().unwrap();
        prop_assert!(run.timing().in_flight_level().peak() >= peak(|level| level.0));
        prop_assert!(run.timing().queue_level().peak() >= peak(|level| level.1));
        let max_queued = history.steps.iter().map(|step| step.queued).max().unwrap();
        prop_assert!(run.timing().queue_level().peak() <= max_queued);
    }
}

fn apply(run: &mut Run, at: u64, kind: EventKind) {
    run.apply(&Event { at: Nanos(at), lane: LaneId(0), kind });
}

#[test]
fn mean_of_a_million_queued_tasks_over_a_day_does_not_overflow() {
    let (day, tasks) = (86_400_000_000_000, 1_000_000);
    let mut run = Run::opened(plan(1, tasks));
    apply(&mut run, 0, EventKind::TaskCountChanged { tasks });
    let mean = run.timing().queue_level().mean(Nanos(day / 2), Nanos(day));
    assert!(is_close(mean, f64::from(tasks)), "{mean}");
}

/// Tasks 2 and 3 start before the count is corrected to 1. When it grows to 4, only task 4 is
/// queued.
#[test]
fn tasks_past_the_end_do_not_count_as_queued() {
    let mut run = Run::opened(plan(1, 3));
    apply(&mut run, 0, EventKind::TaskCountChanged { tasks: 3 });
    for task in 1..=3 {
        let (task, at) = (TaskId(task), 100 * u64::from(task));
        apply(&mut run, at, EventKind::TaskStarted { task });
        apply(
            &mut run,
            at + 50,
            EventKind::TaskFinished { task, outcome: super::event_history::page_outcome(task, 0) },
        );
    }
    apply(&mut run, 400, EventKind::TaskCountChanged { tasks: 1 });
    let mean = |from, to| run.timing().queue_level().mean(Nanos(from), Nanos(to));
    assert!(
        is_close(mean(0, 100), 3.0)
            && is_close(mean(100, 200), 2.0)
            && is_close(mean(300, 900), 0.0)
    );
    apply(&mut run, 900, EventKind::TaskCountChanged { tasks: 4 });
    assert!(is_close(run.timing().queue_level().mean(Nanos(900), Nanos(1_000)), 1.0));
}
