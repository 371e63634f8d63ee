//! The conclusion of a sweep in a few sentences, which answer how many workers to use. It rests on the
//! measurements: a scaling law is named only if they agree with it.

use super::{Point, Sweep, Words};
use crate::model::plan::{Mode, Workload};
use crate::model::scaling::{ENOUGH, Law};
use crate::model::stats::Waves;
use crate::model::text::figure;

/// The minimum speed-up that justifies more workers.
const WORTH_WHILE: f64 = 1.1;

/// The minimum ratio of two rates that is not noise, if there is one trial of each.
const CHANGE: f64 = 1.15;

/// The measured points that the advice refers to.
struct Marks {
    /// The point with the fewest workers.
    first: Point,
    /// The point with the most workers.
    last: Point,
    /// The fastest point.
    best: Point,
    /// The point with the fewest workers whose rate is close to the best: the recommendation.
    choice: Point,
    /// The first point with at least twice the workers of the choice, or else the last point.
    more: Point,
    /// The point next below the choice.
    before: Option<Point>,
    /// `true` if the rate still rises at the last point, which is not far enough beyond the choice to
    /// rule out a further gain.
    growing: bool,
}

impl Marks {
    fn of(sweep: &Sweep) -> Option<Self> {
        let points = sweep.medians();
        let (&first, &last) = (points.first()?, points.last()?);
        let best = *points.iter().max_by(|one, other| one.rate.total_cmp(&other.rate))?;
        let knee = sweep.plateau().map(|(knee, _)| knee.workers);
        let near = |point: &Point| {
            let is_level = knee.map_or(point.trials == 1, |knee| knee <= point.workers);
            let little = if is_level { CHANGE } else { WORTH_WHILE };
            point.rate * little >= best.rate
        };
        let mut place = points.iter().position(near)?;
        let is_end = f64::from(last.workers) < 1.5 * f64::from(points.get(place)?.workers);
        let growing =
            place + 1 == points.len() || is_end && near(&last) && grows(sweep, last.workers);
        if growing {
            place = points.iter().position(|point| point.rate >= best.rate)?;
        }
        let choice = *points.get(place)?;
        let double = u32::from(choice.workers) * 2;
        let more = *points.iter().find(|point| u32::from(point.workers) >= double).unwrap_or(&last);
        let before = place.checked_sub(1).and_then(|place| points.get(place)).copied();
        let counted = first.workers < last.workers && first.rate > 0.0;
        counted.then_some(Self { first, last, best, choice, more, before, growing })
    }
}

/// Returns `true` if the best fit predicts that twice the workers are worth it.
fn grows(sweep: &Sweep, workers: u16) -> bool {
    sweep.fits().first().is_some_and(|fit| {
        let n = sweep.parallelism(workers);
        fit.rate(n * 2.0) >= fit.rate(n) * WORTH_WHILE
    })
}

/// Returns the advice, or `None` if fewer than two numbers of workers have been measured.
pub(super) fn advice(sweep: &Sweep, workload: Workload, mode: Mode) -> Option<String> {
    let (marks, words) = (Marks::of(sweep)?, Words::of(workload, mode));
    let mut sentences = flat(sweep, &marks, words, mode)
        .or_else(|| slower(&marks, words))
        .or_else(|| too_many(sweep, &marks, words))
        .unwrap_or_else(|| vec![choice(&marks, words), further(sweep, &marks, words, workload)]);
    if sentences.len() > 1 {
        sentences.extend(law(sweep, &marks, words));
        sentences.extend(waves(sweep, &marks, words));
    }
    sentences.extend(guess(sweep, words));
    Some(sentences.join(" "))
}

/// A warning if there are too few measurements for a reliable conclusion.
fn guess(sweep: &Sweep, words: Words) -> Option<String> {
    let counts = sweep.medians().len();
    let few = sweep.is_guess() && counts < ENOUGH;
    match (few, sweep.is_single()) {
        (true, true) => Some(format!(
            "{counts} {} counts with one trial each are too few to fit a model; treat this as a guess.",
            words.worker
        )),
        (true, false) => Some(format!(
            "{counts} {} counts are too few to fit a model; treat this as a guess.",
            words.worker
        )),
        (false, true) => Some(format!(
            "One trial per {} count does not show the noise; treat this as a guess.",
            words.worker
        )),
        (false, false) if sweep.is_guess() => Some(format!(
            "Too few of the {} counts differ in waves to fit a model; treat this as a guess.",
            words.worker
        )),
        (false, false) => None,
    }
}

/// The advice if all rates are the same within the noise.
fn flat(sweep: &Sweep, marks: &Marks, words: Words, mode: Mode) -> Option<Vec<String>> {
    let Marks { first, best, last, .. } = marks;
    let rates = sweep.medians().iter().map(|point| point.rate);
    let slowest = rates.fold(f64::INFINITY, f64::min);
    if best.rate >= slowest * CHANGE {
        return None;
    }
    let why = if mode == Mode::Gil { ": only one thread at a time holds the GIL" } else { "" };
    let (last_count, first_count) = (words.count(last.workers), first.workers);
    let times = last.rate / first.rate;
    Some(vec![format!("{last_count}: {times:.2}x, no gain over {first_count}{why}.")])
}

/// The advice if the last point is clearly slower than the best one.
fn slower(marks: &Marks, words: Words) -> Option<Vec<String>> {
    let Marks { first, best, last, choice, .. } = marks;
    if last.rate * WORTH_WHILE >= best.rate || overlap(last, best) {
        return None;
    }
    if choice.workers == first.workers {
        return Some(vec![format!(
            "{}: {:.2}x as fast as {}. Stay with {}.",
            words.count(last.workers),
            last.rate / choice.rate,
            choice.workers,
            words.count(choice.workers)
        )]);
    }
    let than = if best.workers > choice.workers { best } else { choice };
    let (most, times) = (last.workers, last.rate / than.rate);
    Some(vec![
        self::choice(marks, words),
        format!("More than {0} slow it down: {most} are {times:.2}x as fast as {0}.", than.workers),
    ])
}

/// The advice if the choice has more workers than there are tasks.
fn too_many(sweep: &Sweep, marks: &Marks, words: Words) -> Option<Vec<String>> {
    let tasks = sweep.tasks().filter(|&tasks| tasks < u32::from(marks.choice.workers))?;
    let (count, task) = (words.count(tasks.try_into().ok()?), words.task);
    Some(vec![choice(marks, words), format!("{count} would be enough: one per {task}.")])
}

/// The recommended number of workers with its speed-up.
fn choice(marks: &Marks, words: Words) -> String {
    format!("{}: {}.", words.count(marks.choice.workers), gain(marks))
}

/// The speed-up of the choice: `7.50x` relative to one worker, or `1.88x as fast as 4`.
fn gain(Marks { first, choice, .. }: &Marks) -> String {
    let times = choice.rate / first.rate;
    match first.workers {
        1 => format!("{times:.2}x"),
        other => format!("{times:.2}x as fast as {other}"),
    }
}

/// The effect of more workers than the choice.
fn further(sweep: &Sweep, marks: &Marks, words: Words, workload: Workload) -> String {
    let Marks { choice, more, .. } = marks;
    if sweep.tasks() == Some(choice.workers.into()) {
        return format!(
            "More {} would be idle: there is already one per {}.",
            words.workers, words.task
        );
    }
    if marks.growing {
        let cores = sweep.cores().filter(|_| matches!(workload, Workload::Cpu | Workload::Native));
        return beyond(sweep, marks, words, cores);
    }
    let (count, gain) = (more.workers, (more.rate / choice.rate - 1.0) * 100.0);
    let price = price(count, choice.workers, words);
    if gain.abs() < 0.5 {
        format!("{count} add nothing for {price}.")
    } else if overlap(choice, more) {
        format!("{count} add nothing measurable for {price}: the difference is within the noise.")
    } else if gain > 0.0 {
        format!("{count} add {gain:.0} % for {price}.")
    } else {
        format!("{count} are {:.0} % slower and cost {price}.", -gain)
    }
}

/// The cost of more workers relative to the choice: `twice the connections`.
fn price(count: u16, choice: u16, words: Words) -> String {
    if u32::from(count) == 2 * u32::from(choice) {
        return format!("twice the {}", words.cost);
    }
    format!("{:.1} times the {}", f64::from(count) / f64::from(choice), words.cost)
}

/// The expected effect of more workers than were tried. CPU work gains nothing beyond the number of
/// cores.
fn beyond(sweep: &Sweep, Marks { last, .. }: &Marks, words: Words, cores: Option<u16>) -> String {
    if let Some(cores) = cores.filter(|&cores| cores <= last.workers) {
        let noun = if cores == 1 { "core" } else { "cores" };
        return format!("More than {cores} would compete for the {cores} {noun} of this machine.");
    }
    let double = last.workers.saturating_mul(2).min(cores.unwrap_or(u16::MAX));
    let told = sweep.fits().first().filter(|_| !sweep.is_guess() && !grows(sweep, last.workers));
    if let Some(fit) = told {
        let gain = (sweep.fitted(fit, double) / sweep.fitted(fit, last.workers) - 1.0) * 100.0;
        let (price, name) = (price(double, last.workers, words), fit.name());
        return format!("{double} would add {gain:.0} % for {price}, by the best fit ({name}).");
    }
    // The fewest workers that need the same number of waves.
    let double = u32::from(double).min(sweep.tasks().unwrap_or(u32::MAX)) as u16;
    let next = if sweep.has_stairs() { *sweep.equal_counts(double).start() } else { double };
    format!("Still growing at {}: try {}.", last.workers, next.max(last.workers.saturating_add(1)))
}

/// The plateau or the peak of the best fit, if the measurements confirm it.
fn law(sweep: &Sweep, marks: &Marks, words: Words) -> Option<String> {
    let Marks { before, choice, more, last, best, growing, .. } = marks;
    let fit = sweep.fits().first().filter(|_| !sweep.is_guess())?;
    match fit.law {
        Law::Plateau { .. } if !growing => {
            let (knee, capacity) = sweep.plateau()?;
            let near = before.is_none_or(|before| before.workers < knee.workers);
            (near && knee.workers <= more.workers).then(|| {
                let (workers, tasks, capacity) = (words.workers, words.tasks, figure(capacity));
                format!("Throughput levels off at {capacity} {tasks}/s from {knee} {workers} on.")
            })
        }
        Law::Usl { .. } if best.workers < last.workers => {
            let peak = fit.peak()?.round();
            let near = f64::from(choice.workers) <= peak && peak < f64::from(last.workers);
            near.then(|| format!("The best fit (USL) peaks at {peak:.0} {}.", words.workers))
        }
        _ => None,
    }
}

/// The numbers of workers around the choice that need the same number of waves, and so perform alike.
fn waves(sweep: &Sweep, marks: &Marks, words: Words) -> Option<String> {
    let Waves { tasks, workers, count, idle } = Waves::new(sweep.tasks()?, marks.choice.workers);
    let little = u64::from(idle) * 100 < u64::from(tasks);
    if count < 2 || little || marks.growing || !sweep.has_stairs() {
        return None;
    }
    let equal = sweep.equal_counts(workers);
    let of_them = |point: &&Point| equal.contains(&point.workers);
    let rates = sweep.medians().iter().filter(of_them).map(|point| point.rate);
    let (slowest, quickest) =
        rates.fold((f64::INFINITY, 0.0), |(low, high), rate| (rate.min(low), rate.max(high)));
    if quickest > slowest * WORTH_WHILE {
        return None;
    }
    let (low, high) = (*equal.start(), *equal.end());
    let tasks = format!("{tasks} {}", words.tasks);
    if low == high {
        let lanes = if idle == 1 { "lane" } else { "lanes" };
        return Some(format!(
            "{tasks} in {count} waves of {workers} leave {idle} {lanes} idle in the last wave."
        ));
    }
    let to = if low + 1 == high { "and" } else { "to" };
    Some(format!("{low} {to} {high} perform alike: {tasks} need {count} waves with each."))
}

/// Returns `true` if two points differ by no more than their trials do.
fn overlap(one: &Point, other: &Point) -> bool {
    if one.trials == 1 || other.trials == 1 {
        return one.rate.max(other.rate) < one.rate.min(other.rate) * CHANGE;
    }
    one.min <= other.max && other.min <= one.max
}
