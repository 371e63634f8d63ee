//! Signals while a run goes on, and what a terminal gets to see.
#![cfg(unix)]

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{kill, quick, signals};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

#[test]
fn a_signal_keeps_what_was_fetched() {
    let place = tempfile::TempDir::new().unwrap();
    for (signal, code) in signals() {
        let path = place.path().join(format!("f{code}.ndjson"));
        let server = ScriptedServer::list(150, 150, |page| (page == 3).then(ScriptedReply::never));
        let child = Command::new(PROGRAM)
            .args(["octocat", "--api-url", server.url(), "-o", path.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        server.wait_for_page(3);
        kill(signal, child.id());
        let ended = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8(ended.stdout), String::from_utf8(ended.stderr));
        let (out, err) = (out.unwrap(), err.unwrap());
        assert_eq!(ended.status.code(), Some(code), "{err}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 60);
        assert!(err.contains("is partial: 60 followers, 2 of 5 pages\n"), "{err}");
        let (time, _) = out.split_once('\n').unwrap();
        let time = time.strip_prefix("single_threaded time(sec): ").map(str::parse::<f64>);
        assert!(matches!(time, Some(Ok(_))), "{out}");
        assert!(out.contains("single_threaded count: 60 (incomplete: 2 of 5 pages)"), "{out}");
        assert!(out.contains("multi_threaded time(sec): not run\n"), "{out}");
    }
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_so() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return;
    }
    let server = ScriptedServer::list(90, 90, |page| (page == 3).then(ScriptedReply::never));
    let run = format!("trap '' HUP; exec {PROGRAM} octocat --api-url {}", server.url());
    let mut child = Command::new("sh")
        .args(["-c", &run])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for_page(3);
    for signal in ["-HUP", "-TERM"] {
        kill(signal, child.id());
    }
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// A reader that takes nothing, before a signal and after it.
#[test]
fn a_reader_that_stands_still_delays_no_signal() {
    let whole = quick(3_000);
    let stuck = ScriptedServer::list(3_000, 3_000, |page| (page == 90).then(ScriptedReply::never));
    for (server, user, page) in
        [(stuck.url(), "octocat", Some(90)), (&*whole.url(), "aaronlelevier", None)]
    {
        let mut child = Command::new(PROGRAM)
            .args([user, "--api-url", server, "-o", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = [0];
        match page {
            Some(page) => stuck.wait_for_page(page),
            // More than a pipe holds is still to come, so the program is writing.
            None => child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap(),
        }
        kill("-TERM", child.id());
        assert_eq!(ended_in_time(child), Some(143), "{user}");
    }
}

/// The exit code of a program that ends while what it wrote is not read.
fn ended_in_time(mut child: Child) -> Option<i32> {
    const MAX_WAIT: Duration = Duration::from_secs(60);
    let (id, (done, ended)) = (child.id(), channel());
    let unread = child.stdout.take();
    Builder::new().spawn(move || done.send(child.wait().unwrap().code())).unwrap();
    let code = ended.recv_timeout(MAX_WAIT).unwrap_or_else(|_| {
        kill("-KILL", id);
        None
    });
    drop(unread);
    code
}

/// What a terminal of this kind is sent by the program.
fn on_terminal(term: &str, args: &[&str]) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(args);
    command.env("TERM", term);
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL"] {
        command.env_remove(name);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut sent = Vec::new();
    // Linux reports the end of a terminal as an error, after everything was read.
    _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut sent);
    (child.wait().unwrap().exit_code(), String::from_utf8(sent).unwrap())
}

#[test]
fn progress_is_drawn_over_itself_without_escape_codes() {
    let server = quick(127);
    let args = ["aaronlelevier", "--api-url", &server.url()];
    let plain = [&args[..], &["--plain"]].concat();
    for (term, args) in [("dumb", &args[..]), ("xterm-256color", &plain)] {
        let (code, sent) = on_terminal(term, args);
        assert_eq!(code, 0, "{sent}");
        assert!(!sent.contains('\u{1b}'), "{sent:?}");
        assert!(sent.contains("\rfetching the profile of aaronlelevier  "), "{sent:?}");
        assert!(sent.contains("\rsequential  0/5 pages  0 followers  "), "{sent:?}");
        let (progress, report) = sent.rsplit_once(" \r").unwrap();
        assert!(!progress.contains("time(sec)"), "{sent:?}");
        assert!(report.starts_with("single_threaded time(sec): "), "{sent:?}");
    }
}
