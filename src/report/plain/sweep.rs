//! The plain report of a sweep: the result for each number of workers, the fitted laws and the advice.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use super::table::write_table_without;
use super::{Remark, write_remarks};
use crate::analysis::scaling::{ConfidenceInterval, Estimate, Fit, Parameter};
use crate::analysis::sweep::{Sweep, SweepPoint, WorkerTerms};
use crate::analysis::{plural, stats};
use crate::model::printable::three_digits;
use crate::model::{Nanos, Plan, Target};

/// The maximum number of stairs listed.
const MAX_STAIRS: usize = 12;

/// The columns that a table omits if it is too wide, in this order. The JSON report has all of them.
const OMITTED: [&str; 5] = ["Karp-Flatt", "trials", "max", "min", "efficiency"];

/// Writes the report of a sweep, of whose runs this is the plan, or nothing before the first trial. The
/// last line stands on its own.
pub fn write(out: &mut dyn Write, sweep: &Sweep, plan: &Plan) -> io::Result<()> {
    let words = WorkerTerms::for_run(plan.workload(), plan.mode);
    if sweep.trials().is_empty() {
        return Ok(());
    }
    write_points(out, sweep, words)?;
    if !sweep.fits().is_empty() {
        write_models(out, sweep, words)?;
    }
    write_remarks(out, remarks(sweep, words))?;
    let advice = advice_line(sweep, plan, words);
    write_remarks(out, advice.map(|text| Remark::new("advice", text)))
}

/// Returns the advice with its subject and its evidence, in one line for those who have not seen the rest.
fn advice_line(sweep: &Sweep, plan: &Plan, words: WorkerTerms) -> Option<String> {
    let subject = match (plan.work.target(), plan.work.list()) {
        (Some(Target { user, api, .. }), _) => format!("{user} @ {api}"),
        (None, Some(list)) => list.url.clone(),
        _ if plan.is_simulated() => format!("simulated {}", plan.workload()),
        _ => plan.workload().to_string(),
    };
    let tasks = plural::count(sweep.tasks()?, words.task);
    let advice = sweep.advice(plan.workload(), plan.mode)?;
    let evidence = sweep.evidence(plan.workload(), plan.mode).unwrap_or_default();
    Some(format!("{subject}, {tasks}. {advice} {evidence}"))
}

fn write_points(out: &mut dyn Write, sweep: &Sweep, words: WorkerTerms) -> io::Result<()> {
    let rate = format!("{}/s", words.tasks);
    let failures: Vec<String> =
        sweep.points().iter().map(|point| failures_text(sweep, point)).collect();
    let services = || sweep.points().iter().filter_map(|point| point.service);
    let time_width = if services().next().is_some() { 9 } else { 0 };
    let p99_width = if services().any(|service| service.p99.is_some()) { 9 } else { 0 };
    let has_failures = failures.iter().any(|text| text != "0");
    let failed_width = failures.iter().map(String::len).max().unwrap_or(0);
    let columns = [
        (words.workers, 10),
        ("trials", 7),
        ("median", 11),
        ("min", 11),
        ("max", 11),
        (rate.as_str(), 12),
        ("speed-up", 10),
        ("efficiency", 12),
        ("p50", time_width),
        ("p95", time_width),
        ("p99", p99_width),
        ("failed", if has_failures { failed_width.max(6) + 2 } else { 0 }),
        ("Karp-Flatt", 12),
    ];
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let time = |time: Option<Nanos>| or_dash(time.map(|time| time.to_string()));
    let row = |(point, failures): (&SweepPoint, String)| {
        let times = sweep.point_speed_up(point);
        let efficiency = sweep.efficiency(point).map(|share| share * 100.0);
        let serial = times.and_then(|times| stats::serial_part(times, point.workers));
        let (service, is_counted) = (point.service, point.is_counted());
        [
            point.workers.to_string(),
            point.trials.to_string(),
            point.median.to_string(),
            point.min.to_string(),
            point.max.to_string(),
            or_dash(is_counted.then(|| three_digits(point.rate))),
            or_dash(times.map(|times| format!("{times:.2}x"))),
            or_dash(efficiency.map(|share| format!("{share:.0} %"))),
            time(service.map(|service| service.p50)),
            time(service.map(|service| service.p95)),
            time(service.and_then(|service| service.p99)),
            failures,
            or_dash(serial.map(|serial| format!("{serial:.3}"))),
        ]
    };
    write_table_without(&OMITTED, out, columns, sweep.points().iter().zip(failures).map(row))
}

/// Returns the failed requests of a point: `12x 429, 1x timed out`.
fn failures_text(sweep: &Sweep, point: &SweepPoint) -> String {
    let each = sweep.failures(point.workers);
    let texts = each.map(|(cause, count)| format!("{count}x {}", cause.replace('_', " ")));
    texts.reduce(|all, text| format!("{all}, {text}")).unwrap_or_else(|| "0".to_owned())
}

fn write_models(out: &mut dyn Write, sweep: &Sweep, words: WorkerTerms) -> io::Result<()> {
    writeln!(out, "{:<10}{:>8}{:>9}  parameters [95 % interval]", "law", "R2", "AICc")?;
    for fit in sweep.fits() {
        let or_none = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let (r2, aicc) = (or_none(fit.r2, 4), or_none(fit.aicc, 1));
        let parameters = parameter_phrases(fit, words).join(", ");
        writeln!(out, "{:<10}{r2:>8}{aicc:>9}  {parameters}", fit.name())?;
    }
    writeln!(out)
}

fn parameter_phrases(fit: &Fit, words: WorkerTerms) -> Vec<String> {
    let each = fit.parameters.iter().map(|&(parameter, Estimate { value, interval })| {
        let unit = match parameter {
            Parameter::Gain | Parameter::Capacity => format!(" {}/s", words.tasks),
            Parameter::Contention | Parameter::Coherency => String::new(),
        };
        let between = interval.map_or_else(String::new, |ConfidenceInterval { low, high }| {
            format!(" [{} to {}]", three_digits(low), three_digits(high))
        });
        format!("{} {}{unit}{between}", parameter.symbol(), three_digits(value))
    });
    let peak = fit.peak().map(|peak| format!("peak at {}", three_digits(peak)));
    each.chain(peak).collect()
}

fn remarks(sweep: &Sweep, words: WorkerTerms) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if let (Some(best), false) = (sweep.fits().first(), sweep.is_guess()) {
        let against = match (sweep.has_wave_steps(), words.tasks) {
            (true, tasks) => format!("{tasks} / waves"),
            (false, _) => words.workers.to_owned(),
        };
        let name = best.name();
        remarks.push(Remark::new(
            "best law",
            format!("{name} (lowest AICc), fitted to the rates against {against}"),
        ));
    }
    if let Some(knee) = sweep.knee() {
        let knee = format!("{knee} {}; more than that add little", words.workers);
        remarks.push(Remark::new("knee", knee));
    }
    if let Some(tasks) = sweep.max_without_knee() {
        let knee = format!("none up to {tasks} {}, the number of {}", words.workers, words.tasks);
        remarks.push(Remark::new("knee", knee));
    }
    remarks.extend(stairs_phrase(sweep, words).map(|text| Remark::new("stairs", text)));
    let excess = sweep.points().iter().filter_map(|point| excess_phrase(sweep, point, words));
    remarks.extend(excess.map(|text| Remark::new("efficiency", text)));
    remarks.extend(held_back_phrase(sweep, words).map(|text| Remark::new("held back", text)));
    remarks
}

fn stairs_phrase(sweep: &Sweep, words: WorkerTerms) -> Option<String> {
    let (tasks, stairs) = (sweep.tasks()?, sweep.equal_counts());
    let name = |stair: &RangeInclusive<u16>| format!("{}-{}", stair.start(), stair.end());
    let named: Vec<String> = stairs.iter().take(MAX_STAIRS).map(name).collect();
    let more = if stairs.len() > MAX_STAIRS { ", ..." } else { "" };
    let all = named.join(", ");
    (!named.is_empty()).then(|| {
        let WorkerTerms { workers, tasks: of, .. } = words;
        format!(
            "{tasks} {of} need equally many waves within each range of {workers}, and took the same \
             time: {all}{more}"
        )
    })
}

/// Returns the reason for an efficiency above 100 %.
fn excess_phrase(sweep: &Sweep, point: &SweepPoint, words: WorkerTerms) -> Option<String> {
    sweep.efficiency(point).filter(|&share| share >= 1.005)?;
    let (times, workers) = (sweep.slowness_of_one(point)?, words.count_text(point.workers));
    let WorkerTerms { task, worker, .. } = words;
    Some(format!("over 100 % with {workers}: a {task} took {times:.2}x as long with 1 {worker}"))
}

/// Returns the number of trials that rate limits held back, for each number of workers.
fn held_back_phrase(sweep: &Sweep, words: WorkerTerms) -> Option<String> {
    let held = sweep.points().iter().filter(|point| point.held_back > 0);
    let each: Vec<String> = held
        .map(|point| format!("{} of {} with {}", point.held_back, point.trials, point.workers))
        .collect();
    let text = plural::enumeration(&each)?;
    let workers = words.workers;
    Some(format!("{text} {workers}: trials that rate limits held back, which do not count"))
}
