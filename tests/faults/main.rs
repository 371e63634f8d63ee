//! Every fault of a server, met by the real client and the real workers, on a clock that a test
//! moves: nobody waits for a back-off or a limit.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod auto;
#[path = "../common/builtin_server.rs"]
mod builtin_server;
mod limits;
mod moving;
#[path = "../common/peer.rs"]
#[expect(dead_code, reason = "what breaks a connection is played by the built-in server here")]
mod peer;
mod quota;
mod rows;
mod stop;
mod table;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::server::DEFAULT_USER;
use threadline::github::{Api, RetryPolicy};
use threadline::model::{
    Event, EventKind, Mode, Nanos, Plan, Run, State, Target, WorkSpec, Workload,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// So long nothing happens where nothing is to happen.
const QUIET: Duration = Duration::from_millis(100);

/// Waits for whatever a server asks for, and gives up after the fourth try.
const RETRY_POLICY: RetryPolicy = RetryPolicy {
    retries: 3,
    timeout: Duration::from_secs(30),
    max_wait: Duration::from_secs(60 * 60),
};

/// The built-in server's followers, so many pages of so many, for so many workers; one is
/// sequential mode.
fn plan(workload: Workload, per_page: u8, tasks: u32, workers: u16) -> Plan {
    let (user, api) = (DEFAULT_USER.to_owned(), "a server that fails".to_owned());
    let target = Target { user, api, per_page, costs_quota: false };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    let work = match workload {
        Workload::Profile => WorkSpec::Profile(target),
        _ => WorkSpec::Followers(target),
    };
    Plan::new(work, mode, workers, tasks)
}

/// Runs that ask one API, on one clock.
struct FaultLauncher {
    launcher: Launcher,
    clock: Clock,
}

impl FaultLauncher {
    fn new(url: &str, retry_policy: RetryPolicy) -> Self {
        let (api, clock) = (Api::new(url, None).unwrap(), Clock::manual());
        let program = Some(env!("CARGO_BIN_EXE_threadline").into());
        let launcher =
            Launcher::with_processes(Some(Arc::new(api)), retry_policy, clock.clone(), program);
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

    /// Runs it to its end.
    fn run(&self, plan: Plan) -> FaultRun {
        let mut fault_run = self.start(plan);
        fault_run.end();
        fault_run
    }
}

/// A run, and what has happened in it so far.
struct FaultRun {
    clock: Clock,
    handle: RunHandle,
    run: Run,
    events: Vec<Event>,
}

impl FaultRun {
    fn next(&mut self) -> Event {
        let event = self.handle.events().recv_timeout(HANGS).unwrap();
        self.run.apply(&event);
        self.events.push(event.clone());
        event
    }

    /// Goes on until this has happened.
    fn until(&mut self, mut wanted: impl FnMut(&Event) -> bool) -> Event {
        loop {
            let event = self.next();
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Goes on to its end, and until all threads are gone. Whenever something is waited for, the
    /// clock is moved there.
    fn end(&mut self) {
        while !self.run.is_over() {
            match self.next().kind {
                EventKind::AttemptFailed { retry_at, .. } => self.move_to(retry_at),
                EventKind::RateLimited(limit) => self.move_to(limit.until),
                _ => {}
            }
        }
        self.end_at_once();
    }

    /// The same on a clock that stands still.
    fn end_at_once(&mut self) {
        while !self.run.is_over() {
            self.next();
        }
        let after = self.handle.events().recv_timeout(HANGS);
        assert_eq!(after, Err(RecvTimeoutError::Disconnected), "something is left of it");
    }

    /// Moves the clock to a moment of the run, unless it is past.
    fn move_to(&self, moment: Nanos) {
        let now = self.handle.elapsed(self.clock.now());
        self.clock.advance(moment.since(now).into());
    }

    /// Asserts that nobody makes a request as long as the clock stands still.
    fn assert_all_are_held(&mut self) {
        while let Ok(event) = self.handle.events().recv_timeout(QUIET) {
            assert!(
                matches!(event.kind, EventKind::StateEntered { state: State::Throttled }),
                "{event:?}"
            );
            self.run.apply(&event);
        }
    }

    fn ids(&self) -> Vec<u64> {
        self.run.follower_ids().collect()
    }

    /// The moments of everything of this kind.
    fn moments(&self, wanted: impl Fn(&EventKind) -> bool) -> Vec<Nanos> {
        self.events.iter().filter(|event| wanted(&event.kind)).map(|event| event.at).collect()
    }
}

/// So many followers of the built-in server, in order.
fn everybody(count: u32) -> Vec<u64> {
    let server = builtin_server::faulty(count, "");
    let tasks = count.div_ceil(100).max(1);
    let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
    let ids = launcher.run(plan(Workload::Followers, 100, tasks, 1)).ids();
    assert_eq!(ids.len(), count as usize);
    ids
}
