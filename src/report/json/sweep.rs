//! The sweep in the JSON report.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::scaling::{Estimate, Fit, Parameter, ScalingModel};
use crate::analysis::stats;
use crate::analysis::sweep::{Accepted, Sweep, SweepPoint, Trial};
use crate::model::{Mode, Nanos, Workload};

/// A sweep over numbers of workers.
#[derive(Clone, Debug, Serialize)]
pub struct SweepReport {
    /// The requested numbers of workers.
    pub counts: Vec<u16>,
    /// The requested number of trials for each.
    pub repeats: u16,
    /// The number of tasks per trial; null before the first trial.
    pub tasks: Option<u32>,
    /// The trials, in order of execution.
    pub trials: Vec<TrialReport>,
    /// The results for each number of workers.
    pub points: Vec<PointReport>,
    /// The independent variable of the fits: `waves` (tasks / waves) or `workers`.
    pub fitted_against: &'static str,
    /// The fitted laws, the best first.
    pub fits: Vec<FitReport>,
    /// `true` if there are too few different numbers of workers to distinguish the laws.
    pub guess: bool,
    /// The knee of the best law: the number of workers beyond which more add little; null if it has
    /// none.
    pub knee: Option<KneeReport>,
    /// The ranges of numbers of workers, first and last, that need the same number of waves.
    pub equal_counts: Vec<[u16; 2]>,
    /// The number of workers that the advice recommends; null below two measured numbers.
    pub recommended: Option<u16>,
    /// The number of requests at once above which the server refused, or, if not known exactly, the largest
    /// number of workers without a refusal; null if the trials do not show one.
    pub accepted: Option<u32>,
    /// The advice for the user.
    pub advice: Option<String>,
}

/// A trial: one complete run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrialReport {
    /// The number of workers.
    pub workers: u16,
    /// The duration of the run.
    pub elapsed_s: f64,
    /// The number of completed tasks.
    pub tasks: u32,
    /// `true` if rate limits held the run back, so that it does not count.
    pub held_back: bool,
}

/// The results of the trials with the same number of workers: of those that no rate limit held back, if
/// there are any.
#[derive(Clone, Debug, Serialize)]
pub struct PointReport {
    /// The number of workers.
    pub workers: u16,
    /// The number of trials.
    pub trials: usize,
    /// The number of trials that rate limits held back.
    pub held_back: usize,
    /// The median duration.
    pub median_s: f64,
    /// The shortest duration.
    pub min_s: f64,
    /// The longest duration.
    pub max_s: f64,
    /// The median service time of a task, over all trials.
    pub p50_s: Option<f64>,
    /// The 95th percentile of the service times.
    pub p95_s: Option<f64>,
    /// The 99th percentile of the service times; null below 100 tasks.
    pub p99_s: Option<f64>,
    /// Tasks per second in the median trial.
    pub tasks_per_second: f64,
    /// The speed-up over one worker; null without a trial of one worker, or if all trials were held back.
    pub speed_up: Option<f64>,
    /// `speed_up` / workers; null above 1 if no measurement explains it.
    pub efficiency: Option<f64>,
    /// The experimentally determined serial fraction (Karp-Flatt metric).
    pub karp_flatt: Option<f64>,
    /// The number of failed requests by HTTP status, or by kind of failure without one.
    pub failures: BTreeMap<String, u32>,
}

/// A law fitted to the medians.
#[derive(Clone, Debug, Serialize)]
pub struct FitReport {
    /// `linear`, `plateau`, `amdahl` or `usl`.
    pub law: &'static str,
    /// The fitted parameters.
    pub parameters: Vec<ParameterReport>,
    /// The number of workers with the highest rate, if the rate falls beyond it.
    pub peak: Option<f64>,
    /// The upper bound of the rate.
    pub limit: Option<f64>,
    /// The residual sum of squares.
    pub rss: f64,
    /// The coefficient of determination.
    pub r2: Option<f64>,
    /// The corrected Akaike information criterion; lower is better.
    pub aicc: Option<f64>,
}

/// A parameter with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ParameterReport {
    /// `gain` (g), `capacity` (C), `contention` (a) or `coherency` (b).
    pub name: &'static str,
    /// The fitted value.
    pub value: f64,
    /// The lower bound of the interval; null if the value is at the edge of its range.
    pub low: Option<f64>,
    /// The upper bound of the interval.
    pub high: Option<f64>,
}

/// A knee with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KneeReport {
    /// The number of workers.
    pub workers: u16,
    /// The lower bound of the interval.
    pub low: Option<u16>,
    /// The upper bound of the interval.
    pub high: Option<u16>,
}

impl SweepReport {
    /// Builds the report of a sweep over a workload in a mode.
    pub fn from_sweep(sweep: &Sweep, workload: Workload, mode: Mode) -> Self {
        Self {
            counts: sweep.counts().to_vec(),
            repeats: sweep.repeats(),
            tasks: sweep.tasks(),
            trials: sweep.trials().iter().map(TrialReport::from_trial).collect(),
            points: sweep
                .points()
                .iter()
                .map(|point| PointReport::from_point(sweep, point))
                .collect(),
            fitted_against: if sweep.has_wave_steps() { "waves" } else { "workers" },
            fits: sweep.fits().iter().map(FitReport::from_fit).collect(),
            guess: sweep.is_guess(),
            knee: sweep.knee().map(|knee| KneeReport {
                workers: knee.workers,
                low: knee.between.as_ref().map(|between| *between.start()),
                high: knee.between.as_ref().map(|between| *between.end()),
            }),
            equal_counts: sweep
                .wave_steps()
                .iter()
                .map(|stair| [*stair.start(), *stair.end()])
                .collect(),
            recommended: sweep.recommended_workers(workload),
            accepted: sweep.accepted().map(Accepted::number),
            advice: sweep.advice(workload, mode),
        }
    }
}

impl TrialReport {
    fn from_trial(&Trial { workers, duration, tasks, is_held_back }: &Trial) -> Self {
        Self { workers, elapsed_s: duration.as_secs_f64(), tasks, held_back: is_held_back }
    }
}

impl PointReport {
    fn from_point(sweep: &Sweep, point: &SweepPoint) -> Self {
        let speed_up = sweep.point_speed_up(point);
        let failures = sweep.failures(point.workers);
        let service = point.service;
        Self {
            workers: point.workers,
            trials: point.trials,
            held_back: point.held_back,
            median_s: point.median.as_secs_f64(),
            min_s: point.min.as_secs_f64(),
            max_s: point.max.as_secs_f64(),
            p50_s: service.map(|service| service.p50.as_secs_f64()),
            p95_s: service.map(|service| service.p95.as_secs_f64()),
            p99_s: service.and_then(|service| service.p99).map(Nanos::as_secs_f64),
            tasks_per_second: point.rate,
            speed_up,
            efficiency: sweep.efficiency(point),
            karp_flatt: speed_up.and_then(|times| stats::serial_part(times, point.workers)),
            failures: failures.map(|(cause, count)| (cause.to_owned(), count)).collect(),
        }
    }
}

impl FitReport {
    fn from_fit(fit: &Fit) -> Self {
        let law = match fit.model {
            ScalingModel::Linear { .. } => "linear",
            ScalingModel::Plateau { .. } => "plateau",
            ScalingModel::Amdahl { .. } => "amdahl",
            ScalingModel::Usl { .. } => "usl",
        };
        Self {
            law,
            parameters: fit.parameters.iter().map(ParameterReport::from_estimate).collect(),
            peak: fit.peak(),
            limit: fit.model.limit(),
            rss: fit.rss,
            r2: fit.r2,
            aicc: fit.aicc,
        }
    }
}

impl ParameterReport {
    fn from_estimate(&(parameter, Estimate { value, interval }): &(Parameter, Estimate)) -> Self {
        Self {
            name: parameter.name(),
            value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
        }
    }
}
