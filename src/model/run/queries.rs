//! The figures of a run.

use super::Run;
use crate::model::Waves;
use crate::model::concurrency_limit::LimitChange;
use crate::model::event::{CommandOutput, RunOutcome};
use crate::model::exactness::Losses;
use crate::model::failure::{Failure, FailureKind};
use crate::model::follower_page::{Follower, FollowerPage};
use crate::model::gil::GilUsage;
use crate::model::lane::{Lane, Span};
use crate::model::plan::{LaneId, Plan, TaskId};
use crate::model::quota::{Quota, ReachedLimit};
use crate::model::state::StateTimes;
use crate::model::tasks::{FailedAttempt, TaskRecord};
use crate::model::time::Nanos;
use crate::model::time_series::LevelSeries;

impl Run {
    /// The plan of the run.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The lanes, one per worker: those of the plan, whether they are open or not, and any that were
    /// opened beyond it.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Returns all tasks that have been started, in the order of their numbers.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        self.tasks.iter()
    }

    /// Returns the record of a task that has been started.
    pub fn task(&self, task: TaskId) -> Option<TaskRecord> {
        self.tasks.get(task)
    }

    /// The number of tasks that are known so far.
    pub const fn known_tasks(&self) -> u32 {
        self.known_tasks
    }

    /// The number of successful tasks, without pages beyond the last one.
    pub const fn done_tasks(&self) -> u32 {
        self.done_tasks
    }

    /// The number of failed tasks, without pages beyond the last one.
    pub fn failed_tasks(&self) -> u32 {
        self.tasks.failed_count(self.known_tasks)
    }

    /// The number of pages that were requested before they turned out not to exist.
    pub const fn requests_past_end(&self) -> u32 {
        self.excess_tasks
    }

    /// Returns `true` if the task is a page beyond the last one.
    pub const fn is_past_end(&self, task: TaskId) -> bool {
        task.0 > self.known_tasks
    }

    /// Returns the label of a task, safe to print: that of the plan, or `past end`.
    pub fn label(&self, task: TaskId) -> String {
        if self.is_past_end(task) { "past end".to_owned() } else { self.plan.label(task) }
    }

    /// The number of tasks that have been started.
    pub const fn started_tasks(&self) -> u32 {
        self.task_load.started_count() - self.retries - self.requeue_count
    }

    /// The number of requests, including retries.
    pub const fn request_count(&self) -> u32 {
        self.task_load.started_count()
    }

    /// The number of retries.
    pub const fn retry_count(&self) -> u32 {
        self.retries
    }

    /// The number of times that a task returned to the queue because its worker was lost.
    pub const fn requeue_count(&self) -> u32 {
        self.requeue_count
    }

    /// The number of worker processes that died over a task.
    pub const fn deaths(&self) -> u32 {
        self.requeue_count - self.shortage_count
    }

    /// The workers that take no more tasks because the system lacks resources for them.
    pub fn missing_workers(&self) -> &[LaneId] {
        &self.withdrawn_lanes
    }

    /// Returns `true` if an attempt ended because of a lack of system resources.
    fn is_shortage(&self, span: &Span) -> bool {
        let is_shortage = |failure: &Failure| failure.kind == FailureKind::Exhausted;
        self.shortage_count > 0 && self.attempt_failure(span).is_some_and(is_shortage)
    }

    /// The reason for missing workers, if there are any.
    pub const fn shortage(&self) -> Option<&Failure> {
        self.shortage.as_ref()
    }

    /// Returns the output of a command that has ended.
    pub fn output(&self, task: TaskId) -> Option<&CommandOutput> {
        self.tasks.output(task)
    }

    /// Returns the results of CPU work of all successful tasks, in the order of the tasks.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        self.tasks.values()
    }

    /// Returns the label of a lane: the name of its thread or the ID of its process.
    pub fn worker_name(&self, lane: u16) -> String {
        self.lanes.get(usize::from(lane)).map(Lane::label).unwrap_or_default()
    }

    /// The number of tasks that lanes are working on.
    pub fn tasks_in_work(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.is_working()).count()
    }

    /// The number of requests in flight.
    pub const fn in_flight(&self) -> u32 {
        self.task_load.in_flight_count()
    }

    /// The number of tasks in the queue.
    pub const fn queued_tasks(&self) -> u32 {
        self.expected_requests().saturating_sub(self.task_load.started_count())
    }

    /// The number of tasks in flight over time.
    pub const fn in_flight_level(&self) -> LevelSeries<'_> {
        self.task_load.in_flight_level()
    }

    /// The number of tasks in the queue over time.
    pub const fn queue_level(&self) -> LevelSeries<'_> {
        self.task_load.queue_level()
    }

    /// The GIL that the lanes share, or `None` in a mode without one.
    pub fn gil(&self) -> Option<GilUsage<'_>> {
        Some(GilUsage::new(self.gil_holds.as_ref()?, &self.lanes))
    }

    /// The number of distinct followers so far.
    pub const fn follower_count(&self) -> u64 {
        self.follower_accounts.count()
    }

    /// The number of duplicate entries so far. While the pages are fetched, the list shifts by one
    /// for each new or lost follower.
    pub const fn duplicate_count(&self) -> u64 {
        self.follower_accounts.duplicate_count()
    }

    /// The total size of all response bodies so far, in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The latest quota that the server reported.
    pub const fn quota(&self) -> Option<Quota> {
        self.quota_history.latest()
    }

    /// The remaining quota over time. Its peak is the full quota.
    pub const fn quota_level(&self) -> LevelSeries<'_> {
        self.quota_history.level()
    }

    /// The rate limits that the server reported, in order.
    pub fn limits(&self) -> &[ReachedLimit] {
        &self.limits
    }

    /// Returns each limit with the time at which it was first reported.
    pub fn limit_times(&self) -> impl Iterator<Item = (Nanos, &ReachedLimit)> {
        self.limit_times.iter().copied().zip(&self.limits)
    }

    /// Returns the limit that holds the run back at a moment.
    pub fn limit_at(&self, now: Nanos) -> Option<&ReachedLimit> {
        self.limits.last().filter(|limit| now < limit.until && !self.is_over())
    }

    /// The concurrency limit, if a rate limit has reduced it below the number of workers.
    pub fn reduced_limit(&self) -> Option<u16> {
        self.concurrency_limit().filter(|&most| most < self.plan.workers && !self.plan.auto)
    }

    /// The current concurrency limit, if one was reported.
    pub fn concurrency_limit(&self) -> Option<u16> {
        self.limit_changes().last().map(|step| step.to)
    }

    /// The concurrency limit over time; 0 before the first report.
    pub fn concurrency_limit_level(&self) -> LevelSeries<'_> {
        self.concurrency_limit.level()
    }

    /// Returns all changes of the concurrency limit, in order.
    pub fn limit_changes(&self) -> &[LimitChange] {
        self.concurrency_limit.changes()
    }

    /// Returns the change of the concurrency limit in effect at a moment.
    pub fn limit_change_at(&self, t: Nanos) -> Option<&LimitChange> {
        self.concurrency_limit.change_at(t)
    }

    /// The effective number of workers until `now`. With an adaptive limit, that is its mean over
    /// time.
    pub fn mean_workers(&self, now: Nanos) -> f64 {
        let until = self.elapsed(now);
        if self.plan.auto && until > Nanos::ZERO {
            return self.concurrency_limit_level().mean(Nanos::ZERO, until).max(1.0);
        }
        f64::from(self.plan.workers) - self.withdrawn_lanes.len() as f64
    }

    /// The waves that the workers need for the tasks, or `None` if the number of workers changed
    /// during the run.
    pub fn waves(&self) -> Option<Waves> {
        let constant = !self.plan.auto && self.withdrawn_lanes.is_empty();
        constant.then(|| Waves::new(self.known_tasks, self.plan.workers))
    }

    /// Returns the failed attempts at a task that were followed, or were to be followed, by
    /// another, in order.
    pub fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.tasks.failed_attempts(task)
    }

    /// The last page that the API lists, if it reported that there are more.
    pub fn last_visible_page(&self) -> Option<TaskId> {
        self.first_missing_page.map(|first| TaskId(first.0.saturating_sub(1)))
    }

    /// Returns the followers in the order of their pages, without duplicates.
    pub fn followers(&self) -> impl Iterator<Item = Follower<'_>> {
        let mut is_first = self.follower_accounts.first_occurrence_filter();
        self.tasks
            .pages()
            .flat_map(FollowerPage::iter)
            .filter(move |follower| is_first(follower.id))
    }

    /// Returns the followers' account numbers in the order of their pages, without duplicates.
    pub fn follower_ids(&self) -> impl Iterator<Item = u64> {
        let mut is_first = self.follower_accounts.first_occurrence_filter();
        let ids = self.tasks.pages().flat_map(FollowerPage::ids).copied();
        ids.filter(move |&id| is_first(id))
    }

    /// The time from the start to the end of the last task, or to `now` while the run is in
    /// progress.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        match self.outcome {
            Some(_) => self.last_finish,
            None if self.has_started => now.min(Nanos::MAX).max(self.last_event),
            None => Nanos::ZERO,
        }
    }

    /// The time from the start to the end of the last task, once the run is complete.
    pub fn duration(&self) -> Option<Nanos> {
        self.outcome.as_ref().map(|_| self.last_finish)
    }

    /// The number of successful tasks per second.
    pub fn rate(&self, now: Nanos) -> f64 {
        let elapsed = self.elapsed(now).as_secs_f64();
        if elapsed > 0.0 { f64::from(self.done_tasks) / elapsed } else { 0.0 }
    }

    /// Returns `true` once the first event has arrived.
    pub const fn has_started(&self) -> bool {
        self.has_started
    }

    /// The result of the run, once it is complete.
    pub const fn outcome(&self) -> Option<&RunOutcome> {
        self.outcome.as_ref()
    }

    /// Returns `true` if the run has ended.
    pub const fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// Returns `true` if the run has ended and all tasks succeeded.
    pub fn is_complete(&self) -> bool {
        self.outcome == Some(RunOutcome::Finished) && self.done_tasks == self.known_tasks
    }

    /// Returns `true` if the run did all its work, so that its time can be compared. Failed
    /// commands count as done.
    pub fn is_comparable(&self) -> bool {
        let commands = self.plan.workload().is_command();
        self.is_complete() || (commands && self.outcome == Some(RunOutcome::Finished))
    }

    /// The number of tasks that need no more work: successful tasks and failed commands.
    pub fn ended_tasks(&self) -> u32 {
        let commands = self.plan.workload().is_command();
        self.done_tasks + if commands { self.failed_tasks() } else { 0 }
    }

    /// The failure to report: that of the run, or of the first task that failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Some(RunOutcome::Failed(failure)) => Some(failure),
            _ => self.tasks.failure(self.failed_task()?),
        }
    }

    /// Returns the final failure of a task.
    pub fn task_failure(&self, task: TaskId) -> Option<&Failure> {
        self.tasks.failure(task)
    }

    /// Returns the page of followers that a task fetched.
    pub fn page(&self, task: TaskId) -> Option<&FollowerPage> {
        self.tasks.page(task)
    }

    /// The events that were lost so far.
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// The number of events so far.
    pub const fn event_count(&self) -> u64 {
        self.events
    }

    /// The first task that failed. A page beyond the last one does not count.
    pub fn failed_task(&self) -> Option<TaskId> {
        let counts = |task: &TaskId| !self.is_past_end(*task);
        self.first_failure.filter(counts).or_else(|| self.tasks.first_failed(self.known_tasks))
    }

    /// Returns the durations of all finished attempts, in no particular order.
    pub fn task_durations(&self) -> impl Iterator<Item = Nanos> + '_ {
        self.lanes.iter().flat_map(|lane| self.lane_task_durations(lane, Nanos(u64::MAX)))
    }

    /// Returns the durations of a lane's attempts that finished by `until`. Stopped tasks, pages
    /// beyond the last one, and attempts that ended because of a lack of system resources do not
    /// count.
    pub fn lane_task_durations<'run>(
        &'run self,
        lane: &'run Lane,
        until: Nanos,
    ) -> impl Iterator<Item = Nanos> + 'run {
        let counts = move |span: &Span| {
            span.end.is_some_and(|end| end <= until)
                && !self.is_past_end(span.task)
                && !self.tasks.is_stopped(span.task)
                && !self.is_shortage(span)
        };
        lane.spans().filter(counts).filter_map(|span| Some(span.end?.since(span.start)))
    }

    /// Returns the time at which a task entered the queue.
    pub fn enqueue_time(&self, task: TaskId) -> Option<Nanos> {
        self.enqueue_times.time_of(task)
    }

    /// Returns `true` if an attempt ended its task successfully.
    pub fn is_success(&self, span: &Span) -> bool {
        let failed = self.tasks.failed_attempts(span.task).len();
        let exists = !self.is_past_end(span.task);
        exists && self.tasks.is_done(span.task) && span.attempt as usize > failed
    }

    /// The time in each state in [a, b), summed over all lanes.
    pub fn state_times_between(&self, a: Nanos, b: Nanos) -> StateTimes {
        let mut times = StateTimes::default();
        // A run that ended before `a` adds nothing.
        let lanes = if a < b { self.lanes.as_slice() } else { &[] };
        for lane in lanes {
            times.add_all(&lane.state_times_between(a, b));
        }
        times
    }
}
