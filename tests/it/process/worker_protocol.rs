//! The protocol of `threadline worker`, with the test as its parent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use threadline::model::WorkSpec;
use threadline::source::Clock;
use threadline::source::tasks::compute::ComputeJob;

use super::{MAX_WAIT, PROGRAM, compute};

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
    // The write fails if the worker has already ended.
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
    format!(r#"{{"version":3,"zero":null,"order":{{"compute":{job}}}}}"#)
}

/// Waits until the worker has ended; kills it if it hangs.
fn wait_for_exit(child: &mut Child) -> ExitStatus {
    let clock = Clock::system();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if clock.now() > MAX_WAIT.into() {
            child.kill().unwrap();
            panic!("the worker keeps running without its parent");
        }
        std::thread::yield_now();
    }
}

#[test]
fn idle_and_busy_workers_end_with_their_input() {
    for (turns, busy) in [(10, false), (u64::MAX / 2, true)] {
        let (mut child, mut output) = start();
        send_line(&mut child, &hello(turns));
        assert_eq!(read_line(&mut output), r#"{"ready":{"version":3}}"#);
        if busy {
            send_line(&mut child, r#"{"task":1}"#);
            assert!(read_line(&mut output).contains("computing"));
        }
        drop(child.stdin.take());
        assert!(wait_for_exit(&mut child).success());
    }
}

#[test]
fn worker_answers_tasks_in_order() {
    let (mut child, mut output) = start();
    send_line(&mut child, &hello(10));
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":3}}"#);
    for task in [7, 3] {
        send_line(&mut child, &format!(r#"{{"task":{task}}}"#));
        let entered = read_line(&mut output);
        assert!(entered.starts_with(r#"{"entered":{"at":"#), "{entered}");
        assert!(entered.ends_with(r#","state":"computing"}}"#), "{entered}");
        let answer = read_line(&mut output);
        assert!(answer.contains(&format!("\"task\":{task},")), "{answer}");
        assert!(answer.contains(r#""answer":{"Ok":"#), "{answer}");
    }
    drop(child.stdin.take());
    assert!(wait_for_exit(&mut child).success());
}

/// Heartbeats show the parent that the worker is alive.
#[test]
fn busy_worker_sends_heartbeats() {
    let (mut child, mut output) = start();
    send_line(&mut child, &hello(u64::MAX / 2));
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":3}}"#);
    send_line(&mut child, r#"{"task":1}"#);
    assert!(read_line(&mut output).contains("computing"));
    for _ in 0..3 {
        assert_eq!(read_line(&mut output), r#""alive""#);
    }
    drop(child.stdin.take());
    assert!(wait_for_exit(&mut child).success());
}

/// Any first line but a parent's hello is rejected.
#[test]
fn worker_without_a_hello_is_rejected() {
    for line in ["", "\n", "hello", "{}", r#"{"version":3}"#, r#"{"version":3,"order":7}"#] {
        let (mut child, _) = start();
        send_line(&mut child, line);
        let output = child.wait_with_output().unwrap();
        let (code, err) = (output.status.code(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(code, Some(2), "{line}: {err}");
        assert!(err.contains("use --username worker"), "{line}: {err}");
    }
}

/// The worker answers with its own version and ends.
#[test]
fn hello_of_another_version_ends_the_worker() {
    let (mut child, mut output) = start();
    send_line(&mut child, r#"{"version":4,"what":"ever"}"#);
    assert_eq!(read_line(&mut output), r#"{"ready":{"version":3}}"#);
    assert!(wait_for_exit(&mut child).success());
}

/// A line that is not a task ends the worker.
#[test]
fn malformed_message_ends_the_worker() {
    for line in ["nonsense", "{}", r#"{"task":-1}"#, r#"{"task":"#] {
        let (mut child, mut output) = start();
        send_line(&mut child, &hello(10));
        assert_eq!(read_line(&mut output), r#"{"ready":{"version":3}}"#);
        send_line(&mut child, line);
        wait_for_exit(&mut child);
    }
}
