//! The plain report of a sweep: the result for each number of workers, the fitted laws and the advice.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use super::{Remark, new_remark, write_remarks};
use crate::analysis::scaling::{ConfidenceInterval, Estimate, Fit, Parameter};
use crate::analysis::stats;
use crate::analysis::sweep::{Sweep, WorkerTerms};
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
    write_table(out, sweep, words)?;
    if !sweep.fits().is_empty() {
        write_models(out, sweep, words)?;
    }
    write_remarks(out, remarks(sweep, words))?;
    let advice = sweep.advice(workload, mode);
    write_remarks(out, advice.map(|text| new_remark("advice", text)))
}

fn write_table(out: &mut dyn Write, sweep: &Sweep, words: WorkerTerms) -> io::Result<()> {
    let rate = format!("{}/s", words.tasks);
    writeln!(
        out,
        "{:<10}{:>7}{:>11}{:>11}{:>11}{rate:>12}{:>10}{:>12}{:>12}",
        words.workers, "trials", "median", "min", "max", "speed-up", "efficiency", "Karp-Flatt"
    )?;
    for point in sweep.points() {
        let (workers, trials) = (point.workers, point.trials);
        let [median, min, max] = [point.median, point.min, point.max];
        write!(out, "{workers:<10}{trials:>7} {median:>10} {min:>10} {max:>10}")?;
        write!(out, "{:>12}", three_digits(point.rate))?;
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
        remarks.push(new_remark(
            "best law",
            format!("{name} (lowest AICc), fitted to the rates against {against}"),
        ));
    }
    if let Some(knee) = sweep.knee() {
        let knee = format!("{knee} {}; more than that add little", words.workers);
        remarks.push(new_remark("knee", knee));
    }
    if let Some(tasks) = sweep.max_without_knee() {
        let knee = format!("none up to {tasks} {}, the number of {}", words.workers, words.tasks);
        remarks.push(new_remark("knee", knee));
    }
    remarks.extend(stairs_phrase(sweep, words).map(|text| new_remark("stairs", text)));
    remarks
}

fn stairs_phrase(sweep: &Sweep, words: WorkerTerms) -> Option<String> {
    let (tasks, stairs) = (sweep.tasks()?, sweep.wave_steps());
    let name = |stair: &RangeInclusive<u16>| format!("{}-{}", stair.start(), stair.end());
    let named: Vec<String> = stairs.iter().take(MAX_STAIRS).map(name).collect();
    let more = if stairs.len() > MAX_STAIRS { ", ..." } else { "" };
    let all = named.join(", ");
    (!named.is_empty()).then(|| {
        let WorkerTerms { workers, tasks: of, .. } = words;
        format!("{tasks} equal {of} take the same time within each range of {workers}: {all}{more}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::sweep;

    fn report(sweep: &Sweep, workload: Workload) -> String {
        let mut out = Vec::new();
        write(&mut out, sweep, workload, Mode::Threads).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn report_of_a_complete_sweep() {
        assert_eq!(
            report(&sweep(&[1, 2, 4, 8, 16, 32]), Workload::Followers),
            "\
threads    trials     median        min        max     pages/s  speed-up  efficiency  Karp-Flatt
1               3    3.000 s    2.940 s    3.000 s        20.0     1.00x       100 %           -
2               3    1.500 s    1.470 s    1.500 s        40.0     2.00x       100 %       0.000
4               3     750 ms     735 ms     750 ms        80.0     4.00x       100 %       0.000
8               3     400 ms     392 ms     400 ms         150     7.50x        94 %       0.010
16              3     400 ms     392 ms     400 ms         150     7.50x        47 %       0.076
32              3     400 ms     392 ms     400 ms         150     7.50x        23 %       0.105

law             R2     AICc  parameters [95 % interval]
plateau     1.0000    -49.7  g 20.0 pages/s [20.0 to 20.0], C 150 pages/s [150 to 150]
Amdahl      0.8971     52.4  g 32.9 pages/s [9.24 to 56.5], a 0.171 [-0.00981 to 0.351]
linear     -0.0439     56.3  g 6.90 pages/s [2.37 to 11.4]
USL         0.9612     76.5  g 24.8 pages/s [7.07 to 42.5], a 0.0383 [-0.135 to 0.211], b 0.00349 \
[-6.12e-4 to 0.00760], peak at 16.6

best law     plateau (lowest AICc), fitted to the rates against pages / waves
knee         8 threads; more than that add little
stairs       60 equal pages take the same time within each range of threads: 10-11, 12-14, 15-19, \
20-29, 30-32
advice       8 threads: 7.50x. 16 add nothing for twice the connections. Throughput levels off \
at 150 pages/s from 8 threads on. 60 pages in 8 waves of 8 leave 4 lanes idle in the last wave.
"
        );
    }

    #[test]
    fn sweep_without_a_single_worker_trial_has_no_speed_up() {
        let report = report(&sweep(&[2, 4, 8, 16]), Workload::Cpu);
        assert!(
            report.contains(
                "\n8               3     400 ms     392 ms     400 ms         150         -           -"
            ),
            "{report}"
        );
        assert!(!report.contains("best law     "), "a guess has no best law: {report}");
    }

    #[test]
    fn two_counts_have_no_laws_and_no_trials_have_no_report() {
        assert_eq!(
            report(&sweep(&[2, 8]), Workload::Cpu),
            "\
threads    trials     median        min        max     tasks/s  speed-up  efficiency  Karp-Flatt
2               3    1.500 s    1.470 s    1.500 s        40.0         -           -           -
8               3     400 ms     392 ms     400 ms         150         -           -           -

advice       8 threads: 3.75x as fast as 2. Still growing at 8: try 15. 2 thread counts are too \
few to fit a model; treat this as a guess.
"
        );
        assert_eq!(report(&sweep(&[]), Workload::Cpu), "");
    }
}
