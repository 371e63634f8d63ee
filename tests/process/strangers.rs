//! Programs in a worker's place that are no workers: whatever they do, the run ends with clear words,
//! and nothing hangs.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use threadline::engine::Clock;
use threadline::model::{EventKind, FailureKind, Nanos, State};

use super::scripted_server::{self, ScriptedReply, ScriptedServer};
use super::{PROGRAM, ProcessRun, cpu, distinct, impatient, launcher};

/// The script under the name of what it does.
fn stranger(place: &TempDir, name: &str) -> std::path::PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/stranger.sh");
    let path = place.path().join(name);
    // Whatever was open for writing could not be run yet.
    symlink(script, &path).unwrap();
    path
}

/// What a run comes to whose workers are such strangers.
fn with(name: &str, clock: &Clock) -> ProcessRun {
    let place = TempDir::new().unwrap();
    let mut process_run =
        ProcessRun::start(&launcher(stranger(&place, name), clock), &cpu(10, 2, 6));
    process_run.end();
    process_run
}

#[test]
fn who_never_gets_ready_is_said_to_be_no_worker() {
    for (name, words) in [
        ("exits", "exited with code 3"),
        ("kills-itself", "was killed by signal 9"),
        ("garbage", "sent invalid output (expected value"),
        ("bytes", "sent invalid output ("),
        ("endless", "sent invalid output (a line longer than 17 MB)"),
        ("closes", "closed its output"),
        ("other-version", "is a different version; restart threadline"),
        ("unable", "it cannot be done: do something else"),
        ("early", "sent invalid output (a message before it was ready)"),
    ] {
        let process_run = with(name, &Clock::system());
        let failure = process_run.failure();
        assert_eq!(failure.kind, FailureKind::Worker, "{name}");
        assert!(failure.message.contains(words), "{name}: {failure}");
        assert!(!failure.message.chars().any(char::is_control), "{name}: {failure}");
        assert_eq!(
            (
                process_run.run.done_tasks(),
                process_run.run.requeue_count(),
                process_run.pids().len()
            ),
            (0, 0, 0)
        );
    }
}

#[test]
fn who_does_something_else_with_a_task_is_replaced_until_that_is_given_up() {
    for (name, words) in [
        ("ready-exits", "exited with code 4"),
        ("ready-garbage", "sent invalid output ("),
        ("ready-closes", "closed its output"),
        ("ready-cut", "exited with code 0"),
        ("ready-endless", "a line longer than 17 MB"),
        ("ready-floods", "too many messages"),
        ("ready-other", "the answer to another task"),
        ("ready-twice", "a second handshake"),
    ] {
        let process_run = with(name, &Clock::system());
        let failure = process_run.failure();
        assert_eq!(failure.kind, FailureKind::Worker, "{name}");
        assert!(failure.message.contains(words), "{name}: {failure}");
        assert!(failure.message.contains("gave up after 3 worker processes"), "{name}");
        assert!(
            (2..=5).contains(&process_run.run.requeue_count()),
            "{name}: {}",
            process_run.run.requeue_count()
        );
        assert_eq!(process_run.run.done_tasks(), 0, "{name}");
    }
}

#[test]
fn who_never_answers_is_replaced_until_that_is_given_up() {
    let place = TempDir::new().unwrap();
    let program = stranger(&place, "ready-mute");
    let process_run = ProcessRun::over(&impatient(program, &Clock::system()), &cpu(10, 1, 1));
    let failure = &process_run.failure().message;
    assert!(failure.contains("gave up after 3 worker processes died on task 1 ("), "{failure}");
    assert!(failure.contains(" did not respond for 2 s)"), "{failure}");
    assert_eq!((process_run.run.requeue_count(), distinct(&process_run.pids()).len()), (2, 3));
}

#[test]
fn a_stop_ends_the_wait_for_who_says_nothing() {
    let place = TempDir::new().unwrap();
    for name in ["mute", "ready-mute", "ready-closes", "closes", "endless"] {
        let program = stranger(&place, name);
        let mut process_run =
            ProcessRun::start(&launcher(program, &Clock::system()), &cpu(10, 2, 4));
        let starting = EventKind::StateEntered { state: State::Starting };
        while process_run.next().kind != starting {}
        process_run.handle.stop();
        process_run.end();
    }
}

/// Of other messages, so many would be nonsense.
#[test]
fn any_number_of_heartbeats_may_come_before_an_answer() {
    assert_eq!(with("heartbeats", &Clock::system()).values(), [1, 2, 3, 4, 5, 6]);
}

/// Whatever it stamps, time does not go back, and nothing is before it was handed over.
#[test]
fn a_clock_of_its_own_is_not_believed() {
    let process_run = with("wrong-clock", &Clock::system());
    assert_eq!(process_run.values(), [1, 2, 3, 4, 5, 6]);
    for (lane, row) in (0..).zip(process_run.run.lanes()) {
        let own = process_run.events.iter().filter(|event| event.lane.0 == lane);
        let own = own.filter(|event| {
            !matches!(
                event.kind,
                EventKind::TaskCountChanged { .. } | EventKind::RunFinished { .. }
            )
        });
        let times: Vec<Nanos> = own.map(|event| event.at).collect();
        assert!(times.is_sorted(), "{times:?}");
        let end = process_run.run.duration().unwrap();
        assert!(times.iter().all(|&at| at <= end + Nanos::from_millis(60_000)));
        assert_eq!(row.state_times_between(Nanos::ZERO, end).iter().sum::<u64>(), end.0);
    }
}

/// The real program, whose file is deleted while it waits for the profile.
#[test]
fn a_program_that_was_deleted_says_so_and_exits_with_1() {
    let place = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = place.path().join("threadline");
    std::fs::hard_link(PROGRAM, &program).unwrap();
    let deleted = program.clone();
    let server = ScriptedServer::start(move |request| match request.page() {
        None => {
            _ = std::fs::remove_file(&deleted);
            ScriptedReply::new(200, r#"{"login":"octocat","followers":90}"#)
        }
        Some(page) => scripted_server::page(page, 90),
    });
    let ended = Command::new(&program)
        .args(["octocat", "--mode", "processes", "--plain", "--api-url", server.url()])
        .output()
        .unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{err}");
    let words = "cannot start a worker process: ";
    assert!(err.contains(words) && err.contains("no longer exists"), "{err}");
    assert!(server.pages().is_empty(), "somebody asked all the same");
}
