//! Sweeps over thread counts: model fits of simulated services, the advice, and waves of equal
//! tasks.

mod advice;
mod arbitrary_input;
mod golden_fits;
mod simulated_service;
mod stub_servers;
mod waves;

use threadline::analysis::sweep::{Sweep, Trial};
use threadline::model::Nanos;

/// Builds a sweep of three equal trials per worker count from `(workers, milliseconds)`.
fn sweep(tasks: u32, medians: &[(u16, f64)]) -> Sweep {
    sweep_with_spread(tasks, medians, 0.0)
}

/// Builds a sweep in which one trial per count takes the median, one is faster and one slower by
/// the share `spread`.
fn sweep_with_spread(tasks: u32, medians: &[(u16, f64)], spread: f64) -> Sweep {
    let mut sweep = Sweep::new(medians.iter().map(|&(workers, _)| workers).collect(), 3);
    for share in [1.0, 1.0 - spread, 1.0 + spread] {
        for &(workers, millis) in medians {
            let duration = Nanos((millis * share * 1e6) as u64);
            sweep.add_trial(Trial { workers, duration, tasks, is_held_back: false });
        }
    }
    sweep
}

/// Runs a sweep whose trials take `seconds(workers)`.
fn run_sweep(
    counts: &[u16],
    repeats: u16,
    tasks: u32,
    mut seconds: impl FnMut(u16) -> f64,
) -> Sweep {
    let mut sweep = Sweep::new(counts.to_vec(), repeats);
    while let Some(workers) = sweep.next_workers() {
        sweep.add_trial(Trial {
            workers,
            duration: Nanos((seconds(workers) * 1e9) as u64),
            tasks,
            is_held_back: false,
        });
    }
    sweep
}
