//! The file that faults are in: what it may say, and what is said of one that cannot be used.

use std::error::Error;
use std::fs;
use std::path::Path;

use threadline::github::server::{FAULT_DESCRIPTIONS, FaultScript, FaultScriptError};

/// All that is said of a script that cannot be used.
fn refusal(text: &str) -> String {
    chain(&FaultScript::parse(text).unwrap_err())
}

fn chain(error: &FaultScriptError) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

#[test]
fn what_is_no_script_is_said_to_be_none() {
    for text in ["", "[]", "{}", r#"{"faults":{}}"#, r#"{"faults":[1]}"#, r#"{"faults":[],"x":1}"#]
    {
        let said = refusal(text);
        assert!(
            said.starts_with("this is not a fault script; one looks like {\"faults\""),
            "{said}"
        );
    }
    assert!(
        refusal(r#"{"faults":[],"x":1}"#)
            .contains("unknown field `x`, expected `faults` or `about`")
    );
}

#[test]
fn a_fault_that_cannot_be_played_is_named_with_what_can_be() {
    let names: Vec<&str> = FAULT_DESCRIPTIONS.iter().map(|kind| kind.name).collect();
    let names = names.join(", ");
    for (fault, said) in [
        ("{}", format!("\"fault\" is missing; use one of {names}")),
        (r#"{"fault":"stal"}"#, format!("unknown fault \"stal\"; use one of {names}")),
        (r#"{"fault":7}"#, format!("unknown fault 7; use one of {names}")),
    ] {
        let text = format!(r#"{{"faults":[{{"fault":"stall"}},{fault}]}}"#);
        assert_eq!(refusal(&text), format!("fault 2: {said}"));
    }
}

#[test]
fn keys_and_values_that_make_no_sense_are_named() {
    let besides = "besides its own keys, a fault has page, from or every, times and about";
    let parameters =
        |kind: &str, said: &str| format!("{kind} has invalid keys or values; {besides}: {said}");
    let number = "from and every must be numbers from 1 up";
    let page = "page must be a number from 1 up, or \"profile\"";
    let one = "page, from and every exclude each other; give one of them";
    let cases = [
        (r#""fault":"slow","ms":1"#, parameters("slow", "unknown field `ms`, expected `wait_ms`")),
        (
            r#""fault":"stall","ms":1"#,
            parameters("stall", "unknown field `ms`, there are no fields"),
        ),
        (r#""fault":"status""#, parameters("status", "missing field `status`")),
        (
            r#""fault":"slow","wait_ms":-1"#,
            parameters("slow", "invalid value: integer `-1`, expected u32"),
        ),
        (
            r#""fault":"left","at":"x""#,
            parameters("left", "unknown variant `x`, expected `front` or `back`"),
        ),
        (r#""fault":"stall","page":0"#, page.to_owned()),
        (r#""fault":"stall","page":"all""#, page.to_owned()),
        (r#""fault":"stall","from":"profile""#, number.to_owned()),
        (r#""fault":"stall","every":0"#, number.to_owned()),
        (r#""fault":"stall","page":1,"every":2"#, one.to_owned()),
        (r#""fault":"stall","times":-1"#, "times must be a number; 0 means always".to_owned()),
        (r#""fault":"left","times":1"#, "the list changes permanently; remove times".to_owned()),
        (r#""fault":"status","status":200"#, "status must be from 300 to 599".to_owned()),
        (
            r#""fault":"primary_limit","status":500"#,
            "a limit's status must be 403 or 429".to_owned(),
        ),
        (
            r#""fault":"primary_limit","reset_after":3601"#,
            "reset_after must be at most 3600; GitHub counts by the hour".to_owned(),
        ),
        (
            r#""fault":"redirect","status":500"#,
            "a redirect's status must be 301, 302 or 307".to_owned(),
        ),
    ];
    for (keys, said) in cases {
        let text = format!(r#"{{"faults":[{{{keys}}}]}}"#);
        assert_eq!(refusal(&text), format!("fault 1: {said}"), "{keys}");
    }
}

#[test]
fn every_kind_is_played_in_a_test() {
    let tests = [
        include_str!("broken.rs"),
        include_str!("limits.rs"),
        include_str!("moving.rs"),
        include_str!("wrong.rs"),
    ];
    for kind in FAULT_DESCRIPTIONS {
        let name = format!("\"{}\"", kind.name);
        assert!(tests.iter().any(|test| test.contains(&name)), "{name}");
    }
}

/// What is said of a kind's keys is true: each can be left out if it has a default, and then has it.
#[test]
fn every_kind_has_the_keys_and_the_defaults_that_it_is_said_to_have() {
    for kind in FAULT_DESCRIPTIONS {
        let script = |with_defaults: bool| {
            let mut fault = serde_json::json!({ "fault": kind.name });
            for key in kind.keys {
                let example = match *key {
                    "status" => "status=500",
                    "to" => "to=/",
                    // A limit lasts as long as its retry_after, so its default depends on that.
                    "message" | "retry_after" | "lasts=60" => continue,
                    _ if with_defaults => key,
                    _ => continue,
                };
                let (key, value) = example.split_once('=').unwrap();
                fault[key] = value.parse::<u32>().map_or_else(|_| value.into(), Into::into);
            }
            FaultScript::parse(&serde_json::json!({ "faults": [fault] }).to_string())
        };
        let said = script(true).unwrap();
        assert_eq!(script(false).unwrap(), said, "{}", kind.name);
    }
}

#[test]
fn a_file_is_read_or_named() {
    let error = FaultScript::read(Path::new("no/such/file.json")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the fault script no/such/file.json");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), r#"{"faults":[{"fault":"x"}]}"#).unwrap();
    let said = chain(&FaultScript::read(file.path()).unwrap_err());
    let path = file.path().display();
    assert!(
        said.starts_with(&format!(
            "cannot use the fault script {path}: fault 1: unknown fault \"x\";"
        )),
        "{said}"
    );
}

#[test]
fn the_examples_can_be_played_and_the_documentation_names_them() {
    let page = include_str!("../../assets/docs/server.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/faults");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 5);
    for path in files {
        assert_ne!(FaultScript::read(&path).unwrap(), FaultScript::default(), "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("(../faults/{name})")), "{name} is not in server.md");
    }
}
