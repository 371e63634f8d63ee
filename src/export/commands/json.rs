//! The JSON report of commands: one document. A change that a reader would stumble over raises
//! [`VERSION`].

use std::io::{self, Write};

use serde::Serialize;

use super::{CommandRecord, command_records, failed_commands};
use crate::export::{Comparison, ascii_json};
use crate::model::{ExitStatus, LaneId, Nanos, Run, RunOutcome, TaskOutcome};

/// The shape's version.
pub const VERSION: u32 = 1;

/// The document. Times are in seconds; moments count from their run's start. What does not apply is
/// null.
#[derive(Clone, Debug, Serialize)]
pub struct CommandsReport<'run> {
    /// Always `threadline.commands`.
    pub format: &'static str,
    /// The shape's version; a reader should refuse a higher one.
    pub version: u32,
    /// The runs that began, in order.
    pub runs: Vec<CommandRunReport<'run>>,
    /// T(sequential) / T(parallel); null unless every command went well in both.
    pub speed_up: Option<f64>,
    /// `speed_up` / jobs.
    pub efficiency: Option<f64>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct CommandRunReport<'run> {
    /// `sequential` or `parallel`.
    pub mode: String,
    /// How many commands ran side by side.
    pub jobs: u16,
    /// From the run's start to its last command's end.
    pub elapsed_s: f64,
    /// `finished` (every command was run), `stopped` or `failed` (given up).
    pub end: &'static str,
    /// Why it was given up.
    pub error: Option<&'run str>,
    /// How many commands ended with status 0.
    pub succeeded: u32,
    /// How many did not.
    pub failed: u32,
    /// Every command, in order.
    pub commands: Vec<CommandReport<'run>>,
}

/// One command.
#[derive(Clone, Debug, Serialize)]
pub struct CommandReport<'run> {
    /// Its number, from 1.
    pub number: u32,
    /// As it was given.
    pub command: &'run str,
    /// `succeeded`, `failed`, `stopped` or `not_run`.
    pub outcome: &'static str,
    /// Its exit status; null if it has none of its own.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The job that ran it, from 0.
    pub lane: Option<u16>,
    /// When it was started.
    pub started_s: Option<f64>,
    /// When it was over.
    pub finished_s: Option<f64>,
    /// How many bytes it wrote.
    pub bytes: Option<u64>,
    /// How many of them were left out of the middle.
    pub left_out: Option<u64>,
    /// What it wrote; where something is left out, a line says so.
    pub output: Option<&'run str>,
    /// Why it failed, in words for a person.
    pub error: Option<String>,
}

impl<'run> CommandsReport<'run> {
    /// Of what ran.
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

    /// Writes the document, as ASCII, so that no text from outside can act on a terminal.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        ascii_json::write_pretty(out, self)?;
        out.write_all(b"\n")
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
            succeeded: run.done_tasks(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::commands::fixture::run;
    use crate::model::Mode;

    #[test]
    fn the_whole_document() {
        let commands = [("echo \u{1b}", Some(0), "\u{1b}\n"), ("false", Some(1), "")];
        let run = run(Mode::Threads, 1, &commands, RunOutcome::Finished);
        let mut out = Vec::new();
        CommandsReport::from_runs(&[run]).write(&mut out).unwrap();
        assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\n'));
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let command = |number, command, outcome, status, start: f64, output: &str, error| {
            serde_json::json!({
                "number": number, "command": command, "outcome": outcome, "status": status,
                "signal": null, "lane": 0, "started_s": start, "finished_s": start + 1.0,
                "bytes": output.len(), "left_out": 0, "output": output, "error": error,
            })
        };
        let error = Some("command 2 ended with exit status 1");
        let expected = serde_json::json!({
            "format": "threadline.commands", "version": 1, "speed_up": null, "efficiency": null,
            "runs": [{
                "mode": "parallel", "jobs": 1, "elapsed_s": 2.0, "end": "finished", "error": null,
                "succeeded": 1, "failed": 1,
                "commands": [
                    command(1, "echo \u{1b}", "succeeded", 0, 0.0, "\u{1b}\n", None),
                    command(2, "false", "failed", 1, 1.0, "", error),
                ],
            }],
        });
        assert_eq!(read, expected);
    }
}
