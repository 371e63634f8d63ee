//! The Markdown report of a watched program: its threads, what they waited for, and the totals.

use std::io::{self, Write};

use super::{escape_inline, inline_sentence, write_machine, write_row, write_table_head};
use crate::analysis::ProgramSummary;
use crate::analysis::program::ThreadSummary;
use crate::model::{Nanos, Run, State};
use crate::report::ReportSubject;
use crate::report::plain::program::{ThreadTable, column_states, heading, total_texts};

/// The maximum number of waits listed.
const MAX_WAITS: usize = 10;

/// The maximum number of functions listed.
const MAX_FUNCTIONS: usize = 10;

/// Writes the report of a run that watches a program.
pub(super) fn write(out: &mut dyn Write, subject: &ReportSubject<'_>, run: &Run) -> io::Result<()> {
    let Some(summary) = ProgramSummary::new(run, subject.now) else { return Ok(()) };
    writeln!(out, "# Threads of {}\n", escape_inline(&summary.program.command))?;
    if let Some(conclusion) = subject.conclusion() {
        writeln!(out, "{}", inline_sentence(&conclusion.sentence()))?;
        let details = conclusion.details();
        writeln!(out, "{}\n", if details.is_empty() { details } else { details + "." })?;
    }
    write_threads(out, &summary)?;
    write_waits(out, &summary)?;
    write_functions(out, &summary)?;
    writeln!(out, "## Totals\n\n- {}", escape_inline(&heading(run, &summary)))?;
    for (label, text) in total_texts(run, &summary) {
        // Names of threads and functions are in the text.
        let text = if label == "GIL" || label == "accuracy" { escape_inline(&text) } else { text };
        writeln!(out, "- {label}: {text}")?;
    }
    writeln!(out)?;
    write_machine(out, subject, run)
}

fn write_threads(out: &mut dyn Write, summary: &ProgramSummary<'_>) -> io::Result<()> {
    let threads = ThreadTable::of_program(summary);
    let states = column_states(summary);
    let mut columns = vec!["thread", "tid", "life"];
    columns.extend(states.iter().map(|state| state.label()));
    write_table_head(out, "Threads", &columns, 1)?;
    for row in &threads.rows {
        let tid = row.tid.map_or_else(|| "-".to_owned(), |tid| tid.to_string());
        let mut cells = vec![escape_inline(&row.name), tid, row.life.to_string()];
        cells.extend(states.iter().map(|&state| row.share(state)));
        write_row(out, &cells)?;
    }
    match threads.rest_text() {
        Some(rest) => writeln!(out, "\n{rest}\n"),
        None => writeln!(out),
    }
}

/// Writes the longest waits that were an obstacle: for locks and in system calls.
fn write_waits(out: &mut dyn Write, summary: &ProgramSummary<'_>) -> io::Result<()> {
    let is_obstacle = |state: State| matches!(state, State::Waiting | State::LockWait);
    let mut waits = Vec::new();
    for thread in &summary.threads {
        let own = thread.waits.iter().filter(|wait| is_obstacle(wait.state));
        waits.extend(own.map(|wait| (thread, wait)));
    }
    if waits.is_empty() {
        return Ok(());
    }
    waits.sort_by_key(|(_, wait)| std::cmp::Reverse(wait.time));
    let columns = ["thread", "state", "call", "held by", "time", "share of its life"];
    write_table_head(out, "Waits", &columns, 4)?;
    for (thread, wait) in waits.into_iter().take(MAX_WAITS) {
        let call = match &wait.reason.object {
            Some(object) => format!("{} {object}", wait.reason.call),
            None => wait.reason.call.clone(),
        };
        let holder = wait.reason.holder.and_then(|task| summary.thread(task));
        let holder = holder.map_or_else(|| "-".to_owned(), name);
        let share = format!("{:.0} %", thread.share_of(wait.time) * 100.0);
        let (time, state) = (wait.time.to_string(), wait.state.label().to_owned());
        write_row(out, &[name(thread), state, escape_inline(&call), holder, time, share])?;
    }
    writeln!(out)
}

/// Writes the functions that threads spent the most of their work in.
fn write_functions(out: &mut dyn Write, summary: &ProgramSummary<'_>) -> io::Result<()> {
    let functions = summary
        .threads
        .iter()
        .flat_map(|thread| thread.functions.iter().map(move |function| (thread, function)));
    let mut functions: Vec<_> = functions.collect();
    if functions.is_empty() {
        return Ok(());
    }
    functions.sort_by_key(|(_, function)| std::cmp::Reverse(function.time));
    let columns = ["thread", "function", "file", "time", "share of its work"];
    write_table_head(out, "Functions", &columns, 3)?;
    for (thread, function) in functions.into_iter().take(MAX_FUNCTIONS) {
        let place = function.place;
        let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
        let (function_name, file) =
            (escape_inline(&place.function), escape_inline(&format!("{}{line}", place.file)));
        let share = format!("{:.0} %", function.share * 100.0);
        let time = Nanos::to_string(&function.time);
        write_row(out, &[name(thread), function_name, file, time, share])?;
    }
    writeln!(out)
}

fn name(thread: &ThreadSummary<'_>) -> String {
    escape_inline(&thread.identity.name)
}
