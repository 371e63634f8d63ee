//! The wall time of threads relative to its limit, the number of waves times the median time of a
//! sequential request. Headless, with the built-in server in the same process.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

use std::sync::Arc;
use std::time::Duration;

use threadline::analysis::stats::percentile;
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{Mode, Nanos, Plan, Run, Target, WorkSpec};
use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use threadline::source::{Clock, Launcher};

const PAGES: u32 = 100;
const PER_PAGE: u8 = 100;
const WORKERS: u16 = 16;
const LATENCY: Duration = Duration::from_millis(50);

/// The number of races; the result is their median.
const RACES: usize = 5;

fn main() {
    let wall_clock = threadline::source::clock::wall_clock;
    let server = Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: PAGES * u32::from(PER_PAGE),
        latency: Latency::Uniform { latency: LATENCY, jitter: Duration::ZERO, seed: 0 },
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock,
    })
    .unwrap();
    let api = Arc::new(Api::new(&server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), Clock::system());
    let mut ratios: Vec<f64> = (1..=RACES).map(|number| measure_race(number, &launcher)).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "threads x{WORKERS}: {:.3} times the limit (promise: 1.05), median of {RACES} races, \
         {:.3} to {:.3}",
        ratios[RACES / 2],
        ratios[0],
        ratios[RACES - 1],
    );
}

/// Runs sequentially and then with threads; returns the time of threads relative to the limit.
fn measure_race(number: usize, launcher: &Launcher) -> f64 {
    let sequential = run(launcher, Mode::Sequential, 1);
    let threads = run(launcher, Mode::Threads, WORKERS);
    let mut requests: Vec<Nanos> = sequential.task_durations().collect();
    let request = percentile(&mut requests, 0.5).unwrap();
    let waves = threads.waves().unwrap().count;
    let limit = Nanos(request.0 * u64::from(waves));
    let (one, many) = (sequential.duration().unwrap(), threads.duration().unwrap());
    let ratio = many.0 as f64 / limit.0 as f64;
    println!(
        "race {number}: sequential {one}, median request {request}; threads {many}, {waves} \
         waves; ratio {ratio:.3}"
    );
    ratio
}

fn run(launcher: &Launcher, mode: Mode, workers: u16) -> Run {
    let target = Target {
        user: DEFAULT_USER.to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: PER_PAGE,
        costs_quota: false,
    };
    let plan = Plan::new(WorkSpec::Followers(target), mode, workers, PAGES);
    let mut run = Run::new(plan.clone());
    for event in launcher.start(plan).events() {
        run.apply(&event);
    }
    assert!(run.is_complete(), "{:?}", run.failure());
    run
}
