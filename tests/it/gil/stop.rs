//! A stop at any moment ends a run immediately.

use threadline::model::{
    ComputeSpec, Event, EventKind, Mode, Nanos, Plan, RunOutcome, TaskOutcome, WorkSpec,
};

use super::{
    COMPUTE_WORK, assert_at_most_one_holder, collect_events, gil_plan, launcher, next_event,
    short_compute,
};

/// The number of runs that are stopped, each after a random number of events.
const STOPS: usize = 1_000;
const SEED: u64 = 42;

/// More tasks than finish before the stop, unless the stopping thread is very late: the run may
/// then be over already.
const TASKS: u32 = 200;

/// More turns than fit into any test: a task that misses the stop hangs.
const ENDLESS: u64 = u64::MAX;

#[test]
fn stop_at_any_of_1000_moments_ends_the_run() {
    let launcher = launcher();
    let mut rng = fastrand::Rng::with_seed(SEED);
    for stop in 0..STOPS {
        let work = COMPUTE_WORK[rng.usize(..COMPUTE_WORK.len())];
        let workers = rng.u16(1..=4);
        // With an interval of a microsecond there is almost always a switch in progress.
        let switch_interval = [Nanos(1_000), Nanos(20_000)][rng.usize(..2)];
        let compute =
            ComputeSpec { turns: 200, size: Nanos(1_000), switch_interval, ..short_compute() };
        let plan = gil_plan(work(compute), workers, TASKS);
        let run = launcher.start(plan.clone());
        let after = rng.usize(1..120);
        let mut received: Vec<Event> =
            std::iter::from_fn(|| next_event(&run)).take(after).collect();
        run.stop();
        received.extend(collect_events(&run));
        assert_at_most_one_holder(&received);
        assert!(
            ends_stopped(&received) || done_count(&received) == TASKS,
            "stop {stop} of {}",
            plan.name()
        );
    }
}

/// No task ends by itself, in any state: computing, waiting for the GIL or in native code.
#[test]
fn stop_interrupts_endless_tasks() {
    let launcher = launcher();
    for work in [WorkSpec::Cpu, WorkSpec::Native] {
        for mode in [Mode::Threads, Mode::Gil] {
            let plan =
                Plan::new(work(ComputeSpec { turns: ENDLESS, ..short_compute() }), mode, 3, 9);
            let run = launcher.start(plan.clone());
            let started = |kind: &EventKind| matches!(kind, EventKind::TaskStarted { .. });
            let mut received = Vec::new();
            while !received.iter().any(started) {
                received.extend(next_event(&run).map(|event| event.kind));
            }
            run.stop();
            let rest = collect_events(&run);
            assert!(ends_stopped(&rest), "{}", plan.name());
            let done = |kind: &EventKind| matches!(kind, EventKind::TaskFinished { outcome, .. } if *outcome != TaskOutcome::Stopped);
            assert!(!rest.iter().any(|event| done(&event.kind)), "{}", plan.name());
        }
    }
}

/// Returns the number of tasks that are done.
fn done_count(events: &[Event]) -> u32 {
    let done = |event: &&Event| {
        matches!(event.kind, EventKind::TaskFinished { outcome: TaskOutcome::Done(_), .. })
    };
    events.iter().filter(done).count() as u32
}

fn ends_stopped(events: &[Event]) -> bool {
    matches!(
        events.last().unwrap().kind,
        EventKind::RunFinished { outcome: RunOutcome::Stopped, .. }
    )
}
