//! A sweep: runs of the same tasks with several numbers of workers, repeated several times, and the
//! conclusion about the number to use.

mod advice;
mod evidence;
mod latency_limit;
mod observations;
mod point;
mod terms;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use super::refusals::Refusals;
use super::scaling::{self, ConfidenceInterval, Estimate, Fit, ScalingModel};
use super::{RateLimitHold, stats};
use crate::model::time::Nanos;
use crate::model::workload::Workload;
use crate::model::{Mode, Run, Waves};
pub use evidence::counts_text;
use observations::Observations;
pub use point::{SweepPoint, Trial};
pub use terms::WorkerTerms;

/// The number of workers beyond which more of them add little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knee {
    /// The number of workers.
    pub workers: u16,
    /// The 95 % confidence interval, if the law holds.
    pub between: Option<RangeInclusive<u16>>,
}

/// The number above which a server refused requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The number of requests at once.
    AtOnce(u32),
    /// Two measured numbers of workers.
    Workers {
        /// The largest without a refusal.
        accepted: u16,
        /// The next larger one, which was refused.
        refused: u16,
    },
}

impl Accepted {
    /// The number that the server accepted.
    pub const fn number(self) -> u32 {
        match self {
            Self::AtOnce(requests) => requests,
            Self::Workers { accepted, .. } => accepted as u32,
        }
    }
}

/// `8`, `8 [7-9]`.
impl fmt::Display for Knee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.between {
            Some(range) if range.start() < range.end() => {
                format!("{} [{}-{}]", self.workers, range.start(), range.end())
            }
            _ => self.workers.to_string(),
        };
        f.pad(&text)
    }
}

/// The trials of a sweep with the fitted laws.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    counts: Vec<u16>,
    repeats: u16,
    trials: Vec<Trial>,
    points: Vec<SweepPoint>,
    fits: Vec<Fit>,
    axis: RateAxis,
    cores: Option<u16>,
    /// The observations beside the times of the trials, by the number of workers.
    observations: BTreeMap<u16, Observations>,
}

/// The abscissa of the fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RateAxis {
    /// The number of workers that are busy if all tasks take equally long: tasks / waves.
    #[default]
    Waves,
    /// The number of workers.
    Workers,
}

impl Sweep {
    /// Creates a sweep over these numbers of workers, each of which is run `repeats` times (at
    /// least once). The numbers are sorted; zeros and duplicates are removed.
    pub fn new(mut counts: Vec<u16>, repeats: u16) -> Self {
        counts.retain(|&count| count > 0);
        counts.sort_unstable();
        counts.dedup();
        Self { counts, repeats: repeats.max(1), ..Self::default() }
    }

    /// Sets the number of cores of the machine, if it is known.
    #[must_use]
    pub fn with_cores(self, cores: Option<u16>) -> Self {
        Self { cores, ..self }
    }

    /// The number of cores of the machine, if it is known.
    pub fn cores(&self) -> Option<u16> {
        self.cores
    }

    /// The numbers of workers in ascending order.
    pub fn counts(&self) -> &[u16] {
        &self.counts
    }

    /// The number of trials for each number of workers.
    pub fn repeats(&self) -> u16 {
        self.repeats
    }

    /// Returns the number of workers of each trial: ascending, descending, ascending again, so that
    /// drift (a machine that warms up, a network that fills) affects all of them equally.
    pub fn schedule(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.repeats).flat_map(|round| {
            let up = self.counts.iter().copied().filter(move |_| round % 2 == 0);
            let down = self.counts.iter().rev().copied().filter(move |_| round % 2 == 1);
            up.chain(down)
        })
    }

    /// Returns the number of workers of the next trial, or `None` if the sweep is complete.
    pub fn next_workers(&self) -> Option<u16> {
        self.schedule().nth(self.trials.len())
    }

    /// The total number of trials.
    pub fn planned_trials(&self) -> usize {
        self.counts.len() * usize::from(self.repeats)
    }

    /// Returns the position of the trial in progress: `trial 7 of 15`.
    pub fn trial_text(&self) -> String {
        format!("trial {} of {}", self.trials.len() + 1, self.planned_trials())
    }

    /// Returns the time that the trials left will take, of which the active one has run for `elapsed`:
    /// the sum of the medians. `None` until each number of workers has been measured.
    pub fn time_left(&self, elapsed: Nanos) -> Option<Nanos> {
        let median = |workers| self.point(workers).map(|point| point.median);
        let mut left = self.schedule().skip(self.trials.len()).map(median);
        let active = left.next()??.since(elapsed);
        left.try_fold(active, |sum, median| Some(sum + median?))
    }

    /// Adds a run that has ended as a trial, with the service times of its tasks, its failed requests and
    /// the refusals of its server.
    pub fn add_run(&mut self, run: &Run) {
        let Some(duration) = run.duration() else { return };
        let (workers, tasks) = (run.plan().workers, run.progress().known_tasks());
        let is_held_back = RateLimitHold::affects(run, duration);
        self.observations.entry(workers).or_default().add_run(run, is_held_back);
        self.add_trial(Trial { workers, duration, tasks, is_held_back });
    }

    /// Adds a trial and fits the laws again.
    ///
    /// The laws are fitted to the medians: a single slow trial then has no effect, all numbers of
    /// workers have the same weight, and repeated trials do not count as evidence about the shape
    /// of a law. Numbers whose trials were all held back by rate limits are left out.
    ///
    /// With few tasks per worker, the rate rises in stairs, which no law has: 60 equal tasks take 2
    /// waves with 30 workers as with 59. The rates are therefore fitted against tasks / waves,
    /// where equal tasks on a service without a limit lie exactly on a line. Unequal tasks blur the
    /// stairs, so the rates are fitted against the number of workers as well, and the better of the
    /// two best fits decides.
    pub fn add_trial(&mut self, trial: Trial) {
        self.trials.push(trial);
        let points = self.counts.iter().filter_map(|&workers| {
            SweepPoint::from_trials(workers, &self.trials, self.observations.get(&workers))
        });
        self.points = points.collect();
        let [by_waves, by_workers] = [RateAxis::Waves, RateAxis::Workers].map(|axis| {
            let rate_point = |point: &SweepPoint| (self.abscissa(axis, point.workers), point.rate);
            scaling::fit_models(&self.counted_points().map(rate_point).collect::<Vec<_>>())
        });
        let better = match (by_workers.first(), by_waves.first()) {
            (Some(one), Some(other)) => {
                one.beats(other, self.counted_points().map(|point| point.rate))
            }
            (one, _) => one.is_some(),
        };
        (self.axis, self.fits) =
            if better { (RateAxis::Workers, by_workers) } else { (RateAxis::Waves, by_waves) };
    }

    /// The trials so far, in the order in which they ran.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The number of tasks per trial, or `None` before the first trial.
    pub fn tasks(&self) -> Option<u32> {
        self.trials.last().map(|trial| trial.tasks)
    }

    /// The summary for each number of workers that has a trial.
    pub fn points(&self) -> &[SweepPoint] {
        &self.points
    }

    /// The summaries that count towards the advice: those with a trial that was not held back.
    fn counted_points(&self) -> impl Iterator<Item = &SweepPoint> + Clone {
        self.points.iter().filter(|point| point.is_counted())
    }

    /// The summary for a number of workers, once it has a trial.
    pub fn point(&self, workers: u16) -> Option<&SweepPoint> {
        self.points.iter().find(|point| point.workers == workers)
    }

    /// The fitted laws, best first. Empty for fewer than three numbers of workers.
    pub fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// Returns `true` if there are too few numbers of workers to distinguish the laws: fewer than
    /// [`scaling::MIN_RATES_FOR_AICC`], where those with an equal number of waves count once.
    pub fn is_guess(&self) -> bool {
        let mut abscissas: Vec<f64> = self
            .counted_points()
            .map(|point| self.abscissa(RateAxis::Waves, point.workers))
            .collect();
        abscissas.dedup();
        abscissas.len() < scaling::MIN_RATES_FOR_AICC
    }

    /// Returns `true` if no number of workers has a second trial, so that the noise is unknown.
    pub fn is_single(&self) -> bool {
        self.counted_points().all(|point| point.counted_trials() == 1)
    }

    /// The abscissa of a number of workers in the fits: the mean number of busy workers if all
    /// tasks take equally long (tasks / waves), or else the number of workers. See [`Self::add_trial`].
    pub fn parallelism(&self, workers: u16) -> f64 {
        self.abscissa(self.axis, workers)
    }

    fn abscissa(&self, axis: RateAxis, workers: u16) -> f64 {
        let workers = workers.max(1);
        match (self.tasks(), axis) {
            (None | Some(0), _) => f64::from(workers),
            (Some(tasks), RateAxis::Waves) => {
                f64::from(tasks) / f64::from(Waves::new(tasks, workers).count)
            }
            (Some(tasks), RateAxis::Workers) => f64::from(tasks.min(workers.into())),
        }
    }

    /// The rate that a fit predicts for a number of workers.
    pub fn fitted_rate(&self, fit: &Fit, workers: u16) -> f64 {
        fit.rate(self.parallelism(workers))
    }

    /// The speed-up over one worker, or `None` if one worker was not measured. A predicted base
    /// would change with each trial.
    pub fn speed_up(&self, rate: f64) -> Option<f64> {
        let one = self.point(1).filter(|one| one.is_counted())?.rate;
        (one > 0.0).then(|| rate / one)
    }

    /// The speed-up of a point over one worker, or `None` if either was only measured while rate limits
    /// held it back.
    pub fn point_speed_up(&self, point: &SweepPoint) -> Option<f64> {
        self.speed_up(point.rate).filter(|_| point.is_counted())
    }

    /// The efficiency of a point. `None` without a speed-up, and above 100 % unless tasks were measured to
    /// take that much longer with one worker.
    pub fn efficiency(&self, point: &SweepPoint) -> Option<f64> {
        let share = stats::efficiency(self.point_speed_up(point)?, point.workers);
        let explains = |ratio| stats::explains_excess(share - 1.0, ratio);
        (share < 1.005 || self.slowness_of_one(point).is_some_and(explains)).then_some(share)
    }

    /// Returns the mean service time with one worker relative to that of a point.
    pub fn slowness_of_one(&self, point: &SweepPoint) -> Option<f64> {
        let (one, own) = (self.point(1)?.mean_service?, point.mean_service?);
        Some(one.0 as f64 / own.0.max(1) as f64)
    }

    /// The failed requests of all trials with a number of workers: the number by HTTP status, or by kind of
    /// failure if there was no response.
    pub fn failures(&self, workers: u16) -> impl Iterator<Item = (&str, u32)> {
        let observed = self.observations.get(&workers).into_iter();
        observed.flat_map(|one| &one.failures).map(|(cause, &count)| (cause.as_str(), count))
    }

    /// The number of trials that rate limits held back. They do not count towards the advice.
    pub fn held_back_trials(&self) -> usize {
        self.trials.iter().filter(|trial| trial.is_held_back).count()
    }

    /// Returns `true` if the trials show that tasks take equally long, so that waves form stairs.
    pub fn has_wave_steps(&self) -> bool {
        self.axis == RateAxis::Waves
    }

    /// The numbers of workers that need the same number of waves as `workers`. If all tasks take
    /// equally long, they perform alike.
    pub fn equivalent_workers(&self, workers: u16) -> RangeInclusive<u16> {
        self.tasks()
            .map_or(workers..=workers, |tasks| Waves::new(tasks, workers).equivalent_workers())
    }

    /// The stairs within the sweep's range: each set of several numbers of workers that need the
    /// same number of waves.
    pub fn wave_steps(&self) -> Vec<RangeInclusive<u16>> {
        let (&[mut workers, .., most], mut steps) = (self.counts.as_slice(), Vec::new()) else {
            return Vec::new();
        };
        while workers < most {
            let last = (*self.equivalent_workers(workers).end()).clamp(workers, most);
            if last > workers {
                steps.push(workers..=last);
            }
            workers = last.saturating_add(1);
        }
        steps
    }

    /// The ranges of numbers of workers that need the same number of waves, as far as at least two of
    /// them were measured and differ by no more than the noise: from the first to the last measured.
    pub fn equal_counts(&self) -> Vec<RangeInclusive<u16>> {
        let measured = |step: RangeInclusive<u16>| {
            let inside = |point: &&SweepPoint| step.contains(&point.workers);
            let points: Vec<&SweepPoint> = self.counted_points().filter(inside).collect();
            let (first, last) = (points.first()?, points.last()?);
            let alike = points.iter().all(|one| points.iter().all(|other| one.is_like(other)));
            (first.workers < last.workers && alike).then_some(first.workers..=last.workers)
        };
        self.wave_steps().into_iter().filter_map(measured).collect()
    }

    /// Returns the advice in a few sentences, or `None` before two numbers of workers have been
    /// measured.
    pub fn advice(&self, workload: Workload, mode: Mode) -> Option<String> {
        advice::advice(self, workload, mode)
    }

    /// Returns the number of workers that the advice recommends.
    pub fn recommended_workers(&self, workload: Workload) -> Option<u16> {
        advice::recommended_workers(self, workload)
    }

    /// Returns the extent and the spread of the measurements as a sentence, or `None` before the first
    /// trial.
    pub fn evidence(&self, workload: Workload, mode: Mode) -> Option<String> {
        evidence::sentence(self, WorkerTerms::for_run(workload, mode))
    }

    /// The knee of the best fit as a number of workers. `None` if it has no knee, or only beyond
    /// the number of tasks, where additional workers are idle, or where the server refuses.
    pub fn knee(&self) -> Option<Knee> {
        let Estimate { value, interval } = self.fits.first()?.knee?;
        let tasks = u16::try_from(self.tasks()?).unwrap_or(u16::MAX);
        let workers = self.nearest_workers(value);
        let between = interval.map(|ConfidenceInterval { low, high }| {
            self.nearest_workers(low).min(tasks)..=self.nearest_workers(high).min(tasks)
        });
        let most = self.accepted().map_or(u32::MAX, Accepted::number);
        let is_possible = value.round() <= f64::from(tasks) && u32::from(workers) <= most;
        is_possible.then_some(Knee { workers, between })
    }

    /// The number of tasks, if the best fit has its knee beyond it: there is no knee up to this
    /// number.
    pub fn max_without_knee(&self) -> Option<u32> {
        let beyond =
            self.fits.first()?.knee.is_some() && self.knee().is_none() && self.accepted().is_none();
        self.tasks().filter(|_| beyond)
    }

    /// The number above which the server refused, if the trials show one.
    pub fn accepted(&self) -> Option<Accepted> {
        let refusals = self.observations.iter().map(|(&workers, one)| (workers, one.refusals));
        let all = refusals.clone().map(|(_, refusals)| refusals).reduce(Refusals::with)?;
        if let Some(ceiling) = all.ceiling() {
            return Some(Accepted::AtOnce(ceiling));
        }
        // Without an exact number, each larger number of workers has to be refused, and no smaller one.
        let is_refused = |refusals: Refusals| refusals.times > 0;
        let (refused, _) = refusals.clone().find(|&(_, refusals)| is_refused(refusals))?;
        let all_above = refusals.clone().all(|(workers, one)| workers < refused || is_refused(one));
        let below = refusals.map(|(workers, _)| workers).take_while(|&workers| workers < refused);
        let accepted = below.last().filter(|_| all_above)?;
        Some(Accepted::Workers { accepted, refused })
    }

    /// The knee and the capacity in tasks per second, if the best fit is a plateau and reliable.
    fn plateau(&self) -> Option<(Knee, f64)> {
        let fit = self.fits.first().filter(|_| !self.is_guess())?;
        let ScalingModel::Plateau { capacity, .. } = fit.model else { return None };
        Some((self.knee()?, capacity))
    }

    /// The number of workers whose [`Self::parallelism`] is closest to this one: the smallest, if
    /// there are several.
    fn nearest_workers(&self, parallelism: f64) -> u16 {
        let to_u16 = |workers: f64| workers.clamp(1.0, f64::from(u16::MAX)) as u16;
        let tasks = self.tasks().filter(|&tasks| tasks > 0 && self.axis == RateAxis::Waves);
        let Some(tasks) = tasks else { return to_u16(parallelism.round()) };
        let waves = (f64::from(tasks) / parallelism.max(1.0)).ceil().max(1.0) as u32;
        let off = |waves: &u32| (f64::from(tasks) / f64::from(*waves) - parallelism).abs();
        let near = [waves, waves.saturating_sub(1).max(1)];
        let waves = near.into_iter().min_by(|one, other| off(one).total_cmp(&off(other)));
        to_u16(f64::from(tasks.div_ceil(waves.unwrap_or(1))))
    }
}
