//! The questions about a run that concern several of its parts.

use super::{InterpreterRecord, Limits, Processes, ProgramRecord, Run, RunProgress, Timing};
use crate::model::event::RunOutcome;
use crate::model::failure::{Failure, FailureKind};
use crate::model::follower_page::{Follower, FollowerPage};
use crate::model::gil::GilUsage;
use crate::model::identifiers::TaskId;
use crate::model::item_page::ItemPage;
use crate::model::lane::{Lane, Span};
use crate::model::machine_load::MachineLoad;
use crate::model::plan::{Plan, Waves};
use crate::model::printable::printable;
use crate::model::quota::ReachedLimit;
use crate::model::state::StateTimes;
use crate::model::tasks::Tasks;
use crate::model::time::Nanos;
use crate::model::watched_program::InterpreterId;
use crate::model::workload::WorkloadSpec;

impl Run {
    /// The plan of the run.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The records of the tasks that have been started.
    pub const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The numbers of tasks, retries, bytes and results.
    pub const fn progress(&self) -> &RunProgress {
        &self.progress
    }

    /// The load over time.
    pub const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The quota, the rate limits, and the concurrency limit.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The lost workers.
    pub const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// The name of the results, for one and for several. `None` if the tasks have none to count.
    pub const fn result_names(&self) -> Option<[&'static str; 2]> {
        if self.progress.counts_bytes() {
            return Some(["byte", "bytes"]);
        }
        let WorkloadSpec { result, results, .. } = self.plan.workload().spec();
        match results {
            Some(results) => Some([result, results]),
            None => None,
        }
    }

    /// The load of the machine during the run, once that has ended. `None` if it was not measured.
    pub const fn machine_load(&self) -> Option<MachineLoad> {
        self.machine_load
    }

    /// The lanes, one per worker: those of the plan, whether they are open or not, and any that were
    /// opened beyond it.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The number of failed tasks, without pages beyond the last one.
    pub fn failed_tasks(&self) -> u32 {
        self.tasks.failed_count(self.progress.known_tasks())
    }

    /// Returns the label of a task, safe to print: that of the plan, `past end`, or the name of a thread.
    pub fn label(&self, task: TaskId) -> String {
        if let Some(thread) = self.program().and_then(|program| program.thread(task)) {
            return printable(&thread.identity.name);
        }
        if self.progress.is_past_end(task) { "past end".to_owned() } else { self.plan.label(task) }
    }

    /// Returns `true` once the number of tasks is no guess: a response has given the number of pages.
    pub fn is_task_count_known(&self) -> bool {
        !self.plan.workload().is_fetched() || self.progress.done_tasks() > 0
    }

    /// Returns a number of tasks beside the number of all: `3/5`, or `0/?` while that is unknown.
    pub fn count_of_all(&self, tasks: u32) -> String {
        if self.is_task_count_known() {
            format!("{tasks}/{}", self.progress.known_tasks())
        } else {
            format!("{tasks}/?")
        }
    }

    /// The number of tasks that have been started.
    pub const fn started_tasks(&self) -> u32 {
        self.timing.request_count() - self.progress.retry_count() - self.processes.requeue_count()
    }

    /// Returns `true` if an attempt ended because of a lack of system resources.
    fn is_shortage(&self, span: &Span) -> bool {
        let is_shortage = |failure: &Failure| failure.kind == FailureKind::Exhausted;
        self.processes.shortages > 0 && self.attempt_failure(span).is_some_and(is_shortage)
    }

    /// Returns the label of a lane: the name of its thread or the ID of its process.
    pub fn worker_name(&self, lane: u16) -> String {
        self.lanes.get(usize::from(lane)).map(Lane::label).unwrap_or_default()
    }

    /// The number of tasks that lanes are working on.
    pub fn tasks_in_work(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.is_working()).count()
    }

    /// The number of tasks in the queue.
    pub const fn queued_tasks(&self) -> u32 {
        self.expected_requests().saturating_sub(self.timing.request_count())
    }

    /// The GIL that the lanes share, or `None` in a mode without one. A watched program may have
    /// several: this is the first.
    pub fn gil(&self) -> Option<GilUsage<'_>> {
        let has_gil = |one: &&InterpreterRecord| one.details.switch_interval.is_some();
        let of_program = || self.interpreters().iter().find(has_gil);
        let holds = self.gil_holds.as_ref().or_else(|| Some(&of_program()?.holds));
        Some(GilUsage::new(holds?, &self.lanes))
    }

    /// The threads of the watched program, if the run watches one.
    pub fn program(&self) -> Option<&ProgramRecord> {
        self.program.as_deref()
    }

    /// Returns the GIL of an interpreter of the watched program.
    pub fn interpreter_gil(&self, interpreter: InterpreterId) -> Option<GilUsage<'_>> {
        let found = self.interpreters().get(usize::from(interpreter.0))?;
        Some(GilUsage::new(&found.holds, &self.lanes))
    }

    fn interpreters(&self) -> &[InterpreterRecord] {
        self.program.as_ref().map_or(&[], |program| program.interpreters())
    }

    /// Returns the limit that holds the run back at a moment.
    pub fn limit_at(&self, now: Nanos) -> Option<&ReachedLimit> {
        self.limits.reached().last().filter(|limit| now < limit.until && !self.is_over())
    }

    /// The concurrency limit, if a rate limit has reduced it below the number of workers.
    pub fn reduced_limit(&self) -> Option<u16> {
        self.limits.concurrency().filter(|&most| most < self.plan.workers && !self.plan.auto)
    }

    /// The effective number of workers until `now`. With an adaptive limit, that is its mean over
    /// time.
    pub fn mean_workers(&self, now: Nanos) -> f64 {
        let until = self.elapsed(now);
        if self.plan.auto && until > Nanos::ZERO {
            return self.limits.concurrency_level().mean(Nanos::ZERO, until).max(1.0);
        }
        f64::from(self.plan.workers) - self.processes.missing_workers().len() as f64
    }

    /// The waves that the workers need for the tasks, or `None` if the number of workers changed
    /// during the run.
    pub fn waves(&self) -> Option<Waves> {
        let constant = !self.plan.auto && self.processes.missing_workers().is_empty();
        constant.then(|| Waves::new(self.progress.known_tasks(), self.plan.workers))
    }

    /// Returns the followers in the order of their pages, without duplicates.
    pub fn followers(&self) -> impl Iterator<Item = Follower<'_>> {
        let mut is_first = self.progress.first_occurrence_filter();
        self.tasks
            .pages()
            .flat_map(FollowerPage::iter)
            .filter(move |follower| is_first(follower.id))
    }

    /// Returns the items in the order of their pages, without duplicates, each with its identity if it
    /// has one.
    pub fn items(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut is_first = self.progress.first_occurrence_filter();
        let items = self.tasks.item_pages().flat_map(ItemPage::identified);
        items.filter(move |&(_, identity)| identity.is_none_or(&mut is_first))
    }

    /// Returns the followers' account numbers in the order of their pages, without duplicates.
    pub fn follower_ids(&self) -> impl Iterator<Item = u64> {
        let mut is_first = self.progress.first_occurrence_filter();
        let ids = self.tasks.pages().flat_map(FollowerPage::ids).copied();
        ids.filter(move |&id| is_first(id))
    }

    /// The time from the start to the end of the last task, or to `now` while the run is in
    /// progress.
    pub fn elapsed(&self, now: Nanos) -> Nanos {
        match self.outcome {
            Some(_) => self.timing.last_finish,
            None if self.has_started => now.min(Nanos::MAX).max(self.timing.last_event),
            None => Nanos::ZERO,
        }
    }

    /// The time from the start to the end of the last task, once the run is complete.
    pub fn duration(&self) -> Option<Nanos> {
        self.outcome.as_ref().map(|_| self.timing.last_finish)
    }

    /// The number of successful tasks per second.
    pub fn rate(&self, now: Nanos) -> f64 {
        let elapsed = self.elapsed(now).as_secs_f64();
        if elapsed > 0.0 { f64::from(self.progress.done_tasks()) / elapsed } else { 0.0 }
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
        self.outcome == Some(RunOutcome::Finished)
            && self.progress.done_tasks() == self.progress.known_tasks()
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
        self.progress.done_tasks() + if commands { self.failed_tasks() } else { 0 }
    }

    /// The failure to report: that of the run, or of the first task that failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Some(RunOutcome::Failed(failure)) => Some(failure),
            _ => self.tasks.failure(self.failed_task()?),
        }
    }

    /// The first task that failed. A page beyond the last one does not count.
    pub fn failed_task(&self) -> Option<TaskId> {
        let counts = |task: &TaskId| !self.progress.is_past_end(*task);
        self.progress
            .first_failure
            .filter(counts)
            .or_else(|| self.tasks.first_failed(self.progress.known_tasks()))
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
                && !self.progress.is_past_end(span.task)
                && !self.tasks.is_stopped(span.task)
                && !self.is_shortage(span)
        };
        lane.spans().filter(counts).filter_map(|span| Some(span.end?.since(span.start)))
    }

    /// Returns `true` if an attempt ended its task successfully.
    pub fn is_success(&self, span: &Span) -> bool {
        let failed = self.tasks.failed_attempts(span.task).len();
        let exists = !self.progress.is_past_end(span.task);
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
