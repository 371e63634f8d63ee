//! The extent and the spread of the measurements of a sweep, which say how far to trust its advice.

use super::{Sweep, SweepPoint, WorkerTerms};
use crate::analysis::plural;

/// The maximum number of worker counts that a text lists.
const MAX_LISTED_COUNTS: usize = 10;

/// Returns worker counts with their noun: `1, 2 and 4 threads`, `24 counts from 1 to 24 threads`.
pub fn counts_text(counts: &[u16], worker: &str) -> String {
    let noun = plural::noun(counts.last().copied().unwrap_or(0), worker);
    match counts {
        [first, .., last] if counts.len() > MAX_LISTED_COUNTS => {
            format!("{} counts from {first} to {last} {noun}", counts.len())
        }
        _ => {
            let counts: Vec<String> = counts.iter().map(u16::to_string).collect();
            format!("{} {noun}", plural::enumeration(&counts).unwrap_or_default())
        }
    }
}

/// Returns the evidence as a sentence: `Measured with 1, 2 and 4 threads, 3 trials each, which differ by up
/// to 4 %.` Returns `None` before the first trial.
pub(super) fn sentence(sweep: &Sweep, terms: WorkerTerms) -> Option<String> {
    let points: Vec<&SweepPoint> = sweep.counted_points().collect();
    let trials = || points.iter().map(|point| point.counted_trials());
    let (fewest, most) = (trials().min()?, trials().max()?);
    let each = if fewest == most {
        plural::count(most, "trial")
    } else {
        format!("{fewest} to {}", plural::count(most, "trial"))
    };
    let counts: Vec<u16> = points.iter().map(|point| point.workers).collect();
    let counts = counts_text(&counts, terms.worker);
    let spread = spread(&points).map_or_else(
        || "so the noise is unknown".to_owned(),
        |spread| match spread * 100.0 {
            percent if percent < 1.0 => "which differ by less than 1 %".to_owned(),
            percent => format!("which differ by up to {percent:.0} %"),
        },
    );
    Some(format!("Measured with {counts}, {each} each, {spread}."))
}

/// Returns the largest difference between the trials of a number of workers, as a share of their median.
/// `None` if there is no number with two trials.
fn spread(points: &[&SweepPoint]) -> Option<f64> {
    let repeated = points.iter().filter(|point| point.counted_trials() > 1);
    let share =
        |point: &&SweepPoint| point.max.since(point.min).0 as f64 / point.median.0.max(1) as f64;
    repeated.map(share).max_by(f64::total_cmp)
}
