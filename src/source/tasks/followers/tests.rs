//! Whole runs of the real pool, rate limiter and retries against a scripted API in virtual time. A seed
//! decides the order of the responses.

use std::collections::BTreeSet;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use fastrand::Rng;
use tokio::sync::oneshot;

use super::*;
use crate::github::GithubLimits;
use crate::http::{RateLimit, RetryAction, RetryAfter, RetryPolicy};
use crate::model::{
    Completion, FailureKind, FollowerPage, LimitKind, Mode, Nanos, Plan, Run, RunOutcome, State,
    Target, WorkSpec,
};
use crate::source::pool::rate_limiter::{RateLimiter, SharedLimit};
use crate::source::tasks::requests::QuotaGuard;
use crate::source::{Clock, Gil, GilJob, Pool, RunHandle, Source as _};

/// The interval between two polls of a run that is not at rest.
const POLL_INTERVAL: Duration = Duration::from_micros(100);

/// The number of polls in a row, a minute's worth, after which a run counts as hung.
const MAX_POLLS: u32 = 600_000;

const RETRY_POLICY: RetryPolicy = RetryPolicy {
    retries: 2,
    timeout: Duration::from_secs(30),
    max_wait: Duration::from_secs(3_600),
};

/// A request that waits for its response.
struct Request {
    task: TaskId,
    answer: oneshot::Sender<Result<ApiResponse, RequestError>>,
}

struct ScriptedRequester {
    requests: Sender<Request>,
    reporter: LaneReporter,
}

impl Requester for ScriptedRequester {
    async fn send(&mut self, task: TaskId) -> Result<Reply, RequestError> {
        let (response, answered) = oneshot::channel();
        self.reporter.enter_state(State::Waiting);
        self.requests.send(Request { task, answer: response }).unwrap();
        let response = answered.await.unwrap();
        self.reporter.enter_state(State::Computing);
        response.map(|response| reply(task, response, 1))
    }
}

struct ScriptedJob {
    /// A bit set of the lanes that cannot be set up.
    unavailable: u64,
    rate_limiter: Arc<RateLimiter>,
    requests: Sender<Request>,
}

impl Job for ScriptedJob {
    fn create_worker(&self, reporter: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        if self.unavailable >> reporter.lane().0 & 1 == 1 {
            return Err(Failure::new(FailureKind::Exhausted, "too few files"));
        }
        let reporter = reporter.with_request_timing();
        let requester =
            ScriptedRequester { requests: self.requests.clone(), reporter: reporter.clone() };
        let shared = SharedRequestState {
            rate_limiter: Arc::clone(&self.rate_limiter),
            retry_policy: RETRY_POLICY,
            quota_guard: Arc::new(QuotaGuard::new(None)),
        };
        Ok(Box::new(RequestWorker::new(&shared, reporter, requester)?))
    }

    fn lane_slots(&self) -> Option<&Arc<LaneSlots>> {
        self.rate_limiter.lane_slots()
    }
}

/// An API with one follower per page, whose list changes, whose Link headers are sometimes wrong, and
/// which sometimes fails or limits requests.
struct MovingList {
    rng: Rng,
    /// The present number of pages.
    pages: u32,
    /// The last page that the API serves, however many there are.
    last_visible_page: u32,
    /// The number of faults still to come.
    faults: u32,
    has_links: bool,
    moves: bool,
}

impl MovingList {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let pages = rng.u32(1..=14);
        let last_visible_page = if rng.u8(..4) == 0 { rng.u32(1..=pages) } else { u32::MAX };
        let (faults, has_links, moves) = (rng.u32(..6), rng.u8(..5) > 0, rng.bool());
        Self { rng, pages, last_visible_page, faults, has_links, moves }
    }

    fn answer(&mut self, TaskId(page): TaskId) -> Result<ApiResponse, RequestError> {
        if self.faults > 0 && self.rng.u8(..3) == 0 {
            self.faults -= 1;
            return Err(self.fault());
        }
        match self.rng.u8(..20) {
            0 if self.moves => self.pages += 1,
            1 if self.moves => self.pages = (self.pages - 1).max(1),
            _ => {}
        }
        if page > self.last_visible_page && page > 1 {
            return Ok(response(Product::PastLastPage, None));
        }
        let ids = (page <= self.pages).then_some(page);
        let found = ids.map(|id| format!(r#"{{"id":{id},"login":"u","html_url":""}}"#));
        let body = format!("[{}]", found.unwrap_or_default());
        let followers: FollowerPage = serde_json::from_str(&body).unwrap();
        let links = self.has_links.then(|| self.links(page));
        Ok(response(Product::Followers(followers.into()), links))
    }

    fn links(&mut self, page: u32) -> PageLinks {
        let last = if self.rng.u8(..8) == 0 { self.pages + 20 } else { self.pages };
        match self.rng.u8(..10) {
            0 => PageLinks { next: (page < last).then_some(page + 1), last: None },
            _ => PageLinks { next: (page < last).then_some(page + 1), last: Some(last) },
        }
    }

    fn fault(&mut self) -> RequestError {
        let secs = self.rng.u64(1..=3);
        let kind = match self.rng.u8(..6) {
            0 => LimitKind::Primary,
            1 | 2 => {
                let failure = Failure::new(FailureKind::Server, "bad gateway").with_status(502);
                return RequestError { failure, retry_action: RetryAction::Retry(None) };
            }
            _ => LimitKind::Secondary,
        };
        let failure = Failure::new(FailureKind::RateLimited, "too many").with_status(429);
        let wait = RetryAfter::For(Duration::from_secs(secs));
        RequestError { failure, retry_action: RetryAction::Limit(RateLimit { kind, wait }) }
    }
}

fn response(product: Product, links: Option<PageLinks>) -> ApiResponse {
    ApiResponse { done: Completion { response: None, product }, links }
}

fn plan(mode: Mode, workers: u16, tasks: u32, auto: bool) -> Plan {
    let (user, api) = ("u".to_owned(), "a scripted API".to_owned());
    let target = Target { user, api, per_page: 1, costs_quota: false };
    Plan { auto, ..Plan::new(WorkSpec::Followers(target), mode, workers, tasks) }
}

/// A run and its driver.
struct RunDriver {
    seed: u64,
    api: MovingList,
    clock: Clock,
    rate_limiter: Arc<RateLimiter>,
    handle: RunHandle,
    requests: Receiver<Request>,
    pending: Vec<Request>,
    run: Run,
}

impl RunDriver {
    fn start(
        seed: u64,
        api: MovingList,
        plan: Plan,
        clock: &Clock,
        shared_limit: &SharedLimit,
    ) -> Self {
        let (sender, requests) = unbounded();
        let address = crate::github::Api::new("http://127.0.0.1:1", None).unwrap();
        let (clock, shared_limit) = (clock.clone(), Arc::clone(shared_limit));
        let policy = Arc::new(GithubLimits::new(Arc::new(address), RETRY_POLICY.max_wait));
        let rate_limiter = RateLimiter::new(policy, clock.clone(), &plan, shared_limit);
        let rate_limiter = Arc::new(rate_limiter);
        let mut rng = Rng::with_seed(seed ^ 0xf11e);
        let unavailable = if rng.bool() { rng.u64(..) & rng.u64(..) } else { 0 };
        let job =
            ScriptedJob { unavailable, rate_limiter: Arc::clone(&rate_limiter), requests: sender };
        let mut job: Arc<dyn Job> = Arc::new(job);
        if plan.mode == Mode::Gil {
            job = Arc::new(GilJob::new(job, Gil::new(Nanos::from_millis(5))));
        }
        let run = Run::new(plan.clone());
        let handle = Pool { plan, job }.start(&clock);
        Self { seed, api, clock, rate_limiter, handle, requests, pending: Vec::new(), run }
    }

    /// Answers requests in the seed's order until the run is over, and returns it.
    fn finish(mut self) -> (Run, MovingList) {
        while !self.is_over() {
            self.await_rest();
            if self.pending.is_empty() {
                self.clock.advance(Duration::from_millis(200));
                continue;
            }
            let next = self.api.rng.usize(..self.pending.len());
            let Request { task, answer: response } = self.pending.swap_remove(next);
            // A run that has ended meanwhile no longer waits for it.
            _ = response.send(self.api.answer(task));
        }
        assert_eq!(
            self.rate_limiter.in_flight(),
            0,
            "seed {}: a permit outlives the run",
            self.seed
        );
        (self.run, self.api)
    }

    /// Waits until every permit in use belongs to a pending request, so that no idle lane holds one.
    fn await_rest(&mut self) {
        // Gives further requests a chance to arrive.
        (0..self.api.rng.u32(..200)).for_each(|_| std::thread::yield_now());
        self.pending.extend(self.requests.try_iter());
        let mut looks = 0;
        while usize::from(self.rate_limiter.in_flight()) != self.pending.len() && !self.is_over() {
            self.pending.extend(self.requests.recv_timeout(POLL_INTERVAL));
            looks += 1;
            let (out, requests) = (self.rate_limiter.in_flight(), self.pending.len());
            let hangs = looks == MAX_POLLS;
            assert!(!hangs, "seed {}: {out} permits, {requests} requests", self.seed);
        }
    }

    fn is_over(&mut self) -> bool {
        loop {
            match self.handle.events().try_recv() {
                Ok(event) => self.run.apply(&event),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }
}

/// Drives a run of each mode, `auto` and a race to its end, and returns the number of complete runs.
fn drive_runs(seed: u64) -> usize {
    let mut rng = Rng::with_seed(seed ^ 0x5eed);
    let (workers, tasks) = (rng.u16(2..=8), rng.u32(1..=14));
    let modes = [
        (Mode::Threads, workers, false),
        (Mode::Gil, workers, false),
        (Mode::Threads, 40, true),
        (Mode::Sequential, 1, false),
    ];
    let mut whole = 0;
    for (mode, workers, auto) in modes {
        let (clock, shared_limit) = (Clock::manual(), SharedLimit::default());
        let plan = plan(mode, workers, tasks, auto);
        let (run, api) =
            RunDriver::start(seed, MovingList::new(seed), plan, &clock, &shared_limit).finish();
        whole += check_run(seed, &run, &api);
        if mode == Mode::Sequential {
            // A race: the same API, with the limits that are still in force.
            let plan = self::plan(Mode::Threads, rng.u16(2..=8), run.queued_tasks().max(1), false);
            let (run, api) = RunDriver::start(seed, api, plan, &clock, &shared_limit).finish();
            whole += check_run(seed, &run, &api);
        }
    }
    whole
}

/// Asserts that a run has every page unless it failed. Returns 1 for a complete run, else 0. If the
/// list changes, the set of pages is not checked.
fn check_run(seed: u64, run: &Run, api: &MovingList) -> usize {
    if run.failure().is_some() || run.failed_task().is_some() {
        return 0;
    }
    let pages: BTreeSet<u64> = run.follower_ids().collect();
    let expected: BTreeSet<u64> = (1..=u64::from(api.pages.min(api.last_visible_page))).collect();
    let mode = run.plan().mode;
    assert!(
        matches!(run.outcome(), Some(RunOutcome::Finished)),
        "seed {seed}, {mode}: {:?}",
        run.outcome()
    );
    assert!(api.moves || !api.has_links || pages == expected, "seed {seed}, {mode}: {pages:?}");
    1
}

#[test]
fn every_run_ends_and_no_idle_lane_holds_a_permit() {
    let whole: usize = (0..500).map(drive_runs).sum();
    assert!(whole > 1_500, "only {whole} of 2,500 runs are complete: too many faults");
}
