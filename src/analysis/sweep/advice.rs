//! The conclusion of a sweep in a few sentences, which answer how many workers to use. It rests on the
//! measurements: a scaling law is named only if they agree with it.

use super::latency_limit;
use super::point::{MIN_CHANGE, MIN_GAIN};
use super::{Accepted, Sweep, SweepPoint, WorkerTerms};
use crate::analysis::plural;
use crate::analysis::scaling::{MIN_RATES_FOR_AICC, ScalingModel};
use crate::model::printable::three_digits;
use crate::model::{Mode, Waves, Workload};

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
    /// The first point beyond the choice that is faster, but whose requests take too long.
    too_slow: Option<SweepPoint>,
    /// `true` if the tasks are requests, whose latency counts.
    has_latency: bool,
}

impl KeyPoints {
    fn from_sweep(sweep: &Sweep, workload: Workload) -> Option<Self> {
        let most = sweep.accepted().map_or(u32::MAX, Accepted::number);
        let points = sweep.counted_points().filter(|point| u32::from(point.workers) <= most);
        let points: Vec<SweepPoint> = points.copied().collect();
        let (&first, &last) = (points.first()?, points.last()?);
        let best = *points.iter().max_by(|one, other| one.rate.total_cmp(&other.rate))?;
        let knee = sweep.plateau().map(|(knee, _)| knee.workers);
        let near = |point: &SweepPoint| {
            let is_level = knee.map_or(point.counted_trials() == 1, |knee| knee <= point.workers);
            let little = if is_level { MIN_CHANGE } else { MIN_GAIN };
            point.rate * little >= best.rate
        };
        let mut index = points.iter().position(near)?;
        let is_end = f64::from(last.workers) < 1.5 * f64::from(points.get(index)?.workers);
        let mut growing =
            index + 1 == points.len() || is_end && near(&last) && model_grows(sweep, last.workers);
        if growing {
            index = points.iter().position(|point| point.rate >= best.rate)?;
        }
        let has_latency = workload.is_fetched();
        let within = points.get(..=index).filter(|_| has_latency);
        let too_slow = within.and_then(latency_limit::first_beyond).and_then(|beyond| {
            let slow = *points.get(beyond)?;
            // Of the counts below it, the smallest that is about as fast as the last.
            let last = points.get(beyond.checked_sub(1)?)?;
            index = points.iter().position(|point| point.rate * MIN_GAIN >= last.rate)?;
            growing = false;
            Some(slow)
        });
        let choice = *points.get(index)?;
        let double = u32::from(choice.workers) * 2;
        let more = *points.iter().find(|point| u32::from(point.workers) >= double).unwrap_or(&last);
        let before = index.checked_sub(1).and_then(|index| points.get(index)).copied();
        let counted = first.workers < last.workers && first.rate > 0.0;
        counted.then_some(Self {
            first,
            last,
            best,
            choice,
            more,
            before,
            growing,
            too_slow,
            has_latency,
        })
    }
}

/// Returns `true` if the best fit predicts that twice the workers are worth it.
fn model_grows(sweep: &Sweep, workers: u16) -> bool {
    sweep.fits().first().is_some_and(|fit| {
        let n = sweep.parallelism(workers);
        fit.rate(n * 2.0) >= fit.rate(n) * MIN_GAIN
    })
}

/// Returns the advice, or `None` if fewer than two numbers of workers have been measured, none was refused
/// and not all were held back.
pub(super) fn advice(sweep: &Sweep, workload: Workload, mode: Mode) -> Option<String> {
    let terms = WorkerTerms::for_run(workload, mode);
    let points = KeyPoints::from_sweep(sweep, workload);
    let gains = points.as_ref().map(|points| gain_sentences(sweep, points, terms, workload, mode));
    let mut sentences = gains.unwrap_or_default();
    let has_points = sweep.counted_points().next().is_some();
    let is_conclusive = sentences.len() > 1;
    sentences.extend(refusal_sentence(sweep, terms));
    if sentences.is_empty() {
        return held_back_sentence(sweep).filter(|_| !has_points);
    }
    sentences.extend(held_back_sentence(sweep));
    if let Some(points) = points.filter(|_| is_conclusive) {
        sentences.extend(model_sentence(sweep, &points, terms));
        sentences.extend(wave_sentence(sweep, &points, terms));
    }
    sentences.extend(guess_sentence(sweep, terms).filter(|_| has_points));
    Some(sentences.join(" "))
}

/// Returns the recommended number of workers.
pub(super) fn recommended_workers(sweep: &Sweep, workload: Workload) -> Option<u16> {
    KeyPoints::from_sweep(sweep, workload).map(|points| points.choice.workers)
}

/// The recommended number with its figures, and the effect of more.
fn gain_sentences(
    sweep: &Sweep,
    points: &KeyPoints,
    terms: WorkerTerms,
    workload: Workload,
    mode: Mode,
) -> Vec<String> {
    flat_sentences(sweep, points, terms, mode)
        .or_else(|| latency_sentences(points, terms))
        .or_else(|| slowdown_sentences(points, terms))
        .or_else(|| excess_sentences(sweep, points, terms))
        .unwrap_or_else(|| {
            let next = next_gain_sentence(sweep, points, terms, workload);
            std::iter::once(choice_sentence(points, terms)).chain(next).collect()
        })
}

/// The number above which the server refused requests, as exactly as the trials show it.
fn refusal_sentence(sweep: &Sweep, terms: WorkerTerms) -> Option<String> {
    Some(match sweep.accepted()? {
        Accepted::AtOnce(most) => {
            format!("Above {most} at once the server refused: stay at {most} or below.")
        }
        Accepted::Workers { accepted, refused } if accepted + 1 == refused => {
            let count = terms.count_text(accepted);
            format!("Above {count} the server refused: stay at {accepted} or below.")
        }
        Accepted::Workers { accepted, refused } => {
            let count = terms.count_text(refused);
            format!(
                "With {count} the server refused, with {accepted} it did not: stay below {refused}."
            )
        }
    })
}

/// The number of trials that do not count, because rate limits held them back.
fn held_back_sentence(sweep: &Sweep) -> Option<String> {
    let (held, all) = (sweep.held_back_trials(), sweep.trials().len());
    (held > 0).then(|| format!("Rate limits held back {held} of {all} trials, which do not count."))
}

/// A warning if there are too few measurements for a reliable conclusion.
fn guess_sentence(sweep: &Sweep, terms: WorkerTerms) -> Option<String> {
    let counts = sweep.counted_points().count();
    // A server that refuses more needs no model of what more would gain.
    let is_guess = sweep.is_guess() && sweep.accepted().is_none();
    let few = is_guess && counts < MIN_RATES_FOR_AICC;
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
        (false, false) if is_guess => Some(format!(
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
    let rates = sweep.counted_points().map(|point| point.rate);
    let slowest = rates.fold(f64::INFINITY, f64::min);
    if best.rate >= slowest * MIN_CHANGE {
        return None;
    }
    let reason = if mode == Mode::Gil { ": only one thread at a time holds the GIL" } else { "" };
    let (last_count, first_count) = (terms.count_text(last.workers), first.workers);
    let times = last.rate / first.rate;
    Some(vec![format!("{last_count}: {times:.2}x, no gain over {first_count}{reason}.")])
}

/// The advice if more workers than the choice are faster, but make each request take too long.
fn latency_sentences(points: &KeyPoints, terms: WorkerTerms) -> Option<Vec<String>> {
    let KeyPoints { first, choice, too_slow, .. } = points;
    let slow = too_slow.as_ref()?;
    let p95 = slow.service?.p95;
    let gain = (slow.rate / choice.rate - 1.0) * 100.0;
    let times = latency_limit::p95_growth(first, slow)?;
    let first = terms.count_text(first.workers);
    Some(vec![
        choice_sentence(points, terms),
        format!(
            "{} add {gain:.0} %, but p95 is then {p95}, {times:.1}x that of {first}.",
            slow.workers
        ),
    ])
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

/// The recommended number of workers with its speed-up; for requests, also with the rate and the latency:
/// `8 threads: 7.38x, 142 pages/s, p95 58 ms.`
fn choice_sentence(points: &KeyPoints, terms: WorkerTerms) -> String {
    let KeyPoints { choice, has_latency, .. } = points;
    let mut figures = vec![gain_text(points)];
    if let (true, Some(service)) = (has_latency, choice.service) {
        figures.push(format!("{} {}/s", three_digits(choice.rate), terms.tasks));
        figures.push(format!("p95 {}", service.p95));
    }
    format!("{}: {}.", terms.count_text(choice.workers), figures.join(", "))
}

/// The speed-up of the choice: `7.50x` relative to one worker, or `1.88x as fast as 4`.
fn gain_text(KeyPoints { first, choice, .. }: &KeyPoints) -> String {
    let times = choice.rate / first.rate;
    match first.workers {
        1 => format!("{times:.2}x"),
        other => format!("{times:.2}x as fast as {other}"),
    }
}

/// The effect of more workers than the choice. `None` if the server refuses more.
fn next_gain_sentence(
    sweep: &Sweep,
    points: &KeyPoints,
    terms: WorkerTerms,
    workload: Workload,
) -> Option<String> {
    let KeyPoints { choice, more, .. } = points;
    if sweep.tasks() == Some(choice.workers.into()) {
        let (workers, task) = (terms.workers, terms.task);
        return Some(format!("More {workers} would be idle: there is already one per {task}."));
    }
    if points.growing {
        let cores = sweep.cores().filter(|_| workload.only_computes());
        return sweep.accepted().is_none().then(|| beyond_sentence(sweep, points, terms, cores));
    }
    let (count, gain) = (more.workers, (more.rate / choice.rate - 1.0) * 100.0);
    let slower = latency_limit::growth_text(choice, more).filter(|_| points.has_latency);
    let price = slower.as_ref().map_or_else(
        || format!("for {}", cost_text(count, choice.workers, terms)),
        |slower| format!("and {slower}"),
    );
    Some(if gain.abs() < 0.5 {
        format!("{count} add nothing {price}.")
    } else if choice.is_like(more) && slower.is_some() {
        format!("{count} add nothing beyond the noise {price}.")
    } else if choice.is_like(more) {
        format!("{count} add nothing measurable {price}: the difference is within the noise.")
    } else if gain > 0.0 {
        format!("{count} add {gain:.0} % {price}.")
    } else {
        let cost = || format!("cost {}", cost_text(count, choice.workers, terms));
        format!("{count} are {:.0} % slower and {}.", -gain, slower.unwrap_or_else(cost))
    })
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
    KeyPoints { first, last, has_latency, .. }: &KeyPoints,
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
    let (most, next) = (last.workers, next.max(last.workers.saturating_add(1)));
    let is_fast = latency_limit::p95_growth(first, last).is_some_and(latency_limit::is_acceptable);
    if *has_latency && is_fast {
        let tried = format!("{} to {most}", first.workers);
        return format!(
            "As many as you like within what was tried ({tried}); still growing at {most}: try {next}."
        );
    }
    format!("Still growing at {most}: try {next}.")
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
