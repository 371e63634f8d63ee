//! What a person can do about a sweep, in a sentence or two. It goes by what was measured: a law is
//! named only where the measurements agree with it.

use super::{Point, Sweep, Words};
use crate::model::plan::{Mode, Workload};
use crate::model::scaling::{ENOUGH, Law};
use crate::model::stats::Waves;
use crate::model::text::figure;

/// Less than this much quicker is not worth more workers.
const WORTH_WHILE: f64 = 1.1;

/// Less than this much quicker, or slower, is no change: two runs of the same differ by as much, as far as
/// single ones tell.
const CHANGE: f64 = 1.15;

/// The measured points that matter.
struct Marks {
    /// The fewest workers.
    first: Point,
    /// The most.
    last: Point,
    /// The quickest.
    best: Point,
    /// The fewest that come close to it.
    choice: Point,
    /// About twice as many as those; else, the most.
    more: Point,
    /// The number of workers below the choice.
    before: Option<Point>,
    /// Whether the most did best, and nothing far enough beyond the choice was tried.
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

/// Whether the best law expects twice as many workers to be worth while.
fn grows(sweep: &Sweep, workers: u16) -> bool {
    sweep.fits().first().is_some_and(|fit| {
        let n = sweep.parallelism(workers);
        fit.rate(n * 2.0) >= fit.rate(n) * WORTH_WHILE
    })
}

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

/// Why all that is said is a guess, if it is one.
fn guess(sweep: &Sweep, words: Words) -> Option<String> {
    let counts = sweep.medians().len();
    let few = sweep.is_guess() && counts < ENOUGH;
    match (few, sweep.is_single()) {
        (true, true) => Some(format!(
            "From one trial each of {counts} {} counts this is a guess.",
            words.worker
        )),
        (true, false) => Some(format!("From {counts} {} counts this is a guess.", words.worker)),
        (false, true) => Some("From one trial a count this is a guess.".to_owned()),
        (false, false) if sweep.is_guess() => {
            Some("This is a guess: too few of the counts differ in waves.".to_owned())
        }
        (false, false) => None,
    }
}

/// Nothing changes, up or down.
fn flat(sweep: &Sweep, marks: &Marks, words: Words, mode: Mode) -> Option<Vec<String>> {
    let Marks { first, best, last, .. } = marks;
    let rates = sweep.medians().iter().map(|point| point.rate);
    let slowest = rates.fold(f64::INFINITY, f64::min);
    if best.rate >= slowest * CHANGE {
        return None;
    }
    let why = if mode == Mode::Gil { ", as only one at a time has the GIL" } else { "" };
    let (last_count, first_count) = (words.count(last.workers), first.workers);
    let times = last.rate / first.rate;
    Some(vec![format!("{last_count} gain nothing on {first_count}: {times:.2}x{why}.")])
}

/// The fewest are quickest, or the most are clearly slower than the quickest.
fn slower(marks: &Marks, words: Words) -> Option<Vec<String>> {
    let Marks { first, best, last, choice, .. } = marks;
    if last.rate * WORTH_WHILE >= best.rate || overlap(last, best) {
        return None;
    }
    if choice.workers == first.workers {
        return Some(vec![format!(
            "Stay with {}: {} are {:.2}x as fast.",
            words.count(choice.workers),
            words.count(last.workers),
            last.rate / choice.rate
        )]);
    }
    let than = if best.workers > choice.workers { best } else { choice };
    let (most, times) = (last.workers, last.rate / than.rate);
    Some(vec![
        self::choice(marks, words),
        format!(
            "More than {0} make it slower: {most} are {times:.2}x as fast as {0}.",
            than.workers
        ),
    ])
}

/// The best have more workers than there are tasks.
fn too_many(sweep: &Sweep, marks: &Marks, words: Words) -> Option<Vec<String>> {
    let tasks = sweep.tasks().filter(|&tasks| tasks < u32::from(marks.choice.workers))?;
    let (count, gain) = (words.count(tasks.try_into().ok()?), gain(marks));
    let (task, choice) = (words.tasks, marks.choice.workers);
    Some(vec![
        format!("{count} would do: one for each of the {task}."),
        format!("{choice}: {gain}."),
    ])
}

/// What to take, and what it brings.
fn choice(marks: &Marks, words: Words) -> String {
    format!("{}: {}.", words.count(marks.choice.workers), gain(marks))
}

/// `7.50x`, against one worker.
fn gain(Marks { first, choice, .. }: &Marks) -> String {
    let times = choice.rate / first.rate;
    match first.workers {
        1 => format!("{times:.2}x"),
        other => format!("{times:.2}x as fast as {other}"),
    }
}

/// What more of them would bring.
fn further(sweep: &Sweep, marks: &Marks, words: Words, workload: Workload) -> String {
    let Marks { choice, more, .. } = marks;
    if sweep.tasks() == Some(choice.workers.into()) {
        return format!(
            "More would have nothing to do: that is one for each of the {}.",
            words.tasks
        );
    }
    if marks.growing {
        let cores = sweep.cores().filter(|_| matches!(workload, Workload::Cpu | Workload::Native));
        return beyond(sweep, marks, words, cores);
    }
    let (count, gain) = (more.workers, (more.rate / choice.rate - 1.0) * 100.0);
    let price = price(count, choice.workers, words);
    if gain.abs() < 0.5 {
        format!("{count} buy nothing for {price}.")
    } else if overlap(choice, more) {
        format!("{count} buy nothing sure for {price}: two runs of the same differ by as much.")
    } else if gain > 0.0 {
        format!("{count} buy {gain:.0} % more for {price}.")
    } else {
        format!("{count} are {:.0} % slower, for {price}.", -gain)
    }
}

/// `twice the connections`.
fn price(count: u16, choice: u16, words: Words) -> String {
    if u32::from(count) == 2 * u32::from(choice) {
        return format!("twice the {}", words.cost);
    }
    format!("{:.1} times the {}", f64::from(count) / f64::from(choice), words.cost)
}

/// What more workers than were tried would bring, where the most did best.
/// Nothing, for what computes all the time, beyond the cores.
fn beyond(sweep: &Sweep, Marks { last, .. }: &Marks, words: Words, cores: Option<u16>) -> String {
    if let Some(cores) = cores.filter(|&cores| cores <= last.workers) {
        let noun = if cores == 1 { "core" } else { "cores" };
        return format!("More than {cores} would take turns: this machine has {cores} {noun}.");
    }
    let double = last.workers.saturating_mul(2).min(cores.unwrap_or(u16::MAX));
    let told = sweep.fits().first().filter(|_| !sweep.is_guess() && !grows(sweep, last.workers));
    if let Some(fit) = told {
        let gain = (sweep.fitted(fit, double) / sweep.fitted(fit, last.workers) - 1.0) * 100.0;
        let (price, name) = (price(double, last.workers, words), fit.name());
        return format!("By the law that fits ({name}) {double} buy {gain:.0} % more for {price}.");
    }
    // The fewest that need as few waves.
    let double = u32::from(double).min(sweep.tasks().unwrap_or(u32::MAX)) as u16;
    let next = if sweep.has_stairs() { *sweep.equal_counts(double).start() } else { double };
    format!("Still growing at {}: try {}.", last.workers, next.max(last.workers.saturating_add(1)))
}

/// What the law says beyond that, where it is one to go by and the measurements show the same.
fn law(sweep: &Sweep, marks: &Marks, words: Words) -> Option<String> {
    let Marks { before, choice, more, last, best, growing, .. } = marks;
    let fit = sweep.fits().first().filter(|_| !sweep.is_guess())?;
    match fit.law {
        Law::Plateau { .. } if !growing => {
            let (knee, capacity) = sweep.plateau()?;
            let near = before.is_none_or(|before| before.workers < knee.workers);
            (near && knee.workers <= more.workers).then(|| {
                let (workers, tasks, capacity) = (words.workers, words.tasks, figure(capacity));
                format!("It levels off at {capacity} {tasks}/s, from {knee} {workers} on.")
            })
        }
        Law::Usl { .. } if best.workers < last.workers => {
            let peak = fit.peak()?.round();
            let near = f64::from(choice.workers) <= peak && peak < f64::from(last.workers);
            near.then(|| {
                format!("By the law that fits (USL), {peak:.0} do most, and more do less.")
            })
        }
        _ => None,
    }
}

/// Numbers of workers about the choice that make no difference, for the waves are as many.
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
            "{tasks} in {count} waves of {workers} leave {idle} {lanes} idle in the last."
        ));
    }
    let to = if low + 1 == high { "and" } else { "to" };
    Some(format!("{low} {to} {high} are no different: {tasks} take {count} waves with each."))
}

/// Whether the trials of two points do not tell them apart.
fn overlap(one: &Point, other: &Point) -> bool {
    if one.trials == 1 || other.trials == 1 {
        return one.rate.max(other.rate) < one.rate.min(other.rate) * CHANGE;
    }
    one.min <= other.max && other.min <= one.max
}
