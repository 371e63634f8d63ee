//! The wire as it was: recordings, JSON reports, configuration and key names, each in a golden file.
//!
//! What others read must survive a rename in the code. Sentences may change, so the golden files hold
//! `…` in their place. To accept a change of the wire, delete the golden file and run the test twice:
//! the first run writes the file and fails, the second compares. Golden files are also read: today's
//! format stays readable.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use threadline::run::open_recording;

use crate::app_driver::{AppDriver, Scenario};
use crate::samples;
use crate::scripted_program::ScriptedProgram;
use assert_cmd::Command;
use serde_json::Value;
use threadline::model::{
    CommandOutput, Event, EventKind, ExitStatus, LaneId, LimitKind, LogEntry, Mode, ModeChoice,
    Nanos, RunId, RunOutcome, Selection, SelectionStart, Setup, SweepSetup, Target, TaskId,
    TaskOutcome, WorkSpec, Workload,
};
use threadline::source::recording;

/// The keys whose texts are sentences.
const SENTENCES: [&str; 3] = ["message", "error", "advice"];

/// The path of a golden file.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name)
}

/// Compares a text with its golden file; writes the file if there is none, and fails.
#[track_caller]
fn assert_golden(name: &str, text: &str) {
    let path = golden(name);
    let Ok(expected) = fs::read_to_string(&path) else {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        panic!(
            "tests/it/golden/{name} was missing and is written; read it, and run the test again"
        );
    };
    let pairs = (1..).zip(expected.lines().zip(text.lines()));
    for (line, (expected, now)) in pairs {
        assert_eq!(now, expected, "tests/it/golden/{name}, line {line}: the wire has changed");
    }
    assert_eq!(text.lines().count(), expected.lines().count(), "tests/it/golden/{name}: lines");
}

/// Replaces sentences, and rounds numbers to what every machine agrees on.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                if SENTENCES.contains(&key.as_str()) && value.is_string() {
                    *value = "…".into();
                }
                normalise(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(normalise),
        Value::Number(number) if number.is_f64() => {
            let rounded = format!("{:.6e}", number.as_f64().unwrap());
            *value = rounded.parse::<f64>().unwrap().into();
        }
        _ => {}
    }
}

/// A recording without its sentences, its keys in the order of the alphabet.
fn normalised_lines(recording: &str) -> String {
    let normalised = |line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        normalise(&mut value);
        value.to_string() + "\n"
    };
    recording.lines().map(normalised).collect()
}

fn normalised_report(report: &str) -> String {
    let mut value: Value = serde_json::from_str(report).unwrap();
    normalise(&mut value);
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

fn threadline() -> Command {
    let mut command = Command::cargo_bin("threadline").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command
}

/// The stdout of a command, whatever its exit code.
fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn recorded(setup: &Setup, entries: &[LogEntry]) -> String {
    let mut file = Vec::new();
    recording::write(setup, entries, &mut file).unwrap();
    String::from_utf8(file).unwrap()
}

/// Compares a recording with its golden file, and the report that the golden file is read back as.
#[track_caller]
fn assert_recording(name: &str, recording: &str) {
    let file = format!("recordings/{name}.jsonl");
    assert_golden(&file, &normalised_lines(recording));
    let report = stdout(threadline().arg("replay").arg(golden(&file)).arg("--json"));
    assert_golden(&format!("reports/{name}.json"), &normalised_report(&report));
}

#[track_caller]
fn assert_session(name: &str, job: Scenario, selection: Selection) {
    let driver = AppDriver::new(job, selection).play_to_end();
    let session = driver.app.session();
    assert_recording(name, &recorded(session.setup(), &driver.log_entries()));
}

fn followers(pages: u32) -> Scenario {
    Scenario { followers: pages * 30 - 3, listed: pages * 30 - 3, ..Scenario::default() }
}

#[test]
fn followers_in_every_mode() {
    let race = Selection::race(Workload::Followers);
    let job = Scenario { workers: Some(2), ..followers(3) };
    assert_session("followers-race", job.clone(), race);
    assert_session("followers-built-in-race", Scenario { host: Target::BUILT_IN, ..job }, race);
    for mode in Mode::ALL {
        let job = Scenario { workers: Some(2), ..followers(2) };
        assert_session(
            &format!("followers-{mode}"),
            job,
            Selection::only(Workload::Followers, mode),
        );
    }
    let sweep = SweepSetup { counts: Some(vec![1, 2, 4]), repeats: 2 };
    let job = Scenario { sweep, at_once: Some(2), ..followers(4) };
    assert_session("followers-sweep", job, Selection::sweep(Workload::Followers));
    let auto = Scenario { auto: true, ..followers(20) };
    assert_session("followers-auto", auto, Selection::only(Workload::Followers, Mode::Threads));
}

#[test]
fn followers_with_trouble() {
    let race = Selection::race(Workload::Followers);
    let troubled = Scenario {
        costs_quota: true,
        workers: Some(2),
        doubled: 1,
        moved: 1,
        bad_page: Some((Mode::Sequential, 2)),
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 4, LimitKind::Secondary)),
        ..followers(5)
    };
    assert_session("followers-troubled", troubled, race);
    assert_session("followers-no-more-pages", Scenario { shown: 2, ..followers(4) }, race);
    assert_session("followers-unknown-user", Scenario { unknown_user: true, ..followers(2) }, race);
}

#[test]
fn computed_on_this_machine() {
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
        let wrong = (workload == Workload::Native).then_some((Mode::Threads, 3));
        let job = Scenario { workers: Some(2), lost: Some(2), wrong, ..Scenario::default() };
        assert_session(&format!("{workload}-race"), job, Selection::race(workload));
    }
}

/// Real commands never end at the same time twice; these are fabricated, with what they wrote.
#[test]
fn commands_in_every_mode() {
    for selection in Selection::all(Workload::Commands) {
        let driver = AppDriver::new(Scenario::default(), selection).play_to_end();
        let session = driver.app.session();
        let mut entries = Vec::new();
        for entry in driver.log_entries() {
            if let LogEntry::Event { run, event: Event { at, lane, kind } } = &entry
                && let EventKind::TaskFinished { task, outcome } = kind
            {
                let kind = EventKind::CommandOutput { task: *task, output: output(*task, outcome) };
                let event = Event { at: *at, lane: *lane, kind };
                entries.push(LogEntry::Event { run: *run, event });
            }
            entries.push(entry);
        }
        assert_recording(&format!("commands-{selection}"), &recorded(session.setup(), &entries));
    }
}

fn output(task: TaskId, outcome: &TaskOutcome) -> CommandOutput {
    let status = match outcome {
        TaskOutcome::Failed(_) if task.0.is_multiple_of(2) => ExitStatus::Signal(9),
        TaskOutcome::Failed(_) => ExitStatus::Code(101),
        _ => ExitStatus::Code(0),
    };
    CommandOutput { text: format!("output of {}\n", task.0).into(), bytes: 90, omitted: 4, status }
}

/// Simulated runs are the whole program's: recorded and reported live, then replayed.
#[test]
fn simulated_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    for workload in ["cpu", "native", "mixed"] {
        for mode in ["sequential", "threads", "gil", "processes", "race", "sweep"] {
            let threads = if mode == "sweep" { "1,2,4" } else { "3" };
            let mut command = threadline();
            command.args(["--simulate", "--seed", "1", "--workload", workload, "--mode", mode]);
            command.args(["--threads", threads, "--tasks", "5", "--json", "--record"]).arg(&file);
            let live = stdout(&mut command);
            let name = format!("simulated-{workload}-{mode}");
            assert_recording(&name, &fs::read_to_string(&file).unwrap());
            assert_golden(&format!("reports/{name}.json"), &normalised_report(&live));
        }
    }
}

fn at(run: RunId, at: u64, lane: u16, kind: EventKind) -> LogEntry {
    LogEntry::Event { run, event: Event { at: Nanos(at), lane: LaneId(lane), kind } }
}

#[test]
fn a_watched_program() {
    let watched = ScriptedProgram::new(
        "command python app.py
         cores 2
         python 3.12
         accuracy counted 4 perf_event_paranoid is 4
         cost 0.12 4200
         quota 500 100 96
         hand_overs 100 178
         main: on_cpu 0.1, parked 1.9 futex:join>worker-1
         worker-1: 5x [computing 0.2 in work /srv/app.py:12, lock_wait 0.2 futex:GIL>worker-2], counted 1.003 0
         worker-2: lock_wait 0.2 futex:GIL, 4x [computing 0.2, lock_wait 0.2 futex:GIL>worker-1, no_core 0.01]
         io-1: 2x [native 0.1, waiting 0.4 recvfrom:socket, sleeping 0.1 clock_nanosleep]
         io-2@1.5: native 0.1, lock_wait 0.1 futex:mutex>main, events 0.1 epoll_wait, lives
         io-3@1.2: native 0.1, blocked 0.1, stopped 0.1, lost 0.1, lives",
    );
    let WorkSpec::Program(program) = &watched.plan.work else { unreachable!() };
    let setup = Setup::program(program.clone());
    let selection = Selection::only(Workload::Program, Mode::Threads);
    let begun = SelectionStart { selection, setup: setup.clone(), pages: None };
    let run = RunId(0);
    let events = watched.events.into_iter().map(|event| LogEntry::Event { run, event });
    let entries: Vec<LogEntry> =
        [LogEntry::Start(Arc::new(begun))].into_iter().chain(events).collect();
    assert_recording("program", &recorded(&setup, &entries));
}

/// Every kind of event is written as it was, and the golden file is read as these very values.
#[test]
fn every_kind_of_event_and_selection() {
    let setup = Setup::commands(samples::commands(), 3);
    let sweep = SweepSetup { counts: Some(vec![1, 4]), repeats: 1 };
    let begun_setup = Setup { commands: Arc::default(), sweep, ..setup.clone() };
    let mut entries = Vec::new();
    for workload in Workload::SELECTABLE.into_iter().chain([Workload::Commands]) {
        for choice in ModeChoice::ALL {
            let selection = Selection { workload, choice };
            let begun = SelectionStart { selection, setup: begun_setup.clone(), pages: Some(3) };
            entries.push(LogEntry::Start(Arc::new(begun)));
        }
    }
    let started = |run, plan| at(run, 0, 0, EventKind::RunStarted { plan });
    let plan = samples::plans().pop().unwrap();
    // The first race that can start has four modes; later events belong to no active run.
    let runs = (0..4).chain(std::iter::repeat(3)).map(RunId);
    for (run, event) in runs.zip(samples::events()) {
        let Event { at: when, lane, kind } = event;
        let is_start = matches!(kind, EventKind::RunStarted { .. });
        let is_end = matches!(kind, EventKind::RunFinished { .. });
        if !is_start {
            entries.push(started(run, plan.clone()));
        }
        entries.push(at(run, when.0, lane.0, kind));
        if !is_end {
            let end = EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None };
            entries.push(at(run, when.0, 0, end));
        }
    }
    assert_golden("recordings/every-event.jsonl", &normalised_lines(&recorded(&setup, &entries)));
    let read = open_recording(&golden("recordings/every-event.jsonl")).unwrap();
    assert_eq!((read.setup(), read.defect()), (&setup, None));
    assert_eq!(read.entries(), entries);
}

/// The key table without its comments, which are sentences.
fn key_table(command: &mut Command) -> String {
    let table = stdout(command);
    table
        .lines()
        .map(|line| line.split(" #").next().unwrap().trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn the_key_table() {
    assert_golden("keys.toml", &key_table(threadline().arg("--print-keys")));
    let again = key_table(threadline().args(["--print-keys", "--config"]).arg(golden("keys.toml")));
    assert_golden("keys.toml", &again);
}

/// `tests/it/golden/config.toml` has every setting, and every action with keys of its own.
#[test]
fn a_configuration_with_every_setting() {
    let config = golden("config.toml");
    let printed = key_table(threadline().args(["--print-keys", "--config"]).arg(&config));
    let text = fs::read_to_string(&config).unwrap();
    let (_, keys) = text.split_once("[keys]").unwrap();
    assert_eq!(printed, format!("[keys]{keys}"));
    let actions = key_table(threadline().arg("--print-keys"));
    assert_eq!(actions.lines().count(), printed.lines().count(), "an action is missing");
    let usage = ["--simulate", "--json", "--tasks", "2", "--config"];
    let report = stdout(threadline().args(usage).arg(&config));
    let report = serde_json::from_str::<Value>(&report).unwrap();
    assert_eq!(report.pointer("/runs/1/workers"), Some(&3.into()), "threads = 3");
}
