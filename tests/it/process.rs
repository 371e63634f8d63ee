//! Worker processes: the real program as a worker that is killed, suspended or orphaned, and
//! programs that violate the worker protocol.
#![cfg(unix)]

mod crashes;
mod misbehaving_workers;
mod orphans;
mod results;
mod worker_protocol;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{
    ComputeSpec, Event, EventKind, Failure, LaneId, Mode, Nanos, Plan, Run, RunOutcome, Target,
    WorkSpec,
};
use threadline::source::{Clock, Launcher, RunHandle};

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_threadline");

/// The time after which a test counts as hung.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The kinds of computed work.
const WORKS: [fn(ComputeSpec) -> WorkSpec; 3] = [WorkSpec::Cpu, WorkSpec::Native, WorkSpec::Mixed];

/// Tasks of `turns` turns.
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

/// CPU work in `workers` processes.
const fn cpu(turns: u64, workers: u16, tasks: u32) -> Plan {
    Plan::new(WorkSpec::Cpu(compute(turns)), Mode::Processes, workers, tasks)
}

/// A fetch of octocat's followers in `workers` processes.
fn followers(workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "a server".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    Plan::new(WorkSpec::Followers(target), Mode::Processes, workers, tasks)
}

/// Returns a launcher whose worker processes run `program`.
fn launcher(program: impl Into<PathBuf>, clock: &Clock) -> Launcher {
    let program = Some(program.into());
    Launcher::with_processes(None, RetryPolicy::default(), clock.clone(), program)
}

/// Returns a launcher with the shortest timeout, after which a silent worker counts as dead.
fn launcher_with_short_timeout(program: impl Into<PathBuf>, clock: &Clock) -> Launcher {
    let retry_policy = RetryPolicy { timeout: Duration::from_millis(1), ..RetryPolicy::default() };
    Launcher::with_processes(None, retry_policy, clock.clone(), Some(program.into()))
}

/// Returns a launcher whose workers fetch from the API at `url`.
fn launcher_with_api(url: &str) -> Launcher {
    launcher_with_api_and_policy(url, RetryPolicy::default())
}

fn launcher_with_api_and_policy(url: &str, retry_policy: RetryPolicy) -> Launcher {
    let api = Some(Arc::new(Api::new(url, None).unwrap()));
    Launcher::with_processes(api, retry_policy, Clock::system(), Some(PROGRAM.into()))
}

/// A run and the events that it has sent so far.
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

    /// Starts a run and waits until it has ended.
    fn run_to_end(launcher: &Launcher, plan: &Plan) -> Self {
        let mut process_run = Self::start(launcher, plan);
        process_run.wait_for_end();
        process_run
    }

    /// Waits for the next event and applies it.
    fn next(&mut self) -> Event {
        let event = self.handle.events().recv_timeout(MAX_WAIT).unwrap();
        self.run.apply(&event);
        self.events.push(event.clone());
        event
    }

    /// Receives events until `condition` holds.
    fn wait_until(&mut self, condition: impl Fn(&Run) -> bool) {
        while !condition(&self.run) {
            self.next();
        }
    }

    /// Waits until the run has ended; asserts that no event follows and no worker process exists.
    fn wait_for_end(&mut self) {
        self.wait_until(Run::is_over);
        assert!(
            self.handle.events().recv_timeout(MAX_WAIT).is_err(),
            "an event follows the end of the run"
        );
        for pid in self.pids() {
            assert!(!process_exists(pid), "process {pid} still exists");
        }
    }

    /// Returns the processes that became ready, in order.
    fn pids(&self) -> Vec<u32> {
        let pids = self.events.iter().filter_map(|event| match event.kind {
            EventKind::ProcessStarted { pid } => Some(pid),
            _ => None,
        });
        pids.collect()
    }

    /// Returns a lane's latest process.
    fn pid(&self, lane: LaneId) -> Option<u32> {
        self.events.iter().rev().find_map(|event| match event.kind {
            EventKind::ProcessStarted { pid } if event.lane == lane => Some(pid),
            _ => None,
        })
    }

    /// Returns the failure that ended the run.
    fn failure(&self) -> &Failure {
        match self.run.outcome() {
            Some(RunOutcome::Failed(failure)) => failure,
            end => panic!("{end:?}"),
        }
    }

    /// Returns the values of all tasks; asserts that none is missing.
    fn values(&self) -> Vec<u64> {
        assert!(self.run.is_complete(), "{:?}", self.run.failure());
        let values: Vec<u64> = self.run.tasks().values().collect();
        assert_eq!(values.len(), self.run.progress().known_tasks() as usize);
        values
    }
}

/// Returns whether a process exists, as a zombie or otherwise.
fn process_exists(pid: u32) -> bool {
    test_kill_process(to_pid(pid)) != Err(Errno::SRCH)
}

fn kill(pid: u32) {
    kill_process(to_pid(pid), Signal::KILL).unwrap();
}

/// Suspends a process, as `kill -STOP` does.
fn suspend(pid: u32) {
    kill_process(to_pid(pid), Signal::STOP).unwrap();
}

fn to_pid(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// Returns `pids` without duplicates.
fn distinct(pids: &[u32]) -> BTreeSet<u32> {
    pids.iter().copied().collect()
}
