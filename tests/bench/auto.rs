//! The time of `--threads auto` relative to the best fixed thread count, with a service that
//! processes a limited number of requests at once, 50 ms each, and queues the others.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[path = "../common/scripted_server.rs"]
#[expect(dead_code, reason = "the recorded requests are not used here")]
mod scripted_server;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use scripted_server::ScriptedServer;
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{Mode, Nanos, Plan, Run, Target, WorkSpec};
use threadline::source::{Clock, Launcher};

const PAGES: u32 = 60;
const PER_PAGE: u8 = 30;
const LATENCY: Duration = Duration::from_millis(50);

/// The number of runs per thread count; the result is their median.
const RUNS: usize = 5;

/// The fixed thread counts to compare with.
const FIXED_COUNTS: [u16; 10] = [1, 3, 4, 6, 8, 9, 10, 12, 16, 32];

fn main() {
    for at_once in [8, 3, 20] {
        compare(at_once);
    }
}

/// Compares with a service that processes `at_once` requests concurrently.
fn compare(at_once: usize) {
    let (enter, leave) = bounded(at_once);
    let listed = PAGES * u32::from(PER_PAGE);
    let server = ScriptedServer::list(listed, move |_| {
        enter.send(()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "simulates the latency of a service")]
        std::thread::sleep(LATENCY);
        leave.recv().unwrap();
        None
    });
    let api = Arc::new(Api::new(server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), Clock::system());
    // Interleaved, so that load on the machine slows down all of them.
    let (mut auto_runs, mut fixed_times) = (Vec::new(), vec![Vec::new(); FIXED_COUNTS.len()]);
    for _ in 0..RUNS {
        auto_runs.push(run(&launcher, PAGES as u16, true));
        for (times, workers) in fixed_times.iter_mut().zip(FIXED_COUNTS) {
            times.push(run(&launcher, workers, false).duration().unwrap());
        }
    }
    let fixed = fixed_times.iter_mut().map(|times| median(times)).zip(FIXED_COUNTS);
    let (best, workers) = fixed.min().unwrap();
    let mut times: Vec<Nanos> = auto_runs.iter().map(|run| run.duration().unwrap()).collect();
    let final_limits: Vec<u16> =
        auto_runs.iter().map(|run| run.limits().concurrency().unwrap()).collect();
    let auto_time = median(&mut times);
    println!(
        "{at_once} at once: auto {auto_time}, x{workers} {best}, medians of {RUNS}; ratio {:.3} \
         (promise at 8: 1.15); final limits {final_limits:?} (promise at 8: 7 to 10)",
        auto_time.0 as f64 / best.0 as f64
    );
}

fn median(times: &mut [Nanos]) -> Nanos {
    times.sort();
    times[times.len() / 2]
}

fn run(launcher: &Launcher, workers: u16, auto: bool) -> Run {
    let target = Target {
        user: "octocat".to_owned(),
        api: "a service with a queue".to_owned(),
        per_page: PER_PAGE,
        costs_quota: false,
    };
    let plan =
        Plan { auto, ..Plan::new(WorkSpec::Followers(target), Mode::Threads, workers, PAGES) };
    let mut run = Run::new(plan.clone());
    for event in launcher.start(plan).events() {
        run.apply(&event);
    }
    assert!(run.is_complete(), "{:?}", run.failure());
    run
}
