//! The reports of commands. The plain one has the output of each command of the last run, the times,
//! and the commands that failed; the JSON one is one document.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::plain::{Remark, write_remarks, write_table, write_verdict};
use super::{Comparison, json, median_and_p95};
use crate::analysis::plural;
use crate::model::printable::printable;
use crate::model::{
    CommandOutput, ExitStatus, LaneId, Mode, Nanos, Run, RunOutcome, Span, TaskId, TaskOutcome,
};

/// A command of a run with its result.
struct CommandRecord<'run> {
    task: TaskId,
    /// The command line as the user gave it.
    command: &'run str,
    /// The lane and the span of the command, or `None` if it was not started.
    ran: Option<(LaneId, Span)>,
    /// The outcome, or `None` if the command has not ended.
    outcome: Option<TaskOutcome>,
    output: Option<&'run CommandOutput>,
}

/// Returns all commands of a run, in order.
fn command_records(run: &Run) -> impl Iterator<Item = CommandRecord<'_>> {
    let lanes = (0..).map(LaneId).zip(run.lanes());
    let spans = lanes.flat_map(|(id, lane)| lane.spans().map(move |span| (span.task, (id, span))));
    let mut spans: BTreeMap<TaskId, (LaneId, Span)> = spans.collect();
    (1..=run.progress().known_tasks()).map(TaskId).map(move |task| CommandRecord {
        task,
        command: run.plan().command(task).unwrap_or_default(),
        ran: spans.remove(&task),
        outcome: run.tasks().get(task).and_then(|record| record.outcome),
        output: run.tasks().output(task),
    })
}

/// Writes the unmodified output of each command of the last started run, under a line with its
/// number, status and time. Then come the times of all runs and the commands that failed.
pub fn write(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let Some(last) = runs.iter().rfind(|run| run.has_started()) else { return Ok(()) };
    for entry in command_records(last) {
        write_output(out, last, &entry)?;
    }
    writeln!(out)?;
    write_verdict(out, runs, None, "")?;
    write_times(out, runs)?;
    write_remarks(out, remarks(runs))
}

fn write_output(out: &mut dyn Write, run: &Run, entry: &CommandRecord<'_>) -> io::Result<()> {
    let Some((_, span)) = entry.ran else { return Ok(()) };
    let end = span.end.unwrap_or_else(|| run.elapsed(span.start));
    let (took, command) = (end.since(span.start), printable(entry.command));
    let status = match (&entry.outcome, entry.output) {
        (Some(TaskOutcome::Done(_) | TaskOutcome::Failed(_)), Some(output)) => {
            output.status.to_string()
        }
        (Some(TaskOutcome::Failed(_)), None) => "not run".to_owned(),
        _ => "stopped".to_owned(),
    };
    let (number, all) = (entry.task.0, run.progress().known_tasks());
    writeln!(out, "==> command {number} of {all}, {status}, {took}: {command}")?;
    let text = entry.output.map_or("", |output| &output.text);
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        writeln!(out)?;
    }
    Ok(())
}

fn write_times(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let columns = [
        ("mode", 15),
        ("elapsed", 10),
        ("commands", 14),
        ("failed", 8),
        ("median", 10),
        ("p95", 10),
    ];
    let row = |run: &Run| {
        let [median, p95] = median_and_p95(run);
        let (elapsed, failed) = (run.elapsed(Nanos::ZERO), failed_commands(run).count());
        let commands = format!("{}/{}", run.ended_tasks(), run.progress().known_tasks());
        let (name, elapsed) = (run.plan().name(), elapsed.to_string());
        [name, elapsed, commands, failed.to_string(), median, p95]
    };
    write_table(out, columns, runs.iter().filter(|run| run.has_started()).map(row))
}

fn remarks(runs: &[Run]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let parallel = runs.iter().find(|run| run.plan().mode == Mode::Threads);
    if let Some((comparison, run)) = Comparison::for_threads(runs).zip(parallel) {
        let jobs = plural::count(run.plan().workers, "job");
        let text = comparison.texts().map_or_else(
            || "not computed: some commands did not run".to_owned(),
            |[times, share]| format!("{times} with {jobs}, efficiency {share}"),
        );
        remarks.push(Remark::new("speed-up", text));
    }
    for run in runs.iter().filter(|run| run.has_started()) {
        let missing = run.progress().known_tasks() - run.ended_tasks();
        if missing > 0 {
            let text = format!("{} not completed", plural::count(missing, "command"));
            remarks.push(Remark::new(run.plan().name(), text));
        }
    }
    remarks.extend(failure_messages(runs).into_iter().map(|text| Remark::new("failed", text)));
    remarks
}

/// Returns the failed commands of a run with their error messages.
fn failed_commands(run: &Run) -> impl Iterator<Item = (TaskId, String)> {
    run.tasks().iter().filter_map(|(task, record)| match record.outcome {
        Some(TaskOutcome::Failed(failure)) => Some((task, failure.message)),
        _ => None,
    })
}

/// Returns one message per failure: first the failed commands, in order, then the reason for each
/// run that was given up.
pub fn failure_messages(runs: &[Run]) -> Vec<String> {
    let mut sentences: BTreeMap<TaskId, (String, Vec<String>)> = BTreeMap::new();
    let started: Vec<&Run> = runs.iter().filter(|run| run.has_started()).collect();
    for run in &started {
        for (task, message) in failed_commands(run) {
            let (_, modes) = sentences.entry(task).or_insert_with(|| (message, Vec::new()));
            modes.push(run.plan().name());
        }
    }
    let everywhere = started.len();
    let commands = sentences.into_values().map(|(message, modes)| match modes.as_slice() {
        [only] if everywhere > 1 => format!("{message} (only in {only})"),
        _ => message,
    });
    let ends = started.iter().filter_map(|run| match run.outcome() {
        Some(RunOutcome::Failed(failure)) => Some(format!("{}: {failure}", run.plan().name())),
        _ => None,
    });
    commands.chain(ends).collect()
}

/// The version of the JSON document. Every incompatible change increments it.
pub const VERSION: u32 = 1;

/// The JSON document. Times are in seconds, counted from the start of their run. Fields that do not apply
/// are null.
#[derive(Clone, Debug, Serialize)]
pub struct CommandsReport<'run> {
    /// Always `threadline.commands`.
    pub format: &'static str,
    /// The version of the format; readers should reject a higher one.
    pub version: u32,
    /// The started runs, in order.
    pub runs: Vec<CommandRunReport<'run>>,
    /// T(sequential) / T(parallel); null unless all commands succeeded in both runs.
    pub speed_up: Option<f64>,
    /// `speed_up` / jobs.
    pub efficiency: Option<f64>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct CommandRunReport<'run> {
    /// `sequential` or `parallel`.
    pub mode: String,
    /// The number of parallel jobs.
    pub jobs: u16,
    /// The time from the start of the run to the end of its last command.
    pub elapsed_s: f64,
    /// `finished` (all commands ran), `stopped` or `failed` (given up).
    pub end: &'static str,
    /// The reason if the run was given up.
    pub error: Option<&'run str>,
    /// The number of commands that ended with status 0.
    pub succeeded: u32,
    /// The number of commands that failed.
    pub failed: u32,
    /// All commands, in order.
    pub commands: Vec<CommandReport<'run>>,
}

/// One command.
#[derive(Clone, Debug, Serialize)]
pub struct CommandReport<'run> {
    /// Its number, from 1.
    pub number: u32,
    /// The command line as the user gave it.
    pub command: &'run str,
    /// `succeeded`, `failed`, `stopped` or `not_run`.
    pub outcome: &'static str,
    /// The exit status; null if a signal ended the command or it did not run.
    pub status: Option<i32>,
    /// The signal that ended the command.
    pub signal: Option<i32>,
    /// The job that ran the command, from 0.
    pub lane: Option<u16>,
    /// The start time.
    pub started_s: Option<f64>,
    /// The end time.
    pub finished_s: Option<f64>,
    /// The number of bytes of output.
    pub bytes: Option<u64>,
    /// The number of bytes omitted from the middle of `output`.
    pub left_out: Option<u64>,
    /// The output; a line marks an omission.
    pub output: Option<&'run str>,
    /// The error message if the command failed.
    pub error: Option<String>,
}

impl<'run> CommandsReport<'run> {
    /// Builds the document from all started runs.
    pub fn from_runs(runs: &'run [Run]) -> Self {
        let comparison = Comparison::for_threads(runs);
        Self {
            format: "threadline.commands",
            version: VERSION,
            runs: runs
                .iter()
                .filter(|run| run.has_started())
                .map(CommandRunReport::from_run)
                .collect(),
            speed_up: comparison.and_then(|comparison| comparison.speed_up),
            efficiency: comparison.and_then(|comparison| comparison.efficiency),
        }
    }

    /// Writes the document as ASCII, so that a terminal cannot interpret untrusted text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_document(out, self)
    }
}

impl<'run> CommandRunReport<'run> {
    fn from_run(run: &'run Run) -> Self {
        let (end, error) = match run.outcome() {
            Some(RunOutcome::Finished) => ("finished", None),
            Some(RunOutcome::Failed(failure)) => ("failed", Some(failure.message.as_str())),
            Some(RunOutcome::Stopped) | None => ("stopped", None),
        };
        Self {
            mode: run.plan().selection().to_string(),
            jobs: run.plan().workers,
            elapsed_s: run.elapsed(Nanos::ZERO).as_secs_f64(),
            end,
            error,
            succeeded: run.progress().done_tasks(),
            failed: failed_commands(run).count() as u32,
            commands: command_records(run).map(CommandReport::from_record).collect(),
        }
    }
}

impl<'run> CommandReport<'run> {
    fn from_record(entry: CommandRecord<'run>) -> Self {
        let CommandRecord { task, command, ran, outcome, output } = entry;
        let (outcome, error) = match outcome {
            Some(TaskOutcome::Done(_)) => ("succeeded", None),
            Some(TaskOutcome::Failed(failure)) => ("failed", Some(failure.message)),
            Some(TaskOutcome::Requeued(_) | TaskOutcome::Stopped) => ("stopped", None),
            None if ran.is_some() => ("stopped", None),
            None => ("not_run", None),
        };
        let (status, signal) = match output.map(|output| output.status) {
            Some(ExitStatus::Code(code)) => (Some(code), None),
            Some(ExitStatus::Signal(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        Self {
            number: task.0,
            command,
            outcome,
            status,
            signal,
            lane: ran.map(|(LaneId(lane), _)| lane),
            started_s: ran.map(|(_, span)| span.start.as_secs_f64()),
            finished_s: ran.and_then(|(_, span)| span.end).map(Nanos::as_secs_f64),
            bytes: output.map(|output| output.bytes),
            left_out: output.map(|output| output.omitted),
            output: output.map(|output| &*output.text),
            error,
        }
    }
}
