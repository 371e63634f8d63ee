//! The README says what the program does: its keys and its options.

use assert_cmd::Command;
use serde_json::Value;
use threadline::app::Session;
use threadline::app::keymap::BINDINGS;
use threadline::app::session::Setup;
use threadline::model::{Event, Kind, LaneId, Nanos, Selection, State, Target, TaskId, Workload};
use threadline::recording;

const README: &str = include_str!("../README.md");

#[test]
fn the_keys_are_those_of_the_table() {
    let rows: Vec<String> = BINDINGS
        .iter()
        .map(|binding| {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            format!("| {} | {} |\n", keys.join(" "), binding.help)
        })
        .collect();
    let table = format!("| keys | what they do |\n| --- | --- |\n{}", rows.concat());
    assert!(README.contains(&table), "the README's table of keys should be\n{table}");
}

#[test]
fn every_option_that_it_names_exists() {
    let help = |arguments: &[&str]| {
        let out = Command::cargo_bin("threadline").unwrap().args(arguments).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    // Cargo's own, in the commands that build, test and install.
    let cargos = ["--release", "--locked", "--path"];
    let commands: [&[&str]; 4] = [&[], &["serve"], &["exec"], &["replay"]];
    let helps: String = commands.map(|words| help(&[words, &["--help"]].concat())).concat();
    let options = README.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    for option in options.filter(|word| word.starts_with("--") && word.len() > 4) {
        assert!(
            cargos.contains(&option) || helps.contains(option),
            "the README names {option}, which is no option"
        );
    }
}

#[test]
fn its_report_of_the_laboratory_is_the_programs() {
    let args = ["--workload", "cpu", "--simulate", "--plain"];
    let out = Command::cargo_bin("threadline").unwrap().args(args).output().unwrap();
    let report =
        format!("$ threadline {}\n{}```\n", args.join(" "), String::from_utf8_lossy(&out.stdout));
    assert!(README.contains(&report), "the README should have\n{report}");
}

#[test]
fn its_configuration_is_one() {
    let (_, rest) = README.split_once("```toml\n").expect("a configuration");
    let (text, _) = rest.split_once("```").expect("its end");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    let args = ["--print-keys", "--config", file.path().to_str().unwrap()];
    let out = Command::cargo_bin("threadline").unwrap().args(args).output().unwrap();
    let (keys, error) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!((out.status.code(), &*error), (Some(0), ""));
    let lines = [
        "next-mode = [\"Tab\", \"m\"]",
        "quit = \"Q\"",
        "pause = [\"Space\", \"l\"]",
        "pan-right = \"Right\"",
        "export = []",
    ];
    for line in lines {
        assert!(keys.contains(line), "{line}: {keys}");
    }
}

/// Whether a line has what a sample of it has: the same keys, but where the sample says that there are
/// more, and the same kinds of values.
fn is_like(sample: &Value, real: &Value) -> bool {
    match (sample, real) {
        (Value::Object(sample), Value::Object(real)) => {
            let more = sample.contains_key("...");
            let known = sample.iter().filter(|(key, _)| *key != "...");
            (more || sample.len() == real.len())
                && known.clone().all(|(key, one)| real.get(key).is_some_and(|it| is_like(one, it)))
        }
        _ => std::mem::discriminant(sample) == std::mem::discriminant(real),
    }
}

#[test]
fn its_recording_is_one() {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.github.com".to_owned(),
        per_page: 30,
        costs_quota: true,
    };
    let mut session = Session::new(Setup::followers(target, None)).keeping();
    let plan = session.begin(Selection::race(Workload::Followers)).unwrap();
    let task = TaskId(1);
    for kind in [
        Kind::RunStarted { plan },
        Kind::Queued { tasks: 1 },
        Kind::Started { task },
        Kind::Entered { state: State::Waiting },
    ] {
        session.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    }
    let mut file = Vec::new();
    recording::write(session.setup(), session.kept(), &mut file).unwrap();
    let real = String::from_utf8(file).unwrap();
    let (_, rest) = README.split_once("## Record and replay").unwrap();
    let (_, rest) = rest.split_once("```json\n").unwrap();
    let (sample, _) = rest.split_once("```").unwrap();
    assert_eq!(sample.lines().count(), real.lines().count());
    for (sample, real) in sample.lines().zip(real.lines()) {
        let [one, other] = [sample, real].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert!(is_like(&one, &other), "the README has {sample}, the program writes {real}");
        for key in ["format", "version", "events", "event", "begin", "state"] {
            assert_eq!(one.get(key), other.get(key), "{sample}");
        }
    }
}
