//! What is known of a run.

use super::Run;
use crate::model::allowed::Step;
use crate::model::event::{
    End, Failure, FailureKind, LaneId, Limit, Output, Profile, Quota, TaskId,
};
use crate::model::gil::Gil;
use crate::model::lane::{Lane, Span};
use crate::model::level::Level;
use crate::model::page::{Follower, Page};
use crate::model::plan::{Plan, Workload};
use crate::model::stats::Waves;
use crate::model::tasks::{FailedAttempt, TaskRecord};
use crate::model::time::Nanos;

impl Run {
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

    /// Tasks that failed.
    pub fn failed_tasks(&self) -> u32 {
        self.tasks.failed()
    }

    /// Tasks that were started.
    pub const fn started_tasks(&self) -> u32 {
        self.load.started() - self.retries - self.lost
    }

    /// Requests made: the first of each task, and those made again.
    pub const fn requests(&self) -> u32 {
        self.load.started()
    }

    /// Requests made again after they failed.
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// The number of times that a task went back to the queue because its worker could not go on.
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    /// The number of worker processes that died over a task.
    pub const fn deaths(&self) -> u32 {
        self.lost - self.shortages
    }

    /// The workers that took no more tasks because the system has too little for them.
    pub fn missing_workers(&self) -> &[LaneId] {
        &self.missing
    }

    /// Returns whether an attempt ended because the system had too little for it.
    fn is_shortage(&self, span: &Span) -> bool {
        let is_shortage = |failure: &Failure| failure.kind == FailureKind::Exhausted;
        self.shortages > 0 && self.failure_in(span).is_some_and(is_shortage)
    }

    /// Why workers are missing, if any are.
    pub const fn shortage(&self) -> Option<&Failure> {
        self.shortage.as_ref()
    }

    /// What a command wrote, once it has ended.
    pub fn output(&self, task: TaskId) -> Option<&Output> {
        self.tasks.output(task)
    }

    /// What CPU work came to, of the tasks that went well, in their order.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        self.tasks.values()
    }

    /// The name of the worker on a lane: a process has its number in it.
    pub fn worker_name(&self, lane: u16) -> String {
        match self.processes_on(lane).last() {
            Some(pid) => format!("pid {pid}"),
            None => self.plan.worker_name(lane),
        }
    }

    /// The numbers of a lane's worker processes, in order: each but the last died.
    pub fn processes_on(&self, lane: u16) -> &[u32] {
        self.processes.get(usize::from(lane)).map_or(&[], Vec::as_slice)
    }

    /// Tasks that lanes have now.
    pub fn handed_out(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.is_working()).count()
    }

    /// Requests in flight now.
    pub const fn in_flight(&self) -> u32 {
        self.load.in_flight()
    }

    /// Tasks in the queue now.
    pub fn queued(&self) -> u32 {
        self.placed().saturating_sub(self.load.started())
    }

    /// Tasks that found no room in the queue yet: none where it has no bound.
    pub fn unqueued(&self) -> u32 {
        let Some(_) = self.plan.queue else { return 0 };
        self.wanted().saturating_sub(self.put.saturating_add(self.retries)).min(self.known)
    }

    /// Tasks in work over time.
    pub const fn in_flight_level(&self) -> Level<'_> {
        self.load.in_flight_level()
    }

    /// Tasks in the queue over time.
    pub const fn queue_level(&self) -> Level<'_> {
        self.load.queue_level()
    }

    /// The GIL that its lanes share; nothing in a mode without one.
    pub fn gil(&self) -> Option<Gil<'_>> {
        Some(Gil::new(self.holds.as_ref()?, &self.lanes))
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
        self.quota.latest()
    }

    /// What was left of the quota over time; its peak is the quota.
    pub const fn quota_level(&self) -> Level<'_> {
        self.quota.level()
    }

    /// The limits that the server said were reached, in order.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// When each of them was first said.
    pub fn limited(&self) -> impl Iterator<Item = (Nanos, &Limit)> {
        self.limited.iter().copied().zip(&self.limits)
    }

    /// The limit that holds the run back at a moment.
    pub fn limit_at(&self, now: Nanos) -> Option<&Limit> {
        self.limits.last().filter(|limit| now < limit.until && !self.is_over())
    }

    /// How many requests may be in flight at once, where a limit has made that fewer than workers.
    pub fn narrowed(&self) -> Option<u16> {
        self.allowed().filter(|&most| most < self.plan.workers && !self.plan.auto)
    }

    /// How many requests may be in flight at once now, where that was said.
    pub fn allowed(&self) -> Option<u16> {
        self.steps().last().map(|step| step.to)
    }

    /// The same over time; nothing before it was said first.
    pub fn allowed_level(&self) -> Level<'_> {
        self.allowed.level()
    }

    /// Each change of how many requests may be in flight, in order.
    pub fn steps(&self) -> &[Step] {
        self.allowed.steps()
    }

    /// The change that holds at a moment.
    pub fn step_at(&self, t: Nanos) -> Option<&Step> {
        self.allowed.step_at(t)
    }

    /// How many workers were to be at work, until `now`: where that is found while fetching, the
    /// mean over time, as the same number all the time would be.
    pub fn mean_workers(&self, now: Nanos) -> f64 {
        let until = self.elapsed(now);
        if self.plan.auto && until > Nanos::ZERO {
            return self.allowed_level().mean(Nanos::ZERO, until).max(1.0);
        }
        f64::from(self.plan.workers) - self.missing.len() as f64
    }

    /// The rounds that the workers need for the tasks, or `None` if their number changed meanwhile.
    pub fn waves(&self) -> Option<Waves> {
        let constant = !self.plan.auto && self.missing.is_empty();
        constant.then(|| Waves::new(self.known, self.plan.workers))
    }

    /// A task's attempts that failed and after which others were made, or were to be, in order.
    pub fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.tasks.failed_attempts(task)
    }

    /// The last page that the API shows, where it said that there are more.
    pub fn last_shown(&self) -> Option<TaskId> {
        self.no_more.map(|first| TaskId(first.0.saturating_sub(1)))
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

    /// Whether it did all that there is to do, so that its time can be set beside another's: a command
    /// that fails has run as well.
    pub fn is_comparable(&self) -> bool {
        let commands = self.plan.workload() == Workload::Commands;
        self.is_whole() || (commands && self.end == Some(End::Finished))
    }

    /// How many tasks need not be done any more: those that were done, and commands that failed, which
    /// have run as well.
    pub fn ended_tasks(&self) -> u32 {
        let commands = self.plan.workload() == Workload::Commands;
        self.done + if commands { self.failed_tasks() } else { 0 }
    }

    /// Why it failed, or the first task that did: what a person should be told.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.end {
            Some(End::Failed(failure)) => Some(failure),
            _ => self.tasks.failure(self.first_failure?),
        }
    }

    /// Why a task failed in the end.
    pub fn failure_of(&self, task: TaskId) -> Option<&Failure> {
        self.tasks.failure(task)
    }

    /// The page of followers that a task brought.
    pub fn page(&self, task: TaskId) -> Option<&Page> {
        self.tasks.page(task)
    }

    /// How many events it is made of so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The first task that failed.
    pub const fn failed_task(&self) -> Option<TaskId> {
        self.first_failure
    }

    /// How long the finished tasks took, in no order.
    pub fn durations(&self) -> impl Iterator<Item = Nanos> + '_ {
        self.lanes.iter().flat_map(|lane| self.durations_on(lane, Nanos(u64::MAX)))
    }

    /// The same for the tasks of one of its lanes that were finished until then. A task that was
    /// stopped, and an attempt that the system had too little for, took no time of their own.
    pub fn durations_on<'run>(
        &'run self,
        lane: &'run Lane,
        until: Nanos,
    ) -> impl Iterator<Item = Nanos> + 'run {
        let counts = move |span: &Span| {
            span.end.is_some_and(|end| end <= until)
                && !self.tasks.is_stopped(span.task)
                && !self.is_shortage(span)
        };
        lane.spans().filter(counts).filter_map(|span| Some(span.end?.since(span.start)))
    }
}
