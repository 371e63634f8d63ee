//! The plain report of a watched program: its threads in a table, the totals, the GIL, and the sentence
//! last. Names and paths are escaped.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::table::write_table_without;
use super::{Remark, write_remarks, write_verdict};
use crate::analysis::program::{
    GilSummary, SelfCheck, THREAD_STATES, ThreadSummary, accuracy_text, cores_text, cpu_quota_text,
    place_text,
};
use crate::analysis::{ProgramSummary, plural};
use crate::model::printable::{printable, printable_up_to};
use crate::model::{Nanos, ProgramRecord, Run, State, StateTimes, name_stem};

/// The number of threads from which on threads with the same stem share a row.
const MIN_GROUPED: usize = 20;

/// The maximum number of rows of threads.
const MAX_ROWS: usize = 20;

/// The maximum length of a thread's name.
const MAX_NAME: usize = 20;

/// The minimum share of the threads' time in a state that has a column.
const MIN_COLUMN_SHARE: f64 = 0.005;

/// A thread, or several threads of one kind.
pub(in crate::report) struct ThreadTableRow {
    /// The name, safe to print.
    pub(in crate::report) name: String,
    /// The thread ID, if there is one thread.
    pub(in crate::report) tid: Option<u32>,
    /// The number of threads.
    pub(in crate::report) count: usize,
    /// The sum of their lives.
    pub(in crate::report) life: Nanos,
    times: StateTimes,
}

/// The rows of the threads that did something, and how many only waited.
pub(in crate::report) struct ThreadTable {
    pub(in crate::report) rows: Vec<ThreadTableRow>,
    /// The number of threads that did something but have no row.
    pub(in crate::report) more: usize,
    /// The number of threads that only waited.
    pub(in crate::report) waited: usize,
}

impl ThreadTableRow {
    fn of_threads(name: String, threads: &[&ThreadSummary<'_>]) -> Self {
        let mut times = StateTimes::default();
        for thread in threads {
            times.add_all(&thread.times);
        }
        let tid = if let [one] = threads { Some(one.identity.tid) } else { None };
        let life = Nanos(threads.iter().map(|thread| thread.life.0).sum());
        Self { name, tid, count: threads.len(), life, times }
    }

    /// The share of the threads' lives in a state, as text: `41 %`.
    pub(in crate::report) fn share(&self, state: State) -> String {
        let share = self.times[state] as f64 / self.life.0.max(1) as f64;
        format!("{:.0} %", share * 100.0)
    }

    /// The time in which the threads did more than wait.
    fn active(&self) -> u64 {
        [State::OnCpu, State::NoCore, State::LockWait].map(|state| self.times[state]).iter().sum()
    }
}

impl ThreadTable {
    /// Returns the rows, the most active first.
    pub(in crate::report) fn of_program(summary: &ProgramSummary<'_>) -> Self {
        let (active, waited): (Vec<&ThreadSummary<'_>>, Vec<&ThreadSummary<'_>>) =
            summary.threads.iter().partition(|thread| thread.is_active());
        let mut groups: Vec<(String, Vec<&ThreadSummary<'_>>)> = Vec::new();
        let is_grouped = summary.threads.len() > MIN_GROUPED;
        for thread in active {
            let stem = name_stem(&thread.identity.name);
            match groups.iter_mut().find(|(known, _)| is_grouped && *known == stem) {
                Some((_, threads)) => threads.push(thread),
                None => groups.push((stem, vec![thread])),
            }
        }
        let rows = groups.into_iter().map(|(stem, threads)| {
            let name = match threads.as_slice() {
                [one] => printable_up_to(&one.identity.name, MAX_NAME),
                all => format!("{} x{}", printable_up_to(&stem, MAX_NAME), all.len()),
            };
            ThreadTableRow::of_threads(name, &threads)
        });
        let mut rows: Vec<ThreadTableRow> = rows.collect();
        rows.sort_by_key(|row| Reverse(row.active()));
        let more = rows.iter().skip(MAX_ROWS).map(|row| row.count).sum();
        rows.truncate(MAX_ROWS);
        Self { rows, more, waited: waited.len() }
    }

    /// Returns how many threads have no row: `and 5 that only waited`. `None` if all have one.
    pub(in crate::report) fn rest_text(&self) -> Option<String> {
        let waited = (self.waited > 0).then(|| {
            if self.rows.is_empty() {
                format!("{} only waited", plural::count(self.waited, "thread"))
            } else {
                format!("and {} that only waited", self.waited)
            }
        });
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        let parts: Vec<String> = more.into_iter().chain(waited).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Returns the states that have a column: those that threads were in for more than a moment.
pub(in crate::report) fn column_states(summary: &ProgramSummary<'_>) -> Vec<State> {
    let life: u64 = summary.threads.iter().map(|thread| thread.life.0).sum();
    let least = (life as f64 * MIN_COLUMN_SHARE) as u64;
    let states = THREAD_STATES.into_iter();
    states.filter(|&state| state == State::OnCpu || summary.time_in(state).0 > least).collect()
}

/// Writes the report of a run that watches a program.
pub(super) fn write(out: &mut dyn Write, run: &Run) -> io::Result<()> {
    let Some(summary) = ProgramSummary::new(run, Nanos::ZERO) else { return Ok(()) };
    writeln!(out, "{}\n", heading(run, &summary))?;
    write_threads(out, &summary)?;
    write_remarks(out, remarks(run, &summary))?;
    writeln!(out)?;
    write_verdict(out, std::slice::from_ref(run), None, "")
}

/// Writes the sentence and the totals, to remain after the screen. `bold` starts bold text, if the
/// terminal has it.
pub(super) fn write_summary(out: &mut dyn Write, run: &Run, bold: &str) -> io::Result<()> {
    let Some(summary) = ProgramSummary::new(run, Nanos::ZERO) else { return Ok(()) };
    write_verdict(out, std::slice::from_ref(run), None, bold)?;
    write_remarks(out, remarks(run, &summary))
}

/// Returns what was watched, and how it ended: `python app.py, pid 4711: watched for 12.3 s, exit status 0`.
pub(in crate::report) fn heading(run: &Run, summary: &ProgramSummary<'_>) -> String {
    let (program, elapsed) = (summary.program, summary.elapsed());
    let exit = run.program().and_then(ProgramRecord::exit);
    let exit = exit.map_or_else(String::new, |status| format!(", {status}"));
    format!("{}, pid {}: watched for {elapsed}{exit}", printable(&program.command), program.pid)
}

fn write_threads(out: &mut dyn Write, summary: &ProgramSummary<'_>) -> io::Result<()> {
    let threads = ThreadTable::of_program(summary);
    if !threads.rows.is_empty() {
        let shown = column_states(summary);
        // A table that is too wide omits what matters least. The JSON report has all of it.
        let mut least: Vec<State> = shown.iter().copied().skip(1).rev().collect();
        least.sort_by_key(|&state| summary.time_in(state));
        let labels = least.iter().map(|state| state.label());
        let omitted: Vec<&str> = ["tid", "life"].into_iter().chain(labels).collect();
        let names = threads.rows.iter().map(|row| row.name.chars().count());
        let state_columns = THREAD_STATES.map(|state| {
            let width = if shown.contains(&state) { state.label().len().max(5) + 2 } else { 0 };
            (state.label(), width)
        });
        let [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9] = state_columns;
        let columns = [
            ("thread", names.max().unwrap_or(0).max(8)),
            ("tid", 9),
            ("life", 10),
            s0,
            s1,
            s2,
            s3,
            s4,
            s5,
            s6,
            s7,
            s8,
            s9,
        ];
        let row = |row: &ThreadTableRow| {
            let [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9] =
                THREAD_STATES.map(|state| row.share(state));
            let tid = row.tid.map_or_else(|| "-".to_owned(), |tid| tid.to_string());
            let life = if row.count == 1 { row.life.to_string() } else { "-".to_owned() };
            [row.name.clone(), tid, life, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9]
        };
        write_table_without(&omitted, out, columns, threads.rows.iter().map(row))?;
    }
    match threads.rest_text() {
        Some(rest) => writeln!(out, "{rest}\n"),
        None => Ok(()),
    }
}

/// Returns the totals, and the GILs, in lines with a label.
fn remarks(run: &Run, summary: &ProgramSummary<'_>) -> Vec<Remark> {
    total_texts(run, summary).into_iter().map(|(label, text)| Remark::new(label, text)).collect()
}

/// Returns the totals and the GILs, each with its label.
pub(in crate::report) fn total_texts(
    run: &Run,
    summary: &ProgramSummary<'_>,
) -> Vec<(&'static str, String)> {
    let totals = summary.totals;
    let cores = plural::count(summary.program.cores, "core");
    let percent = |cores: f64| format!("{:.1} %", cores * 100.0);
    let mut texts = vec![
        (
            "cores",
            format!(
                "{} of {cores} in use on average, {} more wanted",
                cores_text(totals.on_cpu_cores),
                cores_text(totals.no_core_mean)
            ),
        ),
        ("CPU quota", totals.quota.map(cpu_quota_text).unwrap_or_default()),
        ("threads", format!("{}, at most {} at once", totals.threads_born, totals.threads_peak)),
        ("switches", format!("{:.0}/s", totals.switches_per_second)),
        (
            "cost",
            format!(
                "{} of a core to the program, {} to threadline",
                percent(totals.cost_to_program_cores),
                percent(totals.own_cores)
            ),
        ),
    ];
    texts.retain(|(_, text)| !text.is_empty());
    texts.extend(summary.accuracy.map(|accuracy| ("accuracy", accuracy_text(accuracy))));
    if let Some(check) = SelfCheck::of_run(run) {
        let [on_cpu, sum] = check.texts();
        texts.extend((!check.on_cpu_agrees()).then_some(("check", on_cpu)));
        texts.extend((!check.sum_agrees()).then_some(("check", sum)));
    }
    texts.extend(summary.gils.iter().map(|gil| ("GIL", gil_text(gil, summary))));
    let found = run.program().map_or(&[][..], ProgramRecord::interpreters);
    texts.extend(found.iter().filter_map(|found| {
        let details = &found.details;
        let why = details.why.as_deref().filter(|_| details.switch_interval.is_none())?;
        let python = format!("CPython {}, pid {}", printable(&details.version), details.pid);
        Some(("GIL", format!("{python}: none to see, {}", printable(why))))
    }));
    texts
}

fn gil_text(gil: &GilSummary<'_>, summary: &ProgramSummary<'_>) -> String {
    let longest = gil.longest_hold.and_then(|hold| {
        let name = printable_up_to(&summary.thread(hold.task)?.identity.name, MAX_NAME);
        let place = hold.place.map_or_else(String::new, |place| format!(" {}", place_text(place)));
        Some(format!(", longest hold {} by {name}{place}", hold.time))
    });
    format!(
        "CPython {}, pid {}: held {:.0} % of the time, {:.1} threads waiting on average, \
         {}/s{}",
        printable(&gil.details.version),
        gil.details.pid,
        gil.held * 100.0,
        gil.waiters_mean,
        plural::count(gil.hand_overs_per_second.round() as u64, "hand-over"),
        longest.unwrap_or_default()
    )
}
