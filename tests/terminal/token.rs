//! Tests that the token is sent to the API's host only, and never leaks into the terminal, a file
//! or the list of processes.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{self, Builder};

use tempfile::TempDir;
use threadline::github::{Api, Token};
use threadline::http::RetryPolicy;
use threadline::model::{Mode, Plan, Run, Target, WorkSpec};
use threadline::server::FAULT_DESCRIPTIONS;
use threadline::source::{Clock, Launcher};

use crate::WIDE;
use crate::builtin_server::faulty;
use crate::fault_relay::{FaultRelay, WIRE_FAULTS};
use crate::peer::{Peer, PeerRequest, PeerStep, response_bytes};
use crate::pty::Pty;

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The token, and the part of it that the tests search for.
const TOKEN: &str = "ghp_Marked7Token5That3Nobody1May9See";
const MARK: &[u8] = b"Marked7Token5";

/// Fetches all pages at once, with short timeouts, so that stalled pages cost only a second in all.
const FETCH: [&str; 12] = [
    "aaronlelevier",
    "--mode",
    "threads",
    "--threads",
    "40",
    "--per-page",
    "1",
    "--timeout",
    "1s",
    "--retries",
    "1",
    "--max-wait=0s",
];

/// The options for each output format.
const OUTPUT_OPTIONS: [&[&str]; 6] = [
    &["--plain"],
    &["--json"],
    &["-o", "followers.csv"],
    &["-o", "followers.json", "--json"],
    &["-o", "followers.ndjson"],
    &["-o", "-"],
];

/// Asserts that bytes do not contain the token; `what` names them in the failure.
#[track_caller]
fn assert_no_token(what: &str, bytes: &[u8]) {
    let found = bytes.windows(MARK.len()).position(|window| window == MARK);
    let around = found.and_then(|at| bytes.get(at.saturating_sub(80)..at + 40)).unwrap_or_default();
    assert!(found.is_none(), "the token is in {what}: {}", String::from_utf8_lossy(around));
}

/// Asserts that no file's name or content has the token.
fn assert_no_token_in_files(directory: &Path) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert_no_token("a file's name", path.as_os_str().as_bytes());
        assert_no_token("a file", &fs::read(&path).expect("a file"));
    }
}

/// Asserts that no process shows the token to other users of the machine.
fn assert_no_token_in_processes() {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for file in
        processes.flat_map(|process| ["cmdline", "comm"].map(|file| process.path().join(file)))
    {
        // The process may have exited, and not every entry of /proc is a process.
        assert_no_token("the list of processes", &fs::read(file).unwrap_or_default());
    }
}

/// Returns threadline with the token in its environment and with a directory for all files it
/// writes.
fn with_token(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(directory).env_clear().stdin(Stdio::null());
    command.envs([("GH_TOKEN", TOKEN), ("RUST_BACKTRACE", "full")]);
    command.env("HOME", directory).env("TMPDIR", directory);
    command
}

/// Fetches from the API at `url` with every output format, and on the screen, and asserts that the
/// token leaks nowhere.
fn assert_no_leak(url: &str) {
    let fetch = [&FETCH[..], &["--api-url", url]].concat();
    thread::scope(|scope| {
        for options in OUTPUT_OPTIONS {
            let arguments = [&fetch, options].concat();
            let check = move || {
                let directory = TempDir::new().expect("a directory");
                let output =
                    with_token(directory.path(), &arguments).output().expect("the program");
                let code = output.status.code();
                assert!(matches!(code, Some(0..=6)), "{options:?}: {code:?}");
                assert_no_token("stdout", &output.stdout);
                assert_no_token("stderr", &output.stderr);
                assert_no_token_in_files(directory.path());
            };
            Builder::new().spawn_scoped(scope, check).expect("a thread");
        }
        assert_no_token_in_processes();
        let screen = [&fetch, &["--theme", "dark"][..]].concat();
        let mut pty = Pty::start(PROGRAM, &screen, &[("GH_TOKEN", TOKEN)], WIDE);
        pty.wait("the end of the run", |view| view.has(" r run "));
        pty.keys("j".repeat(40));
        pty.keys("?");
        pty.wait_text("Shift-Tab");
        pty.keys("?q");
        let exit = pty.wait_for_exit();
        assert_no_token("the terminal", exit.output.as_bytes());
    });
}

/// Returns every fault that does not end the run, each on a page of its own.
fn page_faults() -> String {
    let built_in = FAULT_DESCRIPTIONS.iter().map(|kind| kind.name);
    let names = built_in.chain(WIRE_FAULTS).filter(|name| !name.ends_with("_limit"));
    let fault = |(name, page): (&str, u32)| {
        let keys = match name {
            "status" => r#","status":500"#,
            "link" => r#","to":"https://evil.example/?page=2""#,
            _ => "",
        };
        format!(r#"{{"page":{page},"fault":"{name}"{keys}}}"#)
    };
    names.zip(1..).map(fault).collect::<Vec<_>>().join(",")
}

#[test]
fn token_does_not_leak_after_page_faults() {
    let relay = FaultRelay::start(40, &page_faults());
    assert_no_leak(&relay.url());
    let fetches = OUTPUT_OPTIONS.len() + 1;
    let kinds = FAULT_DESCRIPTIONS.len() + WIRE_FAULTS.len();
    assert!(relay.request_counts().requests > (kinds * fetches) as u64, "requests for every fault");
}

#[test]
fn token_does_not_leak_after_faults_that_end_the_run() {
    let other_server = Peer::answering(response_bytes(200, "", "[]"));
    let redirect = format!(r#""redirect","to":"{}/users/x""#, other_server.url());
    let faults = [
        r#""status","status":401"#,
        r#""status","status":403"#,
        r#""status","status":404"#,
        r#""primary_limit""#,
        r#""secondary_limit""#,
        &redirect,
    ];
    for fault in faults {
        let relay = FaultRelay::start(40, &format!(r#"{{"times":0,"fault":{fault}}}"#));
        assert_no_leak(&relay.url());
    }
    assert_eq!(other_server.requests().len(), 0, "requests to another server");
}

/// Returns a response that echoes the token, as a broken server or proxy could; the first page has
/// this status.
fn echo(status: u16, request: &PeerRequest) -> Vec<PeerStep> {
    let sent = request.header("authorization").unwrap_or_default();
    let error = format!(r#"{{"message":"{sent}: no such token, {sent}"}}"#);
    let id = format!(r#"[{{"id":"{sent}","login":"u","html_url":""}}]"#);
    let bytes = match request.page() {
        1 if status == 200 => response_bytes(200, "link: </x?page=9>; rel=\"last\"\r\n", "[]"),
        1 => response_bytes(status, &format!("x: {sent}\r\n"), error),
        8 => response_bytes(500, "", error),
        2 => response_bytes(451, "", error),
        3 => response_bytes(200, "", id),
        4 => response_bytes(302, &format!("location: {sent}\r\n"), ""),
        5 => response_bytes(302, &format!("location: https://evil.example/?{sent}\r\n"), ""),
        6 => response_bytes(
            200,
            &format!("link: <http://evil.example/{sent}>; rel=\"next\"\r\n"),
            "[]",
        ),
        7 => format!("HTTP/1.1 {sent}\r\n\r\n").into_bytes(),
        _ => format!("HTTP/1.1 500 {sent}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
    };
    vec![PeerStep::Send(bytes)]
}

#[test]
fn token_echoed_by_the_server_does_not_leak() {
    for (status, pages) in [(200, 9), (401, 1), (403, 1), (429, 1)] {
        let server = Peer::start(move |request| echo(status, request));
        assert_no_leak(&server.url());
        let (sent, requests) = (format!("Bearer {TOKEN}"), server.requests());
        assert!(requests.iter().all(|request| request.header("authorization") == Some(&sent)));
        assert!((1..=pages).all(|page| requests.iter().any(|request| request.page() == page)));
    }
}

#[test]
fn token_does_not_leak_from_help_errors_and_serve() {
    let directory = TempDir::new().expect("a directory");
    let commands: [&[&str]; 9] = [
        &["--help"],
        &["-h"],
        &["--version"],
        &["serve", "--help"],
        &["--plane"],
        &["octocat", "--api-url", "http://api.example"],
        &["octocat", "--api-url", "nonsense"],
        &["serve", "--faults", "missing.json"],
        &["octocat", "--api-url", "http://127.0.0.1:1", "--retries", "0", "--json"],
    ];
    for arguments in commands {
        let output = with_token(directory.path(), arguments).output().expect("the program");
        assert_no_token("stdout", &output.stdout);
        assert_no_token("stderr", &output.stderr);
    }
    let mut serve = with_token(directory.path(), &["serve", "--latency", "0"]);
    let mut child =
        serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let mut out = BufReader::new(child.stdout.take().expect("its stdout"));
    let mut printed = String::new();
    out.read_line(&mut printed).expect("its address");
    let arguments = [&FETCH[..], &["--api-url", printed.trim_end(), "--plain"]].concat();
    let output = with_token(directory.path(), &arguments).output().expect("the program");
    assert_eq!(output.status.code(), Some(0));
    assert_no_token_in_processes();
    child.kill().expect("a running program");
    out.read_to_string(&mut printed).expect("the rest");
    let rest = child.wait_with_output().expect("the program's exit");
    assert_no_token("the output of serve", &[printed.as_bytes(), &rest.stderr].concat());
    assert_no_token_in_files(directory.path());
}

#[test]
fn invalid_token_is_refused_and_not_shown() {
    let directory = TempDir::new().expect("a directory");
    let long = [TOKEN.as_bytes(), "x".repeat(100_000).as_bytes()].concat();
    let bad = [&b"\n"[..], b"\r\nx: y", b" ", b"\x1b[2J", "é".as_bytes(), b"\xff\xfe", b"\x7f"];
    let tokens = bad.map(|bad| [&TOKEN.as_bytes()[..20], bad, TOKEN.as_bytes()].concat());
    for token in tokens.iter().chain([&long]) {
        let arguments = ["octocat", "--api-url", "http://127.0.0.1:1", "--retries", "0"];
        let mut command = with_token(directory.path(), &arguments);
        let output =
            command.env("GH_TOKEN", OsStr::from_bytes(token)).output().expect("the program");
        let expected = if *token == long { 1 } else { 2 };
        assert_eq!(output.status.code(), Some(expected));
        assert!(output.stdout.is_empty() && output.stderr.starts_with(b"threadline: "));
        assert_no_token("stderr", &output.stderr);
        assert!(output.stderr.len() < 300, "one line");
    }
}

/// A token of a megabyte does not fit into the environment, so it is passed to the API directly.
#[test]
fn huge_token_is_refused_by_the_server_and_not_shown() {
    let server = faulty(3, "");
    let token = Token::new("GH_TOKEN", &(TOKEN.to_owned() + &"x".repeat(1 << 20)));
    let api = Arc::new(Api::new(&server.url(), Some(token.expect("a token"))).expect("an API"));
    let launcher = Launcher::new(Some(Arc::clone(&api)), RetryPolicy::default(), Clock::manual());
    assert_no_token("the debug output", format!("{api:?} {launcher:?}").as_bytes());
    let target = Target {
        user: "aaronlelevier".to_owned(),
        api: api.host(),
        per_page: 30,
        costs_quota: false,
    };
    let plan = Plan::new(WorkSpec::Followers(target), Mode::Sequential, 1, 1);
    let mut run = Run::new(plan.clone());
    let retry_policy = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    let handle = Launcher::new(Some(api), retry_policy, Clock::manual()).start(plan);
    handle.events().iter().for_each(|event| run.apply(&event));
    let failure = run.failure().expect("a failure");
    assert_no_token("the failure", failure.message.as_bytes());
    assert!(failure.message.len() < 300, "{}", failure.message.len());
}
