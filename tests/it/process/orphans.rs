//! The end of the program and of its runs: no worker process keeps running.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::Config;
use rustix::process::{Signal, kill_process};
use threadline::model::RunOutcome;
use threadline::source::Clock;

use super::{MAX_WAIT, PROGRAM, ProcessRun, cpu, launcher, process_exists, to_pid};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// The environment variable that marks a program and the processes that it starts.
const MARK: &str = "THREADLINE_TEST_MARK";

proptest! {
    #![proptest_config(Config { failure_persistence: None, cases: 60, ..Config::default() })]

    #[test]
    fn stop_after_any_number_of_events_leaves_no_process(
        workers in 1..5_u16,
        turns in prop::sample::select(vec![10_u64, 20_000, 10_000_000_000]),
        event_count in 0..60_usize,
        by_drop in any::<bool>(),
    ) {
        let plan = cpu(turns, workers, 12);
        let mut process_run = ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &plan);
        // Endless tasks send no event after their first ones.
        let max_events = 3 + if turns > 1_000_000 { 3 * usize::from(workers) } else { 60 };
        while process_run.events.len() < event_count.min(max_events) && !process_run.run.is_over() {
            process_run.next();
        }
        let mut pids = process_run.pids();
        if by_drop {
            let events = process_run.handle.events().clone();
            drop(process_run);
            pids.extend(events.try_iter().filter_map(|event| match event.kind {
                threadline::model::EventKind::ProcessStarted { pid } => Some(pid),
                _ => None,
            }));
        } else {
            process_run.handle.stop();
            process_run.wait_for_end();
            let outcome = process_run.run.outcome();
            let is_expected = matches!(outcome, Some(RunOutcome::Stopped | RunOutcome::Finished));
            prop_assert!(is_expected, "{outcome:?}");
        }
        for pid in pids {
            prop_assert!(!process_exists(pid), "process {pid} still exists");
        }
    }
}

/// Starts the program in process mode with this server as its API.
fn start_fetch(server: &ScriptedServer) -> (Child, String) {
    start(&["octocat", "--api-url", server.url()])
}

/// Starts the program in process mode; returns it and the environment variable that marks it and
/// its workers.
fn start(arguments: &[&str]) -> (Child, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let mark = format!("{MARK}={}-{number}", std::process::id());
    let (name, value) = mark.split_once('=').unwrap();
    let child = Command::new(PROGRAM)
        .args(["--mode", "processes", "--plain"])
        .args(arguments)
        .env(name, value)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (child, mark)
}

/// Returns the running processes with a mark, or `None` on systems without `/proc`.
fn marked_processes(mark: &str) -> Option<Vec<u32>> {
    let processes = Path::new("/proc").read_dir().ok()?;
    let has_mark = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let names = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(names.filter(has_mark).collect())
}

/// Returns whether a process runs `threadline worker`. A child that has not executed it yet still holds
/// the pipes of its parent.
fn is_worker(pid: u32) -> bool {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    command.split(|&byte| byte == 0).nth(1) == Some(b"worker")
}

/// Returns whether a process has computed for longer than it takes to start: a tenth of a second
/// (utime, proc(5)).
fn is_busy(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = after_name.split_whitespace().nth(11).and_then(|ticks| ticks.parse::<u64>().ok());
    ticks.is_some_and(|ticks| ticks > 10)
}

/// Waits until no process with this mark runs.
fn wait_until_gone(mark: &str) {
    let clock = Clock::system();
    while marked_processes(mark).is_some_and(|pids| !pids.is_empty()) {
        assert!(clock.now() < MAX_WAIT.into(), "still running: {:?}", marked_processes(mark));
        std::thread::yield_now();
    }
}

/// One worker waits for a response that never arrives; another waits for a task.
#[test]
fn workers_end_with_their_parent_after_every_signal() {
    for signal in [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        for page in [1, 4] {
            let withhold = move |requested| (requested == page).then(ScriptedReply::never);
            let server = ScriptedServer::list(150, withhold);
            let (mut child, mark) = start_fetch(&server);
            server.wait_for_page(page);
            if let Some(processes) = marked_processes(&mark) {
                assert!(processes.len() > 1, "no worker has the mark");
            }
            kill_process(to_pid(child.id()), signal).unwrap();
            child.wait().unwrap();
            wait_until_gone(&mark);
        }
    }
}

/// Workers that compute do not poll their input.
#[test]
fn computing_workers_end_with_their_parent() {
    let computing = ["--workload", "cpu", "--size", "10m", "--threads", "3"];
    for signal in [Signal::KILL, Signal::TERM] {
        let (mut child, mark) = start(&computing);
        let clock = Clock::system();
        let busy = |processes: Vec<u32>| {
            processes.into_iter().filter(|&pid| pid != child.id() && is_busy(pid)).count()
        };
        while marked_processes(&mark).map(busy).is_some_and(|workers| workers < 3) {
            assert!(clock.now() < MAX_WAIT.into(), "three workers never became busy");
            std::thread::yield_now();
        }
        kill_process(to_pid(child.id()), signal).unwrap();
        child.wait().unwrap();
        wait_until_gone(&mark);
    }
}

/// Ctrl-C is sent to all processes of the terminal's foreground group: a worker is not among them.
#[test]
fn worker_has_its_own_process_group() {
    let server = ScriptedServer::list(30, |page| (page == 1).then(ScriptedReply::never));
    let (mut child, mark) = start_fetch(&server);
    server.wait_for_page(1);
    let groups_itself = |pid| rustix::process::getpgid(Some(to_pid(pid))).unwrap() == to_pid(pid);
    assert!(!groups_itself(child.id()));
    // One that is just being started is no worker yet.
    for pid in marked_processes(&mark).unwrap_or_default().into_iter().filter(|&pid| is_worker(pid))
    {
        assert!(groups_itself(pid), "process {pid}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until_gone(&mark);
}

/// The workers are suspended, as with Ctrl-Z, before the program ends.
#[test]
fn suspended_worker_ends_with_its_parent() {
    let server = ScriptedServer::list(30, |page| (page == 1).then(ScriptedReply::never));
    let (mut child, mark) = start_fetch(&server);
    server.wait_for_page(1);
    for pid in marked_processes(&mark).unwrap_or_default().into_iter().filter(|&pid| is_worker(pid))
    {
        kill_process(to_pid(pid), Signal::STOP).unwrap();
    }
    kill_process(to_pid(child.id()), Signal::TERM).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{stdout}");
    wait_until_gone(&mark);
}
