//! Programs that violate the worker protocol: the run ends with a clear message and does not hang.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use threadline::model::{EventKind, FailureKind, Nanos, State};
use threadline::source::Clock;

use super::{PROGRAM, ProcessRun, cpu, distinct, launcher, launcher_with_short_timeout};
use crate::scripted_server::ScriptedServer;

/// Links the script under the name of its misbehaviour.
fn misbehaving_program(folder: &TempDir, name: &str) -> std::path::PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/process/stranger.sh");
    let path = folder.path().join(name);
    // A fresh copy may still be open for writing in a forked child, and could not be executed then.
    symlink(script, &path).unwrap();
    path
}

/// Runs six tasks on workers with this misbehaviour until the run ends.
fn run_misbehaving(name: &str, clock: &Clock) -> ProcessRun {
    let folder = TempDir::new().unwrap();
    let mut process_run =
        ProcessRun::start(&launcher(misbehaving_program(&folder, name), clock), &cpu(10, 2, 6));
    process_run.wait_for_end();
    process_run
}

#[test]
fn worker_that_never_gets_ready_fails_the_run() {
    for (name, message) in [
        ("exits", "exited with code 3"),
        ("kills-itself", "was killed by signal 9"),
        ("garbage", "sent invalid output (expected value"),
        ("bytes", "sent invalid output ("),
        ("endless", "sent invalid output (a line longer than 33 MB)"),
        ("closes", "closed its output"),
        ("other-version", "is a different version; restart threadline"),
        ("unable", "it cannot be done: do something else"),
        ("early", "sent invalid output (a message before it was ready)"),
    ] {
        let process_run = run_misbehaving(name, &Clock::system());
        let failure = process_run.failure();
        assert_eq!(failure.kind, FailureKind::Worker, "{name}");
        assert!(failure.message.contains(message), "{name}: {failure}");
        assert!(!failure.message.chars().any(char::is_control), "{name}: {failure}");
        assert_eq!(
            (
                process_run.run.progress().done_tasks(),
                process_run.run.processes().requeue_count(),
                process_run.pids().len()
            ),
            (0, 0, 0)
        );
    }
}

#[test]
fn worker_that_misbehaves_on_a_task_is_replaced_until_the_task_fails() {
    for (name, message) in [
        ("ready-exits", "exited with code 4"),
        ("ready-garbage", "sent invalid output ("),
        ("ready-closes", "closed its output"),
        ("ready-cut", "exited with code 0"),
        ("ready-endless", "a line longer than 33 MB"),
        ("ready-floods", "too many messages"),
        ("ready-other", "the answer to another task"),
        ("ready-twice", "a second handshake"),
    ] {
        let process_run = run_misbehaving(name, &Clock::system());
        let failure = process_run.failure();
        assert_eq!(failure.kind, FailureKind::Worker, "{name}");
        assert!(failure.message.contains(message), "{name}: {failure}");
        assert!(failure.message.contains("gave up after 3 worker processes"), "{name}");
        assert!(
            (2..=5).contains(&process_run.run.processes().requeue_count()),
            "{name}: {}",
            process_run.run.processes().requeue_count()
        );
        assert_eq!(process_run.run.progress().done_tasks(), 0, "{name}");
    }
}

#[test]
fn worker_that_never_answers_is_replaced_until_the_task_fails() {
    let folder = TempDir::new().unwrap();
    let program = misbehaving_program(&folder, "ready-mute");
    let process_run = ProcessRun::run_to_end(
        &launcher_with_short_timeout(program, &Clock::system()),
        &cpu(10, 1, 1),
    );
    let failure = &process_run.failure().message;
    assert!(failure.contains("gave up after 3 worker processes died on task 1 ("), "{failure}");
    assert!(failure.contains(" did not respond for 2 s)"), "{failure}");
    assert_eq!(
        (process_run.run.processes().requeue_count(), distinct(&process_run.pids()).len()),
        (2, 3)
    );
}

#[test]
fn stop_ends_the_wait_for_a_silent_worker() {
    let folder = TempDir::new().unwrap();
    for name in ["mute", "ready-mute", "ready-closes", "closes", "endless"] {
        let program = misbehaving_program(&folder, name);
        let mut process_run =
            ProcessRun::start(&launcher(program, &Clock::system()), &cpu(10, 2, 4));
        let starting = EventKind::StateEntered { state: State::Starting };
        while process_run.next().kind != starting {}
        process_run.handle.stop();
        process_run.wait_for_end();
    }
}

/// The limit on messages before an answer does not count heartbeats.
#[test]
fn heartbeats_before_an_answer_are_unlimited() {
    assert_eq!(run_misbehaving("heartbeats", &Clock::system()).values(), [1, 2, 3, 4, 5, 6]);
}

/// Events stay in order on the run's clock, whatever time stamps the worker sends.
#[test]
fn wrong_time_stamps_of_a_worker_are_corrected() {
    let process_run = run_misbehaving("wrong-clock", &Clock::system());
    assert_eq!(process_run.values(), [1, 2, 3, 4, 5, 6]);
    for (lane, row) in (0..).zip(process_run.run.lanes()) {
        let events = process_run.events.iter().filter(|event| event.lane.0 == lane);
        let events = events.filter(|event| {
            !matches!(
                event.kind,
                EventKind::TaskCountChanged { .. } | EventKind::RunFinished { .. }
            )
        });
        let times: Vec<Nanos> = events.map(|event| event.at).collect();
        assert!(times.is_sorted(), "{times:?}");
        let end = process_run.run.duration().unwrap();
        assert!(times.iter().all(|&at| at <= end + Nanos::from_millis(60_000)));
        assert_eq!(row.state_times_between(Nanos::ZERO, end).total(), end.0);
    }
}

/// The file is deleted before the program starts its first worker.
#[test]
fn deleted_program_is_reported_with_exit_code_1() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join("threadline");
    std::fs::hard_link(PROGRAM, &program).unwrap();
    let server = ScriptedServer::list(90, |_| None);
    let script = r#"exec 3<"$0"; rm "$0"; exec /dev/fd/3 "$@""#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(&program)
        .args(["octocat", "--mode", "processes", "--plain", "--api-url", server.url()])
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    let message = "cannot start a worker process: ";
    assert!(err.contains(message) && err.contains("no longer exists"), "{err}");
    assert!(server.pages().is_empty(), "a page was requested");
}
