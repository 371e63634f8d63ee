//! Marked values of headers and of the query, through faults and exports: they are found nowhere, except in
//! items and recordings if the server sends them as part of an item.

use std::fs;
use std::path::Path;

use threadline::http::url_range::parse_url;
use threadline::http::{ListAddresses, ListRequest, ProxySettings, SecretHeaders, SecretUrl};
use threadline::model::item_page::ItemPointers;
use threadline::source::tasks::page_client::list_server::ListServer;
use threadline::source::tasks::pages::list_source::ListSource;

use super::{command, run};
use crate::clean_command::threadline;
use crate::peer::{Peer, PeerRequest, PeerStep, head_bytes, response_bytes};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

const HEADER: &str = "marked-header-value";
const QUERY: &str = "marked-query-value";

/// Fetches a list in a directory with every export, and returns all that the program wrote.
fn written(server: &str, mode: &str, form: &str, directory: &Path) -> String {
    fs::write(directory.join("keys"), format!("X-Key: Bearer {HEADER}\n")).unwrap();
    let url = format!("{server}/x?token={QUERY}&page={{1..3}}");
    let exports = ["--record", "r", "--trace", "t", "--svg", "s", "--report", "m"];
    let mut command = threadline();
    command.current_dir(directory).args([&url, "-H", "@keys", form, "--mode", mode]);
    command
        .args(["--retries", "1", "--max-wait", "0s", "-H", &format!("X-Other: {HEADER}")])
        .args(exports);
    let done = run(&mut command);
    let files = ["r", "t", "s", "m"].map(|file| fs::read_to_string(directory.join(file)));
    let files: String = files.into_iter().map(Result::unwrap_or_default).collect();
    assert!(files.contains("token=***"), "{mode} {form}: {}", done.err);
    done.out + &done.err + &files
}

#[test]
fn no_output_has_a_secret() {
    // A server that repeats what it was sent in every refusal.
    let replies = [200, 401, 403, 404, 407, 429, 500, 302];
    for status in replies {
        let server = ScriptedServer::start(move |request| {
            let page = request.page().unwrap_or(1);
            if status == 200 || page == 1 {
                return ScriptedReply::new(200, format!("[{page}]"));
            }
            let echo = format!("bad key {HEADER} in {}", request.target);
            let target = format!("http://other.example{}", request.target);
            ScriptedReply::new(status, echo).header("retry-after", "0").header("location", target)
        });
        for (mode, form) in
            [("sequential", "--plain"), ("threads", "--json"), ("processes", "--narrate")]
        {
            let directory = tempfile::tempdir().unwrap();
            let text = written(server.url(), mode, form, directory.path());
            for secret in [HEADER, QUERY] {
                let line = text.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{status} {mode} {form}");
            }
        }
        assert!(server.requests().iter().all(|request| request.head.contains(HEADER)));
    }
}

/// A server repeats short secrets, which also occur in the words of this program.
#[test]
fn no_refusal_has_a_short_secret() {
    for secret in ["hunter2", "abcd", "xyz"] {
        let server = ScriptedServer::start(move |request| {
            let key = request.head.split("x-key: ").nth(1).unwrap().lines().next().unwrap();
            ScriptedReply::new(403, format!("bad key {key}, url {}", request.target))
        });
        let url = format!("{}/x?sig={secret}&page={{1..3}}", server.url());
        for mode in ["threads", "processes"] {
            let key = format!("X-Key: {secret}");
            let done = run(&mut command(&[&url, "-H", &key, "--mode", mode]));
            let expected = "with 403: bad key ***, url /x?sig=***&page=";
            assert!(done.err.contains(expected), "{}", done.err);
            assert!(!(done.out + &done.err).contains(secret), "{secret} {mode}");
        }
    }
}

/// Content that cannot be used is described, but its secrets are not repeated.
#[test]
fn no_description_of_a_body_has_a_secret() {
    for body in [format!("<title>{HEADER}</title>"), format!("{{\"{QUERY}\":1}}")] {
        let server = ScriptedServer::start(move |_| ScriptedReply::new(200, body.clone()));
        let url = format!("{}/x?token={QUERY}", server.url());
        let key = format!("X-Key: {HEADER}");
        let done = run(threadline().args([&url, "--plain", "-H", &key, "--retries", "0"]));
        assert_eq!(done.code, Some(1), "{}", done.err);
        assert!(![HEADER, QUERY].iter().any(|secret| done.err.contains(secret)), "{}", done.err);
    }
}

/// Returns what a server sends whose responses break and repeat what they were sent.
fn broken_steps(fault: &str, request: &PeerRequest) -> Vec<PeerStep> {
    let echo = format!("{HEADER} {}", request.target);
    let elsewhere = format!("http://other.example{}&key={HEADER}", request.target);
    let send = |status, headers: &str, body: &str| {
        vec![PeerStep::Send(response_bytes(status, headers, body))]
    };
    match fault {
        _ if request.page() == 1 => send(200, "", "[1]"),
        "reset" => vec![PeerStep::Reset],
        "cut off" => {
            let body = [head_bytes(200, "", 1_000), echo.into_bytes()].concat();
            vec![PeerStep::Send(body), PeerStep::Close]
        }
        "cut JSON" => send(200, "", &format!("[\"{echo}\", ")),
        "no JSON" => send(200, "", &echo),
        "HTML" => send(200, "", &format!("<title>{echo}</title>")),
        "no HTTP" => vec![PeerStep::Send(format!("{echo}\r\n\r\n").into_bytes()), PeerStep::Close],
        "bad header" => send(200, &format!("{echo}\r\n"), "[1]"),
        "limit" => send(429, &format!("retry-after: {echo}\r\nx-echo: {echo}\r\n"), &echo),
        "redirect" => send(302, &format!("location: {elsewhere}\r\n"), &echo),
        "endless redirect" => send(302, &format!("location: {}\r\n", request.target), &echo),
        fault => unreachable!("{fault}"),
    }
}

#[test]
fn no_output_has_a_secret_if_responses_break() {
    for fault in [
        "reset",
        "cut off",
        "cut JSON",
        "no JSON",
        "HTML",
        "no HTTP",
        "bad header",
        "limit",
        "redirect",
        "endless redirect",
    ] {
        let server = Peer::start(move |request| broken_steps(fault, request));
        for (mode, form) in [("threads", "--plain"), ("processes", "--json")] {
            let directory = tempfile::tempdir().unwrap();
            let text = written(&server.url(), mode, form, directory.path());
            let line = text.lines().find(|line| line.contains(HEADER) || line.contains(QUERY));
            assert_eq!(line, None, "{fault} {mode} {form}");
            let expected = if fault == "limit" { "accepts no requests" } else { " page " };
            assert!(text.contains(expected), "{fault} {mode} {form}: {text}");
        }
        server.stop();
    }
}

/// Items are kept as the server sent them, so a secret in them is as well; nothing else has it.
#[test]
fn secret_that_the_server_sends_in_an_item_is_in_items_and_recordings_alone() {
    let server = ScriptedServer::start(|_| ScriptedReply::new(200, format!("[\"{HEADER}\"]")));
    let directory = tempfile::tempdir().unwrap();
    let text = written(server.url(), "threads", "--json", directory.path());
    let with_secret = |text: &str| text.lines().filter(|line| line.contains(HEADER)).count();
    let recording = fs::read_to_string(directory.path().join("r")).unwrap();
    assert_eq!((with_secret(&recording), with_secret(&text)), (3, 3));
    let url = format!("{}/x?page={{1..2}}", server.url());
    let key = format!("X-Key: {HEADER}");
    let done = run(threadline().args([&url, "-H", &key, "-o", "-", "--mode", "threads"]));
    assert_eq!(done.out, format!("\"{HEADER}\"\n").repeat(2), "{}", done.err);
}

/// A panic can repeat no more of a value than its `Debug` output.
#[test]
fn debug_output_has_no_secret() {
    let first = SecretUrl(parse_url(&format!("https://a.b/x?token={QUERY}")).unwrap());
    let headers = SecretHeaders::parse(&[format!("X-Key: {HEADER}")]).unwrap();
    let request = ListRequest {
        first: first.clone(),
        headers,
        github: None,
        with_token: false,
        max_body_size: 1 << 20,
        pointers: ItemPointers::default(),
        reads_links: true,
        next: None,
        needs_items: false,
    };
    let addresses = ListAddresses::First(first);
    let parts = format!("{request:?} {addresses:#?}");
    let server = ListServer::new(request, None, &ProxySettings::default()).unwrap();
    let text = format!("{parts} {:?}", ListSource::new(addresses, server, None));
    assert!(text.contains("x-key") && text.contains("token=***"), "{text}");
    assert!(!text.contains(HEADER) && !text.contains(QUERY), "{text}");
}

/// Returns the command lines and environments of the processes whose environment has this text.
#[cfg(target_os = "linux")]
fn processes_with(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().map(|process| process.unwrap().path());
    let shown = processes.filter_map(|process| {
        let [words, variables] =
            ["cmdline", "environ"].map(|file| fs::read(process.join(file)).ok());
        Some(String::from_utf8_lossy(&[words?, variables?].concat()).replace('\0', "\n"))
    });
    shown.filter(|shown| shown.contains(mark)).collect()
}

/// Neither the program nor a worker process shows what it was given in files.
#[cfg(target_os = "linux")]
#[test]
fn no_process_shows_a_secret() {
    use std::sync::{Arc, Mutex};

    let (mark, header, query) = ("THREADLINE_TEST=ps", "marked-ps-header", "marked-ps-query");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&seen);
    let server = ScriptedServer::start(move |_| {
        shown.lock().unwrap().extend(processes_with(mark));
        ScriptedReply::new(200, "[1]")
    });
    let directory = tempfile::tempdir().unwrap();
    let urls = (1..=3).map(|page| format!("{}/x?key={query}&page={page}\n", server.url()));
    fs::write(directory.path().join("urls"), urls.collect::<String>()).unwrap();
    fs::write(directory.path().join("keys"), format!("X-Key: {header}\n")).unwrap();
    let mut command = threadline();
    command.current_dir(directory.path()).env("THREADLINE_TEST", "ps");
    command.args(["--urls", "urls", "-H", "@keys", "--mode", "processes", "--plain"]);
    assert_eq!(run(&mut command).code, Some(0));
    let requests = server.requests();
    assert!(requests.iter().all(|it| it.head.contains(header) && it.head.contains(query)));
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.iter().any(|process| process.contains("\nworker\n")), "{seen:?}");
    let secret = seen.iter().find(|process| process.contains(header) || process.contains(query));
    assert_eq!(secret, None);
}
