//! `threadline worker` itself, spoken to by a test in its parent's place.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use threadline::engine::Clock;
use threadline::engine::compute::ComputeJob;
use threadline::model::WorkSpec;

use super::{HANGS, PROGRAM, compute};

fn start() -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(PROGRAM)
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn send_line(child: &mut Child, line: &str) {
    let input = child.stdin.as_mut().unwrap();
    // One that has ended takes nothing.
    _ = writeln!(input, "{line}");
}

fn read_line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn hello(turns: u64) -> String {
    let job = ComputeJob { work: WorkSpec::Cpu(compute(turns)), server: None };
    let job = serde_json::to_string(&job).unwrap();
    format!(r#"{{"version":2,"zero":null,"order":{{"compute":{job}}}}}"#)
}

fn ended(child: &mut Child) -> ExitStatus {
    let clock = Clock::system();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if clock.now() > HANGS.into() {
            child.kill().unwrap();
            panic!("a worker goes on without its parent");
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_worker_ends_with_its_input_idle_or_busy() {
    for (turns, busy) in [(10, false), (u64::MAX / 2, true)] {
        let (mut child, mut output) = start();
        send_line(&mut child, &hello(turns));
        assert_eq!(read_line(&mut output), r#"{"ready":{"version":2}}"#);
        if busy {
            send_line(&mut child, r#"{"task":1}"#);
            assert!(read_line(&mut output).contains("computing"));
        }
        drop(child.stdin.take());
        assert!(ended(&mut child).success());
    }
}

#[test]
fn a_worker_does_one_task_after_the_other() {
    let (mut child, mut output) = start();
    send_line(&mut child, &hello(10));
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":2}}"#);
    for task in [7, 3] {
        send_line(&mut child, &format!(r#"{{"task":{task}}}"#));
        assert!(read_line(&mut output).contains("computing"));
        let answer = read_line(&mut output);
        assert!(answer.contains(&format!("\"task\":{task},")), "{answer}");
        assert!(answer.contains(r#""answer":{"Ok":"#), "{answer}");
    }
    drop(child.stdin.take());
    assert!(ended(&mut child).success());
}

/// Its parent knows by these that it goes on.
#[test]
fn a_busy_worker_sends_heartbeats_until_its_answer() {
    let (mut child, mut output) = start();
    send_line(&mut child, &hello(u64::MAX / 2));
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":2}}"#);
    send_line(&mut child, r#"{"task":1}"#);
    assert!(read_line(&mut output).contains("computing"));
    for _ in 0..3 {
        assert_eq!(read_line(&mut output), r#""alive""#);
    }
    drop(child.stdin.take());
    assert!(ended(&mut child).success());
}

/// Nothing but a parent's first line is heeded.
#[test]
fn a_terminal_is_refused_as_parent() {
    for line in ["", "\n", "hello", "{}", r#"{"version":2}"#, r#"{"version":2,"order":7}"#] {
        let (mut child, _) = start();
        send_line(&mut child, line);
        let told = child.wait_with_output().unwrap();
        let told = (told.status.code(), String::from_utf8(told.stderr).unwrap());
        assert_eq!(told.0, Some(2), "{line}: {}", told.1);
        assert!(told.1.contains("use --username worker"), "{line}: {}", told.1);
    }
}

/// A parent of another version sees that by the answer.
#[test]
fn another_version_is_refused() {
    let (mut child, mut output) = start();
    send_line(&mut child, r#"{"version":3,"what":"ever"}"#);
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":2}}"#);
    assert!(ended(&mut child).success());
}

/// A line that is no task is the end.
#[test]
fn a_worker_refuses_malformed_messages() {
    for line in ["nonsense", "{}", r#"{"task":-1}"#, r#"{"task":"#] {
        let (mut child, mut output) = start();
        send_line(&mut child, &hello(10));
        assert_eq!(read_line(&mut output), r#"{"ready":{"version":2}}"#);
        send_line(&mut child, line);
        ended(&mut child);
    }
}
