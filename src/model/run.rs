//! A run: its events folded into lanes, tasks, totals, tasks in flight and in the queue.

use super::distinct::Distinct;
use super::event::{
    Done, End, Event, Failure, Kind, LaneId, Outcome, Product, Profile, Quota, State, TaskId,
};
use super::lane::{Lane, Span};
use super::level::{Level, Load};
use super::page::{Follower, Page};
use super::plan::{MOST_TASKS, Plan};
use super::tasks::{TaskRecord, Tasks};
use super::time::Nanos;

/// One workload in one mode, as far as its events tell.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    begun: bool,
    lanes: Vec<Lane>,
    tasks: Tasks,
    load: Load,
    /// How many tasks the run has, as far as is known.
    known: u32,
    /// Tasks that were started though they are above `known`: asked for before their absence was
    /// known.
    beyond: u32,
    /// Tasks that went well, those above `known` left out.
    done: u32,
    followers: Distinct,
    bytes: u64,
    quota: Option<Quota>,
    first_failure: Option<TaskId>,
    last_finish: Nanos,
    last_event: Nanos,
    end: Option<End>,
}

impl Run {
    /// A run of which nothing has happened yet. Its lanes are there from the start.
    pub fn new(plan: Plan) -> Self {
        let lanes = vec![Lane::default(); usize::from(plan.workers)];
        Self {
            known: plan.tasks,
            plan,
            begun: false,
            lanes,
            tasks: Tasks::default(),
            load: Load::default(),
            beyond: 0,
            done: 0,
            followers: Distinct::default(),
            bytes: 0,
            quota: None,
            first_failure: None,
            last_finish: Nanos::ZERO,
            last_event: Nanos::ZERO,
            end: None,
        }
    }

    /// Adds what happened next. What cannot be is left out: a lane that is not there, a lane's
    /// second task at a time, a task's second start or finish, a number that no task has, and whatever
    /// comes after the end.
    pub fn apply(&mut self, event: &Event) {
        if self.end.is_some() {
            return;
        }
        let at = event.at.min(Nanos::LATEST);
        self.last_event = self.last_event.max(at);
        match &event.kind {
            Kind::RunStarted { .. } => self.begun = true,
            Kind::Queued { tasks } => self.expect(at, *tasks),
            Kind::Started { task } => self.start(at, event.lane, *task),
            Kind::Entered { state } => {
                if let Some(lane) = self.lane_mut(event.lane) {
                    lane.enter(at, *state);
                }
            }
            Kind::Finished { task, outcome } => self.finish(at, event.lane, *task, outcome),
            Kind::Quota(quota) => self.quota = Some(*quota),
            Kind::RunFinished { end } => {
                self.end = Some(end.clone());
                self.close();
            }
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
        self.load.want(at, tasks.saturating_add(self.beyond));
    }

    fn start(&mut self, at: Nanos, lane_id: LaneId, task: TaskId) {
        let possible = (1..=MOST_TASKS).contains(&task.0) && !self.tasks.is_started(task);
        let Some(lane) = self.lanes.get_mut(usize::from(lane_id.0)) else { return };
        if !possible || lane.is_working() {
            return;
        }
        lane.start(at, task);
        self.tasks.start(task, lane_id);
        self.load.start(at);
        if task.0 > self.known {
            self.beyond += 1;
            self.load.want(at, self.known.saturating_add(self.beyond));
        }
    }

    fn finish(&mut self, at: Nanos, lane_id: LaneId, task: TaskId, outcome: &Outcome) {
        if !self.tasks.is_taken(task, lane_id) {
            return;
        }
        self.tasks.finish(task, outcome);
        match outcome {
            Outcome::Done(done) => self.count(task, done),
            Outcome::Failed(_) => _ = self.first_failure.get_or_insert(task),
            Outcome::Stopped => {}
        }
        if let Some(lane) = self.lane_mut(lane_id) {
            if matches!(outcome, Outcome::Failed(_)) {
                lane.enter(at, State::Error);
            }
            lane.finish(at);
        }
        self.load.finish(at);
        self.last_finish = self.last_finish.max(at);
    }

    fn count(&mut self, task: TaskId, done: &Done) {
        self.bytes = self.bytes.saturating_add(done.bytes);
        self.done += u32::from(task.0 <= self.known);
        if let Product::Followers(page) = &done.product {
            let pages = u64::from(self.known);
            self.followers.expect(pages * u64::from(self.plan.target.per_page));
            self.followers.add(page.ids());
        }
    }

    /// Nothing more will come: gives back the room that was kept for it.
    fn close(&mut self) {
        self.lanes.iter_mut().for_each(Lane::close);
        self.tasks.close();
        self.load.close();
        self.followers.close();
    }

    fn lane_mut(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane.0))
    }

    /// What was to be run.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A lane a worker.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Every task that a lane took, in order of its number, with what is known of it.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        self.tasks.iter()
    }

    /// What is known of a task that a lane took.
    pub fn task(&self, task: TaskId) -> Option<TaskRecord> {
        self.tasks.get(task)
    }

    /// How many tasks the run has, as far as is known now.
    pub const fn known_tasks(&self) -> u32 {
        self.known
    }

    /// Tasks that went well; a page past the end is none, though it was asked for.
    pub const fn done_tasks(&self) -> u32 {
        self.done
    }

    /// Tasks that were started, which is also the number of requests.
    pub const fn started_tasks(&self) -> u32 {
        self.load.started()
    }

    /// Tasks in work now.
    pub const fn in_flight(&self) -> u32 {
        self.load.in_flight()
    }

    /// Tasks in the queue now.
    pub const fn queued(&self) -> u32 {
        self.known.saturating_sub(self.load.started().saturating_sub(self.beyond))
    }

    /// Tasks in work over time.
    pub const fn in_flight_level(&self) -> Level<'_> {
        self.load.in_flight_level()
    }

    /// Tasks in the queue over time.
    pub const fn queue_level(&self) -> Level<'_> {
        self.load.queue_level()
    }

    /// Followers so far, each counted once.
    pub const fn follower_count(&self) -> u64 {
        self.followers.count()
    }

    /// How many entries of the pages so far are left out, as their account was there before: the
    /// list moves by one with everybody who comes or goes while its pages are turned.
    pub const fn duplicates(&self) -> u64 {
        self.followers.duplicates()
    }

    /// Bytes of all bodies so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the server said last of its quota.
    pub const fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The followers, in the order of their pages, each where it is first.
    pub fn followers(&self) -> impl Iterator<Item = Follower<'_>> {
        let mut is_first = self.followers.is_first();
        self.tasks.pages().flat_map(Page::iter).filter(move |follower| is_first(follower.id))
    }

    /// The followers' numbers, in the same order.
    pub fn follower_ids(&self) -> impl Iterator<Item = u64> {
        let mut is_first = self.followers.is_first();
        let ids = self.tasks.pages().flat_map(Page::ids).copied();
        ids.filter(move |&id| is_first(id))
    }

    /// The profile that a preparing run brought.
    pub fn profile(&self) -> Option<&Profile> {
        self.tasks.profile()
    }

    /// How long it took, from its start to the last task's finish; while it goes on, until `now`.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        match self.end {
            Some(_) => self.last_finish,
            None if self.begun => now.min(Nanos::LATEST).max(self.last_event),
            None => Nanos::ZERO,
        }
    }

    /// How long it took, once it is over.
    pub fn took(&self) -> Option<Nanos> {
        self.end.as_ref().map(|_| self.last_finish)
    }

    /// Tasks done a second.
    pub fn rate(&self, now: Nanos) -> f64 {
        let elapsed = self.elapsed(now).as_secs_f64();
        if elapsed > 0.0 { f64::from(self.done) / elapsed } else { 0.0 }
    }

    /// Whether its first event has come.
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// How the run ended, once it has.
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether it is over and nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.end == Some(End::Finished) && self.done == self.known
    }

    /// Why it failed, or the first task that did: what a person should be told.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.end {
            Some(End::Failed(failure)) => Some(failure),
            _ => self.tasks.failure(self.first_failure?),
        }
    }

    /// The first task that failed.
    pub const fn failed_task(&self) -> Option<TaskId> {
        self.first_failure
    }

    /// How long the finished tasks took, in no order.
    pub fn durations(&self) -> impl Iterator<Item = Nanos> + '_ {
        self.lanes.iter().flat_map(|lane| self.durations_on(lane, Nanos(u64::MAX)))
    }

    /// The same for the tasks of one of its lanes that were finished until then. One that was
    /// stopped took as long as the person waited, and does not count.
    pub fn durations_on<'run>(
        &'run self,
        lane: &'run Lane,
        until: Nanos,
    ) -> impl Iterator<Item = Nanos> + 'run {
        let counts = move |span: &Span| {
            span.end.is_some_and(|end| end <= until) && !self.tasks.is_stopped(span.task)
        };
        lane.spans().filter(counts).filter_map(|span| Some(span.end?.since(span.start)))
    }
}
