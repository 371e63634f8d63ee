//! The trace, the picture and the report: all at once, whole or not at all, to files and to stdout.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::scripted_server::ScriptedServer;
use super::{CliOutput, asking_quick, command_for, quick, run_to_end, threadline};

#[test]
fn all_of_them_at_once_with_any_report() {
    let (server, place) = (quick(127), TempDir::new().unwrap());
    let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    for way in ["--plain", "--json"] {
        let mut command = asking_quick(&server);
        let files = ["--trace", "r.json", "--svg", "r.svg", "--report", "r.md", "-o", "f.csv"];
        let CliOutput { code, out, err } =
            run_to_end(command.current_dir(place.path()).arg(way).args(files));
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
        let typed = format!("--api-url {} {way} {}", server.url(), files.join(" "));
        assert!(read("r.md").contains(&typed), "{}", read("r.md"));
        assert_eq!(read("f.csv").lines().count(), 128);
    }
}

#[test]
fn a_dash_is_stdout_and_the_report_goes_to_stderr() {
    let server = quick(127);
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).args(["--svg", "-"]));
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
fn two_things_never_share_a_place() {
    for (arguments, words) in [
        (&["--trace", "-", "--svg", "-"][..], "--trace and --svg - both write to stdout"),
        (&["--json", "--report", "-"], "--json and --report - both write to stdout"),
        (&["--report", "-", "-o", "-"], "--report and --output - both write to stdout"),
        (&["--svg", "x", "--report", "x"], "--svg and --report name the same file"),
    ] {
        let CliOutput { code, out, err } = run_to_end(threadline().args(arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with(&format!("threadline: {words}")), "{err}");
    }
}

/// Whatever words name it, no file is written over that is read, or written besides.
#[test]
fn nothing_is_written_over_what_is_read_or_written_besides() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let inputs = ["a.jsonl", "c.toml", "commands"];
    for name in inputs {
        fs::write(at(name), if name == "commands" { "true" } else { "" }).unwrap();
    }
    fs::hard_link(at("a.jsonl"), at("hard.jsonl")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("new", at("soft")).unwrap();
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
        let said =
            format!("threadline: {one} and {two} name the same file\nhint: give each its own\n");
        assert_eq!(err, said, "{arguments:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), if cfg!(unix) { 5 } else { 4 });
    assert_eq!(fs::read_to_string(at("commands")).unwrap(), "true");
}

/// `-` reads a file, too, where stdin is one.
#[cfg(unix)]
#[test]
fn nothing_is_written_over_what_stdin_is() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("in"), "true\n").unwrap();
    fs::hard_link(at("in"), at("hard")).unwrap();
    std::os::unix::fs::symlink("in", at("soft")).unwrap();
    for (arguments, one, two) in [
        (&["replay", "-", "--svg", "in"][..], "the recording", "--svg"),
        (&["replay", "-", "--plain", "--report", "hard"], "the recording", "--report"),
        (&["replay", "-", "--json", "--trace", "soft"], "the recording", "--trace"),
        (&["exec", "--from", "-", "--plain", "--svg", "in"], "--from", "--svg"),
        (&["exec", "--from", "-", "--record", "./in"], "--from", "--record"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_threadline"));
        command.current_dir(&folder).args(arguments).stdin(fs::File::open(at("in")).unwrap());
        let ended = command.output().unwrap();
        let err = String::from_utf8(ended.stderr).unwrap();
        let said =
            format!("threadline: {one} and {two} name the same file\nhint: give each its own\n");
        assert_eq!((ended.status.code(), err), (Some(2), said), "{arguments:?}");
        assert_eq!(fs::read_to_string(at("in")).unwrap(), "true\n", "{arguments:?}");
    }
}

/// A device can be both: nothing of it is lost.
#[cfg(unix)]
#[test]
fn a_device_may_be_read_and_written() {
    let mut command = threadline();
    let command = command.args(["exec", "--from", "-", "--plain", "--svg", "/dev/null"]);
    let CliOutput { err, .. } = run_to_end(command);
    assert!(err.contains("stdin contains no commands"), "{err}");
}

#[test]
fn an_unwritable_file_is_reported_before_any_request() {
    let (server, place) = (ScriptedServer::list(1, 1, |_| None), TempDir::new().unwrap());
    for option in ["--trace", "--svg", "--report"] {
        for path in [place.path().join("missing/r"), place.path().to_owned()] {
            let mut command = command_for(server.url());
            let CliOutput { code, out, err } = run_to_end(command.arg(option).arg(&path));
            assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
            assert!(err.contains(option) && err.contains(path.to_str().unwrap()), "{err}");
        }
    }
    assert_eq!(server.requests().len(), 0);
}

/// What takes the place of the target meanwhile must not cost the run, nor the other files.
#[test]
fn one_that_cannot_be_written_costs_no_other() {
    let place = TempDir::new().unwrap();
    let [trace, svg] = ["r.json", "r.svg"].map(|name| place.path().join(name));
    let taken = trace.clone();
    let server = ScriptedServer::list(30, 30, move |_| {
        _ = fs::create_dir_all(&taken);
        None
    });
    let mut command = command_for(server.url());
    let CliOutput { code, out, err } =
        run_to_end(command.arg("--trace").arg(&trace).arg("--svg").arg(&svg));
    assert_eq!(code, Some(1), "{err}");
    let (_, kept) = err.lines().next().unwrap().rsplit_once("the trace was saved to ").unwrap();
    assert!(serde_json::from_str::<Value>(&fs::read_to_string(kept).unwrap()).is_ok());
    assert!(svg.exists() && err.contains("picture written to "), "{err}");
    assert!(out.contains("both single_threaded and multi_threaded count: 30"), "{out}");
}

#[test]
fn commands_and_cpu_work_are_taken_along_too() {
    let place = TempDir::new().unwrap();
    for arguments in [
        &["--workload", "cpu", "--simulate", "--plain", "--svg", "r.svg", "--report", "r.md"][..],
        &["exec", "--svg", "r.svg", "--report", "r.md", "--", "echo '<&>' | cat", "true"],
    ] {
        let CliOutput { code, err, .. } =
            run_to_end(threadline().current_dir(&place).args(arguments));
        assert_eq!(code, Some(0), "{err}");
        assert!(err.ends_with("picture written to r.svg\nreport written to r.md\n"), "{err}");
    }
    let report = fs::read_to_string(place.path().join("r.md")).unwrap();
    assert!(report.contains("<code>echo '&#60;&#38;&#62;' &#124; cat</code>"), "{report}");
}
