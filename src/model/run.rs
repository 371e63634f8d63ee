//! A run: its events folded into lanes, tasks, totals, tasks in flight and in the queue.

mod facts;
mod timing;

use super::allowed::Allowed;
use super::arrivals::Arrivals;
use super::distinct::Distinct;
use super::event::{
    Done, End, Event, Failure, FailureKind, Kind, LaneId, Limit, Outcome, Product, State, TaskId,
};
use super::gil::Holds;
use super::lane::Lane;
use super::level::Load;
use super::plan::{MOST_TASKS, Mode, Plan, Workload};
use super::quota::Remaining;
use super::tasks::{FailedAttempt, Tasks};
use super::time::Nanos;
pub use timing::Times;

/// One workload in one mode, as far as its events tell.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    begun: bool,
    lanes: Vec<Lane>,
    /// The numbers of each lane's worker processes, in order.
    processes: Vec<Vec<u32>>,
    tasks: Tasks,
    load: Load,
    arrivals: Arrivals,
    /// Who held the GIL, where there is one for all.
    holds: Option<Holds>,
    /// How many tasks the run has, as far as is known.
    known: u32,
    /// Tasks that were put into a queue with a bound.
    put: u32,
    /// Tasks that were started though they are above `known`: asked for before their absence was
    /// known.
    beyond: u32,
    /// Tasks that went well, those above `known` left out.
    done: u32,
    followers: Distinct,
    bytes: u64,
    /// Requests beyond the first of a task.
    retries: u32,
    /// Tasks that went back to the queue because their worker could not go on.
    lost: u32,
    /// Of these, the ones for whose worker the system had too little.
    shortages: u32,
    /// Lanes that take no more tasks, as the system has too little for them.
    missing: Vec<LaneId>,
    /// What the first of them lacked.
    shortage: Option<Failure>,
    /// From this page on, the API showed none.
    no_more: Option<TaskId>,
    quota: Remaining,
    limits: Vec<Limit>,
    /// When each of them was first said.
    limited: Vec<Nanos>,
    /// How many requests may be in flight, where that was said.
    allowed: Allowed,
    first_failure: Option<TaskId>,
    last_finish: Nanos,
    last_event: Nanos,
    events: u64,
    end: Option<End>,
}

impl Run {
    /// A run of which nothing has happened yet. Its lanes are there from the start.
    pub fn new(plan: Plan) -> Self {
        let lanes = vec![Lane::default(); usize::from(plan.workers)];
        let holds = (plan.mode == Mode::Gil).then(Holds::default);
        Self {
            known: plan.tasks,
            begun: false,
            put: 0,
            processes: vec![Vec::new(); lanes.len()],
            lanes,
            tasks: Tasks::new(plan.workload()),
            plan,
            load: Load::default(),
            arrivals: Arrivals::default(),
            holds,
            beyond: 0,
            done: 0,
            followers: Distinct::default(),
            bytes: 0,
            retries: 0,
            lost: 0,
            shortages: 0,
            missing: Vec::new(),
            shortage: None,
            no_more: None,
            quota: Remaining::default(),
            limits: Vec::new(),
            limited: Vec::new(),
            allowed: Allowed::default(),
            first_failure: None,
            last_finish: Nanos::ZERO,
            last_event: Nanos::ZERO,
            events: 0,
            end: None,
        }
    }

    /// Adds what happened next. What cannot be is left out: a lane that is not there, a lane's
    /// second task at a time, a task's second start or finish, a number that no task has, and what a task
    /// of the workload cannot bring, and whatever comes after the end.
    pub fn apply(&mut self, event: &Event) {
        if self.end.is_some() {
            return;
        }
        self.events += 1;
        let at = event.at.min(Nanos::LATEST);
        self.last_event = self.last_event.max(at);
        match &event.kind {
            Kind::RunStarted { plan } => {
                // How much work a task is was measured meanwhile.
                if plan.workload() == self.plan.workload() {
                    self.plan.work.clone_from(&plan.work);
                }
                self.begun = true;
            }
            Kind::Queued { tasks } => self.expect(at, *tasks),
            Kind::Put { tasks } => self.put(at, *tasks),
            Kind::Process { pid } => {
                if let Some(processes) = self.processes.get_mut(usize::from(event.lane.0)) {
                    processes.push(*pid);
                }
            }
            Kind::Output { task, output } => {
                let is_command = self.plan.workload() == Workload::Commands;
                if is_command && self.tasks.is_taken(*task, event.lane) {
                    self.tasks.write(*task, output.clone());
                }
            }
            Kind::Started { task } => self.start(at, event.lane, *task),
            Kind::Entered { state } => {
                if let Some(lane) = self.lane_mut(event.lane) {
                    lane.enter(at, *state);
                }
            }
            Kind::Finished { task, outcome } => self.finish(at, event.lane, *task, outcome),
            Kind::AttemptFailed { task, failure, again } => {
                let failure = failure.clone();
                let attempt = FailedAttempt { failure, again: *again, lost: false };
                self.fail_attempt(at, event.lane, *task, attempt);
            }
            Kind::Retried { task } => self.retry(at, event.lane, *task),
            Kind::Withdrawn { shortage } => self.withdraw(event.lane, shortage),
            Kind::Quota(quota) => self.quota.set(at, *quota),
            Kind::Limited(limit) => self.limit(at, *limit),
            Kind::Allowed { in_flight, why } => self.allowed.set(at, *in_flight, *why),
            Kind::RunFinished { end } => {
                self.end = Some(end.clone());
                self.close();
            }
        }
        self.note_holder(at, event);
    }

    fn withdraw(&mut self, lane: LaneId, shortage: &Failure) {
        let exists = usize::from(lane.0) < self.lanes.len();
        if exists && !self.missing.contains(&lane) {
            self.missing.push(lane);
            self.shortage.get_or_insert_with(|| shortage.clone());
        }
    }

    /// A lane that computes holds the GIL.
    fn note_holder(&mut self, at: Nanos, event: &Event) {
        let done = match event.kind {
            Kind::Started { .. }
            | Kind::Entered { .. }
            | Kind::AttemptFailed { .. }
            | Kind::Retried { .. } => false,
            Kind::Finished { .. } => true,
            _ => return,
        };
        let lane = self.lanes.get(usize::from(event.lane.0));
        if let (Some(holds), Some(lane)) = (&mut self.holds, lane) {
            holds.note(at, event.lane, lane.state(), done);
        }
    }

    /// A limit that is said again while it lasts is the same one, and ends as was said last.
    fn limit(&mut self, at: Nanos, limit: Limit) {
        let lasts = |last: &&mut Limit| at < last.until && last.kind == limit.kind;
        if let Some(last) = self.limits.last_mut().filter(lasts) {
            *last = limit;
        } else {
            self.limits.push(limit);
            self.limited.push(at);
        }
    }

    /// There are so many tasks. Those between what was known before and this change sides: they
    /// turn out to exist, or not to.
    fn expect(&mut self, at: Nanos, tasks: u32) {
        let (started, done) = self.tasks.count(self.known.min(tasks), self.known.max(tasks));
        if tasks > self.known {
            self.beyond -= started;
            self.done += done;
        } else {
            self.beyond += started;
            self.done -= done;
        }
        self.known = tasks;
        if self.plan.queue.is_none() {
            self.arrivals.come(at, tasks);
        }
        self.want(at);
    }

    /// Every request has its place in the queue before it is in flight.
    fn want(&mut self, at: Nanos) {
        self.load.want(at, self.placed());
    }

    /// How many requests there are to be, one for every time that its task is begun.
    const fn wanted(&self) -> u32 {
        self.known.saturating_add(self.beyond).saturating_add(self.lost + self.retries)
    }

    /// How many of them have had a place in the queue. Of a queue with a bound no more are there than
    /// it holds: the others were taken by lanes that wait to begin.
    fn placed(&self) -> u32 {
        let Some(most) = self.plan.queue else { return self.wanted() };
        let put = self.put.saturating_add(self.retries).min(self.wanted());
        put.min(self.load.started().saturating_add(most))
    }

    /// So many tasks found room in the queue.
    fn put(&mut self, at: Nanos, tasks: u32) {
        self.put = self.put.max(tasks);
        self.arrivals.come(at, tasks);
        self.want(at);
    }

    fn start(&mut self, at: Nanos, lane_id: LaneId, task: TaskId) {
        let possible = (1..=MOST_TASKS).contains(&task.0) && !self.tasks.is_started(task);
        let Some(lane) = self.lanes.get_mut(usize::from(lane_id.0)) else { return };
        if !possible || lane.is_working() {
            return;
        }
        lane.start_again(at, task, self.tasks.failed_attempts(task).len() as u32);
        self.tasks.start(task, lane_id);
        self.load.start(at);
        if task.0 > self.known {
            self.beyond += 1;
        }
        if task.0 > self.known || self.plan.queue.is_some() {
            self.want(at);
        }
    }

    fn fail_attempt(&mut self, at: Nanos, lane: LaneId, task: TaskId, attempt: FailedAttempt) {
        if !self.tasks.is_taken(task, lane) || self.tasks.is_held(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            if attempt.failure.kind != FailureKind::RateLimited {
                lane.enter(at, State::Error);
            }
            lane.fail(at);
        }
        self.tasks.fail_attempt(task, attempt);
        self.load.finish(at);
    }

    fn retry(&mut self, at: Nanos, lane: LaneId, task: TaskId) {
        if !self.tasks.is_taken(task, lane) || !self.tasks.is_held(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            lane.retry(at);
        }
        self.tasks.retry(task);
        self.retries += 1;
        self.load.start(at);
        self.want(at);
    }

    fn finish(&mut self, at: Nanos, lane_id: LaneId, task: TaskId, outcome: &Outcome) {
        if !self.tasks.is_taken(task, lane_id) || !self.tasks.may_end(outcome) {
            return;
        }
        let held = self.tasks.is_held(task);
        self.tasks.finish(at, task, outcome);
        match outcome {
            Outcome::Done(done) => self.count(task, done),
            Outcome::Failed(_) => _ = self.first_failure.get_or_insert(task),
            Outcome::Lost(failure) => {
                self.lost += 1;
                self.shortages += u32::from(failure.kind == FailureKind::Exhausted);
                self.beyond -= u32::from(task.0 > self.known);
                self.want(at);
            }
            Outcome::Stopped => {}
        }
        if let Some(lane) = self.lane_mut(lane_id) {
            if matches!(outcome, Outcome::Failed(_) | Outcome::Lost(_)) {
                lane.enter(at, State::Error);
            }
            lane.finish(at);
        }
        if !held {
            self.load.finish(at);
        }
        self.last_finish = self.last_finish.max(at);
    }

    fn count(&mut self, task: TaskId, done: &Done) {
        let bytes = done.answer.map_or(0, |answer| answer.bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.done += u32::from(task.0 <= self.known);
        match &done.product {
            Product::Followers(page) => {
                let per_page = self.plan.work.target().map_or(0, |target| target.per_page);
                self.followers.expect(u64::from(self.known) * u64::from(per_page));
                self.followers.add(page.ids());
            }
            Product::NoMore => {
                self.no_more = Some(self.no_more.map_or(task, |first| first.min(task)));
            }
            Product::Profile(_) | Product::Value(_) | Product::Success => {}
        }
    }

    /// Nothing more will come: gives back the room that was kept for it.
    fn close(&mut self) {
        self.lanes.iter_mut().for_each(Lane::close);
        self.tasks.close();
        self.load.close();
        self.arrivals.close();
        self.allowed.close();
        self.holds.as_mut().map(Holds::close);
        self.followers.close();
    }

    fn lane_mut(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane.0))
    }
}
