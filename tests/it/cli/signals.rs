//! Signals during a run.
#![cfg(unix)]

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use super::{kill, start_server, termination_signals};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

#[test]
fn signal_keeps_the_fetched_pages() {
    let folder = tempfile::TempDir::new().unwrap();
    for (signal, code) in termination_signals() {
        let path = folder.path().join(format!("f{code}.ndjson"));
        let server = ScriptedServer::list(150, |page| (page == 3).then(ScriptedReply::never));
        let child = Command::new(PROGRAM)
            .args(["octocat", "--api-url", server.url(), "-o", path.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        server.wait_for_page(3);
        kill(signal, child.id());
        let output = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        let (out, err) = (out.unwrap(), err.unwrap());
        assert_eq!(output.status.code(), Some(code), "{err}");
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
fn signal_ignored_at_start_stays_ignored() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return;
    }
    let server = ScriptedServer::list(90, |page| (page == 3).then(ScriptedReply::never));
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

/// Stdout is read neither before nor after the signal.
#[test]
fn unread_stdout_does_not_delay_a_signal() {
    let complete = start_server(3_000);
    let stalled = ScriptedServer::list(3_000, |page| (page == 90).then(ScriptedReply::never));
    for (server, user, page) in
        [(stalled.url(), "octocat", Some(90)), (&*complete.url(), "aaronlelevier", None)]
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
            Some(page) => stalled.wait_for_page(page),
            // The rest exceeds the pipe's buffer, so the program is writing.
            None => child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap(),
        }
        kill("-TERM", child.id());
        assert_eq!(wait_without_reading(child), Some(143), "{user}");
    }
}

/// Waits for the exit code without reading stdout; returns `None` after a minute.
fn wait_without_reading(mut child: Child) -> Option<i32> {
    const MAX_WAIT: Duration = Duration::from_secs(60);
    let (id, (sender, receiver)) = (child.id(), channel());
    let unread = child.stdout.take();
    Builder::new().spawn(move || sender.send(child.wait().unwrap().code())).unwrap();
    let code = receiver.recv_timeout(MAX_WAIT).unwrap_or_else(|_| {
        kill("-KILL", id);
        None
    });
    drop(unread);
    code
}
