//! CPU work and the GIL on real threads: what holds however the threads are scheduled.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod followers;
mod holders;
mod jobs;
#[path = "../common/server.rs"]
mod server;
mod stops;
mod values;

use std::time::Duration;

use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::Patience;
use threadline::model::{
    Compute, Done, Event, Kind, LaneId, Mode, Nanos, Outcome, Plan, Product, Run, State, TaskId,
    Work,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A switch interval that is often over, even within tasks as short as a test's.
const SHORT: Nanos = Nanos(100_000);

/// Tasks of so many turns, about a millisecond without optimisation.
const TURNS: u64 = 2_000;

/// Every kind of computed work.
const WORKS: [fn(Compute) -> Work; 3] = [Work::Cpu, Work::Native, Work::Mixed];

fn compute() -> Compute {
    let size = Nanos::from_millis(2);
    Compute { size, turns: TURNS, share: 50, switch_interval: SHORT, simulation: None }
}

fn launcher() -> Launcher {
    Launcher::new(None, Patience::default(), Clock::system())
}

/// All that happens in a run until it is over.
fn events(run: &RunHandle) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = run.events().recv_timeout(HANGS).unwrap();
        let over = matches!(event.kind, Kind::RunFinished { .. });
        events.push(event);
        if over {
            return events;
        }
    }
}

/// Runs a plan to its end, and folds it.
fn run(launcher: &Launcher, plan: &Plan) -> (Run, Vec<Event>) {
    let events = events(&launcher.start(plan.clone()));
    let mut run = Run::new(plan.clone());
    for event in &events {
        run.apply(event);
    }
    (run, events)
}

/// What a task of CPU work came to.
fn value(run: &Run, task: u32) -> u64 {
    match run.task(TaskId(task)).and_then(|record| record.outcome) {
        Some(Outcome::Done(Done { product: Product::Value(value), .. })) => value,
        other => panic!("task {task} came to {other:?}"),
    }
}

/// Folds a run as it happened, and checks after every event that no more than one lane computes:
/// who gave the GIL back said so before who took it, and not later by the clock. Returns how often
/// it went to another lane.
fn at_most_one_holder(events: &[Event], lanes: u16) -> usize {
    let mut run = Run::new(plan_of(events));
    let (mut last, mut given_back, mut switches) = (None, Nanos::ZERO, 0);
    for event in events {
        let before: Vec<State> = run.lanes().iter().map(|lane| lane.state()).collect();
        run.apply(event);
        let after: Vec<State> = run.lanes().iter().map(|lane| lane.state()).collect();
        let holders: Vec<u16> =
            (0..lanes).filter(|&lane| after[usize::from(lane)] == State::Computing).collect();
        assert!(holders.len() < 2, "{holders:?} compute at once, after {event:?}");
        let lane = usize::from(event.lane.0);
        match (before[lane], after[lane]) {
            (State::Computing, other) if other != State::Computing => given_back = event.at,
            (other, State::Computing) if other != State::Computing => {
                assert!(event.at >= given_back, "{event:?} before {given_back}");
                switches += usize::from(last.replace(event.lane) != Some(event.lane));
            }
            _ => {}
        }
    }
    switches
}

fn plan_of(events: &[Event]) -> Plan {
    match &events[0].kind {
        Kind::RunStarted { plan } => plan.clone(),
        other => panic!("a run begins with {other:?}"),
    }
}

fn gil(work: Work, workers: u16, tasks: u32) -> Plan {
    Plan::new(work, Mode::Gil, workers, tasks)
}

/// The states that a lane enters, in order.
fn states(events: &[Event], lane: u16) -> Vec<State> {
    let own = events.iter().filter(|event| event.lane == LaneId(lane));
    let states = own.filter_map(|event| match event.kind {
        Kind::Entered { state } => Some(state),
        _ => None,
    });
    states.collect()
}
