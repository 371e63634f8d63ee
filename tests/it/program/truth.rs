//! `threadline watch --json` against programs that know themselves what they did. Both are about the
//! same threads over the same lives, so the load of the machine changes both alike.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::clean_command::threadline;
use crate::exec_commands::Fifo;
use crate::program::skipped::skip;
use crate::program::timed_threads::{COUNT, OwnTimes, RESULT};

/// The difference that is allowed, as a share of a thread's life.
const POINTS: f64 = 0.03;

/// The share of the lock time for which the holder must be named.
const NAMED: f64 = 0.95;

/// Returns the command that runs a program in this executable.
fn own_program(name: &str) -> Vec<String> {
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let test = format!("program::timed_threads::{name}");
    let options = ["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"];
    std::iter::once(own).chain(options.map(str::to_owned)).collect()
}

/// The report of a program, and its output.
fn watch(options: &[&str], variables: &[(&str, &str)], program: &[String]) -> (Value, String) {
    let mut command = threadline();
    command.args(["watch", "--json"]).args(options).arg("--").args(program);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    (serde_json::from_slice(&output.stdout).unwrap(), text)
}

/// Returns `true` if switches were recorded; says why not otherwise.
fn is_exact(report: &Value) -> bool {
    let accuracy = &report["accuracy"];
    let is_exact = accuracy["edges"] == "exact" && accuracy["reasons"] == "syscall";
    if !is_exact {
        skip(accuracy["why"].as_str().unwrap_or("nothing was seen"));
    }
    is_exact
}

fn threads(report: &Value) -> &[Value] {
    report["threads"].as_array().unwrap()
}

fn thread<'a>(report: &'a Value, name: &str) -> &'a Value {
    let found = threads(report).iter().find(|thread| thread["name"] == name);
    found.unwrap_or_else(|| panic!("no thread is called {name}: {report:#}"))
}

fn seconds(thread: &Value, state: &str) -> f64 {
    thread["seconds"][state].as_f64().unwrap()
}

/// The time that the thread spent off the CPUs for a reason that was not read.
fn unread(thread: &Value) -> f64 {
    seconds(thread, "blocked") + seconds(thread, "unknown")
}

fn timed_run(options: &[&str]) -> (Value, BTreeMap<String, OwnTimes>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("times");
    let variables = [(RESULT, path.to_str().unwrap())];
    let (report, _) = watch(options, &variables, &own_program("timed_threads"));
    let times = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    (report, times)
}

/// Asserts that the kernel's sums are those that the threads have measured.
#[track_caller]
fn assert_counters(report: &Value, times: &BTreeMap<String, OwnTimes>) {
    for (name, own) in times {
        let (seen, allowed) = (thread(report, name), POINTS * own.life);
        for (state, time) in [("on_cpu", own.on_cpu), ("no_core", own.no_core)] {
            let difference = (seconds(seen, state) - time).abs();
            assert!(difference <= allowed, "{name} {state}: {own:?} {seen:#}");
        }
    }
}

/// The states of the threads that wait.
const REASONS: [(&str, &str); 4] =
    [("sleeper", "sleeping"), ("waiter", "lock_wait"), ("reader", "waiting"), ("parker", "parked")];

#[test]
fn exact_times_and_reasons_are_those_of_the_threads_own_clocks() {
    let (report, times) = timed_run(&[]);
    if !is_exact(&report) {
        return;
    }
    assert_counters(&report, &times);
    for (name, state) in REASONS {
        let (seen, own) = (thread(&report, name), times[name]);
        let (time, allowed) = (seconds(seen, state), POINTS * own.life);
        assert!(time <= own.waited + allowed, "{name}: {own:?} {seen:#}");
        assert!(time + unread(seen) >= own.waited - allowed, "{name}: {own:?} {seen:#}");
    }
}

#[test]
fn counted_times_are_those_of_the_threads_own_clocks() {
    let (report, times) = timed_run(&["--accuracy", "counted"]);
    let accuracy = &report["accuracy"];
    let Some(period) = accuracy["period_s"].as_f64() else {
        return skip(accuracy["why"].as_str().unwrap_or("nothing was seen"));
    };
    assert_counters(&report, &times);
    for (name, state) in REASONS {
        let (seen, own) = (thread(&report, name), times[name]);
        // Each wait begins and ends between two readings.
        let allowed = POINTS * own.life + period * f64::from(own.waits);
        let time = seconds(seen, state);
        assert!(time <= own.waited + allowed, "{name}: {own:?} {seen:#}");
        assert!(time + unread(seen) >= own.waited - allowed, "{name}: {own:?} {seen:#}");
    }
}

#[test]
fn holder_of_a_mutex_is_named_for_the_time_of_the_wait() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("convoy");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/program/convoy.c");
    let compiler = Command::new("cc").args(["-pthread", "-o"]).arg(&program).arg(source).status();
    match compiler {
        Ok(status) => assert!(status.success()),
        Err(error) => return skip(&format!("cc: {error}")),
    }
    let (report, output) = watch(&[], &[], &[program.to_str().unwrap().to_owned()]);
    if !is_exact(&report) {
        return;
    }
    let (waited, seen): (f64, _) = (output.trim().parse().unwrap(), thread(&report, "waiter"));
    let lock_wait = seconds(seen, "lock_wait");
    let life = threads(&report)[0]["ended_s"].as_f64().unwrap();
    let allowed = POINTS * life;
    assert!(lock_wait <= waited + allowed, "{waited} {seen:#}");
    assert!(lock_wait + unread(seen) >= waited - allowed, "{waited} {seen:#}");
    let holders = seen["waited_for"].as_array().unwrap();
    let holder = holders.iter().find(|one| one["name"] == "holder");
    let named = holder.map_or(0.0, |one| one["seconds"].as_f64().unwrap());
    assert!(lock_wait > 0.0 && named >= NAMED * lock_wait, "{lock_wait} {seen:#}");
}

/// Asserts that each birth and each death of threads with a name was seen.
fn assert_storm(variables: &[(&str, &str)], program: &[String], name: &str, count: usize) {
    let (report, _) = watch(&[], variables, program);
    if !is_exact(&report) {
        return;
    }
    let seen: Vec<_> = threads(&report).iter().filter(|thread| thread["name"] == name).collect();
    let ended = seen.iter().filter(|thread| !thread["ended_s"].is_null()).count();
    assert_eq!((seen.len(), ended), (count, count));
}

fn assert_brief_threads(count: usize) {
    let variables = [(COUNT, count.to_string())];
    let [(name, value)] = &variables;
    assert_storm(&[(*name, value.as_str())], &own_program("brief_threads"), "brief", count);
}

#[test]
fn births_and_deaths_of_brief_threads_are_all_counted() {
    assert_brief_threads(2_000);
}

#[test]
#[ignore = "takes several seconds"]
fn births_and_deaths_of_very_many_brief_threads_are_all_counted() {
    assert_brief_threads(10_000);
}

#[test]
fn births_and_deaths_of_brief_processes_are_all_counted() {
    let script = "i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i+1)); done; wait";
    let program = ["sh", "-c", script].map(str::to_owned);
    assert_storm(&[], &program, "true", 200);
}

#[test]
fn process_that_outlives_the_first_one_is_counted() {
    let program = ["sh", "-c", "sleep 1000 & echo bye"].map(str::to_owned);
    for options in [&[][..], &["--accuracy", "counted"]] {
        let (report, _) = watch(options, &[], &program);
        assert_eq!(threads(&report).len(), 2, "{options:?}: {report:#}");
    }
}

#[test]
fn children_of_a_running_process_are_watched() {
    let fifo = Fifo::new();
    let script = fifo.in_command("sh -c 'sleep 1000; :' & echo $$ > FIFO; wait");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdin(Stdio::null()).process_group(0);
    let mut shell = shell.spawn().unwrap();
    let pid = fifo.read();
    for options in [&[][..], &["--accuracy", "counted"]] {
        let mut command = threadline();
        command.args(["watch", "--json", "--duration", "300ms", "-p", &pid]).args(options);
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let names = |thread: &Value| thread["name"].as_str().unwrap().to_owned();
        let names: Vec<String> = threads(&report).iter().map(names).collect();
        assert!(names.iter().any(|name| name == "sleep"), "{options:?}: {names:?}");
    }
    let group = rustix::process::Pid::from_child(&shell);
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    shell.wait().unwrap();
}
