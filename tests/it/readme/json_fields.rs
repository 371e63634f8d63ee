//! The fields of the JSON documents: automation.md lists exactly these.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{page, stdout_of};
use crate::builtin_server::faulty;

/// Adds the path of every field: `runs[].gil.held`. A failure and the seconds by state occur in
/// several places; their fields are listed once, in prose.
fn add_paths(paths: &mut BTreeSet<String>, prefix: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if prefix.is_empty() { "" } else { "." };
                let path = format!("{prefix}{dot}{name}");
                if !value.is_array() {
                    paths.insert(path.clone());
                }
                if !matches!(&**name, "error" | "seconds") {
                    add_paths(paths, &path, value);
                }
            }
        }
        Value::Array(elements) => {
            let path = format!("{prefix}[]");
            let is_leaf = !elements.first().is_some_and(Value::is_array);
            if is_leaf {
                paths.insert(path.clone());
            }
            for element in elements {
                add_paths(paths, &path, element);
            }
        }
        _ => {}
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Writes the recording of a race with the load of the machine during each run.
fn measured_race() -> NamedTempFile {
    let load = r#""machine":{"cores":2,"own_millicores":1000,"other_millicores":900,"stolen_millicores":0}"#;
    let recording = include_str!("../golden/recordings/cpu-race.jsonl");
    let end = r#""end":"finished""#;
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(recording.replace(end, &format!("{end},{load}")).as_bytes()).unwrap();
    file
}

/// Returns reports that together have every field: a fetch with a rate limit and a failed page, an
/// list, an adaptive run, a simulated race, a sweep, and a race on a machine whose load was measured.
fn reports() -> Vec<Value> {
    let server = faulty(
        127,
        r#"{"page":2,"fault":"secondary_limit","retry_after":1},
           {"page":3,"fault":"status","status":502}"#,
    );
    let followers = ["aaronlelevier", "--api-url", &server.url(), "--json", "--retries", "0"];
    let simulated = ["--simulate", "--json"];
    let list = format!("{}/users/aaronlelevier/followers?page={{1..2}}", server.url());
    vec![
        parse(&stdout_of(&followers)),
        parse(&stdout_of(&[&list, "--json", "--mode", "threads"])),
        parse(&stdout_of(&[&followers[..], &["--threads", "auto", "--mode", "threads"]].concat())),
        parse(&stdout_of(&[&simulated[..], &["--workload", "mixed"]].concat())),
        parse(&stdout_of(&[&simulated[..], &["--mode", "sweep"]].concat())),
        parse(&stdout_of(&["replay", &measured_race().path().display().to_string(), "--json"])),
    ]
}

/// Returns the fields in the table after `marker` in automation.md.
fn documented_fields(marker: &str) -> BTreeSet<String> {
    let page = page("automation.md");
    let rows = page.block(marker).unwrap().lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_documented(marker: &str, documents: &[Value]) {
    let (mut paths, documented) = (BTreeSet::new(), documented_fields(marker));
    for document in documents {
        add_paths(&mut paths, "", document);
    }
    let missing: Vec<_> = paths.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&paths).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn every_field_of_the_report_is_documented() {
    let reports = reports();
    assert_documented("json: report", &reports);
    let text = page("automation.md").text;
    let seconds = reports[3]["runs"][0]["lanes"][0]["seconds"].as_object().unwrap();
    for name in seconds.keys().map(String::as_str).chain(["kind", "message"]) {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_field_of_the_program_report_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/reports/program.json");
    let report = parse(&std::fs::read_to_string(path).unwrap());
    assert_documented("json: program", std::slice::from_ref(&report));
    let text = page("automation.md").text;
    for name in report["threads"][0]["seconds"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_field_of_the_commands_report_is_documented() {
    let args = ["exec", "--json", "--", "echo one", "exit 3", "kill -9 $$"];
    assert_documented("json: commands", &[parse(&stdout_of(&args))]);
}
