//! What happens in a fabricated run, to the microsecond, and what goes wrong in it.

use std::collections::VecDeque;
use std::sync::Arc;

use threadline::app::session::SweepSetup;
use threadline::model::{
    ChangeReason, Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, Follower,
    LaneId, LimitKind, Mode, Nanos, Plan, Product, Profile, Quota, ReachedLimit, ResponseSummary,
    RunOutcome, State, Target, TaskId, TaskOutcome, Workload,
};

use super::{auto_script, compute_script};

/// What the server that is not there knows, and what goes wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// Whether it is a real API, with a quota.
    pub(crate) costs_quota: bool,
    /// How many requests are left of that.
    pub(crate) remaining: u32,
    /// The count that the profile claims.
    pub(crate) followers: u32,
    /// How many the list really has.
    pub(crate) listed: u32,
    /// How many of a page's followers are on the page before, too.
    pub(crate) doubled: u32,
    /// How many leave at the list's start and join at its end before the threaded run.
    pub(crate) moved: u32,
    /// The last page that the server shows.
    pub(crate) shown: u32,
    /// Worker threads, where a person said how many.
    pub(crate) workers: Option<u16>,
    /// A sweep's counts, and how often each is run, where a person said so.
    pub(crate) sweep: SweepSetup,
    /// Each page takes the service 50 ms, and it works on so many at once.
    pub(crate) at_once: Option<usize>,
    /// Whether it is found while fetching how many.
    pub(crate) auto: bool,
    /// The user does not exist.
    pub(crate) unknown_user: bool,
    /// The page that fails with a 502, and in which mode.
    pub(crate) bad_page: Option<(Mode, u32)>,
    /// What the server says of pages that fail.
    pub(crate) said: &'static str,
    /// The page that fails so often before it goes well, and in which mode.
    pub(crate) retried: Option<(Mode, u32, u32)>,
    /// The page at which a limit is reached, and in which mode.
    pub(crate) limited: Option<(Mode, u32, LimitKind)>,
    /// What a task of CPU work is.
    pub(crate) compute: ComputeSpec,
    /// How many tasks the queue holds.
    pub(crate) queue: Option<u32>,
    /// The task that a worker process dies over.
    pub(crate) lost: Option<u32>,
    /// The task that comes to another number than elsewhere, and in which mode.
    pub(crate) wrong: Option<(Mode, u32)>,
}

/// The example: 127 followers on 5 pages of 30, on the built-in server.
impl Default for Scenario {
    fn default() -> Self {
        Self {
            costs_quota: false,
            remaining: 4_990,
            followers: 127,
            listed: 127,
            doubled: 0,
            moved: 0,
            shown: u32::MAX,
            workers: None,
            sweep: SweepSetup::default(),
            at_once: None,
            auto: false,
            unknown_user: false,
            bad_page: None,
            said: "Bad Gateway",
            retried: None,
            limited: None,
            compute: ComputeSpec::default(),
            queue: None,
            lost: None,
            wrong: None,
        }
    }
}

impl Scenario {
    /// Where it is done.
    pub(crate) const fn api(&self) -> &'static str {
        if self.costs_quota { "api.github.com" } else { Target::BUILT_IN }
    }
}

pub(crate) const PER_PAGE: u8 = 30;

/// How many requests the API allows an hour.
const QUOTA: u32 = 5_000;

/// When the quota's hour is over, and when every run begins: in seconds since 1970 (UTC).
const RESET: u64 = 1_700_000_000;
const BEGIN: u64 = RESET - 300;

/// How long a secondary limit lasts, in seconds.
const SECONDARY: u64 = 60;

/// How long a page lets wait and how long its body takes, in milliseconds: the built-in server's
/// own delays, over again for a sixth page and on.
const PAGES: [(u64, u64); 5] = [(926, 120), (781, 95), (842, 110), (795, 88), (820, 62)];

/// How long the profile lets wait, in milliseconds.
const PROFILE: u64 = 248;

/// A connection, a request's making, and an answer's parsing, in microseconds.
const CONNECT: u64 = 2_500;
const MAKE: u64 = 100;
const PARSE: u64 = 1_000;

/// How long a worker process takes to start, in microseconds.
const START: u64 = 60_000;

/// How much later each thread starts than the one before, in microseconds.
const STAGGER: u64 = 200;

/// The wait after a request that failed, in microseconds; after each further one it is doubled.
const BACK_OFF: u64 = 500_000;

/// What happens in a run of `plan`, in order; `remaining` requests are left of the quota.
pub(super) fn events(job: &Scenario, plan: &Plan, remaining: &mut u32) -> VecDeque<Event> {
    if !matches!(plan.workload(), Workload::Profile | Workload::Followers) {
        return compute_script::events(job, plan);
    }
    if plan.auto {
        return auto_script::events(plan);
    }
    let mut script = EventScript {
        job,
        plan,
        events: Vec::new(),
        pause: None,
        slots: Vec::new(),
        room: Vec::new(),
    };
    script.whole(LaneId(0), 0, EventKind::RunStarted { plan: plan.clone() });
    script.whole(LaneId(0), 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    match plan.workload() {
        Workload::Profile => script.profile(),
        _ => script.pages(),
    }
    let mut events = script.events;
    events.sort_by_key(|event| event.at);
    count(&mut events, remaining);
    events.into()
}

/// Fills in what depends on the order of things: what is left of the quota, and how many requests
/// may be in flight.
fn count(events: &mut [Event], remaining: &mut u32) {
    let (mut most, mut hour) = (None, RESET);
    for event in events {
        match &mut event.kind {
            EventKind::QuotaReported(quota) => {
                if quota.reset > hour {
                    (*remaining, hour) = (QUOTA - 1, quota.reset);
                }
                quota.remaining = *remaining;
                *remaining = remaining.saturating_sub(1);
            }
            EventKind::RateLimited(ReachedLimit { kind: LimitKind::Primary, .. }) => *remaining = 0,
            EventKind::ConcurrencyChanged { in_flight, .. } => {
                let now = most.map_or(*in_flight, |most: u16| most + 1);
                *in_flight = now;
                most = Some(now);
            }
            _ => {}
        }
    }
}

/// The events of one run while they are made up; times in microseconds.
struct EventScript<'job> {
    job: &'job Scenario,
    plan: &'job Plan,
    events: Vec<Event>,
    /// From when to when nothing leaves, once a limit was reached.
    pause: Option<(u64, u64)>,
    /// After that: when each of the requests that may be in flight is over.
    slots: Vec<u64>,
    /// When each of those that the service works on at once is done with.
    room: Vec<u64>,
}

impl EventScript<'_> {
    fn whole(&mut self, lane: LaneId, at: u64, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane, kind });
    }

    /// A task's life on its lane from `at` on; returns when it is over.
    fn task(&mut self, lane: LaneId, at: u64, task: u32, outcome: TaskOutcome) -> u64 {
        let first = !self.events.iter().any(|event| {
            event.lane == lane
                && matches!(event.kind, EventKind::StateEntered { state: State::Connecting })
        });
        let (mut at, mut slot) = self.hold(lane, at);
        if self.plan.mode == Mode::Gil {
            self.enter(lane, at, State::LockWait);
            at += MAKE;
        }
        self.whole(lane, at, EventKind::TaskStarted { task: TaskId(task) });
        if self.plan.mode == Mode::Processes {
            self.enter(lane, at, State::HandOver);
            at += PARSE;
        }
        let limited = self.pause.is_some();
        at = self.attempts(lane, at, task);
        if !limited && self.pause.is_some() {
            slot = Some(0);
        }
        at += MAKE;
        if first {
            self.enter(lane, at, State::Connecting);
            at += CONNECT;
        }
        let (wait, receive) = self.times(task);
        self.enter(lane, at, State::Waiting);
        at = self.turn(at, wait * 1_000) + wait * 1_000;
        if matches!(outcome, TaskOutcome::Done(_)) {
            self.enter(lane, at, State::Receiving);
            self.quota(lane, at);
            at += receive * 1_000;
            if self.plan.mode == Mode::Gil {
                self.enter(lane, at, State::LockWait);
                at += PARSE;
            }
            self.enter(lane, at, State::Computing);
            at += PARSE;
        }
        self.whole(lane, at, EventKind::TaskFinished { task: TaskId(task), outcome });
        if let Some(slot) = slot {
            self.slots[slot] = at;
            self.slots.push(at);
            self.whole(
                lane,
                at,
                EventKind::ConcurrencyChanged { in_flight: 0, reason: ChangeReason::Recovered },
            );
        }
        at
    }

    fn times(&self, task: u32) -> (u64, u64) {
        match self.plan.workload() {
            Workload::Profile => (PROFILE, 1),
            _ if self.job.at_once.is_some() => (50, 0),
            _ => PAGES[(task as usize - 1) % PAGES.len()],
        }
    }

    /// When a service that has room for so many begins with a request that came at `at`.
    fn turn(&mut self, at: u64, takes: u64) -> u64 {
        let Some(most) = self.job.at_once.filter(|_| self.plan.workload() != Workload::Profile)
        else {
            return at;
        };
        self.room.resize(most, 0);
        let first = self.room.iter_mut().min().expect("room for one");
        let begin = at.max(*first);
        *first = begin + takes;
        begin
    }

    /// A lane that is ready at `at` waits until its request may leave: returns when that is, and
    /// which of the requests that may be in flight it then is.
    fn hold(&mut self, lane: LaneId, at: u64) -> (u64, Option<usize>) {
        let Some((_, end)) = self.pause.filter(|&(begin, _)| at >= begin) else {
            return (at, None);
        };
        let slots = self.slots.iter().enumerate().min_by_key(|&(_, free)| free);
        let (slot, free) = slots.expect("a request may be in flight");
        let leaves = at.max(end).max(*free);
        if leaves > at {
            self.enter(lane, at, State::Throttled);
        }
        (leaves, Some(slot))
    }

    /// The requests for a page that fail before it goes well; returns when the next begins.
    fn attempts(&mut self, lane: LaneId, mut at: u64, task: u32) -> u64 {
        let (mode, api) = (self.plan.mode, self.job.api());
        if self.plan.workload() == Workload::Profile {
            return at;
        }
        if let Some((_, _, times)) = self.job.retried.filter(|one| (one.0, one.1) == (mode, task)) {
            for attempt in 0..times {
                at = self.fails(lane, at, task);
                let again = at + (BACK_OFF << attempt);
                at = self.again(lane, at, task, bad_gateway(api, task, self.job.said), again);
            }
        }
        if let Some((_, _, kind)) = self.job.limited.filter(|one| (one.0, one.1) == (mode, task)) {
            at = self.fails(lane, at, task);
            let end = match kind {
                LimitKind::Primary => (RESET + 1 - BEGIN) * 1_000_000,
                LimitKind::Secondary => at + SECONDARY * 1_000_000,
            };
            let limit = ReachedLimit {
                kind,
                until: Nanos(end * 1_000),
                until_utc: BEGIN + end / 1_000_000,
            };
            self.whole(lane, at, EventKind::RateLimited(limit));
            self.quota(lane, at);
            let in_flight = (self.plan.workers / 2).max(1);
            self.whole(
                lane,
                at,
                EventKind::ConcurrencyChanged { in_flight, reason: ChangeReason::RateLimit },
            );
            self.pause = Some((at, end));
            self.slots = vec![end; in_flight.into()];
            at = self.again(lane, at, task, limited(api, kind), end);
        }
        at
    }

    /// A request for a page that brings nothing; returns when that is known.
    fn fails(&mut self, lane: LaneId, at: u64, task: u32) -> u64 {
        self.enter(lane, at + MAKE, State::Waiting);
        at + MAKE + self.times(task).0 * 1_000 / 2
    }

    fn again(&mut self, lane: LaneId, at: u64, task: u32, failure: Failure, again: u64) -> u64 {
        let (task, wait) = (TaskId(task), Nanos(again * 1_000));
        self.whole(lane, at, EventKind::AttemptFailed { task, failure, retry_at: wait });
        self.whole(lane, again, EventKind::TaskRetried { task });
        again
    }

    fn enter(&mut self, lane: LaneId, at: u64, state: State) {
        self.whole(lane, at, EventKind::StateEntered { state });
    }

    fn quota(&mut self, lane: LaneId, at: u64) {
        if self.job.costs_quota {
            let reset = if BEGIN + at / 1_000_000 < RESET { RESET } else { RESET + 3_600 };
            self.whole(
                lane,
                at,
                EventKind::QuotaReported(Quota { limit: QUOTA, remaining: 0, reset }),
            );
        }
    }

    fn profile(&mut self) {
        let lane = LaneId(0);
        let (outcome, end) = if self.job.unknown_user {
            let failure = unknown_user();
            (TaskOutcome::Failed(failure.clone()), RunOutcome::Failed(failure))
        } else {
            let followers = u64::from(self.job.followers);
            let profile = Profile { login: "aaronlelevier".to_owned(), followers };
            (done(Product::Profile(profile)), RunOutcome::Finished)
        };
        let at = self.task(lane, 0, 1, outcome);
        self.whole(lane, at, EventKind::RunFinished { outcome: end });
    }

    /// Every page goes to the lane that is free first.
    fn pages(&mut self) {
        let listed = self.job.listed.div_ceil(u32::from(PER_PAGE)).max(1);
        let real = listed.min(self.job.shown);
        let mut free: Vec<u64> =
            (0..u64::from(self.plan.workers)).map(|lane| lane * STAGGER).collect();
        if self.plan.mode == Mode::Processes {
            for (lane, free) in (0..).zip(&mut free) {
                self.enter(LaneId(lane), *free, State::Starting);
                *free += START;
                self.whole(
                    LaneId(lane),
                    *free,
                    EventKind::ProcessStarted { pid: 4_001 + u32::from(lane) },
                );
            }
        }
        for page in 1..=self.plan.tasks.max(real) {
            if page > real && self.told_before(free.iter().min().copied()) {
                break;
            }
            let (lane, &at) =
                free.iter().enumerate().min_by_key(|&(lane, at)| (at, lane)).expect("a worker");
            let end = self.task(LaneId(lane as u16), at, page, self.page(page));
            let tells = if listed > real { real + 1 } else { 1 };
            if page == tells && real != self.plan.tasks {
                self.whole(LaneId(0), end, EventKind::TaskCountChanged { tasks: real });
            }
            free[lane] = end;
        }
        let last = self.events.iter().map(|event| event.at.0 / 1_000).max().unwrap_or(0);
        self.whole(LaneId(0), last, EventKind::RunFinished { outcome: RunOutcome::Finished });
    }

    /// Whether a page has told by `now` how many there are.
    fn told_before(&self, now: Option<u64>) -> bool {
        let queued = self
            .events
            .iter()
            .rfind(|event| matches!(event.kind, EventKind::TaskCountChanged { .. }));
        queued.is_some_and(|event| event.at > Nanos::ZERO && Some(event.at.0 / 1_000) <= now)
    }

    fn page(&self, page: u32) -> TaskOutcome {
        if self.job.bad_page == Some((self.plan.mode, page)) {
            return TaskOutcome::Failed(bad_gateway(self.job.api(), page, self.job.said));
        }
        if page > self.job.shown {
            let product = Product::PastLastPage;
            return TaskOutcome::Done(Completion {
                response: Some(ResponseSummary { status: 422, bytes: 150, connected: false }),
                product,
            });
        }
        let from = (page - 1) * (u32::from(PER_PAGE) - self.job.doubled);
        let to = (from + u32::from(PER_PAGE)).min(self.job.listed);
        let moved = if self.plan.mode == Mode::Threads { self.job.moved } else { 0 };
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

/// What the client says of a user that does not exist.
fn unknown_user() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "api.github.com knows no user \"aaronlelevier\"; check the spelling",
    )
}

/// What the client says of a page that the server failed to make.
fn bad_gateway(api: &str, page: u32, said: &str) -> Failure {
    let message = format!("{api} answered page {page} with 502: {said}; try again later");
    Failure::new(FailureKind::Server, message).with_status(502)
}

/// What the client says of a limit.
fn limited(api: &str, kind: LimitKind) -> Failure {
    let message = match kind {
        LimitKind::Primary => format!("{api}'s rate limit is reached until 22:13 UTC"),
        LimitKind::Secondary => format!("{api}'s secondary rate limit is reached for 60 s"),
    };
    Failure::new(FailureKind::RateLimited, message).with_status(429)
}
