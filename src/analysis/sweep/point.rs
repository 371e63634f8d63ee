//! The trials of a sweep, and their summary for each number of workers.

use super::observations::Observations;
use crate::analysis::stats::Quantiles;
use crate::model::Nanos;

/// The minimum ratio of two rates that is not noise, if there is one trial of each.
pub(super) const MIN_CHANGE: f64 = 1.15;

/// The minimum speed-up that justifies more workers.
pub(super) const MIN_GAIN: f64 = 1.1;

/// One complete run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The number of workers.
    pub workers: u16,
    /// The time from the start to the end of the last task.
    pub duration: Nanos,
    /// The number of completed tasks.
    pub tasks: u32,
    /// `true` if rate limits held the run back, so that its time does not count.
    pub is_held_back: bool,
}

/// The summary of the trials with one number of workers: of those that no rate limit held back, if there
/// are any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepPoint {
    /// The number of workers.
    pub workers: u16,
    /// The number of trials.
    pub trials: usize,
    /// The number of trials that rate limits held back.
    pub held_back: usize,
    /// The median time.
    pub median: Nanos,
    /// The shortest time.
    pub min: Nanos,
    /// The longest time.
    pub max: Nanos,
    /// The rate of the median trial, in tasks per second.
    pub rate: f64,
    /// The service times of the tasks, if they are known.
    pub service: Option<Quantiles>,
    /// The mean service time of the tasks.
    pub mean_service: Option<Nanos>,
}

impl Trial {
    /// The rate in tasks per second.
    pub fn rate(&self) -> f64 {
        f64::from(self.tasks) / Nanos(self.duration.0.max(1)).as_secs_f64()
    }
}

impl SweepPoint {
    pub(super) fn from_trials(
        workers: u16,
        trials: &[Trial],
        observed: Option<&Observations>,
    ) -> Option<Self> {
        let all = trials.iter().filter(|trial| trial.workers == workers).copied();
        let (held, free): (Vec<Trial>, Vec<Trial>) = all.partition(|trial| trial.is_held_back);
        let (trials, held_back) = (held.len() + free.len(), held.len());
        let mut summarized = if free.is_empty() { held } else { free };
        summarized.sort_by_key(|trial| trial.duration);
        let middle = summarized.get(summarized.len().saturating_sub(1) / 2)?;
        let service = observed.map_or(&[][..], |one| one.service_times(held_back == trials));
        let sum: u128 = service.iter().map(|time| u128::from(time.0)).sum();
        let mean = sum.checked_div(service.len() as u128).map(|mean| Nanos(mean as u64));
        Some(Self {
            workers,
            trials,
            held_back,
            median: middle.duration,
            min: summarized.first()?.duration,
            max: summarized.last()?.duration,
            rate: middle.rate(),
            service: Quantiles::from_values(&mut service.to_vec()),
            mean_service: mean,
        })
    }

    /// The number of trials that count towards the advice.
    pub const fn counted_trials(&self) -> usize {
        self.trials - self.held_back
    }

    /// Returns `true` if at least one trial was not held back by rate limits.
    pub const fn is_counted(&self) -> bool {
        self.counted_trials() > 0
    }

    /// Returns `true` if two points differ by no more than their trials do.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        if self.counted_trials() == 1 || other.counted_trials() == 1 {
            return self.rate.max(other.rate) < self.rate.min(other.rate) * MIN_CHANGE;
        }
        self.min <= other.max && other.min <= self.max
    }
}
