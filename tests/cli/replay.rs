//! What was recorded is told again: to the byte, with the same exit code.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Once;
use std::sync::mpsc::channel;

use tempfile::TempDir;

use super::scripted_server::ScriptedServer;
use super::{CliOutput, asking_quick, command_for, quick, run_to_end, threadline};

/// Records what `command` does, without a screen, in this shape.
fn recorded(mut command: assert_cmd::Command, folder: &TempDir, shape: &str) -> CliOutput {
    let file = folder.path().join("run.jsonl");
    run_to_end(command.arg(shape).arg("--record").arg(&file))
}

fn replayed(folder: &TempDir, args: &[&str]) -> CliOutput {
    run_to_end(threadline().arg("replay").arg(folder.path().join("run.jsonl")).args(args))
}

fn assert_same_report(command: impl Fn() -> assert_cmd::Command, code: i32) {
    let folder = tempfile::tempdir().unwrap();
    for shape in ["--plain", "--json"] {
        let live = recorded(command(), &folder, shape);
        assert_eq!(live.code, Some(code), "{}", live.err);
        assert!(live.err.contains(" lines recorded in "), "{}", live.err);
        let again = replayed(&folder, &[shape]);
        assert_eq!((again.code, again.out), (live.code, live.out));
    }
}

#[test]
fn followers() {
    let server = quick(70);
    assert_same_report(|| asking_quick(&server), 0);
}

#[test]
fn a_simulated_race() {
    let simulated = || {
        let mut command = threadline();
        command.args(["--workload", "mixed", "--simulate"]);
        command
    };
    assert_same_report(simulated, 0);
}

#[cfg(unix)]
#[test]
fn commands_whatever_they_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let words = ["--", "printf '\\033[2J\\377'; exit 3", "true"];
    let live = run_to_end(threadline().args(["exec", "--json", "--record"]).arg(&file).args(words));
    let again = replayed(&folder, &["--json"]);
    assert_eq!((live.code, again.code), (Some(1), Some(1)));
    assert_eq!(again.out, live.out);
}

#[test]
fn a_recording_from_a_pipe_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let server = quick(70);
    let live = recorded(asking_quick(&server), &folder, "--plain");
    let file = fs::read(folder.path().join("run.jsonl")).unwrap();
    let again = run_to_end(threadline().args(["replay", "-"]).write_stdin(file));
    assert_eq!((again.code, again.out), (Some(0), live.out));
}

#[test]
fn a_recording_is_narrated_too() {
    let folder = tempfile::tempdir().unwrap();
    let live = recorded(asking_quick(&quick(70)), &folder, "--narrate");
    let again = replayed(&folder, &["--plain", "--narrate"]);
    let told = |err: &str| {
        let lines = err.lines().filter(|line| !line.contains(" lines recorded in "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&again.err), told(&live.err));
    assert!(again.err.contains("threads x3 done: "), "{}", again.err);
}

#[test]
fn what_is_compared_needs_a_screen() {
    let refused = run_to_end(threadline().args(["--simulate", "--compare", "run.jsonl"]));
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(refused.err.contains("--compare needs the screen"), "{}", refused.err);
    let exec = run_to_end(threadline().args(["exec", "--compare", "run.jsonl", "--", "true"]));
    assert_eq!(exec.code, Some(2), "{}", exec.err);
}

#[test]
fn what_is_shown_of_it_is_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    let live = recorded(asking_quick(&quick(70)), &folder, "--plain");
    let trace = folder.path().join("run.json");
    let again = run_to_end(
        threadline()
            .arg("replay")
            .arg(folder.path().join("run.jsonl"))
            .arg("--trace")
            .arg(&trace)
            .arg("--plain"),
    );
    assert_eq!((again.code, again.out), (Some(0), live.out));
    assert!(fs::read_to_string(&trace).unwrap().starts_with('['));
}

#[test]
fn a_truncated_recording_is_reported_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    recorded(asking_quick(&quick(70)), &folder, "--plain");
    let file = folder.path().join("run.jsonl");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    let again = replayed(&folder, &["--plain"]);
    assert!(again.err.contains("was cut off; showing what comes before it"), "{}", again.err);
    assert!(again.out.contains("sequential") && again.code == Some(6), "{}", again.out);
}

/// The first lines of the recording, up to one that has this, and that one.
fn cut_after(folder: &TempDir, last: impl Fn(&str) -> bool) {
    let file = folder.path().join("run.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    let lines = whole.split_inclusive('\n').take_while(|line| !last(line)).count();
    fs::write(&file, whole.split_inclusive('\n').take(lines + 1).collect::<String>()).unwrap();
}

#[test]
fn a_recording_that_ends_early_is_not_taken_for_one_that_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    recorded(asking_quick(&quick(70)), &folder, "--plain");
    let ends = std::cell::Cell::new(0);
    cut_after(&folder, |line| {
        ends.set(ends.get() + u32::from(line.contains("run_finished")));
        ends.get() == 2
    });
    let between = replayed(&folder, &["--plain"]);
    let said = "run.jsonl: the recording ends here, before threads started\n";
    assert!(between.err.contains(said), "{}", between.err);
    assert!(between.out.contains("\nmulti_threaded time(sec): not run\n"), "{}", between.out);
    assert_eq!(between.code, Some(6), "{}", between.out);
    cut_after(&folder, |line| line.contains("\"done\"") && line.contains("html_url"));
    let middle = replayed(&folder, &["--plain"]);
    assert!(middle.err.contains("ends here, during sequential\n"), "{}", middle.err);
    let said = "sequential   1 of 3 pages fetched; the recording ends here\n";
    assert!(middle.out.ends_with(said) && !middle.out.contains("stopped"), "{}", middle.out);
    assert_eq!(middle.code, Some(6));
    cut_after(&folder, |line| line.starts_with("{\"begin\""));
    let nothing = replayed(&folder, &["--plain"]);
    assert!(nothing.err.contains("ends here, before the first request\n"), "{}", nothing.err);
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(1), ""));
}

#[test]
fn an_event_of_a_run_that_never_started_is_told() {
    let (folder, server) = (tempfile::tempdir().unwrap(), quick(70));
    let file = folder.path().join("run.jsonl");
    let mut sweep = threadline();
    sweep.args(["--workload", "cpu", "--simulate", "--mode", "sweep"]);
    for command in [asking_quick(&server), sweep] {
        let live = recorded(command, &folder, "--plain");
        assert_eq!(live.code, Some(0), "{}", live.err);
        let whole = fs::read_to_string(&file).unwrap();
        let mut lines: Vec<&str> = whole.split_inclusive('\n').collect();
        assert!(lines.remove(2).contains("run_started"), "{whole}");
        fs::write(&file, lines.concat()).unwrap();
        let again = replayed(&folder, &["--plain"]);
        assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "{}", again.err);
        let said = "run.jsonl: line 3 belongs to a run that never started";
        assert!(again.err.contains(said), "{}", again.err);
    }
}

#[test]
fn a_recording_in_which_nothing_could_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    recorded(asking_quick(&quick(70)), &folder, "--plain");
    let whole = fs::read_to_string(&file).unwrap();
    let (_, target) = whole.split_once("\"target\":").unwrap();
    let (target, _) = target.split_once("},").unwrap();
    let none = whole.replace(&format!("{target}}}"), "null");
    fs::write(&file, none.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    let again = replayed(&folder, &["--plain"]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "{}", again.err);
    assert!(again.err.contains(" contains no runs"), "{}", again.err);
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/run.jsonl");
    let refused = run_to_end(threadline().arg("--plain").arg("--record").arg(&nowhere));
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("choose another path for --record"), "{}", refused.err);
    let refused = run_to_end(threadline().args(["--plain", "--record", "-"]));
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    fs::write(folder.path().join("run.jsonl"), "{}\n").unwrap();
    let refused = replayed(&folder, &["--plain"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("is not a threadline recording"), "{}", refused.err);
    let refused = replayed(&folder, &["--speed", "0"]);
    assert!(refused.code == Some(2) && refused.err.contains("0.1 to 1000"), "{}", refused.err);
}

/// As on a disk that is full.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_costs_the_recording_and_never_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_threadline");
    let script = format!(
        "ulimit -f 16; '{program}' --workload cpu --simulate --plain --record \"$1/run.jsonl\""
    );
    let mut shell = assert_cmd::Command::new("sh");
    let live = run_to_end(shell.args(["-c", &script, "sh"]).arg(folder.path()));
    let whole = run_to_end(threadline().args(["--workload", "cpu", "--simulate", "--plain"]));
    assert_eq!((live.code, live.out), (Some(1), whole.out));
    assert!(live.err.contains("run.jsonl is cut off: "), "{}", live.err);
    assert_eq!(live.err.lines().count(), 1, "{}", live.err);
    assert!(replayed(&folder, &["--plain"]).out.contains("8/8"));
}

/// Records 30 followers to run.jsonl in the folder; `meanwhile` comes when the first page is asked
/// for.
fn recorded_while(
    folder: &TempDir,
    meanwhile: impl Fn(&Path) + Send + Sync + 'static,
) -> CliOutput {
    let file = folder.path().join("run.jsonl");
    let (path, once) = (file.clone(), Once::new());
    let server = ScriptedServer::list(30, 30, move |_| {
        once.call_once(|| meanwhile(&path));
        None
    });
    run_to_end(command_for(server.url()).args(["--plain", "--record"]).arg(&file))
}

/// A simulated race, recorded to `file`.
fn simulated(file: &Path) -> CliOutput {
    run_to_end(
        threadline().args(["--simulate", "--workload", "cpu", "--plain", "--record"]).arg(file),
    )
}

#[cfg(unix)]
#[test]
fn a_recording_that_another_program_writes_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, second) = channel();
    let first = recorded_while(&folder, move |file| _ = sender.send(simulated(file)));
    let second = second.recv().unwrap();
    assert_eq!((second.code, second.out.as_str()), (Some(1), ""), "{}", second.err);
    let said =
        "run.jsonl is being recorded by another program; choose another file with --record\n";
    assert!(second.err.ends_with(said), "{}", second.err);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let again = replayed(&folder, &["--plain"]);
    assert_eq!((again.code, again.out, again.err.as_str()), (Some(0), first.out, ""));
    // Who is through with it leaves it to the next.
    assert_eq!(simulated(&folder.path().join("run.jsonl")).code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_recording_that_is_gone_or_changed_in_the_end_is_not_said_to_be_there() {
    type Meddling = fn(&Path);
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
    let cases: [(Meddling, &str); 4] = [
        (remove, "was removed or replaced by another program; the recording is lost\n"),
        (replace, "was removed or replaced by another program; the recording is lost\n"),
        (truncate, "was changed by another program; record again, to another file\n"),
        (append, "was changed by another program; record again, to another file\n"),
    ];
    for (meanwhile, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        let live = recorded_while(&folder, meanwhile);
        assert_eq!(live.code, Some(1), "{}", live.err);
        assert!(live.err.ends_with(&format!("run.jsonl {said}")), "{}", live.err);
        assert!(!live.err.contains("recorded in"), "{}", live.err);
        assert!(live.out.contains("count: 30"), "it costs the report: {}", live.out);
    }
}
