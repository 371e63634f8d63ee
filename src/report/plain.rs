//! The plain report: the lines of the example program, then a table and remarks on it.

pub(super) mod computed;
mod followers;
mod gil_and_processes;
pub mod sweep;

use std::io::{self, Write};

use crate::analysis::verdict;
use crate::model::{Mode, Run, Target};

/// Writes the report of the runs, or nothing if no run has started. `cores` is the number of cores of
/// this machine, if known.
pub fn write(
    out: &mut dyn Write,
    target: Option<&Target>,
    runs: &[Run],
    cores: Option<u16>,
) -> io::Result<()> {
    match runs.first().filter(|run| run.has_started()) {
        None => Ok(()),
        Some(first) if first.plan().workload().is_computed() => computed::write(out, runs, cores),
        Some(_) => followers::write(out, target, runs),
    }
}

/// A line after the table: its label and its text.
type Remark = (String, String);

fn new_remark(label: &str, text: String) -> Remark {
    (label.to_owned(), text)
}

fn write_remarks(out: &mut dyn Write, remarks: impl IntoIterator<Item = Remark>) -> io::Result<()> {
    remarks.into_iter().try_for_each(|(label, text)| writeln!(out, "{label:<12} {text}"))
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

fn write_times(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    for run in runs {
        let name = example_mode_name(run.plan().mode);
        match run.duration() {
            Some(took) => writeln!(out, "{name} time(sec): {:?}", took.as_secs_f64())?,
            None => writeln!(out, "{name} time(sec): not run")?,
        }
    }
    Ok(())
}

/// `3 of 5`.
fn done_fraction(run: &Run) -> String {
    format!("{} of {}", run.progress().done_tasks(), run.progress().known_tasks())
}

/// Returns a remark for each incomplete run with the reason.
fn unfinished_remarks(runs: &[Run]) -> impl Iterator<Item = Remark> {
    let runs = runs.iter().filter(|run| run.has_started() && !run.is_complete());
    runs.map(|run| (run.plan().name(), verdict::incomplete_reason(run)))
}
