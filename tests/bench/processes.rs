//! What worker processes cost: how long one takes to start, alone and beside others, and a task on
//! its way to it and back; what that leaves of CPU work's speed-up is told by the bench gil, beside
//! threads.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark tells what it found"
)]

use std::path::PathBuf;

use threadline::engine::{Clock, Launcher};
use threadline::github::RetryPolicy;
use threadline::model::stats::percentile;
use threadline::model::{
    ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Run, State, WorkSpec,
};

/// Runs of which the median is told.
const REPEATS: u32 = 11;

/// So many processes start side by side.
const STARTS: [u16; 4] = [1, 2, 8, 100];

/// Tasks that are hardly any work.
const TASKS: u32 = 2_000;

fn main() {
    let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_threadline")));
    let launcher = Launcher::with_processes(None, RetryPolicy::default(), Clock::system(), program);
    for workers in STARTS {
        let mut starts = Vec::new();
        for _ in 0..REPEATS {
            let (_, events) = run(&launcher, &plan(Mode::Processes, workers, workers.into()));
            starts.extend((0..workers).filter_map(|lane| start(&events, LaneId(lane))));
        }
        println!("{workers:3} processes start side by side: each in {}", spread(&mut starts));
    }
    for workers in [1, 2] {
        let mut threads: Vec<Nanos> = (0..REPEATS)
            .map(|_| a_task(&run(&launcher, &plan(Mode::Threads, workers, TASKS)).0))
            .collect();
        let (mut processes, mut hand_over) = (Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            let (run, events) = run(&launcher, &plan(Mode::Processes, workers, TASKS));
            processes.push(Nanos(a_task(&run).0 - started(&events).0 / u64::from(TASKS)));
            let out: u64 = run
                .lanes()
                .iter()
                .map(|lane| lane.time_in(State::HandOver, run.duration().unwrap()).0)
                .sum();
            hand_over.push(Nanos(out / u64::from(TASKS)));
        }
        println!(
            "{workers} workers, tasks of no work: {} a task in threads, {} in processes once they \
             run; handed over in {}",
            spread(&mut threads),
            spread(&mut processes),
            spread(&mut hand_over),
        );
    }
}

/// Tasks of one turn.
const fn plan(mode: Mode, workers: u16, tasks: u32) -> Plan {
    let compute = ComputeSpec {
        size: Nanos::from_millis(1),
        turns: 1,
        share: 0,
        switch_interval: ComputeSpec::SWITCH_INTERVAL,
        simulation: None,
    };
    Plan::new(WorkSpec::Cpu(compute), mode, workers, tasks)
}

fn run(launcher: &Launcher, plan: &Plan) -> (Run, Vec<Event>) {
    let mut run = Run::new(plan.clone());
    let events: Vec<Event> = launcher.start(plan.clone()).events().iter().collect();
    for event in &events {
        run.apply(event);
    }
    assert!(run.is_complete(), "{:?}", run.failure());
    (run, events)
}

/// How long a lane's process took to start.
fn start(events: &[Event], lane: LaneId) -> Option<Nanos> {
    let at = |wanted: &dyn Fn(&EventKind) -> bool| {
        let mut own = events.iter().filter(|event| event.lane == lane);
        own.find(|event| wanted(&event.kind)).map(|event| event.at)
    };
    let begun = at(&|kind| *kind == EventKind::StateEntered { state: State::Starting })?;
    Some(at(&|kind| matches!(kind, EventKind::ProcessStarted { .. }))?.since(begun))
}

/// When the first process ran.
fn started(events: &[Event]) -> Nanos {
    let mut runs =
        events.iter().filter(|event| matches!(event.kind, EventKind::ProcessStarted { .. }));
    runs.next().unwrap().at
}

/// What a task takes of the run's time.
fn a_task(run: &Run) -> Nanos {
    Nanos(run.duration().unwrap().0 / u64::from(run.known_tasks()))
}

/// The median, and the lowest and the highest.
fn spread(times: &mut [Nanos]) -> String {
    let median = percentile(times, 0.5).unwrap();
    times.sort_unstable();
    format!("{median} ({} to {})", times[0], times[times.len() - 1])
}
