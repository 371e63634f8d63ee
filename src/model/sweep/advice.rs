//! What a person can do about a sweep, in a sentence or two. It goes by what was measured: a law is
//! named only where the measurements agree with it.

use super::{Point, Sweep};
use crate::model::plan::{Mode, Workload};
use crate::model::scaling::Law;
use crate::model::stats::Waves;

/// Less than this much quicker is not worth more workers.
const WORTH_WHILE: f64 = 1.1;

/// Less than this much quicker, or slower, is no change: two runs of the same differ by as much.
const CHANGE: f64 = 1.15;

/// What workers and tasks are called.
#[derive(Clone, Copy)]
struct Words {
    worker: &'static str,
    workers: &'static str,
    tasks: &'static str,
    /// What more workers cost.
    cost: &'static str,
}

impl Words {
    const fn of(workload: Workload, mode: Mode) -> Self {
        let (worker, workers) = match (workload, mode) {
            (Workload::Commands, _) => ("job", "jobs"),
            (_, Mode::Processes) => ("process", "processes"),
            _ => ("thread", "threads"),
        };
        let (tasks, cost) = match workload {
            Workload::Profile | Workload::Followers => ("pages", "connections"),
            Workload::Commands => ("commands", workers),
            _ => ("tasks", workers),
        };
        Self { worker, workers, tasks, cost }
    }

    fn count(self, count: u16) -> String {
        format!("{count} {}", if count == 1 { self.worker } else { self.workers })
    }
}

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
}

impl Marks {
    fn of(points: &[Point]) -> Option<Self> {
        let (&first, &last) = (points.first()?, points.last()?);
        let best = *points.iter().max_by(|one, other| one.rate.total_cmp(&other.rate))?;
        let place = points.iter().position(|point| point.rate * WORTH_WHILE >= best.rate)?;
        let choice = *points.get(place)?;
        let double = u32::from(choice.workers) * 2;
        let more = *points.iter().find(|point| u32::from(point.workers) >= double).unwrap_or(&last);
        let before = place.checked_sub(1).and_then(|place| points.get(place)).copied();
        let counted = first.workers < last.workers && first.rate > 0.0;
        counted.then_some(Self { first, last, best, choice, more, before })
    }
}

pub(super) fn advice(sweep: &Sweep, workload: Workload, mode: Mode) -> Option<String> {
    let (marks, words) = (Marks::of(sweep.medians())?, Words::of(workload, mode));
    let mut sentences = flat(sweep, &marks, words, mode)
        .or_else(|| slower(&marks, words))
        .unwrap_or_else(|| vec![choice(&marks, words), further(sweep, &marks, words)]);
    if sentences.len() > 1 {
        sentences.extend(law(sweep, &marks, words));
        sentences.extend(waves(sweep, &marks, words));
    }
    let counts = sweep.medians().len();
    sentences.extend(sweep.is_guess().then(|| match counts {
        0..6 => format!("From {counts} thread counts this is a guess.",),
        _ => "This is a guess: too few of the counts differ in waves.".to_owned(),
    }));
    Some(sentences.join(" "))
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
    let workers = capital(words.workers);
    Some(vec![format!(
        "{workers} change nothing here: {last_count} are {times:.2}x as fast as {first_count}{why}."
    )])
}

/// The fewest are quickest, or the most are clearly slower than the quickest.
fn slower(marks: &Marks, words: Words) -> Option<Vec<String>> {
    let Marks { first, best, last, choice, .. } = marks;
    if last.rate * WORTH_WHILE >= best.rate || overlap(last, best) {
        return None;
    }
    let (count, times) = (words.count(choice.workers), last.rate / choice.rate);
    if choice.workers == first.workers {
        return Some(vec![format!(
            "Stay with {count}: {} are {times:.2}x as fast.",
            words.count(last.workers)
        )]);
    }
    let gain = self::choice(marks, words);
    let than = if best.workers > choice.workers { best.workers } else { choice.workers };
    Some(vec![
        gain,
        format!("More than {than} make it slower: {} come to {times:.2}x of that.", last.workers),
    ])
}

/// What to take, and what it brings.
fn choice(Marks { first, choice, .. }: &Marks, words: Words) -> String {
    let (count, times) = (words.count(choice.workers), choice.rate / first.rate);
    match first.workers {
        1 => format!("{count}: {times:.2}x."),
        other => format!("{count}: {times:.2}x as fast as {other}."),
    }
}

/// What more of them would bring.
fn further(sweep: &Sweep, marks: &Marks, words: Words) -> String {
    let Marks { choice, more, last, .. } = marks;
    let tasks = sweep.tasks().unwrap_or_default();
    if u32::from(choice.workers) >= tasks {
        return format!(
            "That is one for each of the {}: more would have nothing to do.",
            words.tasks
        );
    }
    if choice.workers == last.workers {
        return format!("Still growing at {}: try more.", choice.workers);
    }
    let (count, gain) = (more.workers, (more.rate / choice.rate - 1.0) * 100.0);
    let price = match f64::from(count) / f64::from(choice.workers) {
        2.0 => format!("twice the {}", words.cost),
        times => format!("{times:.1} times the {}", words.cost),
    };
    let unsure = if overlap(choice, more) { ", no more than trials differ by" } else { "" };
    if gain >= 0.5 {
        format!("{count} buy {gain:.0} % more for {price}{unsure}.")
    } else if gain > -0.5 {
        format!("{count} buy nothing for {price}.")
    } else {
        format!("{count} are {:.0} % slower, for {price}{unsure}.", -gain)
    }
}

/// What the law says beyond that, if it is the one to go by and the knee is where the choice is.
fn law(sweep: &Sweep, marks: &Marks, words: Words) -> Option<String> {
    let Marks { before, choice, more, last, .. } = marks;
    let (fit, knee) = (sweep.fits().first()?, sweep.knee()?);
    if sweep.is_guess() {
        return None;
    }
    match fit.law {
        Law::Plateau { capacity, .. } => {
            let near = before.is_none_or(|before| before.workers < knee.workers);
            (near && choice.workers < last.workers && knee.workers <= more.workers).then(|| {
                format!("From {knee} on it is no more than {capacity:.0} {}/s.", words.tasks)
            })
        }
        Law::Amdahl { .. } if choice.workers == last.workers && knee.workers > last.workers => {
            let workers = words.workers;
            Some(format!(
                "Expect less and less: from {knee} {workers} on, twice as many buy less than 10 %."
            ))
        }
        _ => None,
    }
}

/// Numbers of workers about the choice that make no difference, for the waves are as many.
fn waves(sweep: &Sweep, marks: &Marks, words: Words) -> Option<String> {
    let Waves { tasks, workers, count, idle } = Waves::new(sweep.tasks()?, marks.choice.workers);
    if count < 2 || idle == 0 {
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
    let others = match (low, high) {
        _ if low == high => String::new(),
        (low, high) if low + 1 == high => format!("{low} and {high} are no different: "),
        (low, high) => format!("{low} to {high} are no different: "),
    };
    let lanes = if idle == 1 { "lane" } else { "lanes" };
    let tasks = format!("{tasks} {}", words.tasks);
    Some(match others.is_empty() {
        true => {
            format!("{tasks} in {count} waves of {workers} leave {idle} {lanes} idle in the last.")
        }
        false => format!("{others}{tasks} take {count} waves with each."),
    })
}

/// Whether the trials of two points do not tell them apart.
fn overlap(one: &Point, other: &Point) -> bool {
    let several = one.trials > 1 || other.trials > 1;
    several && one.min <= other.max && other.min <= one.max
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
