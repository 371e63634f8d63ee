//! Fabricates the events of a run that fetches the pages of followers, to the
//! microsecond, with the scenario's faults.

use std::collections::VecDeque;
use std::sync::Arc;

use threadline::model::{
    ChangeReason, Completion, Event, EventKind, Failure, FailureKind, Follower, LaneId, LimitKind,
    Mode, Nanos, Plan, Product, Quota, ReachedLimit, ResponseSummary, RunOutcome, State, TaskId,
    TaskOutcome,
};

use super::scenario::{PER_PAGE, Scenario};

/// The number of requests that the API allows per hour.
const QUOTA: u32 = 5_000;

/// The end of the quota's hour, and the start of every run, in seconds since 1970 (UTC).
const RESET: u64 = 1_700_000_000;
const RUN_START: u64 = RESET - 300;

/// The duration of a secondary rate limit, in seconds.
const SECONDARY: u64 = 60;

/// The time to the first byte and the time of the body of each page, in milliseconds: the built-in
/// server's default delays, repeated from the sixth page on.
const PAGES: [(u64, u64); 5] = [(926, 120), (781, 95), (842, 110), (795, 88), (820, 62)];

/// The time to connect, to make a request, and to parse a response, in microseconds.
const CONNECT: u64 = 2_500;
const MAKE: u64 = 100;
const PARSE: u64 = 1_000;

/// The time that a worker process takes to start, in microseconds.
const START: u64 = 60_000;

/// The time between the starts of two threads, in microseconds.
const STAGGER: u64 = 200;

/// The wait after the first failed attempt, in microseconds; each further failure doubles it.
const BACK_OFF: u64 = 500_000;

/// Returns the events of a run of `plan`, in order, and subtracts its requests from `remaining`,
/// the rest of the quota.
pub(super) fn events(scenario: &Scenario, plan: &Plan, remaining: &mut u32) -> VecDeque<Event> {
    let mut script = FetchScript {
        scenario,
        plan,
        events: Vec::new(),
        pause: None,
        permits: Vec::new(),
        service: Vec::new(),
    };
    plan.opening().for_each(|(lane, kind)| script.emit(lane, 0, kind));
    script.emit(LaneId(0), 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    if scenario.unknown_user {
        script.fail_first_page();
    } else {
        script.fetch_pages();
    }
    let mut events = script.events;
    events.sort_by_key(|event| event.at);
    fill_in_counts(&mut events, remaining);
    events.into()
}

/// Fills in the numbers that depend on the order of all events: the rest of the quota, and the
/// number of requests that may be in flight.
fn fill_in_counts(events: &mut [Event], remaining: &mut u32) {
    let (mut permits, mut current_reset) = (None, RESET);
    for event in events {
        match &mut event.kind {
            EventKind::QuotaReported(quota) => {
                if quota.reset > current_reset {
                    (*remaining, current_reset) = (QUOTA - 1, quota.reset);
                }
                quota.remaining = *remaining;
                *remaining = remaining.saturating_sub(1);
            }
            EventKind::RateLimited(ReachedLimit { kind: LimitKind::Primary, .. }) => *remaining = 0,
            EventKind::ConcurrencyChanged { in_flight, .. } => {
                let now = permits.map_or(*in_flight, |permits: u16| permits + 1);
                *in_flight = now;
                permits = Some(now);
            }
            _ => {}
        }
    }
}

/// Builds the events of one run; times are in microseconds.
struct FetchScript<'scenario> {
    scenario: &'scenario Scenario,
    plan: &'scenario Plan,
    events: Vec<Event>,
    /// The start and the end of the pause in which no request starts, once a limit was reached.
    pause: Option<(u64, u64)>,
    /// The time at which each permit is free again; used after a limit was reached.
    permits: Vec<u64>,
    /// The time at which the service finishes each of the requests that it works on at once.
    service: Vec<u64>,
}

impl FetchScript<'_> {
    fn emit(&mut self, lane: LaneId, at: u64, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane, kind });
    }

    fn enter(&mut self, lane: LaneId, at: u64, state: State) {
        self.emit(lane, at, EventKind::StateEntered { state });
    }

    /// Runs a task on a lane from `at` on; returns the time at which it is finished.
    fn run_task(&mut self, lane: LaneId, at: u64, task: u32, outcome: TaskOutcome) -> u64 {
        let is_first = !self.events.iter().any(|event| {
            event.lane == lane
                && matches!(event.kind, EventKind::StateEntered { state: State::Connecting })
        });
        let (mut at, mut permit) = self.acquire_permit(lane, at);
        if self.plan.mode == Mode::Gil {
            self.enter(lane, at, State::LockWait);
            at += MAKE;
        }
        self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
        if self.plan.mode == Mode::Processes {
            self.enter(lane, at, State::HandOver);
            at += PARSE;
        }
        let was_limited = self.pause.is_some();
        at = self.fail_attempts(lane, at, task);
        if !was_limited && self.pause.is_some() {
            permit = Some(0);
        }
        at += MAKE;
        if is_first {
            self.enter(lane, at, State::Connecting);
            at += CONNECT;
        }
        let (wait, receive) = self.delays(task);
        self.enter(lane, at, State::Waiting);
        at = self.service_start(at, wait * 1_000) + wait * 1_000;
        if matches!(outcome, TaskOutcome::Done(_)) {
            self.enter(lane, at, State::Receiving);
            self.report_quota(lane, at);
            at += receive * 1_000;
            if self.plan.mode == Mode::Gil {
                self.enter(lane, at, State::LockWait);
                at += PARSE;
            }
            self.enter(lane, at, State::Computing);
            at += PARSE;
        }
        self.emit(lane, at, EventKind::TaskFinished { task: TaskId(task), outcome });
        if let Some(permit) = permit {
            self.permits[permit] = at;
            self.permits.push(at);
            self.emit(
                lane,
                at,
                EventKind::ConcurrencyChanged { in_flight: 0, reason: ChangeReason::Recovered },
            );
        }
        at
    }

    /// Returns the time to the first byte and the time of the body, in milliseconds.
    fn delays(&self, task: u32) -> (u64, u64) {
        match self.scenario.at_once {
            Some(_) => (50, 0),
            None => PAGES[(task as usize - 1) % PAGES.len()],
        }
    }

    /// Returns the time at which the service starts on a request that arrives at `at`.
    fn service_start(&mut self, at: u64, duration: u64) -> u64 {
        let Some(capacity) = self.scenario.at_once else { return at };
        self.service.resize(capacity, 0);
        let free = self.service.iter_mut().min().expect("a capacity above 0");
        let start = at.max(*free);
        *free = start + duration;
        start
    }

    /// Throttles a lane that is ready at `at` until it has a permit; returns the time, and the
    /// index of the permit if a limit was reached before.
    fn acquire_permit(&mut self, lane: LaneId, at: u64) -> (u64, Option<usize>) {
        let Some((_, end)) = self.pause.filter(|&(start, _)| at >= start) else {
            return (at, None);
        };
        let permits = self.permits.iter().enumerate().min_by_key(|&(_, free)| free);
        let (permit, free) = permits.expect("at least one permit");
        let start = at.max(end).max(*free);
        if start > at {
            self.enter(lane, at, State::Throttled);
        }
        (start, Some(permit))
    }

    /// Emits a page's failed attempts; returns the time at which the next attempt starts.
    fn fail_attempts(&mut self, lane: LaneId, mut at: u64, task: u32) -> u64 {
        let Scenario { retried, limited, error_message, .. } = *self.scenario;
        let (mode, api) = (self.plan.mode, self.scenario.api());
        if let Some((_, _, times)) = retried.filter(|one| (one.0, one.1) == (mode, task)) {
            for attempt in 0..times {
                at = self.fail_request(lane, at, task);
                let retry_at = at + (BACK_OFF << attempt);
                at = self.retry(lane, at, task, bad_gateway(api, task, error_message), retry_at);
            }
        }
        if let Some((_, _, kind)) = limited.filter(|one| (one.0, one.1) == (mode, task)) {
            at = self.fail_request(lane, at, task);
            let end = match kind {
                LimitKind::Primary => (RESET + 1 - RUN_START) * 1_000_000,
                LimitKind::Secondary => at + SECONDARY * 1_000_000,
            };
            let limit = ReachedLimit {
                kind,
                until: Nanos(end * 1_000),
                until_utc: RUN_START + end / 1_000_000,
            };
            self.emit(lane, at, EventKind::RateLimited(limit));
            self.report_quota(lane, at);
            let in_flight = (self.plan.workers / 2).max(1);
            self.emit(
                lane,
                at,
                EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::RateLimit },
            );
            self.pause = Some((at, end));
            self.permits = vec![end; in_flight.into()];
            at = self.retry(lane, at, task, rate_limited(api, kind), end);
        }
        at
    }

    /// Sends a request for a page that fails; returns the time of the failure.
    fn fail_request(&mut self, lane: LaneId, at: u64, task: u32) -> u64 {
        self.enter(lane, at + MAKE, State::Waiting);
        at + MAKE + self.delays(task).0 * 1_000 / 2
    }

    /// Ends an attempt with a failure and starts the next one at `retry_at`, which it returns.
    fn retry(&mut self, lane: LaneId, at: u64, task: u32, failure: Failure, retry_at: u64) -> u64 {
        let (task, time) = (TaskId(task), Nanos(retry_at * 1_000));
        self.emit(lane, at, EventKind::AttemptFailed { task, failure, retry_at: time });
        self.emit(lane, retry_at, EventKind::TaskRetried { task });
        retry_at
    }

    fn report_quota(&mut self, lane: LaneId, at: u64) {
        if self.scenario.costs_quota {
            let reset = if RUN_START + at / 1_000_000 < RESET { RESET } else { RESET + 3_600 };
            self.emit(
                lane,
                at,
                EventKind::QuotaReported(Quota { limit: QUOTA, remaining: 0, reset }),
            );
        }
    }

    /// Ends the run with its first response.
    fn fail_first_page(&mut self) {
        let (lane, failure) = (LaneId(0), unknown_user());
        let at = self.run_task(lane, 0, 1, TaskOutcome::Failed(failure.clone()));
        self.emit(
            lane,
            at,
            EventKind::RunFinished { outcome: RunOutcome::Failed(failure), machine_load: None },
        );
    }

    /// Gives each page to the lane that is free first. The response for page 1 has the number of pages
    /// of the list; a page that the server refuses to serve shows that there are fewer.
    fn fetch_pages(&mut self) {
        let listed = self.scenario.listed.div_ceil(u32::from(PER_PAGE)).max(1);
        let served = listed.min(self.scenario.shown);
        let mut free: Vec<u64> =
            (0..u64::from(self.plan.workers)).map(|lane| lane * STAGGER).collect();
        if self.plan.mode == Mode::Processes {
            for (lane, free) in (0..).zip(&mut free) {
                self.enter(LaneId(lane), *free, State::Starting);
                *free += START;
                self.emit(
                    LaneId(lane),
                    *free,
                    EventKind::ProcessStarted { pid: 4_001 + u32::from(lane) },
                );
            }
        }
        let (mut listed_at, mut served_at) = (0, u64::MAX);
        for page in 1..=self.plan.tasks.max(listed) {
            let (lane, &at) =
                free.iter().enumerate().min_by_key(|&(lane, at)| (at, lane)).expect("a worker");
            let at = if page > self.plan.tasks { at.max(listed_at) } else { at };
            if page > served && served_at <= at {
                break;
            }
            let end = self.run_task(LaneId(lane as u16), at, page, self.page(page));
            if page == 1 && listed != self.plan.tasks {
                self.emit(LaneId(0), end, EventKind::TaskCountChanged { tasks: listed });
                listed_at = end;
            }
            if page == served + 1 && listed > served {
                self.emit(LaneId(0), end, EventKind::TaskCountChanged { tasks: served });
                served_at = end;
            }
            if page == 1 && listed == served {
                served_at = end;
            }
            free[lane] = end;
        }
        let last = self.events.iter().map(|event| event.at.0 / 1_000).max().unwrap_or(0);
        self.emit(
            LaneId(0),
            last,
            EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
        );
    }

    fn page(&self, page: u32) -> TaskOutcome {
        let scenario = self.scenario;
        if scenario.bad_page == Some((self.plan.mode, page)) {
            let failure = bad_gateway(scenario.api(), page, scenario.error_message);
            return TaskOutcome::Failed(failure);
        }
        if page > scenario.shown {
            let product = Product::PastLastPage;
            return TaskOutcome::Done(Completion {
                response: Some(ResponseSummary { status: 422, bytes: 150, connected: false }),
                product,
            });
        }
        let from = (page - 1) * (u32::from(PER_PAGE) - scenario.doubled);
        let to = (from + u32::from(PER_PAGE)).min(scenario.listed);
        let moved = if self.plan.mode == Mode::Threads { scenario.moved } else { 0 };
        let followers = (from + moved..to + moved).map(|number| Follower {
            id: u64::from(number) + 1,
            login: format!("follower-{number}").into(),
            html_url: format!("https://github.com/follower-{number}").into(),
        });
        done(Product::Followers(Arc::new(followers.collect())))
    }
}

fn done(product: Product) -> TaskOutcome {
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 31_000, connected: false }),
        product,
    })
}

/// The client's failure for a user that does not exist.
fn unknown_user() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "api.github.com knows no user \"aaronlelevier\"; check the spelling",
    )
}

/// The client's failure for a page that the server answers with a 502.
fn bad_gateway(api: &str, page: u32, error_message: &str) -> Failure {
    let message = format!("{api} answered page {page} with 502: {error_message}; try again later");
    Failure::new(FailureKind::Server, message).with_status(502)
}

/// The client's failure for a reached rate limit.
fn rate_limited(api: &str, kind: LimitKind) -> Failure {
    let message = match kind {
        LimitKind::Primary => format!("{api}'s rate limit is reached until 22:13 UTC"),
        LimitKind::Secondary => format!("{api}'s secondary rate limit is reached for 60 s"),
    };
    Failure::new(FailureKind::RateLimited, message).with_status(429)
}
