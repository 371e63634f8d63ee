//! `threadline serve`: its output, options and exit codes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::{CliOutput, run_to_end, threadline};

/// A running `threadline serve` and its first lines.
struct ServeProcess {
    child: Child,
    lines: Vec<String>,
}

impl ServeProcess {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_threadline"))
            .arg("serve")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let lines = out.lines().take(2).collect::<Result<_, _>>().unwrap();
        Self { child, lines }
    }

    fn url(&self) -> &str {
        &self.lines[0]
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn server_prints_its_address_and_a_curl_command_and_answers() {
    let server = ServeProcess::start(&["--followers", "61", "--latency", "0"]);
    let url = server.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(server.lines[1], format!("curl '{url}/users/aaronlelevier/followers'"));
    let CliOutput { code, out, err } =
        run_to_end(threadline().args(["aaronlelevier", "--api-url", url]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\nboth single_threaded and multi_threaded count: 61\n"), "{out}");
    let CliOutput { code, err, .. } = run_to_end(threadline().args(["nobody", "--api-url", url]));
    assert_eq!(code, Some(3), "{err}");
}

#[test]
fn port_in_use_is_reported() {
    let server = ServeProcess::start(&["--latency", "0"]);
    let (_, port) = server.url().rsplit_once(':').unwrap();
    let CliOutput { code, out, err } = run_to_end(threadline().args(["serve", "--port", port]));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with(&format!("threadline: port {port} of 127.0.0.1 is in use")), "{err}");
}

#[test]
fn valid_latency_profile_is_accepted_and_invalid_one_rejected() {
    let folder = tempfile::TempDir::new().unwrap();
    let (good, bad) = (folder.path().join("good.json"), folder.path().join("bad.json"));
    std::fs::write(&good, r#"{"profile_ms":0,"pages":[{"wait_ms":0,"receive_ms":0}]}"#).unwrap();
    std::fs::write(&bad, "{}").unwrap();
    ServeProcess::start(&["--latency-profile", good.to_str().unwrap()]);
    for path in [bad, folder.path().join("missing.json")] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().args(["serve", "--latency-profile", path.to_str().unwrap()]));
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.starts_with("threadline: cannot "), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn valid_fault_script_is_applied_and_invalid_one_rejected() {
    let folder = tempfile::TempDir::new().unwrap();
    let (good, bad) = (folder.path().join("good.json"), folder.path().join("bad.json"));
    let fault = r#"{"page":1,"fault":"status","status":404,"times":0}"#;
    std::fs::write(&good, format!(r#"{{"faults":[{fault}]}}"#)).unwrap();
    std::fs::write(&bad, r#"{"faults":[{"page":3,"fault":"fire"}]}"#).unwrap();
    let server = ServeProcess::start(&["--latency", "0", "--faults", good.to_str().unwrap()]);
    let CliOutput { code, err, .. } =
        run_to_end(threadline().args(["aaronlelevier", "--api-url", server.url()]));
    assert_eq!(code, Some(3), "{err}");
    for (path, message) in [
        (bad, "bad.json: fault 1: unknown fault \"fire\"; use one of primary_"),
        (folder.path().join("missing.json"), "missing.json: No such file"),
    ] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().args(["serve", "--faults", path.to_str().unwrap()]));
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.starts_with("threadline: cannot ") && err.contains(message), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[cfg(unix)]
#[test]
fn signal_ends_the_server_with_exit_code_0() {
    for (signal, _) in super::termination_signals() {
        let mut server = ServeProcess::start(&["--latency", "0"]);
        super::kill(signal, server.child.id());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}
