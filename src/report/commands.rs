//! The plain report of commands: the output of each command of the last run, the times, and the
//! commands that failed.

pub mod json;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Comparison, duration_percentiles};
use crate::analysis::plural;
use crate::model::printable::printable;
use crate::model::{
    CommandOutput, LaneId, Mode, Nanos, Run, RunOutcome, Span, TaskId, TaskOutcome,
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
    write_table(out, runs)?;
    write_remarks(out, runs)
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

fn write_table(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let (median, p95) = ("median", "p95");
    writeln!(
        out,
        "\n{:<16}{:>9}{:>14}{:>8}{median:>10}{p95:>10}",
        "mode", "elapsed", "commands", "failed"
    )?;
    for run in runs.iter().filter(|run| run.has_started()) {
        let (elapsed, failed) = (run.elapsed(Nanos::ZERO), failed_commands(run).count());
        let commands = format!("{}/{}", run.ended_tasks(), run.progress().known_tasks());
        write!(out, "{:<15} {elapsed:>9} {commands:>13} {failed:>7}", run.plan().name())?;
        match duration_percentiles(run, [0.5, 0.95]) {
            Some([median, p95]) => writeln!(out, " {median:>9} {p95:>9}")?,
            None => writeln!(out, "{:>10}{:>10}", "-", "-")?,
        }
    }
    writeln!(out)
}

fn write_remarks(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let parallel = runs.iter().find(|run| run.plan().mode == Mode::Threads);
    if let Some((Comparison { speed_up, efficiency, .. }, run)) =
        Comparison::for_threads(runs).zip(parallel)
    {
        let jobs = plural::count(run.plan().workers, "job");
        match speed_up.zip(efficiency) {
            Some((speed_up, efficiency)) => {
                let efficiency = efficiency * 100.0;
                writeln!(
                    out,
                    "speed-up     {speed_up:.2}x with {jobs}, efficiency {efficiency:.0} %"
                )?;
            }
            None => writeln!(out, "speed-up     not computed: some commands did not run")?,
        }
    }
    for run in runs.iter().filter(|run| run.has_started()) {
        let missing = run.progress().known_tasks() - run.ended_tasks();
        if missing > 0 {
            let (name, commands) = (run.plan().name(), plural::count(missing, "command"));
            writeln!(out, "{name:<12} {commands} not completed")?;
        }
    }
    for failure in failure_messages(runs) {
        writeln!(out, "failed       {failure}")?;
    }
    Ok(())
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

#[cfg(test)]
pub(crate) mod fixture {
    use std::sync::Arc;

    use crate::model::{
        CommandOutput, Completion, Event, EventKind, ExitStatus, Failure, FailureKind, LaneId,
        Mode, Nanos, Plan, Product, Run, RunOutcome, State, TaskId, TaskOutcome, WorkSpec,
    };

    /// Builds a run in which each command takes one second, with one lane per worker. A command is
    /// its text, its exit status and its output; a command without a status was stopped.
    pub(crate) fn run(
        mode: Mode,
        workers: u16,
        commands: &[(&str, Option<i32>, &str)],
        end: RunOutcome,
    ) -> Run {
        let texts: Arc<[String]> = commands.iter().map(|(text, ..)| (*text).to_owned()).collect();
        let work = WorkSpec::Commands { commands: texts };
        let plan = Plan::new(work, mode, workers, commands.len() as u32);
        let mut run = Run::opened(plan.clone());
        let mut at = |seconds: u64, lane: u16, kind: EventKind| {
            let at = Nanos::from_millis(seconds * 1_000);
            run.apply(&Event { at, lane: LaneId(lane), kind });
        };
        at(0, 0, EventKind::RunStarted { plan });
        for (place, (_, status, text)) in commands.iter().enumerate() {
            let (lane, wave) = (place as u16 % workers, (place as u16 / workers).into());
            let task = TaskId(place as u32 + 1);
            at(wave, lane, EventKind::TaskStarted { task });
            at(wave, lane, EventKind::StateEntered { state: State::Running });
            let (bytes, text) = (text.len() as u64, Arc::from(*text));
            let status = status.map_or(ExitStatus::Signal(15), ExitStatus::Code);
            let output = CommandOutput { text, bytes, omitted: 0, status };
            at(wave + 1, lane, EventKind::CommandOutput { task, output });
            let outcome = match status {
                ExitStatus::Code(0) => {
                    TaskOutcome::Done(Completion { response: None, product: Product::Success })
                }
                ExitStatus::Code(_) => TaskOutcome::Failed(Failure::new(
                    FailureKind::Command,
                    format!("command {} ended with {status}", task.0),
                )),
                ExitStatus::Signal(_) => TaskOutcome::Stopped,
            };
            at(wave + 1, lane, EventKind::TaskFinished { task, outcome });
        }
        at(
            commands.len().div_ceil(workers.into()) as u64,
            0,
            EventKind::RunFinished { outcome: end },
        );
        run
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::run;
    use super::*;

    type Command = (&'static str, Option<i32>, &'static str);

    fn report(runs: &[Run]) -> String {
        let mut out = Vec::new();
        write(&mut out, runs).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn race(sequential: &[Command], parallel: &[Command]) -> [Run; 2] {
        let end = RunOutcome::Finished;
        [run(Mode::Sequential, 1, sequential, end.clone()), run(Mode::Threads, 2, parallel, end)]
    }

    #[test]
    fn report_of_a_complete_race() {
        let commands: [Command; 3] =
            [("echo é", Some(0), "é\n"), ("printf \x1b", Some(0), "\x1b"), ("true", Some(0), "")];
        assert_eq!(
            report(&race(&commands, &commands)),
            "\
==> command 1 of 3, exit status 0, 1.000 s: echo é
é
==> command 2 of 3, exit status 0, 1.000 s: printf \\u{1b}
\x1b
==> command 3 of 3, exit status 0, 1.000 s: true

mode              elapsed      commands  failed    median       p95
sequential        3.000 s           3/3       0   1.000 s   1.000 s
parallel x2       2.000 s           3/3       0   1.000 s   1.000 s

speed-up     1.50x with 2 jobs, efficiency 75 %
"
        );
    }

    #[test]
    fn each_failed_command_is_listed_once() {
        let sequential: [Command; 3] = [("a", Some(1), ""), ("b", Some(2), ""), ("c", Some(0), "")];
        let parallel: [Command; 3] = [("a", Some(1), ""), ("b", Some(0), ""), ("c", Some(127), "")];
        let report = report(&race(&sequential, &parallel));
        let end = "\
speed-up     1.50x with 2 jobs, efficiency 75 %
failed       command 1 ended with exit status 1
failed       command 2 ended with exit status 2 (only in sequential)
failed       command 3 ended with exit status 127 (only in parallel x2)
";
        assert!(report.ends_with(end), "{report}");
        assert!(report.contains("==> command 3 of 3, exit status 127, 1.000 s: c\n"), "{report}");
    }

    #[test]
    fn report_marks_stopped_commands_and_counts_incomplete_ones() {
        let commands: [Command; 2] = [("a", Some(0), "whole\n"), ("b", None, "half")];
        let stopped = run(Mode::Sequential, 1, &commands, RunOutcome::Stopped);
        let report = report(&[stopped]);
        assert!(
            report.starts_with(
                "==> command 1 of 2, exit status 0, 1.000 s: a\nwhole\n\
             ==> command 2 of 2, stopped, 1.000 s: b\nhalf\n\n"
            ),
            "{report}"
        );
        assert!(report.ends_with("\nsequential   1 command not completed\n"), "{report}");
    }

    #[test]
    fn report_without_runs_is_empty() {
        assert_eq!(report(&[]), "");
    }
}
