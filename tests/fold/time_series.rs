//! Tasks in flight and in the queue over time, against counting them nanosecond by nanosecond.

use proptest::prelude::*;
use threadline::model::{Event, EventKind, LaneId, LevelSeries, Nanos, Run, TaskId};

use super::config;
use super::legal::{event_history, plan};

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + b.abs())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_mean_is_that_of_every_nanosecond(
        history in event_history(),
        stretches in prop::collection::vec((0..20_000_u64, 0..9_000_u64), 8),
    ) {
        let mut run = Run::new(history.plan.clone());
        // How things stand from each nanosecond on.
        let mut at = vec![(0_u32, 0_u32); 30_000];
        for history_step in &history.history_steps {
            run.apply(&history_step.event);
            let now = (history_step.event.at.0 as usize).min(at.len());
            let begun = !matches!(history_step.event.kind, EventKind::RunStarted { .. });
            at[now..].fill((history_step.in_flight, if begun { history_step.queued } else { 0 }));
        }
        for (a, width) in stretches {
            let (in_flight, queued) = at[a as usize];
            prop_assert_eq!(run.in_flight_level().value_at(Nanos(a)), in_flight);
            prop_assert_eq!(run.queue_level().value_at(Nanos(a)), queued);
            let b = a + width;
            let nanoseconds = &at[a as usize..b as usize];
            let mean = |part: fn(&(u32, u32)) -> u32| {
                let sum: u64 = nanoseconds.iter().map(|one| u64::from(part(one))).sum();
                if width == 0 { 0.0 } else { sum as f64 / width as f64 }
            };
            let over = |level: LevelSeries<'_>| level.mean(Nanos(a), Nanos(b));
            prop_assert!(close(over(run.in_flight_level()), mean(|one| one.0)));
            prop_assert!(close(over(run.queue_level()), mean(|one| one.1)));
        }
        let peak = |part: fn(&(u32, u32)) -> u32| at.iter().map(part).max().unwrap();
        prop_assert!(run.in_flight_level().peak() >= peak(|one| one.0));
        prop_assert!(run.queue_level().peak() >= peak(|one| one.1));
        let told = history.history_steps.iter().map(|history_step| history_step.queued).max().unwrap();
        prop_assert!(run.queue_level().peak() <= told);
    }
}

fn apply(run: &mut Run, at: u64, kind: EventKind) {
    run.apply(&Event { at: Nanos(at), lane: LaneId(0), kind });
}

/// A queue of as many tasks as there can be, for a day.
#[test]
fn a_long_queue_for_a_long_time_has_a_mean() {
    let (day, tasks) = (86_400_000_000_000, 1_000_000);
    let mut run = Run::new(plan(1, tasks));
    apply(&mut run, 0, EventKind::TaskCountChanged { tasks });
    let mean = run.queue_level().mean(Nanos(day / 2), Nanos(day));
    assert!(close(mean, f64::from(tasks)), "{mean}");
}

/// A task that was started before it was known not to exist was never missing from the queue.
#[test]
fn tasks_beyond_the_end_are_not_waited_for() {
    let mut run = Run::new(plan(1, 3));
    apply(&mut run, 0, EventKind::TaskCountChanged { tasks: 3 });
    for task in 1..=3 {
        let (task, at) = (TaskId(task), 100 * u64::from(task));
        apply(&mut run, at, EventKind::TaskStarted { task });
        apply(
            &mut run,
            at + 50,
            EventKind::TaskFinished { task, outcome: super::legal::page(task, 0) },
        );
    }
    apply(&mut run, 400, EventKind::TaskCountChanged { tasks: 1 });
    let mean = |from, to| run.queue_level().mean(Nanos(from), Nanos(to));
    assert!(close(mean(0, 100), 3.0) && close(mean(100, 200), 2.0) && close(mean(300, 900), 0.0));
    apply(&mut run, 900, EventKind::TaskCountChanged { tasks: 4 });
    assert!(close(run.queue_level().mean(Nanos(900), Nanos(1_000)), 1.0));
}
