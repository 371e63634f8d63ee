//! The sequential run that others are compared with.

use crate::model::{Mode, Nanos, Run};

/// Returns the sequential one of several runs.
pub fn sequential_run(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.plan().mode == Mode::Sequential)
}

/// Returns the time of the sequential one of several runs, if it did all its work.
pub fn sequential_time(runs: &[Run]) -> Option<Nanos> {
    sequential_run(runs).and_then(baseline_time)
}

/// Returns the time of a sequential run that did all its work.
pub fn baseline_time(run: &Run) -> Option<Nanos> {
    let is_baseline = run.plan().mode == Mode::Sequential && run.is_comparable();
    run.duration().filter(|_| is_baseline)
}
