//! `threadline replay`: the report and the exit code of the recorded run.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Once;
use std::sync::mpsc::channel;

use tempfile::TempDir;

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server, threadline};
use crate::scripted_server::ScriptedServer;

/// Runs `command` with `--record` and this report option.
fn record(mut command: assert_cmd::Command, folder: &TempDir, report_option: &str) -> CliOutput {
    let file = folder.path().join("run.jsonl");
    run_to_end(command.arg(report_option).arg("--record").arg(&file))
}

fn replay(folder: &TempDir, args: &[&str]) -> CliOutput {
    run_to_end(threadline().arg("replay").arg(folder.path().join("run.jsonl")).args(args))
}

fn assert_same_report(command: impl Fn() -> assert_cmd::Command, code: i32) {
    let folder = tempfile::tempdir().unwrap();
    for report_option in ["--plain", "--json"] {
        let live = record(command(), &folder, report_option);
        assert_eq!(live.code, Some(code), "{}", live.err);
        assert!(live.err.contains(" lines recorded in "), "{}", live.err);
        let replayed = replay(&folder, &[report_option]);
        assert_eq!((replayed.code, replayed.out), (live.code, live.out));
    }
}

#[test]
fn replayed_fetch_prints_the_same_report() {
    let server = start_server(70);
    assert_same_report(|| command_for_server(&server), 0);
}

#[test]
fn replayed_simulated_race_prints_the_same_report() {
    let command = || {
        let mut command = threadline();
        command.args(["--workload", "mixed", "--simulate"]);
        command
    };
    assert_same_report(command, 0);
}

#[cfg(unix)]
#[test]
fn replayed_commands_with_control_characters_print_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let commands = ["--", "printf '\\033[2J\\377'; exit 3", "true"];
    let live =
        run_to_end(threadline().args(["exec", "--json", "--record"]).arg(&file).args(commands));
    let replayed = replay(&folder, &["--json"]);
    assert_eq!((live.code, replayed.code), (Some(1), Some(1)));
    assert_eq!(replayed.out, live.out);
}

#[test]
fn recording_on_stdin_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_server(70);
    let live = record(command_for_server(&server), &folder, "--plain");
    let file = fs::read(folder.path().join("run.jsonl")).unwrap();
    let replayed = run_to_end(threadline().args(["replay", "-"]).write_stdin(file));
    assert_eq!((replayed.code, replayed.out), (Some(0), live.out));
}

#[test]
fn replay_is_narrated_like_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let live = record(command_for_server(&start_server(70)), &folder, "--narrate");
    let replayed = replay(&folder, &["--plain", "--narrate"]);
    let narration = |err: &str| {
        let lines = err.lines().filter(|line| !line.contains(" lines recorded in "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(narration(&replayed.err), narration(&live.err));
    assert!(replayed.err.contains("threads (no GIL) x3 done: "), "{}", replayed.err);
}

#[test]
fn compare_without_a_screen_is_rejected() {
    let rejected = run_to_end(threadline().args(["--simulate", "--compare", "run.jsonl"]));
    assert_eq!((rejected.code, rejected.out.as_str()), (Some(2), ""));
    assert!(rejected.err.contains("--compare needs the screen"), "{}", rejected.err);
    let exec = run_to_end(threadline().args(["exec", "--compare", "run.jsonl", "--", "true"]));
    assert_eq!(exec.code, Some(2), "{}", exec.err);
}

#[test]
fn replay_exports_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let live = record(command_for_server(&start_server(70)), &folder, "--plain");
    let trace = folder.path().join("run.json");
    let replayed = run_to_end(
        threadline()
            .arg("replay")
            .arg(folder.path().join("run.jsonl"))
            .arg("--trace")
            .arg(&trace)
            .arg("--plain"),
    );
    assert_eq!((replayed.code, replayed.out), (Some(0), live.out));
    assert!(fs::read_to_string(&trace).unwrap().starts_with('['));
}

#[test]
fn truncated_recording_is_replayed_up_to_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    record(command_for_server(&start_server(70)), &folder, "--plain");
    let file = folder.path().join("run.jsonl");
    let complete = fs::read(&file).unwrap();
    fs::write(&file, &complete[..complete.len() - 20]).unwrap();
    let replayed = replay(&folder, &["--plain"]);
    assert!(replayed.err.contains("was cut off; showing what comes before it"), "{}", replayed.err);
    assert!(replayed.out.contains("sequential") && replayed.code == Some(6), "{}", replayed.out);
}

/// Truncates the recording after the first line that `is_last` accepts.
fn cut_after(folder: &TempDir, is_last: impl Fn(&str) -> bool) {
    let file = folder.path().join("run.jsonl");
    let complete = fs::read_to_string(&file).unwrap();
    let lines = complete.split_inclusive('\n').take_while(|line| !is_last(line)).count();
    fs::write(&file, complete.split_inclusive('\n').take(lines + 1).collect::<String>()).unwrap();
}

#[test]
fn recording_that_ends_early_is_not_reported_as_stopped() {
    let folder = tempfile::tempdir().unwrap();
    record(command_for_server(&start_server(70)), &folder, "--plain");
    let ends = std::cell::Cell::new(0);
    cut_after(&folder, |line| {
        ends.set(ends.get() + u32::from(line.contains("run_finished")));
        ends.get() == 1
    });
    let between_runs = replay(&folder, &["--plain"]);
    let expected = "run.jsonl: the recording ends here, before threads (no GIL) started\n";
    assert!(between_runs.err.contains(expected), "{}", between_runs.err);
    assert!(
        between_runs.out.contains("\nmulti_threaded time(sec): not run\n"),
        "{}",
        between_runs.out
    );
    assert_eq!(between_runs.code, Some(6), "{}", between_runs.out);
    cut_after(&folder, |line| line.contains("\"done\"") && line.contains("\"task\":2"));
    let mid_run = replay(&folder, &["--plain"]);
    assert!(mid_run.err.contains("ends here, during sequential\n"), "{}", mid_run.err);
    let expected = "sequential   2 of 3 pages fetched; the recording ends here\n";
    assert!(mid_run.out.ends_with(expected) && !mid_run.out.contains("stopped"), "{}", mid_run.out);
    assert_eq!(mid_run.code, Some(6));
    cut_after(&folder, |line| line.starts_with("{\"begin\""));
    let before_start = replay(&folder, &["--plain"]);
    assert!(
        before_start.err.contains("ends here, before sequential started\n"),
        "{}",
        before_start.err
    );
    assert_eq!((before_start.code, before_start.out.as_str()), (Some(1), ""));
}

#[test]
fn event_of_an_unstarted_run_is_reported() {
    let (folder, server) = (tempfile::tempdir().unwrap(), start_server(70));
    let file = folder.path().join("run.jsonl");
    let mut sweep = threadline();
    sweep.args(["--workload", "cpu", "--simulate", "--mode", "sweep"]);
    for command in [command_for_server(&server), sweep] {
        let live = record(command, &folder, "--plain");
        assert_eq!(live.code, Some(0), "{}", live.err);
        let complete = fs::read_to_string(&file).unwrap();
        let mut lines: Vec<&str> = complete.split_inclusive('\n').collect();
        assert!(lines.remove(2).contains("run_started"), "{complete}");
        fs::write(&file, lines.concat()).unwrap();
        let replayed = replay(&folder, &["--plain"]);
        assert_eq!((replayed.code, replayed.out.as_str()), (Some(1), ""), "{}", replayed.err);
        let expected = "run.jsonl: line 3 belongs to a run that never started";
        assert!(replayed.err.contains(expected), "{}", replayed.err);
    }
}

#[test]
fn recording_without_runs_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    record(command_for_server(&start_server(70)), &folder, "--plain");
    let complete = fs::read_to_string(&file).unwrap();
    let (_, target) = complete.split_once("\"target\":").unwrap();
    let (target, _) = target.split_once("},").unwrap();
    let without_target = complete.replace(&format!("{target}}}"), "null");
    fs::write(&file, without_target.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    let replayed = replay(&folder, &["--plain"]);
    assert_eq!((replayed.code, replayed.out.as_str()), (Some(1), ""), "{}", replayed.err);
    assert!(replayed.err.contains(" contains no runs"), "{}", replayed.err);
}

#[test]
fn invalid_record_and_replay_arguments_are_rejected_before_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/run.jsonl");
    let rejected = run_to_end(threadline().arg("--plain").arg("--record").arg(&nowhere));
    assert_eq!((rejected.code, rejected.out.as_str()), (Some(1), ""));
    assert!(rejected.err.contains("choose another path for --record"), "{}", rejected.err);
    let rejected = run_to_end(threadline().args(["--plain", "--record", "-"]));
    assert_eq!((rejected.code, rejected.out.as_str()), (Some(2), ""));
    fs::write(folder.path().join("run.jsonl"), "{}\n").unwrap();
    let rejected = replay(&folder, &["--plain"]);
    assert_eq!((rejected.code, rejected.out.as_str()), (Some(1), ""));
    assert!(rejected.err.contains("is not a threadline recording"), "{}", rejected.err);
    let rejected = replay(&folder, &["--speed", "0"]);
    assert!(
        rejected.code == Some(2) && rejected.err.contains("0.00001 to 1000"),
        "{}",
        rejected.err
    );
}

/// A limit on the file's size stands in for a full disk.
#[cfg(unix)]
#[test]
fn full_disk_truncates_the_recording_and_not_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_threadline");
    let script = format!(
        "ulimit -f 16; '{program}' --workload cpu --simulate --plain --record \"$1/run.jsonl\""
    );
    let mut shell = assert_cmd::Command::new("sh");
    let live = run_to_end(shell.args(["-c", &script, "sh"]).arg(folder.path()));
    let complete = run_to_end(threadline().args(["--workload", "cpu", "--simulate", "--plain"]));
    assert_eq!((live.code, live.out), (Some(1), complete.out));
    assert!(live.err.contains("run.jsonl is cut off: "), "{}", live.err);
    assert_eq!(live.err.lines().count(), 1, "{}", live.err);
    assert!(replay(&folder, &["--plain"]).out.contains("8/8"));
}

/// Records a fetch of 30 followers to run.jsonl in the folder; calls `action` with that path on the
/// first request for a page.
fn record_while(folder: &TempDir, action: impl Fn(&Path) + Send + Sync + 'static) -> CliOutput {
    let file = folder.path().join("run.jsonl");
    let (path, once) = (file.clone(), Once::new());
    let server = ScriptedServer::list(30, move |_| {
        once.call_once(|| action(&path));
        None
    });
    run_to_end(command_for_url(server.url()).args(["--plain", "--record"]).arg(&file))
}

/// A simulated race, recorded to `file`.
fn record_simulated_race(file: &Path) -> CliOutput {
    run_to_end(
        threadline().args(["--simulate", "--workload", "cpu", "--plain", "--record"]).arg(file),
    )
}

#[cfg(unix)]
#[test]
fn recording_in_use_by_another_program_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, second) = channel();
    let first = record_while(&folder, move |file| _ = sender.send(record_simulated_race(file)));
    let second = second.recv().unwrap();
    assert_eq!((second.code, second.out.as_str()), (Some(1), ""), "{}", second.err);
    let expected =
        "run.jsonl is being recorded by another program; choose another file with --record\n";
    assert!(second.err.ends_with(expected), "{}", second.err);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let replayed = replay(&folder, &["--plain"]);
    assert_eq!((replayed.code, replayed.out, replayed.err.as_str()), (Some(0), first.out, ""));
    // The file is free once the first program has ended.
    assert_eq!(record_simulated_race(&folder.path().join("run.jsonl")).code, Some(0));
}

#[cfg(unix)]
#[test]
fn recording_removed_or_changed_during_the_run_is_reported() {
    type Tampering = fn(&Path);
    let remove = |file: &Path| fs::remove_file(file).unwrap();
    let replace = |file: &Path| {
        fs::write(file.with_extension("new"), "something else").unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    };
    let truncate = |file: &Path| fs::write(file, "").unwrap();
    let append = |file: &Path| {
        let mut file = fs::OpenOptions::new().append(true).open(file).unwrap();
        file.write_all(b"something else\n").unwrap();
    };
    let cases: [(Tampering, &str); 4] = [
        (remove, "was removed or replaced by another program; the recording is lost\n"),
        (replace, "was removed or replaced by another program; the recording is lost\n"),
        (truncate, "was changed by another program; record again, to another file\n"),
        (append, "was changed by another program; record again, to another file\n"),
    ];
    for (tamper, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let live = record_while(&folder, tamper);
        assert_eq!(live.code, Some(1), "{}", live.err);
        assert!(live.err.ends_with(&format!("run.jsonl {expected}")), "{}", live.err);
        assert!(!live.err.contains("recorded in"), "{}", live.err);
        assert!(live.out.contains("count: 30"), "the report is missing: {}", live.out);
    }
}
