//! The plain report: times, counts and comparisons.

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server, threadline};
use crate::scripted_server::ScriptedServer;

/// Returns whether a line is `label` followed by a positive number.
fn is_figure(line: &str, label: &str) -> bool {
    let figure = line.strip_prefix(label).and_then(|rest| rest.parse::<f64>().ok());
    figure.is_some_and(|figure| figure > 0.0 && figure.is_finite())
}

#[test]
fn report_starts_with_two_times_and_the_count() {
    let server = start_server(127);
    let CliOutput { code, out, err } = run_to_end(command_for_server(&server).arg("--plain"));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(is_figure(lines[0], "single_threaded time(sec): "), "{out}");
    assert!(is_figure(lines[1], "multi_threaded time(sec): "), "{out}");
    assert_eq!(lines[2], "both single_threaded and multi_threaded count: 127");
    assert_eq!(lines[3], "");
    assert!(out.contains("Both got the same 127 followers"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
}

#[test]
fn single_mode_prints_its_time_and_count() {
    let server = start_server(127);
    for (mode, name) in [("sequential", "single_threaded"), ("threads", "multi_threaded")] {
        let CliOutput { code, out, .. } =
            run_to_end(command_for_server(&server).args(["--mode", mode]));
        assert_eq!(code, Some(0));
        let lines: Vec<&str> = out.lines().collect();
        assert!(is_figure(lines[0], &format!("{name} time(sec): ")), "{out}");
        assert_eq!(lines[1], format!("{name} count: 127"));
        assert_eq!(lines[2], "");
    }
}

#[test]
fn race_requests_each_page_once_per_mode() {
    let server = ScriptedServer::list(127, |_| None);
    let CliOutput { code, .. } = run_to_end(command_for_url(server.url()).args(["--threads", "3"]));
    assert_eq!(code, Some(0));
    assert_eq!(server.pages(), (1..=5).map(|page| (page, 2)).collect());
    assert_eq!(server.requests().len(), 10);
}

#[test]
fn user_without_followers_is_reported() {
    let server = start_server(0);
    let CliOutput { code, out, .. } = run_to_end(&mut command_for_server(&server));
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nboth single_threaded and multi_threaded count: 0\n"), "{out}");
}

#[test]
fn username_is_accepted_as_argument_and_option_in_any_case() {
    let server = start_server(1);
    let url = server.url();
    for args in
        [&["aaronlelevier", "--username", "aaronlelevier"][..], &["--username", "AaronLelevier"]]
    {
        let output = run_to_end(threadline().args(args).args(["--api-url", &url]));
        assert_eq!(output.code, Some(0), "{}", output.err);
    }
}

#[test]
fn adaptive_limit_is_reported() {
    let server = start_server(127);
    let CliOutput { code, out, .. } =
        run_to_end(command_for_server(&server).args(["--plain", "--threads", "auto"]));
    assert_eq!(code, Some(0));
    assert!(out.contains("\nthreads (no GIL) auto "), "{out}");
    assert!(out.contains(" workers on average, efficiency "), "{out}");
    let found = out.lines().find_map(|line| line.strip_prefix("in flight    ")).unwrap();
    assert!(found.contains(" at the end, ") && !out.contains("\nwaves "), "{out}");
}
