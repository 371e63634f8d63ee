//! The first wave: pages that are requested before their number is known, and those past the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{CliOutput, command_for_url, run_to_end};
use crate::scripted_server::{ScriptedReply, ScriptedServer, page};

/// Fetches the list of a server with four workers; returns the JSON report of the run.
fn fetch(server: &ScriptedServer, mode: &str) -> Value {
    let args = ["--mode", mode, "--threads", "4", "--json"];
    let CliOutput { code, out, err } = run_to_end(command_for_url(server.url()).args(args));
    assert_eq!(code, Some(0), "{mode}: {err}");
    let mut report: Value = serde_json::from_str(&out).unwrap();
    report["runs"][0].take()
}

/// Returns a function that blocks until it was called four times: once for each page of the first
/// wave, so that no answer arrives before the last request is sent.
fn first_wave_gate() -> impl Fn() {
    let calls = AtomicU32::new(0);
    move || {
        calls.fetch_add(1, Ordering::SeqCst);
        while calls.load(Ordering::SeqCst) < 4 {
            std::thread::yield_now();
        }
    }
}

/// Starts a server for a list, whose first wave is answered together.
fn start_server(listed: u32) -> ScriptedServer {
    let wait = first_wave_gate();
    ScriptedServer::list(listed, move |_| {
        wait();
        None
    })
}

/// Asserts the figures of a complete run over `pages` pages of `followers` followers.
#[track_caller]
fn assert_figures(run: &Value, pages: u32, followers: u32, past_end: u32) {
    let figures = ["tasks_known", "tasks_done", "followers", "requests_past_end", "attempts"];
    let figures = figures.map(|key| run[key].as_u64().unwrap());
    let expected = [pages, pages, followers, past_end, pages + past_end].map(u64::from);
    assert_eq!((figures, &run["whole"]), (expected, &true.into()));
    let waves = pages.div_ceil(4);
    assert_eq!(run["waves"], waves);
    let outcomes = run["tasks"].as_array().unwrap().iter().map(|task| &task["outcome"]);
    assert_eq!(outcomes.filter(|&outcome| outcome == "past_end").count() as u32, past_end);
}

#[test]
fn pages_past_the_end_count_nowhere() {
    for (listed, pages) in [(0, 1), (1, 1), (30, 1), (31, 2), (89, 3), (120, 4)] {
        for mode in ["threads", "gil", "processes"] {
            let server = start_server(listed);
            let run = fetch(&server, mode);
            assert_figures(&run, pages, listed, 4 - pages);
            assert_eq!(server.pages(), (1..=4).map(|page| (page, 1)).collect(), "{listed} {mode}");
        }
    }
}

#[test]
fn only_the_first_wave_goes_past_the_end() {
    for listed in [121, 300] {
        let server = ScriptedServer::list(listed, |_| None);
        let pages = listed.div_ceil(30);
        assert_figures(&fetch(&server, "threads"), pages, listed, 0);
        assert_eq!(server.pages(), (1..=pages).map(|page| (page, 1)).collect());
    }
}

#[test]
fn sequential_run_requests_no_page_past_the_end() {
    for listed in [0, 1, 30, 31, 150] {
        let server = ScriptedServer::list(listed, |_| None);
        let args = ["--mode", "sequential"];
        let CliOutput { code, err, .. } = run_to_end(command_for_url(server.url()).args(args));
        assert_eq!(code, Some(0), "{err}");
        let pages = listed.div_ceil(30).max(1);
        assert_eq!(server.pages(), (1..=pages).map(|page| (page, 1)).collect(), "{listed}");
    }
}

/// The later pages answer without Link headers, as page 1 of a short list does.
#[test]
fn list_without_links_ends_at_its_last_page() {
    for (listed, pages) in [(0, 1), (30, 1), (31, 2), (60, 2)] {
        let wait = first_wave_gate();
        let server = ScriptedServer::list(listed, move |page| {
            wait();
            let ids = (page - 1) * 30 + 1..=(page * 30).min(listed);
            let follower = |id| format!(r#"{{"login":"u","id":{id},"html_url":"h"}}"#);
            let body: Vec<String> = ids.map(follower).collect();
            Some(ScriptedReply::new(200, format!("[{}]", body.join(","))))
        });
        assert_figures(&fetch(&server, "threads"), pages, listed, 4 - pages);
    }
}

/// A page past the end may fail or be unknown to the server: there is nothing to miss.
#[test]
fn failure_past_the_end_is_no_failure() {
    for status in [404, 500] {
        let wait = first_wave_gate();
        let server = ScriptedServer::list(60, move |page| {
            wait();
            (page > 2).then(|| ScriptedReply::error(status, "Not Found"))
        });
        let mut command = command_for_url(server.url());
        command.args(["--mode", "threads", "--threads", "4", "--plain"]);
        let CliOutput { code, out, err } = run_to_end(&mut command);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("multi_threaded count: 60\n"), "{out}");
    }
}

#[test]
fn plain_report_and_markdown_name_the_requests_past_the_end() {
    let server = start_server(60);
    let args = ["--mode", "threads", "--threads", "4", "--plain", "--report", "-"];
    let CliOutput { code, out, err } = run_to_end(command_for_url(server.url()).args(args));
    assert_eq!(code, Some(0), "{err}");
    let line = "\npast the end 2 in threads (no GIL) x4: requests past the end of the list";
    assert!(err.contains(line), "{err}");
    assert!(out.contains("threads (no GIL) x4: 2 requests past the end of the list."), "{out}");
}

/// The number of pages is known after the sequential run.
#[test]
fn later_run_of_a_race_requests_no_page_past_the_end() {
    let server = ScriptedServer::list(60, |_| None);
    let CliOutput { code, err, .. } =
        run_to_end(command_for_url(server.url()).args(["--threads", "8"]));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(server.pages(), BTreeMap::from([(1, 2), (2, 2)]));
}

/// The first wave leaves before page 1 is answered.
#[test]
fn pages_of_the_first_wave_are_requested_together() {
    let (sender, arrived) = crossbeam_channel::unbounded();
    let server = ScriptedServer::list(120, move |number| {
        sender.send(number).unwrap();
        // Answers once all four requests have arrived.
        while sender.len() < 4 {
            std::thread::yield_now();
        }
        Some(page(number, 120))
    });
    assert_figures(&fetch(&server, "threads"), 4, 120, 0);
    assert_eq!(arrived.len(), 4);
}
