//! A sweep: the same tasks with several numbers of workers, each run several times, and what that says
//! about how many are worth while.

mod advice;
mod words;

use std::fmt;
use std::ops::RangeInclusive;

use super::plan::{Mode, Workload};
use super::scaling::{self, Estimate, Fit, Interval, Law};
use super::stats::Waves;
use super::time::Nanos;
pub use words::Words;

/// One whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// With how many workers.
    pub workers: u16,
    /// From its start to its last task's end.
    pub took: Nanos,
    /// How many tasks were done.
    pub tasks: u32,
}

/// What the trials with one number of workers came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How many workers.
    pub workers: u16,
    /// How many trials.
    pub trials: usize,
    /// The median of their times.
    pub median: Nanos,
    /// The quickest.
    pub min: Nanos,
    /// The slowest.
    pub max: Nanos,
    /// Tasks a second in the median trial.
    pub rate: f64,
}

/// From how many workers on more of them buy little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knee {
    /// So many.
    pub workers: u16,
    /// In 95 of 100 cases, one of these, as far as the law holds.
    pub between: Option<RangeInclusive<u16>>,
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

/// Trials, and what they say so far.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    counts: Vec<u16>,
    repeats: u16,
    trials: Vec<Trial>,
    points: Vec<Point>,
    fits: Vec<Fit>,
    axis: Axis,
    cores: Option<u16>,
}

/// What rates are fitted against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Axis {
    /// The workers that have a task, if all tasks take equally long: tasks / waves.
    #[default]
    Waves,
    /// The workers.
    Workers,
}

impl Trial {
    /// Tasks a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.tasks) / Nanos(self.took.0.max(1)).as_secs_f64()
    }
}

impl Point {
    fn of(workers: u16, trials: &[Trial]) -> Option<Self> {
        let mut trials: Vec<Trial> =
            trials.iter().filter(|trial| trial.workers == workers).copied().collect();
        trials.sort_by_key(|trial| trial.took);
        let middle = trials.get(trials.len().saturating_sub(1) / 2)?;
        Some(Self {
            workers,
            trials: trials.len(),
            median: middle.took,
            min: trials.first()?.took,
            max: trials.last()?.took,
            rate: middle.rate(),
        })
    }
}

impl Sweep {
    /// Of these numbers of workers, each run so many times (at least once). Sorts them, and leaves out
    /// 0 and what is there twice.
    pub fn new(mut counts: Vec<u16>, repeats: u16) -> Self {
        counts.retain(|&count| count > 0);
        counts.sort_unstable();
        counts.dedup();
        Self { counts, repeats: repeats.max(1), ..Self::default() }
    }

    /// On a machine with so many cores, where that is known.
    #[must_use]
    pub fn on_cores(self, cores: Option<u16>) -> Self {
        Self { cores, ..self }
    }

    /// How many cores there are to compute on, where that is known.
    pub fn cores(&self) -> Option<u16> {
        self.cores
    }

    /// The numbers of workers, from the smallest on.
    pub fn counts(&self) -> &[u16] {
        &self.counts
    }

    /// How often each is run.
    pub fn repeats(&self) -> u16 {
        self.repeats
    }

    /// With how many workers each trial runs: up, down, up again, so that what drifts meanwhile (a
    /// machine that warms up, a network that fills) meets all of them alike.
    pub fn schedule(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.repeats).flat_map(|round| {
            let up = self.counts.iter().copied().filter(move |_| round % 2 == 0);
            let down = self.counts.iter().rev().copied().filter(move |_| round % 2 == 1);
            up.chain(down)
        })
    }

    /// What the next trial runs with; nothing once all are there.
    pub fn next(&self) -> Option<u16> {
        self.schedule().nth(self.trials.len())
    }

    /// How many trials there are in all.
    pub fn planned(&self) -> usize {
        self.counts.len() * usize::from(self.repeats)
    }

    /// A trial is over. Fits the laws anew.
    ///
    /// They are fitted to the medians: one slow trial then says nothing, every number of workers counts
    /// the same, and trials that were repeated are not taken for evidence about a law's shape.
    ///
    /// Few tasks on many workers make stairs, which no law has: 60 equal tasks take 2 waves with 30
    /// workers, and with 59. So rates are fitted against tasks / waves, where equal tasks on a service
    /// without a limit are on a line exactly. Tasks that differ much blur the stairs. Therefore the same
    /// is tried against the number of workers, which is taken where its best law is the better one.
    pub fn add(&mut self, trial: Trial) {
        self.trials.push(trial);
        let counts = self.counts.iter();
        self.points = counts.filter_map(|&workers| Point::of(workers, &self.trials)).collect();
        let [by_waves, by_workers] = [Axis::Waves, Axis::Workers].map(|axis| {
            let place = |point: &Point| (self.place(axis, point.workers), point.rate);
            scaling::fit(&self.points.iter().map(place).collect::<Vec<_>>())
        });
        let rates = self.points.iter().map(|point| point.rate);
        let better = match (by_workers.first(), by_waves.first()) {
            (Some(one), Some(other)) => one.beats(other, rates),
            (one, _) => one.is_some(),
        };
        (self.axis, self.fits) =
            if better { (Axis::Workers, by_workers) } else { (Axis::Waves, by_waves) };
    }

    /// The trials so far, in the order in which they ran.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// How many tasks a trial has; nothing before the first.
    pub fn tasks(&self) -> Option<u32> {
        self.trials.last().map(|trial| trial.tasks)
    }

    /// Each number of workers that has a trial.
    pub fn medians(&self) -> &[Point] {
        &self.points
    }

    /// The laws, the best first; none below three different numbers.
    pub fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// Whether there are too few different numbers of workers to tell the laws apart: below
    /// [`scaling::ENOUGH`], those not counted that need as many waves as another.
    pub fn is_guess(&self) -> bool {
        let mut places: Vec<f64> =
            self.points.iter().map(|point| self.place(Axis::Waves, point.workers)).collect();
        places.dedup();
        places.len() < scaling::ENOUGH
    }

    /// Whether no number of workers has a second trial: how much two runs of the same differ is unknown.
    pub fn is_single(&self) -> bool {
        self.points.iter().all(|point| point.trials == 1)
    }

    /// What so many workers count in the laws: how many of them have a task on average, if all tasks
    /// take equally long (tasks / waves); where that does not show, their number. See [`Self::add`].
    pub fn parallelism(&self, workers: u16) -> f64 {
        self.place(self.axis, workers)
    }

    fn place(&self, axis: Axis, workers: u16) -> f64 {
        let workers = workers.max(1);
        match (self.tasks(), axis) {
            (None | Some(0), _) => f64::from(workers),
            (Some(tasks), Axis::Waves) => {
                f64::from(tasks) / f64::from(Waves::new(tasks, workers).count)
            }
            (Some(tasks), Axis::Workers) => f64::from(tasks.min(workers.into())),
        }
    }

    /// The rate that a law expects with so many workers.
    pub fn fitted(&self, fit: &Fit, workers: u16) -> f64 {
        fit.rate(self.parallelism(workers))
    }

    /// How many times as fast as one worker. Nothing where one was not measured: a base that a law makes
    /// up would change with each trial.
    pub fn speed_up(&self, rate: f64) -> Option<f64> {
        let one = self.points.iter().find(|point| point.workers == 1)?.rate;
        (one > 0.0).then(|| rate / one)
    }

    /// Whether the trials show that tasks take equally long, so that waves make stairs.
    pub fn has_stairs(&self) -> bool {
        self.axis == Axis::Waves
    }

    /// All numbers of workers that need as many waves as `workers`: which of them it is changes nothing,
    /// if all tasks take equally long.
    pub fn equal_counts(&self, workers: u16) -> RangeInclusive<u16> {
        self.tasks().map_or(workers..=workers, |tasks| Waves::new(tasks, workers).equal())
    }

    /// The same, of all numbers of workers from the smallest to the largest: each stair that is wider
    /// than one.
    pub fn stairs(&self) -> Vec<RangeInclusive<u16>> {
        let (&[mut workers, .., most], mut stairs) = (self.counts.as_slice(), Vec::new()) else {
            return Vec::new();
        };
        while workers < most {
            let last = (*self.equal_counts(workers).end()).clamp(workers, most);
            if last > workers {
                stairs.push(workers..=last);
            }
            workers = last.saturating_add(1);
        }
        stairs
    }

    /// What a person can do about it, in a sentence; nothing before there are two numbers of workers
    /// to compare.
    pub fn advice(&self, workload: Workload, mode: Mode) -> Option<String> {
        advice::advice(self, workload, mode)
    }

    /// The best law's knee, as numbers of workers. Nothing if it has none, or only beyond the tasks: no
    /// more workers than that have something to do.
    pub fn knee(&self) -> Option<Knee> {
        let Estimate { value, interval } = self.fits.first()?.knee?;
        let tasks = u16::try_from(self.tasks()?).unwrap_or(u16::MAX);
        let workers = self.workers(value);
        let between = interval.map(|Interval { low, high }| {
            self.workers(low).min(tasks)..=self.workers(high).min(tasks)
        });
        (value.round() <= f64::from(tasks)).then_some(Knee { workers, between })
    }

    /// Up to how many workers there is no knee, where the best law has one that no tasks are left for.
    pub fn no_knee_up_to(&self) -> Option<u32> {
        let beyond = self.fits.first()?.knee.is_some() && self.knee().is_none();
        self.tasks().filter(|_| beyond)
    }

    /// Where it levels off, and at how many tasks a second, if the best law is a plateau and no guess.
    fn plateau(&self) -> Option<(Knee, f64)> {
        let fit = self.fits.first().filter(|_| !self.is_guess())?;
        let Law::Plateau { capacity, .. } = fit.law else { return None };
        Some((self.knee()?, capacity))
    }

    /// The number of workers whose [`Self::parallelism`] is next to this one: the fewest, where there
    /// are several.
    fn workers(&self, parallelism: f64) -> u16 {
        let to_u16 = |workers: f64| workers.clamp(1.0, f64::from(u16::MAX)) as u16;
        let tasks = self.tasks().filter(|&tasks| tasks > 0 && self.axis == Axis::Waves);
        let Some(tasks) = tasks else { return to_u16(parallelism.round()) };
        let waves = (f64::from(tasks) / parallelism.max(1.0)).ceil().max(1.0) as u32;
        let off = |waves: &u32| (f64::from(tasks) / f64::from(*waves) - parallelism).abs();
        let near = [waves, waves.saturating_sub(1).max(1)];
        let waves = near.into_iter().min_by(|one, other| off(one).total_cmp(&off(other)));
        to_u16(f64::from(tasks.div_ceil(waves.unwrap_or(1))))
    }
}
