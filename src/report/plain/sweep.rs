//! The plain report of a sweep: the result for each number of workers, the fitted laws and the advice.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use super::{Remark, write_remarks, write_table};
use crate::analysis::scaling::{ConfidenceInterval, Estimate, Fit, Parameter};
use crate::analysis::stats;
use crate::analysis::sweep::{Sweep, SweepPoint, WorkerTerms};
use crate::model::printable::three_digits;
use crate::model::{Mode, Workload};

/// The maximum number of stairs listed.
const MAX_STAIRS: usize = 12;

/// Writes the report of a sweep over a workload in a mode, or nothing before the first trial.
pub fn write(out: &mut dyn Write, sweep: &Sweep, workload: Workload, mode: Mode) -> io::Result<()> {
    let words = WorkerTerms::for_run(workload, mode);
    if sweep.trials().is_empty() {
        return Ok(());
    }
    write_points(out, sweep, words)?;
    if !sweep.fits().is_empty() {
        write_models(out, sweep, words)?;
    }
    write_remarks(out, remarks(sweep, words))?;
    let advice = sweep.advice(workload, mode);
    write_remarks(out, advice.map(|text| Remark::new("advice", text)))
}

fn write_points(out: &mut dyn Write, sweep: &Sweep, words: WorkerTerms) -> io::Result<()> {
    let (rate, p95) = (format!("{}/s", words.tasks), format!("{} p95", words.task));
    let columns = [
        (words.workers, 10),
        ("trials", 7),
        ("median", 11),
        ("min", 11),
        ("max", 11),
        (p95.as_str(), p95.len() + 4),
        (rate.as_str(), 12),
        ("speed-up", 10),
        ("efficiency", 12),
        ("Karp-Flatt", 12),
    ];
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let row = |point: &SweepPoint| {
        let times = sweep.speed_up(point.rate);
        let efficiency = times.map(|times| stats::efficiency(times, point.workers) * 100.0);
        let serial = times.and_then(|times| stats::serial_part(times, point.workers));
        [
            point.workers.to_string(),
            point.trials.to_string(),
            point.median.to_string(),
            point.min.to_string(),
            point.max.to_string(),
            or_dash(point.service.map(|service| service.p95.to_string())),
            three_digits(point.rate),
            or_dash(times.map(|times| format!("{times:.2}x"))),
            or_dash(efficiency.map(|share| format!("{share:.0} %"))),
            or_dash(serial.map(|serial| format!("{serial:.3}"))),
        ]
    };
    write_table(out, columns, sweep.points().iter().map(row))
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
