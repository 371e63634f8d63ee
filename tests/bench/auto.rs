//! How much time it costs to find out how many threads help: against the best fixed count, at a
//! service that does so many requests at once in 50 ms, and lets the others wait.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark tells what it found"
)]

#[path = "../common/scripted_server.rs"]
#[expect(dead_code, reason = "what was asked is not told here")]
mod scripted_server;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use scripted_server::ScriptedServer;
use threadline::engine::{Clock, Launcher};
use threadline::github::{Api, RetryPolicy};
use threadline::model::{Mode, Nanos, Plan, Run, Target, WorkSpec};

const PAGES: u32 = 60;
const PER_PAGE: u8 = 30;
const LATENCY: Duration = Duration::from_millis(50);

/// Runs with each count, of which the median counts.
const RUNS: usize = 5;

/// Counts to be compared with.
const COUNTS: [u16; 10] = [1, 3, 4, 6, 8, 9, 10, 12, 16, 32];

fn main() {
    for at_once in [8, 3, 20] {
        at(at_once);
    }
}

/// Against a service that does so many at once.
fn at(at_once: usize) {
    let (enter, leave) = bounded(at_once);
    let listed = PAGES * u32::from(PER_PAGE);
    let server = ScriptedServer::list(listed, listed, move |_| {
        enter.send(()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a service that takes its time")]
        std::thread::sleep(LATENCY);
        leave.recv().unwrap();
        None
    });
    let api = Arc::new(Api::new(server.url(), None).unwrap());
    let launcher = Launcher::new(Some(api), RetryPolicy::default(), Clock::system());
    // Found and fixed in turn, so that what slows the machine down slows all.
    let (mut found, mut fixed) = (Vec::new(), vec![Vec::new(); COUNTS.len()]);
    for _ in 0..RUNS {
        found.push(run(&launcher, PAGES as u16, true));
        for (times, workers) in fixed.iter_mut().zip(COUNTS) {
            times.push(run(&launcher, workers, false).duration().unwrap());
        }
    }
    let fixed = fixed.iter_mut().map(|times| median(times)).zip(COUNTS);
    let (best, workers) = fixed.min().unwrap();
    let mut times: Vec<Nanos> = found.iter().map(|run| run.duration().unwrap()).collect();
    let ends: Vec<u16> = found.iter().map(|run| run.concurrency_limit().unwrap()).collect();
    let took = median(&mut times);
    println!(
        "{at_once} at once: auto {took}, x{workers} {best}, the medians of {RUNS}; ratio {:.3} \
         (promise at 8: 1.15); ended at {ends:?} (promise at 8: 7 to 10)",
        took.0 as f64 / best.0 as f64
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
