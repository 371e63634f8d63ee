//! A stop at any moment ends a run at once.

use threadline::model::{
    ComputeSpec, Event, EventKind, Mode, Nanos, Plan, RunOutcome, TaskOutcome, WorkSpec,
};

use super::{WORKS, at_most_one_holder, compute, events, gil, launcher, next};

/// How many stops, and what decides when: after how many events of its run each comes.
const STOPS: usize = 1_000;
const SEED: u64 = 42;

/// More than have ended when the stop comes, unless the thread that says stop is very late: the run
/// may then be over, but never hangs.
const TASKS: u32 = 200;

/// More than could be done before the stop: whoever does not see it hangs.
const ENDLESS: u64 = u64::MAX;

#[test]
fn a_stop_at_any_of_1000_moments_ends_the_run() {
    let launcher = launcher();
    let mut chance = fastrand::Rng::with_seed(SEED);
    for stop in 0..STOPS {
        let work = WORKS[chance.usize(..WORKS.len())];
        let workers = chance.u16(1..=4);
        // At a microsecond there is always somebody who was asked, waits, or is forced to.
        let switch_interval = [Nanos(1_000), Nanos(20_000)][chance.usize(..2)];
        let compute = ComputeSpec { turns: 200, size: Nanos(1_000), switch_interval, ..compute() };
        let plan = gil(work(compute), workers, TASKS);
        let run = launcher.start(plan.clone());
        let after = chance.usize(1..120);
        let mut seen: Vec<Event> = std::iter::from_fn(|| next(&run)).take(after).collect();
        run.stop();
        seen.extend(events(&run));
        at_most_one_holder(&seen);
        assert!(ends_stopped(&seen) || done(&seen) == TASKS, "stop {stop} of {}", plan.name());
    }
}

/// Nobody who computes, waits or does without gets to an end of its own.
#[test]
fn a_task_without_end_is_stopped_in_its_middle() {
    let launcher = launcher();
    for work in [WorkSpec::Cpu, WorkSpec::Native] {
        for mode in [Mode::Threads, Mode::Gil] {
            let plan = Plan::new(work(ComputeSpec { turns: ENDLESS, ..compute() }), mode, 3, 9);
            let run = launcher.start(plan.clone());
            let started = |kind: &EventKind| matches!(kind, EventKind::TaskStarted { .. });
            let mut seen = Vec::new();
            while !seen.iter().any(started) {
                seen.extend(next(&run).map(|event| event.kind));
            }
            run.stop();
            let rest = events(&run);
            assert!(ends_stopped(&rest), "{}", plan.name());
            let done = |kind: &EventKind| matches!(kind, EventKind::TaskFinished { outcome, .. } if *outcome != TaskOutcome::Stopped);
            assert!(!rest.iter().any(|event| done(&event.kind)), "{}", plan.name());
        }
    }
}

/// How many tasks went well.
fn done(events: &[Event]) -> u32 {
    let done = |event: &&Event| {
        matches!(event.kind, EventKind::TaskFinished { outcome: TaskOutcome::Done(_), .. })
    };
    events.iter().filter(done).count() as u32
}

fn ends_stopped(events: &[Event]) -> bool {
    matches!(events.last().unwrap().kind, EventKind::RunFinished { outcome: RunOutcome::Stopped })
}
