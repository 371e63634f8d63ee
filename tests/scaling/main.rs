//! Sweeps over thread counts: what is found out about a service that is known, what advice is given
//! on it, and how waves of equal tasks come out.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod advice;
mod nonsense;
mod service;
mod waves;

use threadline::model::Nanos;
use threadline::model::sweep::{Sweep, Trial};

/// A sweep in which each number of workers took so many milliseconds, each time.
fn sweep(tasks: u32, medians: &[(u16, f64)]) -> Sweep {
    spread(tasks, medians, 0.0)
}

/// The same, with a quicker and a slower trial beside each median: by this share.
fn spread(tasks: u32, medians: &[(u16, f64)], by: f64) -> Sweep {
    let mut sweep = Sweep::new(medians.iter().map(|&(workers, _)| workers).collect(), 3);
    for share in [1.0, 1.0 - by, 1.0 + by] {
        for &(workers, millis) in medians {
            let duration = Nanos((millis * share * 1e6) as u64);
            sweep.add_trial(Trial { workers, duration, tasks });
        }
    }
    sweep
}

/// A sweep in which `took` says what each trial takes, in seconds.
fn swept(counts: &[u16], repeats: u16, tasks: u32, mut took: impl FnMut(u16) -> f64) -> Sweep {
    let mut sweep = Sweep::new(counts.to_vec(), repeats);
    while let Some(workers) = sweep.next_workers() {
        sweep.add_trial(Trial { workers, duration: Nanos((took(workers) * 1e9) as u64), tasks });
    }
    sweep
}
