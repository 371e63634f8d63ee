//! The plain report of a sweep: what each number of workers came to, the laws, and what to do.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use super::{Remark, remark, write_remarks};
use crate::model::scaling::{Estimate, Fit, Interval, Parameter};
use crate::model::stats;
use crate::model::sweep::{Sweep, Words};
use crate::model::text::figure;
use crate::model::{Mode, Workload};

/// No more stairs are listed.
const STAIRS: usize = 12;

/// Writes the report of a sweep over a workload in a mode. Nothing before the first trial.
pub fn write(out: &mut dyn Write, sweep: &Sweep, workload: Workload, mode: Mode) -> io::Result<()> {
    let words = Words::of(workload, mode);
    if sweep.trials().is_empty() {
        return Ok(());
    }
    table(out, sweep, words)?;
    if !sweep.fits().is_empty() {
        laws(out, sweep, words)?;
    }
    write_remarks(out, remarks(sweep, words))?;
    let advice = sweep.advice(workload, mode);
    write_remarks(out, advice.map(|text| remark("advice", text)))
}

fn table(out: &mut dyn Write, sweep: &Sweep, words: Words) -> io::Result<()> {
    let rate = format!("{}/s", words.tasks);
    writeln!(
        out,
        "{:<10}{:>7}{:>11}{:>11}{:>11}{rate:>12}{:>10}{:>12}{:>12}",
        words.workers, "trials", "median", "min", "max", "speed-up", "efficiency", "Karp-Flatt"
    )?;
    for point in sweep.medians() {
        let (workers, trials) = (point.workers, point.trials);
        let [median, min, max] = [point.median, point.min, point.max];
        write!(out, "{workers:<10}{trials:>7} {median:>10} {min:>10} {max:>10}")?;
        write!(out, "{:>12}", figure(point.rate))?;
        let Some(times) = sweep.speed_up(point.rate) else {
            writeln!(out, "{:>10}{:>12}{:>12}", "-", "-", "-")?;
            continue;
        };
        let efficiency = format!("{:.0} %", stats::efficiency(times, workers) * 100.0);
        let serial = stats::serial_part(times, workers);
        let serial = serial.map_or_else(|| "-".to_owned(), |serial| format!("{serial:.3}"));
        writeln!(out, "{:>10}{efficiency:>12}{serial:>12}", format!("{times:.2}x"))?;
    }
    writeln!(out)
}

fn laws(out: &mut dyn Write, sweep: &Sweep, words: Words) -> io::Result<()> {
    writeln!(out, "{:<10}{:>8}{:>9}  parameters [95 % interval]", "law", "R2", "AICc")?;
    for fit in sweep.fits() {
        let or_none = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let (r2, aicc) = (or_none(fit.r2, 4), or_none(fit.aicc, 1));
        let parameters = parameters(fit, words).join(", ");
        writeln!(out, "{:<10}{r2:>8}{aicc:>9}  {parameters}", fit.name())?;
    }
    writeln!(out)
}

fn parameters(fit: &Fit, words: Words) -> Vec<String> {
    let each = fit.parameters.iter().map(|&(parameter, Estimate { value, interval })| {
        let unit = match parameter {
            Parameter::Gain | Parameter::Capacity => format!(" {}/s", words.tasks),
            Parameter::Contention | Parameter::Coherency => String::new(),
        };
        let between = interval.map_or_else(String::new, |Interval { low, high }| {
            format!(" [{} to {}]", figure(low), figure(high))
        });
        format!("{} {}{unit}{between}", parameter.symbol(), figure(value))
    });
    let peak = fit.peak().map(|peak| format!("most at {}", figure(peak)));
    each.chain(peak).collect()
}

fn remarks(sweep: &Sweep, words: Words) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if let (Some(best), false) = (sweep.fits().first(), sweep.is_guess()) {
        let against = match (sweep.has_stairs(), words.tasks) {
            (true, tasks) => format!("{tasks} / waves"),
            (false, _) => words.workers.to_owned(),
        };
        let name = best.name();
        remarks
            .push(remark("best law", format!("{name}, by AICc, of the rates against {against}")));
    }
    if let Some(knee) = sweep.knee() {
        remarks.push(remark("knee", format!("{knee} {}", words.workers)));
    }
    remarks.extend(stairs(sweep, words).map(|text| remark("stairs", text)));
    remarks
}

fn stairs(sweep: &Sweep, words: Words) -> Option<String> {
    let (tasks, stairs) = (sweep.tasks()?, sweep.stairs());
    let name = |stair: &RangeInclusive<u16>| format!("{}-{}", stair.start(), stair.end());
    let named: Vec<String> = stairs.iter().take(STAIRS).map(name).collect();
    let more = if stairs.len() > STAIRS { ", ..." } else { "" };
    let all = named.join(", ");
    (!named.is_empty()).then(|| {
        let Words { workers, tasks: of, .. } = words;
        format!("equal {of} make no difference among these {workers}: {all}{more} ({tasks} {of})")
    })
}
