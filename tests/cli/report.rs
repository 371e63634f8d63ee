//! The plain report: the example's lines, exactly.

use super::scripted_server::ScriptedServer;
use super::{CliOutput, asking_quick, command_for, quick, run_to_end, threadline};

/// Whether a line is `label`, then a number as a program would read it.
fn is_figure(line: &str, label: &str) -> bool {
    let figure = line.strip_prefix(label).and_then(|rest| rest.parse::<f64>().ok());
    figure.is_some_and(|figure| figure > 0.0 && figure.is_finite())
}

#[test]
fn the_three_lines() {
    let server = quick(127);
    let CliOutput { code, out, err } = run_to_end(asking_quick(&server).arg("--plain"));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(is_figure(lines[0], "single_threaded time(sec): "), "{out}");
    assert!(is_figure(lines[1], "multi_threaded time(sec): "), "{out}");
    assert_eq!(lines[2], "both single_threaded and multi_threaded count: 127");
    assert_eq!(lines[3], "");
    assert!(out.contains("the same 127 in both, in the same order"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
}

#[test]
fn one_mode_alone() {
    let server = quick(127);
    for (mode, name) in [("sequential", "single_threaded"), ("threads", "multi_threaded")] {
        let CliOutput { code, out, .. } = run_to_end(asking_quick(&server).args(["--mode", mode]));
        assert_eq!(code, Some(0));
        let lines: Vec<&str> = out.lines().collect();
        assert!(is_figure(lines[0], &format!("{name} time(sec): ")), "{out}");
        assert_eq!(lines[1], format!("{name} count: 127"));
        assert_eq!(lines[2], "");
    }
}

#[test]
fn the_profile_is_asked_for_once_and_each_page_once_a_mode() {
    let server = ScriptedServer::list(127, 127, |_| None);
    let CliOutput { code, .. } = run_to_end(command_for(server.url()).args(["--threads", "3"]));
    assert_eq!(code, Some(0));
    assert_eq!(server.pages(), (1..=5).map(|page| (page, 2)).collect());
    assert_eq!(server.requests().len(), 1 + 10);
}

#[test]
fn a_user_whom_nobody_follows() {
    let server = quick(0);
    let CliOutput { code, out, .. } = run_to_end(&mut asking_quick(&server));
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nboth single_threaded and multi_threaded count: 0\n"), "{out}");
}

#[test]
fn both_spellings_of_the_username() {
    let server = quick(1);
    let url = server.url();
    for args in
        [&["aaronlelevier", "--username", "aaronlelevier"][..], &["--username", "AaronLelevier"]]
    {
        let ended = run_to_end(threadline().args(args).args(["--api-url", &url]));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
}

#[test]
fn an_adaptive_limit_is_reported() {
    let server = quick(127);
    let CliOutput { code, out, .. } =
        run_to_end(asking_quick(&server).args(["--plain", "--threads", "auto"]));
    assert_eq!(code, Some(0));
    assert!(out.contains("\nthreads auto "), "{out}");
    assert!(out.contains(" workers on average, efficiency "), "{out}");
    let found = out.lines().find_map(|line| line.strip_prefix("in flight    ")).unwrap();
    assert!(found.contains(" at the end, ") && !out.contains("\nwaves "), "{out}");
}
