//! The JSON report of commands: one document. Every incompatible change increments [`VERSION`].

use std::io::{self, Write};

use serde::Serialize;

use super::{CommandRecord, command_records, failed_commands};
use crate::model::{ExitStatus, LaneId, Nanos, Run, RunOutcome, TaskOutcome};
use crate::report::{Comparison, ascii_json};

/// The version of the format.
pub const VERSION: u32 = 1;

/// The document. Times are in seconds, counted from the start of their run. Fields that do not apply
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mode;
    use crate::report::commands::fixture::run;

    #[test]
    fn document_of_a_parallel_run() {
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
