//! Exports without a screen: `--trace`, `--svg` and `--report`, to files and to stdout.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server, threadline};
use crate::scripted_server::ScriptedServer;

#[test]
fn all_exports_are_written_in_one_run() {
    let (server, folder) = (start_server(127), TempDir::new().unwrap());
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for report_option in ["--plain", "--json"] {
        let mut command = command_for_server(&server);
        let files = ["--trace", "r.json", "--svg", "r.svg", "--report", "r.md", "-o", "f.csv"];
        let CliOutput { code, out, err } =
            run_to_end(command.current_dir(folder.path()).arg(report_option).args(files));
        assert_eq!(code, Some(0), "{err}");
        assert_eq!(
            err,
            "trace written to r.json\npicture written to r.svg\nreport written to r.md\n\
             127 followers written to f.csv\n"
        );
        assert!(out.contains("127"), "{out}");
        let events: Vec<Value> = serde_json::from_str(&read("r.json")).unwrap();
        let pages = events.iter().filter(|event| event["cat"] == "task");
        assert_eq!(pages.count(), 10);
        assert!(read("r.svg").len() < 200_000);
        assert!(read("r.svg").ends_with("</svg>\n"));
        let command_line =
            format!("--api-url {} {report_option} {}", server.url(), files.join(" "));
        assert!(read("r.md").contains(&command_line), "{}", read("r.md"));
        assert_eq!(read("f.csv").lines().count(), 128);
    }
}

#[test]
fn export_to_stdout_moves_report_to_stderr() {
    let server = start_server(127);
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).args(["--svg", "-"]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("<?xml") && out.ends_with("</svg>\n"), "{out}");
    assert!(err.starts_with("single_threaded time(sec): "), "{err}");
    let mut command = threadline();
    let CliOutput { out, err, .. } =
        run_to_end(command.args(["exec", "--trace", "-", "--", "true"]));
    assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    assert!(err.contains("==> command 1 of 1"), "{err}");
}

#[test]
fn two_outputs_to_one_destination_are_rejected() {
    for (arguments, message) in [
        (&["--trace", "-", "--svg", "-"][..], "--trace and --svg - both write to stdout"),
        (&["--json", "--report", "-"], "--json and --report - both write to stdout"),
        (&["--report", "-", "-o", "-"], "--report and --output - both write to stdout"),
        (&["--svg", "x", "--report", "x"], "--svg and --report name the same file"),
    ] {
        let CliOutput { code, out, err } = run_to_end(threadline().args(arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with(&format!("threadline: {message}")), "{err}");
    }
}

/// The same file is recognized behind different paths, hard links and symbolic links.
#[test]
fn export_over_an_input_or_another_output_is_rejected() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let inputs = ["a.jsonl", "c.toml", "commands"];
    for name in inputs {
        fs::write(path(name), if name == "commands" { "true" } else { "" }).unwrap();
    }
    fs::hard_link(path("a.jsonl"), path("hard.jsonl")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("new", path("soft")).unwrap();
    for (arguments, one, two) in [
        (&["replay", "a.jsonl", "--svg", "a.jsonl"][..], "the recording", "--svg"),
        (&["replay", "a.jsonl", "--trace", "./a.jsonl"], "the recording", "--trace"),
        (&["replay", "a.jsonl", "--report", "hard.jsonl"], "the recording", "--report"),
        (&["--config", "c.toml", "--report", "c.toml"], "the configuration", "--report"),
        (
            &["replay", "a.jsonl", "--config", "c.toml", "--svg", "c.toml"],
            "the configuration",
            "--svg",
        ),
        (&["--compare", "a.jsonl", "--record", "./a.jsonl"], "--compare", "--record"),
        (&["exec", "--from", "commands", "--report", "commands"], "--from", "--report"),
        (&["exec", "--record", "x", "--svg", "x", "--", "true"], "--svg", "--record"),
        (&["--record", "x", "--report", "./x"], "--report", "--record"),
        (&["--svg", "x", "--report", "./x"], "--svg", "--report"),
        (&["--svg", "new", "-o", "new"], "--svg", "--output"),
        #[cfg(unix)]
        (&["--svg", "new", "--record", "soft"], "--svg", "--record"),
    ] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().current_dir(&folder).args(arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        let expected =
            format!("threadline: {one} and {two} name the same file\nhint: give each its own\n");
        assert_eq!(err, expected, "{arguments:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), if cfg!(unix) { 5 } else { 4 });
    assert_eq!(fs::read_to_string(path("commands")).unwrap(), "true");
}

/// `-` counts as the file that stdin is redirected from.
#[cfg(unix)]
#[test]
fn export_over_redirected_stdin_is_rejected() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("in"), "true\n").unwrap();
    fs::hard_link(path("in"), path("hard")).unwrap();
    std::os::unix::fs::symlink("in", path("soft")).unwrap();
    for (arguments, one, two) in [
        (&["replay", "-", "--svg", "in"][..], "the recording", "--svg"),
        (&["replay", "-", "--plain", "--report", "hard"], "the recording", "--report"),
        (&["replay", "-", "--json", "--trace", "soft"], "the recording", "--trace"),
        (&["exec", "--from", "-", "--plain", "--svg", "in"], "--from", "--svg"),
        (&["exec", "--from", "-", "--record", "./in"], "--from", "--record"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_threadline"));
        command.current_dir(&folder).args(arguments).stdin(fs::File::open(path("in")).unwrap());
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let expected =
            format!("threadline: {one} and {two} name the same file\nhint: give each its own\n");
        assert_eq!((output.status.code(), err), (Some(2), expected), "{arguments:?}");
        assert_eq!(fs::read_to_string(path("in")).unwrap(), "true\n", "{arguments:?}");
    }
}

/// Writing to a device does not destroy its input.
#[cfg(unix)]
#[test]
fn device_is_accepted_as_input_and_output() {
    let mut command = threadline();
    let command = command.args(["exec", "--from", "-", "--plain", "--svg", "/dev/null"]);
    let CliOutput { err, .. } = run_to_end(command);
    assert!(err.contains("stdin contains no commands"), "{err}");
}

#[test]
fn unwritable_export_path_is_reported_before_any_request() {
    let (server, folder) = (ScriptedServer::list(1, |_| None), TempDir::new().unwrap());
    for option in ["--trace", "--svg", "--report"] {
        for path in [folder.path().join("missing/r"), folder.path().to_owned()] {
            let mut command = command_for_url(server.url());
            let CliOutput { code, out, err } = run_to_end(command.arg(option).arg(&path));
            assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
            assert!(err.contains(option) && err.contains(path.to_str().unwrap()), "{err}");
        }
    }
    assert_eq!(server.requests().len(), 0);
}

/// A directory appears at the trace's path during the run.
#[test]
fn failed_export_does_not_prevent_other_exports() {
    let folder = TempDir::new().unwrap();
    let [trace, svg] = ["r.json", "r.svg"].map(|name| folder.path().join(name));
    let blocked = trace.clone();
    let server = ScriptedServer::list(30, move |_| {
        _ = fs::create_dir_all(&blocked);
        None
    });
    let mut command = command_for_url(server.url());
    let CliOutput { code, out, err } =
        run_to_end(command.arg("--trace").arg(&trace).arg("--svg").arg(&svg));
    assert_eq!(code, Some(1), "{err}");
    let (_, saved_path) =
        err.lines().next().unwrap().rsplit_once("the trace was saved to ").unwrap();
    assert!(serde_json::from_str::<Value>(&fs::read_to_string(saved_path).unwrap()).is_ok());
    assert!(svg.exists() && err.contains("picture written to "), "{err}");
    assert!(out.contains("both single_threaded and multi_threaded count: 30"), "{out}");
}

#[test]
fn commands_and_computed_runs_are_exported() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        &["--workload", "cpu", "--simulate", "--plain", "--svg", "r.svg", "--report", "r.md"][..],
        &["exec", "--svg", "r.svg", "--report", "r.md", "--", "echo '<&>' | cat", "true"],
    ] {
        let CliOutput { code, err, .. } =
            run_to_end(threadline().current_dir(&folder).args(arguments));
        assert_eq!(code, Some(0), "{err}");
        assert!(err.ends_with("picture written to r.svg\nreport written to r.md\n"), "{err}");
    }
    let report = fs::read_to_string(folder.path().join("r.md")).unwrap();
    assert!(report.contains("<code>echo '&#60;&#38;&#62;' &#124; cat</code>"), "{report}");
}
