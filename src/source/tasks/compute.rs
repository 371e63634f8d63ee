//! CPU work as tasks: turns that need the GIL, if there is one, and turns that do not. All computed runs
//! of a session share the measured speed of the machine, and the server for mixed tasks.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::analysis::stats::percentile;
use crate::github::{Api, Client};
use crate::http::{RequestTimeouts, RetryPolicy};
use crate::model::{
    Completion, ComputeSpec, Failure, FailureKind, Nanos, Plan, Product, ResponseSummary, State,
    TaskId, TaskOutcome, WorkSpec,
};
use crate::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use crate::source::cancel_token::EventLoop;
use crate::source::clock::{self, Clock};
use crate::source::{CancelToken, Job, LaneReporter, Permit, TaskResult, Worker};

/// The percentage of a native task's turns that need the GIL, before and after the others: a C
/// extension unpacks its arguments and wraps its result under the GIL.
const UNWRAPPING: u64 = 1;

/// A job that computes. It is plain data, so that it can be sent to a worker process. Its tasks have
/// the same values in any process, with and without a GIL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeJob {
    /// The work, with its number of turns filled in.
    pub work: WorkSpec,
    /// The URL of the server for mixed tasks.
    pub server: Option<String>,
}

impl Job for ComputeJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let compute = self.work.compute().ok_or_else(|| {
            let workload = self.work.workload();
            let message = format!("workload {workload} has nothing to compute");
            Failure::new(FailureKind::Worker, message)
        })?;
        let page_fetcher = self.server.as_deref().map(|url| {
            // The client reports the states of the request.
            PageFetcher::new(url, io_time(compute), reporter.clone())
        });
        let turns = TaskParts::divide(&self.work, compute.turns);
        Ok(Box::new(ComputeWorker { turns, page_fetcher: page_fetcher.transpose()?, reporter }))
    }
}

/// The CPU work of a task, in this order: turns on this machine, or a time on the simulated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct TaskParts {
    /// The work under the GIL.
    pub(in crate::source) before: u64,
    /// The work without the GIL.
    pub(in crate::source) native: u64,
    /// The work under the GIL again.
    pub(in crate::source) after: u64,
}

impl TaskParts {
    /// Divides a task's whole size, of which a mixed task computes a share.
    pub(in crate::source) fn divide(work: &WorkSpec, all: u64) -> Self {
        match work {
            WorkSpec::Native(_) => {
                let part = percent(all, UNWRAPPING);
                Self { before: part, native: all - 2 * part, after: part }
            }
            WorkSpec::Mixed(ComputeSpec { share, .. }) => {
                Self { before: percent(all, u64::from(*share).min(100)), native: 0, after: 0 }
            }
            _ => Self { before: all, native: 0, after: 0 },
        }
    }
}

/// Returns the time that a mixed task waits for its page.
const fn io_time(compute: &ComputeSpec) -> Nanos {
    Nanos(percent(compute.size.0, 100_u64.saturating_sub(compute.share as u64)))
}

const fn percent(all: u64, share: u64) -> u64 {
    (all as u128 * share as u128 / 100) as u64
}

struct ComputeWorker {
    turns: TaskParts,
    /// Fetches the page of a mixed task; `None` for other work.
    page_fetcher: Option<PageFetcher>,
    reporter: LaneReporter,
}

impl ComputeWorker {
    /// Does a task. Fails with its outcome if it is stopped or its request fails.
    fn complete_task(&self, task: TaskId, cancel: &CancelToken) -> Result<Completion, TaskOutcome> {
        let response = match &self.page_fetcher {
            Some(page_fetcher) => page_fetcher.fetch_page(task, cancel)?,
            None => None,
        };
        let value = self.compute_value(task, cancel).ok_or(TaskOutcome::Stopped)?;
        Ok(Completion { response, product: Product::Value(value) })
    }

    /// Computes the value of a task. Returns `None` if the run is stopped.
    fn compute_value(&self, task: TaskId, cancel: &CancelToken) -> Option<u64> {
        let TaskParts { before, native, after } = self.turns;
        let mut value = self.compute(task.0.into(), before, cancel)?;
        if native > 0 {
            self.reporter.enter_state(State::Native);
            value = run_turns(value, native, cancel.flag(), || false)?;
            self.reporter.enter_state(State::Computing);
        }
        self.compute(value, after, cancel)
    }

    fn compute(&self, value: u64, turns: u64, cancel: &CancelToken) -> Option<u64> {
        run_turns(value, turns, self.reporter.breaker(cancel), || {
            self.reporter.check_breaker(cancel)
        })
    }
}

impl Worker for ComputeWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        self.complete_task(task, cancel).map_or_else(|ended| ended, TaskOutcome::Done).into()
    }
}

/// The size of a page: small, because the time to parse it adds to the task's computing time.
const PER_PAGE: u8 = 10;

/// The number of pages. Tasks beyond the last page start again at the first.
const PAGES: u32 = 100;

/// The number of followers that the server must have.
const FOLLOWERS: u32 = PAGES * PER_PAGE as u32;

/// Fetches pages with a thread's own event loop and connection.
struct PageFetcher {
    events: EventLoop,
    client: Client,
}

impl PageFetcher {
    /// Creates a client for the server at `url`, which responds after `latency`.
    fn new(url: &str, latency: Nanos, reporter: LaneReporter) -> Result<Self, Failure> {
        let api = Api::new(url, None)
            .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
        let connect = RetryPolicy::default().timeout;
        let total = connect.saturating_add(Duration::from(latency));
        let timeouts = RequestTimeouts { connect, first_byte: total, total };
        let client = Client::new(Arc::new(api), timeouts, Arc::new(reporter))?;
        Ok(Self { events: EventLoop::new()?, client })
    }

    /// Fetches the page of a task. Fails with the task's outcome if it is stopped or the request fails.
    fn fetch_page(
        &self,
        task: TaskId,
        cancel: &CancelToken,
    ) -> Result<Option<ResponseSummary>, TaskOutcome> {
        let page = task.0.saturating_sub(1) % PAGES + 1;
        let asked = self.client.fetch_followers(DEFAULT_USER, PER_PAGE, page);
        let reply = self.events.run_until_cancelled(cancel, asked).ok_or(TaskOutcome::Stopped)?;
        Ok(reply.map_err(|fault| TaskOutcome::Failed(fault.failure))?.done.response)
    }
}

/// The number of mix steps in a turn. A turn then takes about 60 ns, like an iteration of a simple loop
/// in CPython, which polls its `eval_breaker` as often.
const STEPS_PER_TURN: u64 = 32;

/// The assumed time of a turn under a clock that stands still.
const TYPICAL_TURN: Nanos = Nanos(60);

/// The number of measurements and the approximate time of each: 10 ms in all.
const MEASUREMENTS: usize = 9;
const MEASUREMENT_TIME: Nanos = Nanos::from_millis(1);

/// The number of turns of the first, rough measurement.
const TRIAL_TURNS: u64 = 1_000;

/// Computes one turn. Each step depends on the one before, so that none can be optimized away or done
/// in parallel. The multiplier is that of Knuth's MMIX.
fn turn(mut value: u64) -> u64 {
    for step in 0..STEPS_PER_TURN {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step | 1);
        value ^= value >> 29;
    }
    value
}

/// Computes `turns` turns from `value` on. While `breaker` is set, calls `check` after each turn, and
/// returns `None` once it returns `false`.
pub fn run_turns(
    mut value: u64,
    turns: u64,
    breaker: &AtomicBool,
    check: impl Fn() -> bool,
) -> Option<u64> {
    for _ in 0..turns {
        value = turn(value);
        if breaker.load(Ordering::Relaxed) && !check() {
            return None;
        }
    }
    Some(value)
}

/// The speed of this machine: a number of turns, and the time that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TurnRate {
    turns: u64,
    duration: Nanos,
}

impl TurnRate {
    /// Measures the speed. Takes the median, as other programs may disturb single measurements.
    fn measure(clock: &Clock) -> Self {
        let first = Self { turns: TRIAL_TURNS, duration: time_turns(clock, TRIAL_TURNS) };
        let turns = first.turns_in(MEASUREMENT_TIME);
        let mut times: Vec<Nanos> = (0..MEASUREMENTS).map(|_| time_turns(clock, turns)).collect();
        Self { turns, duration: percentile(&mut times, 0.5).unwrap_or_default() }
    }

    /// Returns the number of turns that take `time`, at least one.
    fn turns_in(self, time: Nanos) -> u64 {
        let Self { turns, duration } = match self.duration {
            Nanos::ZERO => Self { turns: 1, duration: TYPICAL_TURN },
            _ => self,
        };
        let turns = u128::from(time.0) * u128::from(turns) / u128::from(duration.0);
        u64::try_from(turns).unwrap_or(u64::MAX).max(1)
    }
}

fn time_turns(clock: &Clock, turns: u64) -> Nanos {
    let start = clock.now();
    let never = AtomicBool::new(false);
    black_box(run_turns(black_box(1), turns, black_box(&never), || true));
    clock.now().since(start)
}

/// The speed of the machine and the server for mixed tasks, measured and started on first use.
#[derive(Debug, Default)]
pub(in crate::source) struct ComputeResources {
    turn_rate: OnceLock<TurnRate>,
    /// The server, with the latency that it was started with.
    server: Mutex<Option<(Duration, Server)>>,
}

impl ComputeResources {
    /// Fills in the number of turns per task on this machine, if the plan computes and lacks it.
    pub(in crate::source) fn complete_plan(&self, mut plan: Plan, clock: &Clock) -> Plan {
        if let Some(compute) = plan.work.compute_mut()
            && compute.simulation.is_none()
            && compute.turns == 0
        {
            let turn_rate = self.turn_rate.get_or_init(|| TurnRate::measure(clock));
            compute.turns = turn_rate.turns_in(compute.size);
        }
        plan
    }

    /// Returns the job for work whose turns are filled in, for this process or any other on this
    /// machine. The server of mixed tasks runs until this is dropped or another latency is needed.
    pub(in crate::source) fn compute_job(&self, work: &WorkSpec) -> Result<ComputeJob, Failure> {
        let waits = work.workload().spec().has_io_share;
        let server = work.compute().filter(|_| waits).map(|compute| self.server(compute));
        let server = server.transpose()?;
        Ok(ComputeJob { work: work.clone(), server })
    }

    /// Returns the URL of a server whose latency is the I/O time of these tasks.
    fn server(&self, compute: &ComputeSpec) -> Result<String, Failure> {
        let latency = Duration::from(io_time(compute));
        let mut running = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let server = match running.take() {
            Some((as_before, server)) if as_before == latency => server,
            _ => Server::start(ServerSettings {
                user: DEFAULT_USER.to_owned(),
                followers: FOLLOWERS,
                latency: Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 },
                faults: FaultScript::default(),
                at_once: None,
                port: 0,
                wall_clock: clock::wall_clock,
            })
            .map_err(|error| {
                let message = format!("cannot start the server for mixed tasks: {error}");
                Failure::new(FailureKind::Worker, message)
            })?,
        };
        let url = server.url();
        *running = Some((latency, server));
        drop(running);
        Ok(url)
    }
}
