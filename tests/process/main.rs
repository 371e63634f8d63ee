//! Worker processes: the real program as worker, killed, stopped and orphaned; and programs that are
//! no workers.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod deaths;
mod orphans;
#[path = "../common/scripted_server.rs"]
#[expect(dead_code, reason = "other tests look at what was asked")]
mod scripted_server;
mod strangers;
mod values;
mod worker;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::{Api, RetryPolicy};
use threadline::model::{
    ComputeSpec, Event, EventKind, Failure, LaneId, Mode, Nanos, Plan, Run, RunOutcome, Target,
    WorkSpec,
};

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Every kind of computed work.
const WORKS: [fn(ComputeSpec) -> WorkSpec; 3] = [WorkSpec::Cpu, WorkSpec::Native, WorkSpec::Mixed];

/// Tasks of so many turns.
const fn compute(turns: u64) -> ComputeSpec {
    let size = Nanos::from_millis(2);
    ComputeSpec {
        size,
        turns,
        share: 50,
        switch_interval: ComputeSpec::SWITCH_INTERVAL,
        simulation: None,
    }
}

/// CPU work by so many processes.
const fn cpu(turns: u64, workers: u16, tasks: u32) -> Plan {
    Plan::new(WorkSpec::Cpu(compute(turns)), Mode::Processes, workers, tasks)
}

/// Octocat's followers, by so many processes.
fn followers(workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "a server".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    Plan::new(WorkSpec::Followers(target), Mode::Processes, workers, tasks)
}

/// Starts runs whose worker processes are this program, on a clock of their own.
fn launcher(program: impl Into<PathBuf>, clock: &Clock) -> Launcher {
    let program = Some(program.into());
    Launcher::with_processes(None, RetryPolicy::default(), clock.clone(), program)
}

/// The same, where a process counts as dead after as short a silence as can be asked for.
fn impatient(program: impl Into<PathBuf>, clock: &Clock) -> Launcher {
    let retry_policy = RetryPolicy { timeout: Duration::from_millis(1), ..RetryPolicy::default() };
    Launcher::with_processes(None, retry_policy, clock.clone(), Some(program.into()))
}

/// The same, and this API.
fn asking(url: &str) -> Launcher {
    asking_with(url, RetryPolicy::default())
}

fn asking_with(url: &str, retry_policy: RetryPolicy) -> Launcher {
    let api = Some(Arc::new(Api::new(url, None).unwrap()));
    Launcher::with_processes(api, retry_policy, Clock::system(), Some(PROGRAM.into()))
}

/// A run, and what has happened in it so far.
struct ProcessRun {
    handle: RunHandle,
    run: Run,
    events: Vec<Event>,
}

impl ProcessRun {
    fn start(launcher: &Launcher, plan: &Plan) -> Self {
        let handle = launcher.start(plan.clone());
        Self { handle, run: Run::new(plan.clone()), events: Vec::new() }
    }

    /// Runs it to its end.
    fn over(launcher: &Launcher, plan: &Plan) -> Self {
        let mut process_run = Self::start(launcher, plan);
        process_run.end();
        process_run
    }

    fn next(&mut self) -> Event {
        let event = self.handle.events().recv_timeout(HANGS).unwrap();
        self.run.apply(&event);
        self.events.push(event.clone());
        event
    }

    /// Goes on until the run is as `wanted` says.
    fn until(&mut self, wanted: impl Fn(&Run) -> bool) {
        while !wanted(&self.run) {
            self.next();
        }
    }

    /// Goes on to the end, and until nothing of it is left: not a process.
    fn end(&mut self) {
        self.until(Run::is_over);
        assert!(self.handle.events().recv_timeout(HANGS).is_err(), "something comes after the end");
        for pid in self.pids() {
            assert!(!is_there(pid), "process {pid} is left");
        }
    }

    /// The processes that were ready to work, in order.
    fn pids(&self) -> Vec<u32> {
        let pids = self.events.iter().filter_map(|event| match event.kind {
            EventKind::ProcessStarted { pid } => Some(pid),
            _ => None,
        });
        pids.collect()
    }

    /// A lane's last process.
    fn pid(&self, lane: LaneId) -> Option<u32> {
        self.events.iter().rev().find_map(|event| match event.kind {
            EventKind::ProcessStarted { pid } if event.lane == lane => Some(pid),
            _ => None,
        })
    }

    /// Why it was given up.
    fn failure(&self) -> &Failure {
        match self.run.outcome() {
            Some(RunOutcome::Failed(failure)) => failure,
            end => panic!("{end:?}"),
        }
    }

    /// What the tasks came to, none missing.
    fn values(&self) -> Vec<u64> {
        assert!(self.run.is_complete(), "{:?}", self.run.failure());
        let values: Vec<u64> = self.run.values().collect();
        assert_eq!(values.len(), self.run.known_tasks() as usize);
        values
    }
}

/// Whether there is such a process, be it a zombie.
fn is_there(pid: u32) -> bool {
    test_kill_process(number(pid)) != Err(Errno::SRCH)
}

fn kill(pid: u32) {
    kill_process(number(pid), Signal::KILL).unwrap();
}

/// Stops a process, as `kill -STOP` does: it is there, and does nothing.
fn suspend(pid: u32) {
    kill_process(number(pid), Signal::STOP).unwrap();
}

fn number(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// The same, each once.
fn distinct(pids: &[u32]) -> BTreeSet<u32> {
    pids.iter().copied().collect()
}
