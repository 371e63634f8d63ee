//! Tests of the real client and workers against server faults, on a manual clock: no test waits for
//! a back-off or a rate limit.

mod auto_threads;
mod changing_lists;
mod fault_rows;
mod fault_table;
mod list_faults;
mod rate_limits;
mod refusal_ceiling;
mod request_counts;
mod stop;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{Event, EventKind, Mode, Nanos, Plan, Run, State, Target, WorkSpec};
use threadline::server::DEFAULT_USER;
use threadline::source::tasks::pages::list_source::ListSource;
use threadline::source::{Clock, Launcher, RunHandle};

/// A test that waits longer than this has hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

/// The time without an event after which a test concludes that none follows.
const QUIET_PERIOD: Duration = Duration::from_millis(100);

/// Waits as long as a server asks for, and gives up after the fourth attempt.
const RETRY_POLICY: RetryPolicy = RetryPolicy {
    retries: 3,
    timeout: Duration::from_secs(30),
    max_wait: Duration::from_secs(60 * 60),
};

/// Returns a plan for the default user of the built-in server; one worker means sequential mode.
fn plan(per_page: u8, tasks: u32, workers: u16) -> Plan {
    let (user, api) = (DEFAULT_USER.to_owned(), "a server that fails".to_owned());
    let target = Target { user, api, per_page, costs_quota: false };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    Plan::new(WorkSpec::Followers(target), mode, workers, tasks)
}

/// Returns the program that worker processes run.
fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_threadline").into()
}

/// Launches runs against one API, on one manual clock.
struct FaultLauncher {
    launcher: Launcher,
    clock: Clock,
}

impl FaultLauncher {
    fn new(url: &str, retry_policy: RetryPolicy) -> Self {
        let (api, clock) = (Api::new(url, None).unwrap(), Clock::manual());
        let launcher = Launcher::with_processes(
            Some(Arc::new(api)),
            retry_policy,
            clock.clone(),
            Some(program()),
        );
        Self { launcher, clock }
    }

    /// Launches runs of a list.
    fn for_list(list: ListSource, retry_policy: RetryPolicy) -> Self {
        let clock = Clock::manual();
        let launcher =
            Launcher::for_list(Arc::new(list), retry_policy, clock.clone(), Some(program()));
        Self { launcher, clock }
    }

    fn start(&self, plan: Plan) -> FaultRun {
        let run = Run::new(plan.clone());
        FaultRun {
            clock: self.clock.clone(),
            handle: self.launcher.start(plan),
            run,
            events: Vec::new(),
        }
    }

    /// Runs a plan to its end.
    fn run(&self, plan: Plan) -> FaultRun {
        let mut fault_run = self.start(plan);
        fault_run.run_to_end();
        fault_run
    }
}

/// A run, and its events so far.
struct FaultRun {
    clock: Clock,
    handle: RunHandle,
    run: Run,
    events: Vec<Event>,
}

impl FaultRun {
    fn next(&mut self) -> Event {
        let event = self.handle.events().recv_timeout(HANG_TIMEOUT).unwrap();
        self.run.apply(&event);
        self.events.push(event.clone());
        event
    }

    /// Waits for a matching event, and returns it.
    fn wait_for(&mut self, mut matches: impl FnMut(&Event) -> bool) -> Event {
        loop {
            let event = self.next();
            if matches(&event) {
                return event;
            }
        }
    }

    /// Waits until the run is over and all its threads have ended, and moves the clock to the end
    /// of each back-off and rate limit.
    fn run_to_end(&mut self) {
        while !self.run.is_over() {
            match self.next().kind {
                EventKind::AttemptFailed { retry_at, .. } => self.move_to(retry_at),
                EventKind::RateLimited(limit) => self.move_to(limit.until),
                _ => {}
            }
        }
        self.run_to_end_on_stopped_clock();
    }

    /// Waits until the run is over and all its threads have ended, without moving the clock.
    fn run_to_end_on_stopped_clock(&mut self) {
        while !self.run.is_over() {
            self.next();
        }
        let after = self.handle.events().recv_timeout(HANG_TIMEOUT);
        assert_eq!(after, Err(RecvTimeoutError::Disconnected), "a thread is left");
    }

    /// Moves the clock to a time of the run, unless that has passed.
    fn move_to(&self, time: Nanos) {
        let now = self.handle.elapsed(self.clock.now());
        self.clock.advance(time.since(now).into());
    }

    /// Asserts that no lane sends a request while the clock does not move.
    fn assert_all_lanes_are_throttled(&mut self) {
        while let Ok(event) = self.handle.events().recv_timeout(QUIET_PERIOD) {
            assert!(
                matches!(event.kind, EventKind::StateEntered { state: State::Throttled }),
                "{event:?}"
            );
            self.run.apply(&event);
        }
    }

    fn follower_ids(&self) -> Vec<u64> {
        self.run.follower_ids().collect()
    }

    /// Returns the times of all matching events.
    fn event_times(&self, matches: impl Fn(&EventKind) -> bool) -> Vec<Nanos> {
        self.events.iter().filter(|event| matches(&event.kind)).map(|event| event.at).collect()
    }
}

/// Returns the ids of the followers of a built-in server with `count` of them, in order.
fn all_follower_ids(count: u32) -> Vec<u64> {
    let server = crate::builtin_server::faulty(count, "");
    let tasks = count.div_ceil(100).max(1);
    let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
    let ids = launcher.run(plan(100, tasks, 1)).follower_ids();
    assert_eq!(ids.len(), count as usize);
    ids
}
