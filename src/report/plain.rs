//! The plain report: the lines of the example program, then a table and remarks on it.

pub(in crate::report) mod program;
mod remarks;
pub mod sweep;
mod table;

use std::io::{self, Write};

use super::{Comparison, median_and_p95, run_time};
use crate::analysis::plural;
use crate::analysis::verdict::Verdict;
use crate::model::{ComputeSpec, Mode, Run, Target};
pub(super) use table::write_table;

/// Ends bold text: <https://www.ecma-international.org/publications-and-standards/standards/ecma-48/>.
const RESET: &str = "\x1b[0m";

/// Writes the report of the runs, or nothing if no run has started. `cores` is the number of cores of
/// this machine, if known.
pub fn write(
    out: &mut dyn Write,
    target: Option<&Target>,
    runs: &[Run],
    cores: Option<u16>,
) -> io::Result<()> {
    let Some(first) = runs.first().filter(|run| run.has_started()) else { return Ok(()) };
    if first.program().is_some() {
        return program::write(out, first);
    }
    let is_computed = first.plan().workload().is_computed();
    if is_computed {
        write_times(out, runs)?;
    } else {
        // The example's lines come first: it has no other modes.
        let is_example = |run: &&Run| matches!(run.plan().mode, Mode::Sequential | Mode::Threads);
        let (example, others): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(is_example);
        for group in [example, others] {
            write_times(out, group.iter().copied())?;
            write_counts(out, &group)?;
        }
    }
    writeln!(out)?;
    write_verdict(out, runs, cores, "")?;
    if is_computed {
        if let Some(task) = describe_task(first, cores) {
            writeln!(out, "{}: {task}\n", first.plan().workload())?;
        }
        write_computed_table(out, runs)?;
        return write_remarks(out, remarks::for_computed(runs));
    }
    if let (Some(Target { user, api, per_page, .. }), Some(last)) =
        (target, runs.iter().rfind(|run| run.has_started()))
    {
        let pages = plural::count(last.progress().known_tasks(), "page");
        writeln!(out, "{user} @ {api}, {pages}, {per_page} each\n")?;
    }
    if let Some(list) = first.plan().work.list() {
        writeln!(out, "{}\n", list.url)?;
    }
    write_pages_table(out, runs)?;
    write_remarks(out, remarks::for_pages(runs))
}

/// Writes the verdict and the totals, to remain after the screen. `bold` starts bold text, if the
/// terminal has it.
pub fn write_summary(
    out: &mut dyn Write,
    runs: &[Run],
    cores: Option<u16>,
    bold: &str,
) -> io::Result<()> {
    let Some(first) = runs.first().filter(|run| run.has_started()) else { return Ok(()) };
    if first.program().is_some() {
        return program::write_summary(out, first, bold);
    }
    write_verdict(out, runs, cores, bold)?;
    if first.plan().workload().is_computed() {
        write_computed_table(out, runs)
    } else {
        write_pages_table(out, runs)
    }
}

/// Writes the verdict, its check and what to try next, and an empty line. Incomplete runs have their
/// remarks instead of a verdict.
pub(super) fn write_verdict(
    out: &mut dyn Write,
    runs: &[Run],
    cores: Option<u16>,
    bold: &str,
) -> io::Result<()> {
    let Some(conclusion) = Verdict::new(runs, cores).conclusion() else { return Ok(()) };
    // A program may go on after it was watched: what was seen is whole.
    let is_whole = runs.iter().all(|run| run.is_comparable() || run.program().is_some());
    let sentence = Some(conclusion.sentence()).filter(|_| is_whole);
    let reset = if bold.is_empty() { "" } else { RESET };
    let sentence = sentence.map(|sentence| format!("{bold}{sentence}.{reset}"));
    let details = Some(conclusion.details()).filter(|details| !details.is_empty());
    let lines: Vec<String> = sentence.into_iter().chain(details).collect();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if lines.is_empty() { Ok(()) } else { writeln!(out) }
}

/// A line after the table: its label and its text.
pub(super) struct Remark {
    label: String,
    text: String,
}

impl Remark {
    pub(super) fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into() }
    }
}

pub(super) fn write_remarks(
    out: &mut dyn Write,
    remarks: impl IntoIterator<Item = Remark>,
) -> io::Result<()> {
    remarks.into_iter().try_for_each(|Remark { label, text }| writeln!(out, "{label:<12} {text}"))
}

/// Returns the name of a mode in the example program.
const fn example_mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Sequential => "single_threaded",
        Mode::Threads => "multi_threaded",
        Mode::Gil => "multi_threaded_gil",
        Mode::Processes => "multi_process",
    }
}

fn write_times<'run>(
    out: &mut dyn Write,
    runs: impl IntoIterator<Item = &'run Run>,
) -> io::Result<()> {
    for run in runs {
        let name = example_mode_name(run.plan().mode);
        match run.duration() {
            Some(took) => writeln!(out, "{name} time(sec): {:?}", took.as_secs_f64())?,
            None => writeln!(out, "{name} time(sec): not run")?,
        }
    }
    Ok(())
}

/// Writes the numbers of results on one line, or nothing if there are no runs.
fn write_counts(out: &mut dyn Write, runs: &[&Run]) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    if let [one, other] = runs
        && one.is_complete()
        && other.is_complete()
        && one.progress().result_count() == other.progress().result_count()
    {
        let [first, second] = [one, other].map(|run| example_mode_name(run.plan().mode));
        return writeln!(out, "both {first} and {second} count: {}", one.progress().result_count());
    }
    let count = |run: &&Run| {
        let (name, results) = (example_mode_name(run.plan().mode), run.progress().result_count());
        let (done, known) = (run.progress().done_tasks(), run.progress().known_tasks());
        let missing = format!(" (incomplete: {done} of {known} pages)");
        format!("{name} count: {results}{}", if run.is_complete() { "" } else { &missing })
    };
    writeln!(out, "{}", runs.iter().map(count).collect::<Vec<_>>().join(", "))
}

/// Describes the tasks of a run and the machine. Returns `None` for a workload without CPU work.
pub(super) fn describe_task(run: &Run, cores: Option<u16>) -> Option<String> {
    let ComputeSpec { size, turns, share, switch_interval, simulation } =
        run.plan().work.compute()?;
    let tasks = plural::count(run.progress().known_tasks(), "task");
    let share = if run.plan().workload().spec().has_io_share {
        format!(", {share} % of it CPU work")
    } else {
        String::new()
    };
    let turns = match turns {
        0 => String::new(),
        turns => format!(" ({turns} turns)"),
    };
    let on = |cores: u16| format!("on {}", plural::count(cores, "core"));
    let machine = match simulation {
        Some(machine) => format!("; simulated {}, seed {}", on(machine.cores), machine.seed),
        None => cores.map_or_else(String::new, |cores| format!("; {}", on(cores))),
    };
    Some(format!(
        "{tasks} of about {size} each{turns}{share}; switch interval {switch_interval}{machine}"
    ))
}

/// Returns the width of the longest name of a mode.
fn name_width(runs: &[Run]) -> usize {
    let started = runs.iter().filter(|run| run.has_started());
    started.map(|run| run.plan().name().len()).fold(12, usize::max)
}

fn write_computed_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let started = || runs.iter().filter(|run| run.has_started());
    let columns = [
        ("mode", name_width(runs)),
        ("elapsed", 10),
        ("tasks", 14),
        ("tasks/s", 9),
        ("median", 10),
        ("p95", 10),
        ("speed-up", 10),
        ("efficiency", 12),
    ];
    let row = |run: &Run| {
        let (elapsed, [median, p95]) = (run_time(run), median_and_p95(run));
        let tasks = run.count_of_all(run.progress().done_tasks());
        let rate = format!("{:.2}", run.rate(elapsed));
        let compared = Comparison::for_run(runs, run).and_then(Comparison::texts);
        let [speed_up, efficiency] = compared.unwrap_or_else(|| ["-", "-"].map(str::to_owned));
        let (name, elapsed) = (run.plan().name(), elapsed.to_string());
        [name, elapsed, tasks, rate, median, p95, speed_up, efficiency]
    };
    write_table(out, columns, started().map(row))
}

fn write_pages_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let [_, results] = runs.first().and_then(Run::result_names).unwrap_or_default();
    let started = || runs.iter().filter(|run| run.has_started());
    let columns = [
        ("mode", name_width(runs)),
        ("elapsed", 10),
        ("pages", 11),
        (results, 11),
        ("requests/s", 12),
        ("median", 10),
        ("p95", 10),
    ];
    let row = |run: &Run| {
        let (elapsed, [median, p95]) = (run_time(run), median_and_p95(run));
        let pages = run.count_of_all(run.progress().done_tasks());
        let (count, rate) = (run.progress().result_count(), format!("{:.2}", run.rate(elapsed)));
        let (name, elapsed) = (run.plan().name(), elapsed.to_string());
        [name, elapsed, pages, count.to_string(), rate, median, p95]
    };
    write_table(out, columns, started().map(row))
}
