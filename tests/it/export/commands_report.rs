//! The plain and the JSON report of commands.

use threadline::model::{Mode, Run, RunOutcome};
use threadline::report::commands::{self, CommandsReport};

use crate::fabricated_runs::commands_run as run;

type Command = (&'static str, Option<i32>, &'static str);

fn report(runs: &[Run]) -> String {
    let mut out = Vec::new();
    commands::write(&mut out, runs).unwrap();
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

2 jobs were 1.50x faster: they ran side by side.

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
