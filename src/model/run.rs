//! A run: its events folded into lanes, tasks, totals, tasks in flight and in the queue.

use super::event::{
    Done, End, Event, Failure, Follower, Kind, LaneId, Outcome, Product, Profile, Quota, State,
    TaskId,
};
use super::lane::Lane;
use super::plan::{MOST_TASKS, Plan};
use super::steps::Steps;
use super::time::Nanos;

/// One workload in one mode, as far as its events tell.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    begun: bool,
    lanes: Vec<Lane>,
    tasks: Vec<TaskRecord>,
    /// How many tasks the run has, as far as is known.
    known: u32,
    started: u32,
    /// Of these, those above `known`: asked for before their absence was known.
    beyond: u32,
    finished: u32,
    /// Tasks that went well, those above `known` left out.
    done: u32,
    followers: u64,
    bytes: u64,
    in_flight: Steps,
    queue: Steps,
    quota: Option<Quota>,
    first_failure: Option<(TaskId, Failure)>,
    last_finish: Nanos,
    last_event: Nanos,
    end: Option<End>,
}

/// What is known of one task.
#[derive(Clone, Debug, Default)]
pub struct TaskRecord {
    /// The lane that took it, once one has.
    pub lane: Option<LaneId>,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
}

impl TaskRecord {
    /// Whether it went well.
    const fn is_done(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Done(_)))
    }
}

impl Run {
    /// A run of which nothing has happened yet. Its lanes are there from the start.
    pub fn new(plan: Plan) -> Self {
        let lanes = vec![Lane::default(); usize::from(plan.workers)];
        let mut run = Self {
            known: 0,
            plan,
            begun: false,
            lanes,
            tasks: Vec::new(),
            started: 0,
            beyond: 0,
            finished: 0,
            done: 0,
            followers: 0,
            bytes: 0,
            in_flight: Steps::default(),
            queue: Steps::default(),
            quota: None,
            first_failure: None,
            last_finish: Nanos::ZERO,
            last_event: Nanos::ZERO,
            end: None,
        };
        run.known = run.plan.tasks;
        run
    }

    /// Adds what happened next. What cannot be is left out: a lane that is not there, a lane's
    /// second task at a time, a task's second start or finish, a number that no task has.
    pub fn apply(&mut self, event: &Event) {
        let at = event.at.min(Nanos::LATEST);
        self.last_event = self.last_event.max(at);
        match &event.kind {
            Kind::RunStarted { .. } => self.begun = true,
            Kind::Queued { tasks } => {
                self.expect(*tasks);
                self.queue.push(at, self.queued());
            }
            Kind::Started { task } => self.start(at, event.lane, *task),
            Kind::Entered { state } => {
                if let Some(lane) = self.lane_mut(event.lane) {
                    lane.enter(at, *state);
                }
            }
            Kind::Finished { task, outcome } => self.finish(at, event.lane, *task, outcome),
            Kind::Quota(quota) => self.quota = Some(*quota),
            Kind::RunFinished { end } => self.end = Some(end.clone()),
        }
    }

    /// There are so many tasks. Those between what was known before and this change sides: they
    /// turn out to exist, or not to.
    fn expect(&mut self, tasks: u32) {
        let (low, high) = (self.known.min(tasks), self.known.max(tasks));
        let end = (high as usize + 1).min(self.tasks.len());
        let between = self.tasks.get(low as usize + 1..end).unwrap_or(&[]);
        let started = between.iter().filter(|record| record.lane.is_some()).count() as u32;
        let done = between.iter().filter(|record| record.is_done()).count() as u32;
        if tasks > self.known {
            self.beyond -= started;
            self.done += done;
        } else {
            self.beyond += started;
            self.done -= done;
        }
        self.known = tasks;
    }

    fn start(&mut self, at: Nanos, lane_id: LaneId, task: TaskId) {
        let possible = (1..=MOST_TASKS).contains(&task.0) && self.task(task).is_none();
        let Some(lane) = self.lanes.get_mut(usize::from(lane_id.0)) else { return };
        if !possible || lane.is_working() {
            return;
        }
        lane.start(at, task);
        let index = task.0 as usize;
        if self.tasks.len() <= index {
            self.tasks.resize_with(index + 1, TaskRecord::default);
        }
        if let Some(record) = self.tasks.get_mut(index) {
            record.lane = Some(lane_id);
        }
        self.started += 1;
        self.beyond += u32::from(task.0 > self.known);
        self.in_flight.push(at, self.in_flight());
        self.queue.push(at, self.queued());
    }

    fn finish(&mut self, at: Nanos, lane: LaneId, task: TaskId, outcome: &Outcome) {
        let record = self.tasks.get_mut(task.0 as usize);
        let goes_on =
            |record: &&mut TaskRecord| record.lane == Some(lane) && record.outcome.is_none();
        let Some(record) = record.filter(goes_on) else { return };
        record.outcome = Some(outcome.clone());
        match outcome {
            Outcome::Done(done) => self.count(task, done),
            Outcome::Failed(failure) => {
                self.first_failure.get_or_insert_with(|| (task, failure.clone()));
            }
            Outcome::Stopped => {}
        }
        if let Some(lane) = self.lane_mut(lane) {
            if matches!(outcome, Outcome::Failed(_)) {
                lane.enter(at, State::Error);
            }
            lane.finish(at);
        }
        self.finished += 1;
        self.last_finish = self.last_finish.max(at);
        self.in_flight.push(at, self.in_flight());
    }

    fn count(&mut self, task: TaskId, done: &Done) {
        self.bytes = self.bytes.saturating_add(done.bytes);
        self.done += u32::from(task.0 <= self.known);
        if let Product::Followers(page) = &done.product {
            self.followers += page.len() as u64;
        }
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
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &TaskRecord)> {
        self.tasks
            .iter()
            .enumerate()
            .filter(|(_, record)| record.lane.is_some())
            .map(|(index, record)| (TaskId(index as u32), record))
    }

    /// What is known of a task.
    pub fn task(&self, task: TaskId) -> Option<&TaskRecord> {
        self.tasks.get(task.0 as usize).filter(|record| record.lane.is_some())
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
        self.started
    }

    /// Tasks in work now.
    pub const fn in_flight(&self) -> u32 {
        self.started.saturating_sub(self.finished)
    }

    /// Tasks in the queue now.
    pub const fn queued(&self) -> u32 {
        self.known.saturating_sub(self.started.saturating_sub(self.beyond))
    }

    /// Tasks in work over time.
    pub const fn in_flight_steps(&self) -> &Steps {
        &self.in_flight
    }

    /// Tasks in the queue over time.
    pub const fn queue_steps(&self) -> &Steps {
        &self.queue
    }

    /// Followers so far.
    pub const fn follower_count(&self) -> u64 {
        self.followers
    }

    /// Bytes of all bodies so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the server said last of its quota.
    pub const fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// The followers, in the order of their pages.
    pub fn followers(&self) -> impl Iterator<Item = &Follower> {
        self.products()
            .filter_map(|product| match product {
                Product::Followers(followers) => Some(followers.iter()),
                Product::Profile(_) => None,
            })
            .flatten()
    }

    /// The profile that a preparing run brought.
    pub fn profile(&self) -> Option<&Profile> {
        self.products().find_map(|product| match product {
            Product::Profile(profile) => Some(profile),
            Product::Followers(_) => None,
        })
    }

    fn products(&self) -> impl Iterator<Item = &Product> {
        self.tasks.iter().filter_map(|record| match &record.outcome {
            Some(Outcome::Done(done)) => Some(&done.product),
            _ => None,
        })
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
            _ => self.first_failure.as_ref().map(|(_, failure)| failure),
        }
    }

    /// The first task that failed.
    pub fn failed_task(&self) -> Option<TaskId> {
        self.first_failure.as_ref().map(|(task, _)| *task)
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
        let stopped = |task| {
            matches!(self.task(task), Some(TaskRecord { outcome: Some(Outcome::Stopped), .. }))
        };
        lane.spans()
            .filter(move |span| span.end.is_some_and(|end| end <= until) && !stopped(span.task))
            .filter_map(|span| Some(span.end?.since(span.start)))
    }
}
