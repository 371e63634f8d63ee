//! CPU work and the GIL on real threads: what holds however the threads are scheduled.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "../common/builtin_server.rs"]
mod builtin_server;
mod followers;
mod holders;
mod jobs;
mod stops;
mod values;

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::RetryPolicy;
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, State,
    TaskId, TaskOutcome, WorkSpec,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A switch interval that is often over, even within tasks as short as a test's.
const SHORT: Nanos = Nanos(100_000);

/// Tasks of so many turns, about a millisecond without optimisation.
const TURNS: u64 = 2_000;

/// Every kind of computed work.
const WORKS: [fn(ComputeSpec) -> WorkSpec; 3] = [WorkSpec::Cpu, WorkSpec::Native, WorkSpec::Mixed];

fn compute() -> ComputeSpec {
    let size = Nanos::from_millis(2);
    ComputeSpec { size, turns: TURNS, share: 50, switch_interval: SHORT, simulation: None }
}

fn launcher() -> Launcher {
    Launcher::new(None, RetryPolicy::default(), Clock::system())
}

/// What happens next in a run; nothing once it is over.
fn next(run: &RunHandle) -> Option<Event> {
    match run.events().recv_timeout(HANGS) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("the run hangs"),
    }
}

/// All that happens in a run until it is over.
fn events(run: &RunHandle) -> Vec<Event> {
    std::iter::from_fn(|| next(run)).collect()
}

/// Runs a plan to its end, and folds it.
fn run(launcher: &Launcher, plan: &Plan) -> (Run, Vec<Event>) {
    let events = events(&launcher.start(plan.clone()));
    (fold(&events), events)
}

/// What a task of CPU work came to.
fn value(run: &Run, task: u32) -> u64 {
    match run.task(TaskId(task)).and_then(|record| record.outcome) {
        Some(TaskOutcome::Done(Completion { product: Product::Value(value), .. })) => value,
        other => panic!("task {task} came to {other:?}"),
    }
}

/// Folds a run as it happened, and checks after every event that no more than one lane computes:
/// who gave the GIL back said so before who took it, and not later by the clock.
fn at_most_one_holder(events: &[Event]) {
    let mut run = fold(&events[..1]);
    let (mut holder, mut given_back) = (None, Nanos::ZERO);
    for event in &events[1..] {
        run.apply(event);
        let lane = run.lanes().get(usize::from(event.lane.0)).unwrap();
        let computes = lane.state() == State::Computing;
        if computes && holder != Some(event.lane) {
            assert_eq!(holder, None, "two compute at once, after {event:?}");
            assert!(event.at >= given_back, "{event:?} before {given_back}");
            holder = Some(event.lane);
        } else if !computes && holder == Some(event.lane) {
            (holder, given_back) = (None, event.at);
        }
    }
}

fn fold(events: &[Event]) -> Run {
    let mut run = Run::new(plan_of(events));
    for event in events {
        run.apply(event);
    }
    run
}

fn plan_of(events: &[Event]) -> Plan {
    match &events[0].kind {
        EventKind::RunStarted { plan } => plan.clone(),
        other => panic!("a run begins with {other:?}"),
    }
}

fn gil(work: WorkSpec, workers: u16, tasks: u32) -> Plan {
    Plan::new(work, Mode::Gil, workers, tasks)
}

/// The states that a lane enters, in order.
fn states(events: &[Event], lane: u16) -> Vec<State> {
    let own = events.iter().filter(|event| event.lane == LaneId(lane));
    let states = own.filter_map(|event| match event.kind {
        EventKind::StateEntered { state } => Some(state),
        _ => None,
    });
    states.collect()
}
