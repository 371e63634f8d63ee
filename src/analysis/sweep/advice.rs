//! The conclusion of a sweep in a few sentences, which answer how many workers to use. It rests on the
//! measurements: a scaling law is named only if they agree with it.

use super::{MIN_CHANGE, Sweep, SweepPoint};
use crate::analysis::plural;
use crate::analysis::scaling::{MIN_RATES_FOR_AICC, ScalingModel};
use crate::model::printable::three_digits;
use crate::model::{Mode, Waves, Workload, WorkloadSpec};

/// The minimum speed-up that justifies more workers.
const MIN_GAIN: f64 = 1.1;

/// The nouns that fit a workload and a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerTerms {
    /// `thread`.
    pub worker: &'static str,
    /// `threads`.
    pub workers: &'static str,
    /// `page`.
    pub task: &'static str,
    /// `pages`.
    pub tasks: &'static str,
    /// The resource that more workers consume: `connections`.
    pub cost: &'static str,
}

impl WorkerTerms {
    /// The nouns for a workload that runs in a mode.
    pub fn for_run(workload: Workload, mode: Mode) -> Self {
        let &WorkloadSpec { task, tasks, worker, cost, .. } = workload.spec();
        let (worker, workers) = match (worker, mode) {
            (Some(worker), _) => worker,
            (None, Mode::Processes) => ("process", "processes"),
            (None, _) => ("thread", "threads"),
        };
        Self { worker, workers, task, tasks, cost: cost.unwrap_or(workers) }
    }

    /// A number of workers with its noun: `1 thread`, `8 threads`.
    pub fn count_text(self, workers: u16) -> String {
        plural::count(workers, self.worker)
    }
}

/// The measured points that the advice refers to.
struct KeyPoints {
    /// The point with the fewest workers.
    first: SweepPoint,
    /// The point with the most workers.
    last: SweepPoint,
    /// The fastest point.
    best: SweepPoint,
    /// The point with the fewest workers whose rate is close to the best: the recommendation.
    choice: SweepPoint,
    /// The first point with at least twice the workers of the choice, or else the last point.
    more: SweepPoint,
    /// The point next below the choice.
    before: Option<SweepPoint>,
    /// `true` if the rate still rises at the last point, which is not far enough beyond the choice to
    /// rule out a further gain.
    growing: bool,
}

impl KeyPoints {
    fn from_sweep(sweep: &Sweep) -> Option<Self> {
        let points = sweep.points();
        let (&first, &last) = (points.first()?, points.last()?);
        let best = *points.iter().max_by(|one, other| one.rate.total_cmp(&other.rate))?;
        let knee = sweep.plateau().map(|(knee, _)| knee.workers);
        let near = |point: &SweepPoint| {
            let is_level = knee.map_or(point.trials == 1, |knee| knee <= point.workers);
            let little = if is_level { MIN_CHANGE } else { MIN_GAIN };
            point.rate * little >= best.rate
        };
        let mut index = points.iter().position(near)?;
        let is_end = f64::from(last.workers) < 1.5 * f64::from(points.get(index)?.workers);
        let growing =
            index + 1 == points.len() || is_end && near(&last) && model_grows(sweep, last.workers);
        if growing {
            index = points.iter().position(|point| point.rate >= best.rate)?;
        }
        let choice = *points.get(index)?;
        let double = u32::from(choice.workers) * 2;
        let more = *points.iter().find(|point| u32::from(point.workers) >= double).unwrap_or(&last);
        let before = index.checked_sub(1).and_then(|index| points.get(index)).copied();
        let counted = first.workers < last.workers && first.rate > 0.0;
        counted.then_some(Self { first, last, best, choice, more, before, growing })
    }
}

/// Returns `true` if the best fit predicts that twice the workers are worth it.
fn model_grows(sweep: &Sweep, workers: u16) -> bool {
    sweep.fits().first().is_some_and(|fit| {
        let n = sweep.parallelism(workers);
        fit.rate(n * 2.0) >= fit.rate(n) * MIN_GAIN
    })
}

/// Returns the advice, or `None` if fewer than two numbers of workers have been measured.
pub(super) fn advice(sweep: &Sweep, workload: Workload, mode: Mode) -> Option<String> {
    let (points, terms) = (KeyPoints::from_sweep(sweep)?, WorkerTerms::for_run(workload, mode));
    let mut sentences = flat_sentences(sweep, &points, terms, mode)
        .or_else(|| slowdown_sentences(&points, terms))
        .or_else(|| excess_sentences(sweep, &points, terms))
        .unwrap_or_else(|| {
            vec![
                choice_sentence(&points, terms),
                next_gain_sentence(sweep, &points, terms, workload),
            ]
        });
    if sentences.len() > 1 {
        sentences.extend(model_sentence(sweep, &points, terms));
        sentences.extend(wave_sentence(sweep, &points, terms));
    }
    sentences.extend(refusal_sentence(sweep, terms));
    sentences.extend(guess_sentence(sweep, terms));
    Some(sentences.join(" "))
}

/// The number above which the server refused requests.
fn refusal_sentence(sweep: &Sweep, terms: WorkerTerms) -> Option<String> {
    if let Some(ceiling) = sweep.refusal_ceiling() {
        return Some(format!("The server refused more than {ceiling} at once: use {ceiling}."));
    }
    let most = sweep.max_without_refusal()?;
    let (first, most) = (plural::noun(most, terms.worker), most.to_string());
    Some(format!("Above {most} {first} the server refused requests: stay at {most}."))
}

/// A warning if there are too few measurements for a reliable conclusion.
fn guess_sentence(sweep: &Sweep, terms: WorkerTerms) -> Option<String> {
    let counts = sweep.points().len();
    let few = sweep.is_guess() && counts < MIN_RATES_FOR_AICC;
    match (few, sweep.is_single()) {
        (true, true) => Some(format!(
            "{counts} {} counts with one trial each are too few to fit a model; treat this as a guess.",
            terms.worker
        )),
        (true, false) => Some(format!(
            "{counts} {} counts are too few to fit a model; treat this as a guess.",
            terms.worker
        )),
        (false, true) => Some(format!(
            "One trial per {} count does not show the noise; treat this as a guess.",
            terms.worker
        )),
        (false, false) if sweep.is_guess() => Some(format!(
            "Too few of the {} counts differ in waves to fit a model; treat this as a guess.",
            terms.worker
        )),
        (false, false) => None,
    }
}

/// The advice if all rates are the same within the noise.
fn flat_sentences(
    sweep: &Sweep,
    points: &KeyPoints,
    terms: WorkerTerms,
    mode: Mode,
) -> Option<Vec<String>> {
    let KeyPoints { first, best, last, .. } = points;
    let rates = sweep.points().iter().map(|point| point.rate);
    let slowest = rates.fold(f64::INFINITY, f64::min);
    if best.rate >= slowest * MIN_CHANGE {
        return None;
    }
    let reason = if mode == Mode::Gil { ": only one thread at a time holds the GIL" } else { "" };
    let (last_count, first_count) = (terms.count_text(last.workers), first.workers);
    let times = last.rate / first.rate;
    Some(vec![format!("{last_count}: {times:.2}x, no gain over {first_count}{reason}.")])
}

/// The advice if the last point is clearly slower than the best one.
fn slowdown_sentences(points: &KeyPoints, terms: WorkerTerms) -> Option<Vec<String>> {
    let KeyPoints { first, best, last, choice, .. } = points;
    if last.rate * MIN_GAIN >= best.rate || last.is_like(best) {
        return None;
    }
    if choice.workers == first.workers {
        return Some(vec![format!(
            "{}: {:.2}x as fast as {}. Stay with {}.",
            terms.count_text(last.workers),
            last.rate / choice.rate,
            choice.workers,
            terms.count_text(choice.workers)
        )]);
    }
    let than = if best.workers > choice.workers { best } else { choice };
    let (most, times) = (last.workers, last.rate / than.rate);
    Some(vec![
        self::choice_sentence(points, terms),
        format!("More than {0} slow it down: {most} are {times:.2}x as fast as {0}.", than.workers),
    ])
}

/// The advice if the choice has more workers than there are tasks.
fn excess_sentences(sweep: &Sweep, points: &KeyPoints, terms: WorkerTerms) -> Option<Vec<String>> {
    let tasks = sweep.tasks().filter(|&tasks| tasks < u32::from(points.choice.workers))?;
    let (count, task) = (terms.count_text(tasks.try_into().ok()?), terms.task);
    Some(vec![choice_sentence(points, terms), format!("{count} would be enough: one per {task}.")])
}

/// The recommended number of workers with its speed-up.
fn choice_sentence(points: &KeyPoints, terms: WorkerTerms) -> String {
    format!("{}: {}.", terms.count_text(points.choice.workers), gain_text(points))
}

/// The speed-up of the choice: `7.50x` relative to one worker, or `1.88x as fast as 4`.
fn gain_text(KeyPoints { first, choice, .. }: &KeyPoints) -> String {
    let times = choice.rate / first.rate;
    match first.workers {
        1 => format!("{times:.2}x"),
        other => format!("{times:.2}x as fast as {other}"),
    }
}

/// The effect of more workers than the choice.
fn next_gain_sentence(
    sweep: &Sweep,
    points: &KeyPoints,
    terms: WorkerTerms,
    workload: Workload,
) -> String {
    let KeyPoints { choice, more, .. } = points;
    if sweep.tasks() == Some(choice.workers.into()) {
        return format!(
            "More {} would be idle: there is already one per {}.",
            terms.workers, terms.task
        );
    }
    if points.growing {
        let cores = sweep.cores().filter(|_| workload.only_computes());
        return beyond_sentence(sweep, points, terms, cores);
    }
    let (count, gain) = (more.workers, (more.rate / choice.rate - 1.0) * 100.0);
    let price = cost_text(count, choice.workers, terms);
    if gain.abs() < 0.5 {
        format!("{count} add nothing for {price}.")
    } else if choice.is_like(more) {
        format!("{count} add nothing measurable for {price}: the difference is within the noise.")
    } else if gain > 0.0 {
        format!("{count} add {gain:.0} % for {price}.")
    } else {
        format!("{count} are {:.0} % slower and cost {price}.", -gain)
    }
}

/// The cost of more workers relative to the choice: `twice the connections`.
fn cost_text(count: u16, choice: u16, terms: WorkerTerms) -> String {
    if u32::from(count) == 2 * u32::from(choice) {
        return format!("twice the {}", terms.cost);
    }
    format!("{:.1} times the {}", f64::from(count) / f64::from(choice), terms.cost)
}

/// The expected effect of more workers than were tried. CPU work gains nothing beyond the number of
/// cores.
fn beyond_sentence(
    sweep: &Sweep,
    KeyPoints { last, .. }: &KeyPoints,
    terms: WorkerTerms,
    cores: Option<u16>,
) -> String {
    if let Some(cores) = cores.filter(|&cores| cores <= last.workers) {
        let all = plural::count(cores, "core");
        return format!("More than {cores} would compete for the {all} of this machine.");
    }
    let double = last.workers.saturating_mul(2).min(cores.unwrap_or(u16::MAX));
    let reliable_fit =
        sweep.fits().first().filter(|_| !sweep.is_guess() && !model_grows(sweep, last.workers));
    if let Some(fit) = reliable_fit {
        let gain =
            (sweep.fitted_rate(fit, double) / sweep.fitted_rate(fit, last.workers) - 1.0) * 100.0;
        let (price, name) = (cost_text(double, last.workers, terms), fit.name());
        return format!("{double} would add {gain:.0} % for {price}, by the best fit ({name}).");
    }
    // The fewest workers that need the same number of waves.
    let double = u32::from(double).min(sweep.tasks().unwrap_or(u32::MAX)) as u16;
    let next =
        if sweep.has_wave_steps() { *sweep.equivalent_workers(double).start() } else { double };
    format!("Still growing at {}: try {}.", last.workers, next.max(last.workers.saturating_add(1)))
}

/// The plateau or the peak of the best fit, if the measurements confirm it.
fn model_sentence(sweep: &Sweep, points: &KeyPoints, terms: WorkerTerms) -> Option<String> {
    let KeyPoints { before, choice, more, last, best, growing, .. } = points;
    let fit = sweep.fits().first().filter(|_| !sweep.is_guess())?;
    match fit.model {
        ScalingModel::Plateau { .. } if !growing => {
            let (knee, capacity) = sweep.plateau()?;
            let near = before.is_none_or(|before| before.workers < knee.workers);
            (near && knee.workers <= more.workers).then(|| {
                let (workers, tasks, capacity) =
                    (terms.workers, terms.tasks, three_digits(capacity));
                format!("Throughput levels off at {capacity} {tasks}/s from {knee} {workers} on.")
            })
        }
        ScalingModel::Usl { .. } if best.workers < last.workers => {
            let peak = fit.peak()?.round();
            let near = f64::from(choice.workers) <= peak && peak < f64::from(last.workers);
            near.then(|| format!("The best fit (USL) peaks at {peak:.0} {}.", terms.workers))
        }
        _ => None,
    }
}

/// The idle lanes of the last wave of the choice, or the numbers of workers around it that need the
/// same number of waves, if they were measured to perform alike.
fn wave_sentence(sweep: &Sweep, points: &KeyPoints, terms: WorkerTerms) -> Option<String> {
    let Waves { tasks, workers, count, idle } = Waves::new(sweep.tasks()?, points.choice.workers);
    let little = u64::from(idle) * 100 < u64::from(tasks);
    if count < 2 || little || points.growing || !sweep.has_wave_steps() {
        return None;
    }
    let tasks = format!("{tasks} {}", terms.tasks);
    let range = sweep.equivalent_workers(workers);
    if range.start() == range.end() {
        let lanes = plural::count(idle, "lane");
        return Some(format!(
            "{tasks} in {count} waves of {workers} leave {lanes} idle in the last wave."
        ));
    }
    let equal = sweep.equal_counts().into_iter().find(|equal| equal.contains(&workers))?;
    let (low, high) = equal.into_inner();
    let to = if low + 1 == high { "and" } else { "to" };
    Some(format!("{low} {to} {high} perform alike: {tasks} need {count} waves with each."))
}
