//! Fault scripts: parsing, defaults, error messages and the examples; invalid latency profiles.

use std::error::Error;
use std::fs;
use std::path::Path;

use threadline::server::{FAULT_DESCRIPTIONS, FaultScript, LatencyProfile, LatencyProfileError};

/// Returns the error chain of an invalid script.
fn parse_error(text: &str) -> String {
    error_chain(&FaultScript::parse(text).unwrap_err())
}

fn error_chain(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}

#[test]
fn malformed_script_error_shows_an_example() {
    for text in ["", "[]", "{}", r#"{"faults":{}}"#, r#"{"faults":[1]}"#, r#"{"faults":[],"x":1}"#]
    {
        let error = parse_error(text);
        assert!(
            error.starts_with("this is not a fault script; one looks like {\"faults\""),
            "{error}"
        );
    }
    assert!(
        parse_error(r#"{"faults":[],"x":1}"#)
            .contains("unknown field `x`, expected `faults` or `about`")
    );
}

#[test]
fn unknown_fault_error_lists_the_known_faults() {
    let names: Vec<&str> = FAULT_DESCRIPTIONS.iter().map(|kind| kind.name).collect();
    let names = names.join(", ");
    for (fault, expected) in [
        ("{}", format!("\"fault\" is missing; use one of {names}")),
        (r#"{"fault":"stal"}"#, format!("unknown fault \"stal\"; use one of {names}")),
        (r#"{"fault":7}"#, format!("unknown fault 7; use one of {names}")),
    ] {
        let text = format!(r#"{{"faults":[{{"fault":"stall"}},{fault}]}}"#);
        assert_eq!(parse_error(&text), format!("fault 2: {expected}"));
    }
}

#[test]
fn invalid_key_or_value_is_named_in_the_error() {
    let common_keys = "besides its own keys, a fault has page, from or every, times and about";
    let invalid = |kind: &str, cause: &str| {
        format!("{kind} has invalid keys or values; {common_keys}: {cause}")
    };
    let not_a_number = "from and every must be numbers from 1 up";
    let not_a_page = "page must be a number from 1 up, or \"profile\"";
    let exclusive = "page, from and every exclude each other; give one of them";
    let cases = [
        (r#""fault":"slow","ms":1"#, invalid("slow", "unknown field `ms`, expected `wait_ms`")),
        (r#""fault":"stall","ms":1"#, invalid("stall", "unknown field `ms`, there are no fields")),
        (r#""fault":"status""#, invalid("status", "missing field `status`")),
        (
            r#""fault":"slow","wait_ms":-1"#,
            invalid("slow", "invalid value: integer `-1`, expected u32"),
        ),
        (
            r#""fault":"left","at":"x""#,
            invalid("left", "unknown variant `x`, expected `front` or `back`"),
        ),
        (r#""fault":"stall","page":0"#, not_a_page.to_owned()),
        (r#""fault":"stall","page":"all""#, not_a_page.to_owned()),
        (r#""fault":"stall","from":"profile""#, not_a_number.to_owned()),
        (r#""fault":"stall","every":0"#, not_a_number.to_owned()),
        (r#""fault":"stall","page":1,"every":2"#, exclusive.to_owned()),
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
    ];
    for (keys, expected) in cases {
        let text = format!(r#"{{"faults":[{{{keys}}}]}}"#);
        assert_eq!(parse_error(&text), format!("fault 1: {expected}"), "{keys}");
    }
}

#[test]
fn every_fault_kind_has_a_test() {
    let tests = [
        include_str!("changing_lists.rs"),
        include_str!("connection_faults.rs"),
        include_str!("rate_limits.rs"),
        include_str!("response_faults.rs"),
    ];
    for kind in FAULT_DESCRIPTIONS {
        let name = format!("\"{}\"", kind.name);
        assert!(tests.iter().any(|test| test.contains(&name)), "{name}");
    }
}

/// A key with a default can be omitted, and then has the documented value.
#[test]
fn every_fault_kind_accepts_its_documented_keys_and_defaults() {
    for kind in FAULT_DESCRIPTIONS {
        let script = |with_defaults: bool| {
            let mut fault = serde_json::json!({ "fault": kind.name });
            for key in kind.keys {
                let example = match *key {
                    "status" => "status=500",
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
        let explicit = script(true).unwrap();
        assert_eq!(script(false).unwrap(), explicit, "{}", kind.name);
    }
}

#[test]
fn file_errors_name_the_path() {
    let error = FaultScript::read(Path::new("no/such/file.json")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the fault script no/such/file.json");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), r#"{"faults":[{"fault":"x"}]}"#).unwrap();
    let error = error_chain(&FaultScript::read(file.path()).unwrap_err());
    let path = file.path().display();
    assert!(
        error.starts_with(&format!(
            "cannot use the fault script {path}: fault 1: unknown fault \"x\";"
        )),
        "{error}"
    );
}

#[test]
fn example_scripts_are_valid_and_linked_from_the_documentation() {
    let documentation = include_str!("../../../assets/docs/server.md");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/faults");
    let files: Vec<_> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 5);
    for path in files {
        assert_ne!(FaultScript::read(&path).unwrap(), FaultScript::default(), "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            documentation.contains(&format!("(../faults/{name})")),
            "{name} is not in server.md"
        );
    }
}

#[test]
fn invalid_profiles_are_rejected() {
    for text in ["", "{}", "[]", r#"{"profile_ms":-1,"pages":[]}"#, r#"{"profile":1}"#] {
        assert!(matches!(LatencyProfile::parse(text), Err(LatencyProfileError::Malformed { .. })));
    }
    assert!(matches!(
        LatencyProfile::parse(r#"{"profile_ms":1,"pages":[]}"#),
        Err(LatencyProfileError::NoPages)
    ));
    let error = LatencyProfile::read(Path::new("no/such/file.json")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the latency profile no/such/file.json");
}
