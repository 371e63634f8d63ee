//! A run: the fold of its events into lanes, tasks, totals, and the load over time.

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

/// One workload in one mode, as known from the events so far.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    begun: bool,
    lanes: Vec<Lane>,
    /// The process IDs of each lane's worker processes, in order.
    processes: Vec<Vec<u32>>,
    tasks: Tasks,
    load: Load,
    arrivals: Arrivals,
    /// The holds of the GIL, in a mode with a shared one.
    holds: Option<Holds>,
    /// The number of tasks that are known so far.
    known: u32,
    /// The number of tasks that have entered a bounded queue.
    put: u32,
    /// The number of started tasks above `known`: pages that were requested before they turned out
    /// not to exist.
    beyond: u32,
    /// The number of successful tasks up to `known`.
    done: u32,
    followers: Distinct,
    bytes: u64,
    /// The number of requests beyond the first of each task.
    retries: u32,
    /// The number of times that a task returned to the queue because its worker was lost.
    lost: u32,
    /// The number of those times that were due to a lack of system resources.
    shortages: u32,
    /// Lanes that take no more tasks because of a lack of system resources.
    missing: Vec<LaneId>,
    /// The missing resource of the first of them.
    shortage: Option<Failure>,
    /// The first page that the API does not list.
    no_more: Option<TaskId>,
    quota: Remaining,
    limits: Vec<Limit>,
    /// The time at which each limit was first reported.
    limited: Vec<Nanos>,
    /// The concurrency limit over time, if one was reported.
    allowed: Allowed,
    first_failure: Option<TaskId>,
    last_finish: Nanos,
    last_event: Nanos,
    events: u64,
    end: Option<End>,
}

impl Run {
    /// Creates a run without events. It has all its lanes from the start.
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

    /// Applies the next event. Impossible events are ignored: an unknown lane, a second task on a
    /// busy lane, a second start or end of a task, a task number out of range, a result that the
    /// workload cannot produce, and all events after the end.
    pub fn apply(&mut self, event: &Event) {
        if self.end.is_some() {
            return;
        }
        self.events += 1;
        let at = event.at.min(Nanos::LATEST);
        self.last_event = self.last_event.max(at);
        match &event.kind {
            Kind::RunStarted { plan } => {
                // The amount of work per task may have been measured since the plan was made.
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

    /// Updates the holder of the GIL: a lane that computes holds it.
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

    /// Records a limit. One that is reported again while in effect is the same limit with a new
    /// end.
    fn limit(&mut self, at: Nanos, limit: Limit) {
        let lasts = |last: &&mut Limit| at < last.until && last.kind == limit.kind;
        if let Some(last) = self.limits.last_mut().filter(lasts) {
            *last = limit;
        } else {
            self.limits.push(limit);
            self.limited.push(at);
        }
    }

    /// Sets the number of tasks. Tasks between the old and the new number now exist, or no longer
    /// do, and their counts move accordingly.
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

    /// Updates the load: every request enters the queue before it is in flight.
    fn want(&mut self, at: Nanos) {
        self.load.want(at, self.placed());
    }

    /// The total number of requests: one for each time that a task is started.
    const fn wanted(&self) -> u32 {
        self.known.saturating_add(self.beyond).saturating_add(self.lost + self.retries)
    }

    /// The number of requests that have entered the queue. A bounded queue holds no more than its
    /// capacity; the others were already taken by lanes that are about to start them.
    fn placed(&self) -> u32 {
        let Some(most) = self.plan.queue else { return self.wanted() };
        let put = self.put.saturating_add(self.retries).min(self.wanted());
        put.min(self.load.started().saturating_add(most))
    }

    /// Records that `tasks` tasks have entered the bounded queue.
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

    /// Releases spare capacity once the run is complete.
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
