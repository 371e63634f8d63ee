//! The cost of worker processes: the time to start them, alone and in parallel, and the time to
//! hand a task over. The benchmark `gil` measures their speed-up of CPU work.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

use std::path::PathBuf;

use threadline::analysis::stats::percentile;
use threadline::http::RetryPolicy;
use threadline::model::{
    ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Run, State, WorkSpec,
};
use threadline::source::{Clock, Launcher};

/// The number of runs per measurement; the result is their median.
const REPEATS: u32 = 11;

/// The numbers of processes that start in parallel.
const STARTS: [u16; 4] = [1, 2, 8, 100];

/// The number of tasks, each with almost no work.
const TASKS: u32 = 2_000;

fn main() {
    let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_threadline")));
    let launcher = Launcher::with_processes(None, RetryPolicy::default(), Clock::system(), program);
    for workers in STARTS {
        let mut starts = Vec::new();
        for _ in 0..REPEATS {
            let (_, events) = run(&launcher, &plan(Mode::Processes, workers, workers.into()));
            starts.extend((0..workers).filter_map(|lane| start_time(&events, LaneId(lane))));
        }
        println!("{workers:3} processes started in parallel: {} each", spread(&mut starts));
    }
    for workers in [1, 2] {
        let mut threads: Vec<Nanos> = (0..REPEATS)
            .map(|_| time_per_task(&run(&launcher, &plan(Mode::Threads, workers, TASKS)).0))
            .collect();
        let (mut processes, mut hand_over) = (Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            let (run, events) = run(&launcher, &plan(Mode::Processes, workers, TASKS));
            processes
                .push(Nanos(time_per_task(&run).0 - first_start(&events).0 / u64::from(TASKS)));
            let total: u64 = run
                .lanes()
                .iter()
                .map(|lane| lane.time_in(State::HandOver, run.duration().unwrap()).0)
                .sum();
            hand_over.push(Nanos(total / u64::from(TASKS)));
        }
        println!(
            "{workers} workers, empty tasks: {} per task with threads, {} with processes once they \
             run; hand-over {}",
            spread(&mut threads),
            spread(&mut processes),
            spread(&mut hand_over),
        );
    }
}

/// Returns a plan for tasks of one turn each.
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

/// Returns the time that the process of a lane took to start.
fn start_time(events: &[Event], lane: LaneId) -> Option<Nanos> {
    let find_time = |matches: &dyn Fn(&EventKind) -> bool| {
        let mut own = events.iter().filter(|event| event.lane == lane);
        own.find(|event| matches(&event.kind)).map(|event| event.at)
    };
    let start = find_time(&|kind| *kind == EventKind::StateEntered { state: State::Starting })?;
    Some(find_time(&|kind| matches!(kind, EventKind::ProcessStarted { .. }))?.since(start))
}

/// Returns the time at which the first process was ready.
fn first_start(events: &[Event]) -> Nanos {
    let mut runs =
        events.iter().filter(|event| matches!(event.kind, EventKind::ProcessStarted { .. }));
    runs.next().unwrap().at
}

/// Returns the time of a run per task.
fn time_per_task(run: &Run) -> Nanos {
    Nanos(run.duration().unwrap().0 / u64::from(run.progress().known_tasks()))
}

/// Formats the median, the minimum and the maximum.
fn spread(times: &mut [Nanos]) -> String {
    let median = percentile(times, 0.5).unwrap();
    times.sort_unstable();
    format!("{median} ({} to {})", times[0], times[times.len() - 1])
}
