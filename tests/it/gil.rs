//! CPU work and the GIL on real threads: invariants that hold for any scheduling.

mod closure_jobs;
mod followers;
mod mutual_exclusion;
mod protocol;
mod stop;
mod values;

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::http::RetryPolicy;
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, State,
    TaskId, TaskOutcome, WorkSpec,
};
use threadline::source::{Clock, Launcher, RunHandle};

/// The wait after which a run counts as hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

/// A switch interval that expires several times even within the short tasks of these tests.
const SHORT_INTERVAL: Nanos = Nanos(100_000);

/// The turns per task: about a millisecond in an unoptimized build.
const TURNS: u64 = 2_000;

/// The workloads that compute.
const COMPUTE_WORK: [fn(ComputeSpec) -> WorkSpec; 3] =
    [WorkSpec::Cpu, WorkSpec::Native, WorkSpec::Mixed];

fn short_compute() -> ComputeSpec {
    let size = Nanos::from_millis(2);
    ComputeSpec { size, turns: TURNS, share: 50, switch_interval: SHORT_INTERVAL, simulation: None }
}

fn launcher() -> Launcher {
    Launcher::new(None, RetryPolicy::default(), Clock::system())
}

/// Waits for the next event of a run. Returns `None` once the run is over.
fn next_event(run: &RunHandle) -> Option<Event> {
    match run.events().recv_timeout(HANG_TIMEOUT) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("the run hangs"),
    }
}

/// Collects the events of a run up to its end.
fn collect_events(run: &RunHandle) -> Vec<Event> {
    std::iter::from_fn(|| next_event(run)).collect()
}

/// Runs a plan to its end. Returns the folded run and its events.
fn run(launcher: &Launcher, plan: &Plan) -> (Run, Vec<Event>) {
    let events = collect_events(&launcher.start(plan.clone()));
    (fold(&events), events)
}

/// Returns the value that a compute task produced.
fn task_value(run: &Run, task: u32) -> u64 {
    match run.tasks().get(TaskId(task)).and_then(|record| record.outcome) {
        Some(TaskOutcome::Done(Completion { product: Product::Value(value), .. })) => value,
        other => panic!("task {task} has no value: {other:?}"),
    }
}

/// Asserts after every event that at most one lane computes, and that a lane takes the GIL no
/// earlier than the previous holder released it.
fn assert_at_most_one_holder(events: &[Event]) {
    let mut run = fold(&events[..1]);
    let (mut holder, mut released_at) = (None, Nanos::ZERO);
    for event in &events[1..] {
        run.apply(event);
        let lane = run.lanes().get(usize::from(event.lane.0)).unwrap();
        let computes = lane.state() == State::Computing;
        if computes && holder != Some(event.lane) {
            assert_eq!(holder, None, "two lanes compute at once after {event:?}");
            assert!(event.at >= released_at, "{event:?} is before {released_at}");
            holder = Some(event.lane);
        } else if !computes && holder == Some(event.lane) {
            (holder, released_at) = (None, event.at);
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
        other => panic!("the first event is {other:?}, not RunStarted"),
    }
}

fn gil_plan(work: WorkSpec, workers: u16, tasks: u32) -> Plan {
    Plan::new(work, Mode::Gil, workers, tasks)
}

/// Returns the states that a lane enters, in order.
fn entered_states(events: &[Event], lane: u16) -> Vec<State> {
    let own = events.iter().filter(|event| event.lane == LaneId(lane));
    let states = own.filter_map(|event| match event.kind {
        EventKind::StateEntered { state } => Some(state),
        _ => None,
    });
    states.collect()
}
