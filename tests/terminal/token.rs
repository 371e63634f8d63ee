//! The token goes to the API's host and nowhere else: not to the terminal, not into a file, not into
//! the list of processes, whatever the server does.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{self, Builder};

use tempfile::TempDir;
use threadline::engine::{Clock, Launcher};
use threadline::github::server::{FAULT_DESCRIPTIONS, FaultDescription};
use threadline::github::{Api, RetryPolicy, Token};
use threadline::model::{Mode, Plan, Run, Target, WorkSpec};

use crate::WIDE;
use crate::builtin_server::faulty;
use crate::peer::{Peer, PeerRequest, PeerStep, response_bytes};
use crate::pty::Pty;

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The token, and the part of it that is looked for.
const TOKEN: &str = "ghp_Marked7Token5That3Nobody1May9See";
const MARK: &[u8] = b"Marked7Token5";

/// Fetches page by page, without patience, all at once: stalled pages cost a second in all.
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

/// What is added to see it in one way or another.
const WAYS: [&[&str]; 6] = [
    &["--plain"],
    &["--json"],
    &["-o", "followers.csv"],
    &["-o", "followers.json", "--json"],
    &["-o", "followers.ndjson"],
    &["-o", "-"],
];

#[track_caller]
fn assert_unmarked(what: &str, bytes: &[u8]) {
    let found = bytes.windows(MARK.len()).position(|window| window == MARK);
    let around = found.and_then(|at| bytes.get(at.saturating_sub(80)..at + 40)).unwrap_or_default();
    assert!(found.is_none(), "the token is in {what}: {}", String::from_utf8_lossy(around));
}

/// Looks into every file, and at its name.
fn assert_files_unmarked(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_unmarked("a file's name", path.as_os_str().as_bytes());
        assert_unmarked("a file", &fs::read(&path).expect("a file"));
    }
}

/// What other users of this machine see of all programs that run.
fn assert_processes_unmarked() {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for file in
        processes.flat_map(|process| ["cmdline", "comm"].map(|file| process.path().join(file)))
    {
        // A process may have ended meanwhile, and not all that is in /proc is one.
        assert_unmarked("the list of processes", &fs::read(file).unwrap_or_default());
    }
}

/// threadline with the token in its environment, in a folder that holds all that it writes.
fn with_token(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(place).env_clear().stdin(Stdio::null());
    command.envs([("GH_TOKEN", TOKEN), ("RUST_BACKTRACE", "full")]);
    command.env("HOME", place).env("TMPDIR", place);
    command
}

/// Asks the API at `url` in every way, on the screen too, and looks at all that is left of it.
fn ask_in_every_way(url: &str) {
    let fetch = [&FETCH[..], &["--api-url", url]].concat();
    thread::scope(|scope| {
        for way in WAYS {
            let arguments = [&fetch, way].concat();
            let ask = move || {
                let place = TempDir::new().expect("a folder");
                let ended = with_token(place.path(), &arguments).output().expect("the program");
                let code = ended.status.code();
                assert!(matches!(code, Some(0..=6)), "{way:?}: {code:?}");
                assert_unmarked("stdout", &ended.stdout);
                assert_unmarked("stderr", &ended.stderr);
                assert_files_unmarked(place.path());
            };
            Builder::new().spawn_scoped(scope, ask).expect("a thread");
        }
        assert_processes_unmarked();
        let screen = [&fetch, &["--theme", "dark"][..]].concat();
        let mut pty = Pty::start(PROGRAM, &screen, &[("GH_TOKEN", TOKEN)], WIDE);
        pty.wait("the end", |view| view.has(" r run "));
        pty.keys("j".repeat(40));
        pty.keys("?");
        pty.wait_text("Shift-Tab");
        pty.keys("?q");
        let ended = pty.wait_for_exit();
        assert_unmarked("the terminal", ended.output.as_bytes());
    });
}

/// Every fault that does not end the run, each on a page of its own.
fn faults_of_pages() -> String {
    let pages = FAULT_DESCRIPTIONS.iter().filter(|kind| !kind.name.ends_with("_limit")).zip(1..);
    let fault = |(kind, page): (&FaultDescription, u32)| {
        let keys = match kind.name {
            "status" => r#","status":500"#,
            "link" => r#","to":"https://evil.example/?page=2""#,
            _ => "",
        };
        format!(r#"{{"page":{page},"fault":"{}"{keys}}}"#, kind.name)
    };
    pages.map(fault).collect::<Vec<_>>().join(",")
}

#[test]
fn it_is_nowhere_after_any_fault_of_a_page() {
    let server = faulty(40, &faults_of_pages());
    ask_in_every_way(&server.url());
    let ways = WAYS.len() + 1;
    assert!(
        server.request_counts().requests > (FAULT_DESCRIPTIONS.len() * ways) as u64,
        "each was met"
    );
}

#[test]
fn it_is_nowhere_after_a_fault_that_ends_the_run() {
    let elsewhere = Peer::answering(response_bytes(200, "", "[]"));
    let redirect = format!(r#""redirect","to":"{}/users/x""#, elsewhere.url());
    let faults = [
        r#""status","status":401"#,
        r#""status","status":403"#,
        r#""status","status":404"#,
        r#""primary_limit""#,
        r#""secondary_limit""#,
        &redirect,
    ];
    for fault in faults {
        let server = faulty(40, &format!(r#"{{"times":0,"fault":{fault}}}"#));
        ask_in_every_way(&server.url());
    }
    assert_eq!(elsewhere.requests().len(), 0, "somebody else was asked");
}

/// A server, or something on the way to it, that repeats what it was sent; its profile has this
/// status.
fn echo(status: u16, request: &PeerRequest) -> Vec<PeerStep> {
    let sent = request.header("authorization").unwrap_or_default();
    let error = format!(r#"{{"message":"{sent}: no such token, {sent}"}}"#);
    let id = format!(r#"[{{"id":"{sent}","login":"u","html_url":""}}]"#);
    let bytes = match request.page() {
        0 if status == 200 => response_bytes(200, "", r#"{"login":"octocat","followers":8}"#),
        0 => response_bytes(status, &format!("x: {sent}\r\n"), error),
        1 => response_bytes(500, "", error),
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
fn it_is_not_repeated_after_a_server_that_does() {
    for (status, pages) in [(200, 8), (401, 0), (403, 0), (429, 0)] {
        let server = Peer::start(move |request| echo(status, request));
        ask_in_every_way(&server.url());
        let (sent, asked) = (format!("Bearer {TOKEN}"), server.requests());
        assert!(asked.iter().all(|request| request.header("authorization") == Some(&sent)));
        assert!((0..=pages).all(|page| asked.iter().any(|request| request.page() == page)));
    }
}

#[test]
fn it_is_nowhere_where_nobody_is_asked() {
    let place = TempDir::new().expect("a folder");
    let refused: [&[&str]; 9] = [
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
    for arguments in refused {
        let ended = with_token(place.path(), arguments).output().expect("the program");
        assert_unmarked("stdout", &ended.stdout);
        assert_unmarked("stderr", &ended.stderr);
    }
    let mut serve = with_token(place.path(), &["serve", "--latency", "0"]);
    let mut child =
        serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let mut out = BufReader::new(child.stdout.take().expect("its stdout"));
    let mut said = String::new();
    out.read_line(&mut said).expect("its address");
    let arguments = [&FETCH[..], &["--api-url", said.trim_end(), "--plain"]].concat();
    let ended = with_token(place.path(), &arguments).output().expect("the program");
    assert_eq!(ended.status.code(), Some(0));
    assert_processes_unmarked();
    child.kill().expect("a running program");
    out.read_to_string(&mut said).expect("the rest");
    let rest = child.wait_with_output().expect("the program's end");
    assert_unmarked("what serve said", &[said.as_bytes(), &rest.stderr].concat());
    assert_files_unmarked(place.path());
}

/// Whatever is wrong with it, it is not said.
#[test]
fn one_that_cannot_be_used_is_not_shown() {
    let place = TempDir::new().expect("a folder");
    let long = [TOKEN.as_bytes(), "x".repeat(100_000).as_bytes()].concat();
    let bad = [&b"\n"[..], b"\r\nx: y", b" ", b"\x1b[2J", "é".as_bytes(), b"\xff\xfe", b"\x7f"];
    let tokens = bad.map(|bad| [&TOKEN.as_bytes()[..20], bad, TOKEN.as_bytes()].concat());
    for token in tokens.iter().chain([&long]) {
        let arguments = ["octocat", "--api-url", "http://127.0.0.1:1", "--retries", "0"];
        let mut command = with_token(place.path(), &arguments);
        let ended =
            command.env("GH_TOKEN", OsStr::from_bytes(token)).output().expect("the program");
        let expected = if *token == long { 1 } else { 2 };
        assert_eq!(ended.status.code(), Some(expected));
        assert!(ended.stdout.is_empty() && ended.stderr.starts_with(b"threadline: "));
        assert_unmarked("stderr", &ended.stderr);
        assert!(ended.stderr.len() < 300, "a line");
    }
}

/// No environment holds a token of a megabyte, but nothing else stops one.
#[test]
fn a_huge_one_is_refused_by_the_server_and_not_shown() {
    let server = faulty(3, "");
    let token = Token::new("GH_TOKEN", &(TOKEN.to_owned() + &"x".repeat(1 << 20)));
    let api = Arc::new(Api::new(&server.url(), Some(token.expect("a token"))).expect("an API"));
    let launcher = Launcher::new(Some(Arc::clone(&api)), RetryPolicy::default(), Clock::manual());
    assert_unmarked(
        "what is shown of a program's inside",
        format!("{api:?} {launcher:?}").as_bytes(),
    );
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
    assert_unmarked("the failure", failure.message.as_bytes());
    assert!(failure.message.len() < 300, "{}", failure.message.len());
}
