//! Nothing is left running, in whatever way it ends.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::Config;
use rustix::process::{Signal, kill_process};
use threadline::engine::Clock;
use threadline::model::{Plan, RunOutcome};

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{HANGS, PROGRAM, ProcessRun, cpu, is_there, launcher, number};

/// Marks a program and the processes that it starts.
const MARK: &str = "THREADLINE_TEST_MARK";

proptest! {
    #![proptest_config(Config { failure_persistence: None, cases: 60, ..Config::default() })]

    #[test]
    fn a_stop_at_any_moment_leaves_no_process(
        workers in 1..5_u16,
        turns in prop::sample::select(vec![10_u64, 20_000, 10_000_000_000]),
        queue in prop::option::of(1..4_u32),
        after in 0..60_usize,
        by_drop in any::<bool>(),
    ) {
        let plan = Plan { queue, ..cpu(turns, workers, 12) };
        let mut process_run = ProcessRun::start(&launcher(PROGRAM, &Clock::system()), &plan);
        // Endless tasks say nothing after their first words.
        let told = 3 + if turns > 1_000_000 { 3 * usize::from(workers) } else { 60 };
        while process_run.events.len() < after.min(told) && !process_run.run.is_over() {
            process_run.next();
        }
        let mut left = process_run.pids();
        if by_drop {
            let events = process_run.handle.events().clone();
            drop(process_run);
            left.extend(events.try_iter().filter_map(|event| match event.kind {
                threadline::model::EventKind::ProcessStarted { pid } => Some(pid),
                _ => None,
            }));
        } else {
            process_run.handle.stop();
            process_run.end();
            prop_assert!(matches!(process_run.run.outcome(), Some(RunOutcome::Stopped | RunOutcome::Finished)));
        }
        for pid in left {
            prop_assert!(!is_there(pid), "process {pid} is left");
        }
    }
}

/// The program in mode processes, asking this server.
fn ask(server: &ScriptedServer) -> (Child, String) {
    start(&["octocat", "--api-url", server.url()])
}

/// The program in mode processes; the mark that it and its workers have.
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

/// The living processes that were started with a mark; nothing where the system does not tell.
fn marked(mark: &str) -> Option<Vec<u32>> {
    let processes = Path::new("/proc").read_dir().ok()?;
    let has_mark = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let names = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(names.filter(has_mark).collect())
}

/// Whether a process has computed for longer than it takes to start: a tenth of a second (utime,
/// proc(5)).
fn is_busy(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = after_name.split_whitespace().nth(11).and_then(|ticks| ticks.parse::<u64>().ok());
    ticks.is_some_and(|ticks| ticks > 10)
}

/// Waits until nothing with this mark lives any more.
fn await_nobody(mark: &str) {
    let clock = Clock::system();
    while marked(mark).is_some_and(|left| !left.is_empty()) {
        assert!(clock.now() < HANGS.into(), "left: {:?}", marked(mark));
        std::thread::yield_now();
    }
}

/// A worker waits for an answer that never comes; another has none to wait for.
#[test]
fn workers_end_with_their_parent_however_that_ends() {
    for signal in [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        for page in [1, 4] {
            let never = move |asked| (asked == page).then(ScriptedReply::never);
            let server = ScriptedServer::list(150, 150, never);
            let (mut child, mark) = ask(&server);
            server.wait_for_page(page);
            if let Some(family) = marked(&mark) {
                assert!(family.len() > 1, "nobody else has the mark");
            }
            kill_process(number(child.id()), signal).unwrap();
            child.wait().unwrap();
            await_nobody(&mark);
        }
    }
}

/// Workers that compute look at nothing else.
#[test]
fn workers_end_in_the_middle_of_their_tasks() {
    let computing = ["--workload", "cpu", "--size", "10m", "--threads", "3"];
    for signal in [Signal::KILL, Signal::TERM] {
        let (mut child, mark) = start(&computing);
        let clock = Clock::system();
        let busy = |family: Vec<u32>| {
            family.into_iter().filter(|&pid| pid != child.id() && is_busy(pid)).count()
        };
        while marked(&mark).map(busy).is_some_and(|workers| workers < 3) {
            assert!(clock.now() < HANGS.into(), "the workers never came");
            std::thread::yield_now();
        }
        kill_process(number(child.id()), signal).unwrap();
        child.wait().unwrap();
        await_nobody(&mark);
    }
}

/// Ctrl-C is sent to all processes of the terminal's foreground group: a worker is not among them.
#[test]
fn a_worker_has_a_process_group_of_its_own() {
    let server = ScriptedServer::list(30, 30, |page| (page == 1).then(ScriptedReply::never));
    let (mut child, mark) = ask(&server);
    server.wait_for_page(1);
    for pid in marked(&mark).unwrap_or_default() {
        let group = rustix::process::getpgid(Some(number(pid))).unwrap();
        let own = pid == child.id();
        assert_eq!(group == number(pid), !own, "process {pid}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    await_nobody(&mark);
}

/// A program that goes on while its worker is stopped (Ctrl-Z of somebody's hand) ends it all the
/// same.
#[test]
fn a_stopped_worker_is_ended() {
    let server = ScriptedServer::list(30, 30, |page| (page == 1).then(ScriptedReply::never));
    let (mut child, mark) = ask(&server);
    server.wait_for_page(1);
    for pid in marked(&mark).unwrap_or_default().into_iter().filter(|&pid| pid != child.id()) {
        kill_process(number(pid), Signal::STOP).unwrap();
    }
    kill_process(number(child.id()), Signal::TERM).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{said}");
    await_nobody(&mark);
}
