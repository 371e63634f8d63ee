//! A run: the fold of its events into lanes, tasks, totals, and the load over time.

mod queries;

use super::concurrency_limit::ConcurrencyLimit;
use super::distinct_accounts::DistinctAccounts;
use super::enqueue_times::EnqueueTimes;
use super::event::{CloseReason, Completion, Event, EventKind, Product, RunOutcome, TaskOutcome};
use super::exactness::{Gap, GapScope, Losses};
use super::failure::{Failure, FailureKind};
use super::gil::GilHolds;
use super::lane::{Lane, Span};
use super::mode::Mode;
use super::plan::{LaneId, MAX_TASKS, Plan, TaskId};
use super::quota::{QuotaHistory, ReachedLimit};
use super::state::State;
use super::tasks::{FailedAttempt, Tasks};
use super::time::Nanos;
use super::time_series::TaskLoad;

/// One workload in one mode, as known from the events so far.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    has_started: bool,
    lanes: Vec<Lane>,
    tasks: Tasks,
    task_load: TaskLoad,
    enqueue_times: EnqueueTimes,
    /// The holds of the GIL, in a mode with a shared one.
    gil_holds: Option<GilHolds>,
    /// The number of tasks that are known so far.
    known_tasks: u32,
    /// The number of started tasks above `known`: pages that were requested before they turned out
    /// not to exist.
    excess_tasks: u32,
    /// The number of successful tasks up to `known`.
    done_tasks: u32,
    follower_accounts: DistinctAccounts,
    bytes: u64,
    /// The number of requests beyond the first of each task.
    retries: u32,
    /// The number of times that a task returned to the queue because its worker was lost.
    requeue_count: u32,
    /// The number of those times that were due to a lack of system resources.
    shortage_count: u32,
    /// Lanes that take no more tasks because of a lack of system resources.
    withdrawn_lanes: Vec<LaneId>,
    /// The missing resource of the first of them.
    shortage: Option<Failure>,
    /// The first page that the API does not list.
    first_missing_page: Option<TaskId>,
    quota_history: QuotaHistory,
    limits: Vec<ReachedLimit>,
    /// The time at which each limit was first reported.
    limit_times: Vec<Nanos>,
    /// The concurrency limit over time, if one was reported.
    concurrency_limit: ConcurrencyLimit,
    first_failure: Option<TaskId>,
    last_finish: Nanos,
    last_event: Nanos,
    events: u64,
    losses: Losses,
    outcome: Option<RunOutcome>,
}

impl Run {
    /// Creates a run without events. The lanes of its plan reserve their rows until they are opened.
    pub fn new(plan: Plan) -> Self {
        let lanes = plan.lanes().map(|(_, name)| Lane::planned(name)).collect();
        let gil_holds = (plan.mode == Mode::Gil).then(GilHolds::default);
        Self {
            known_tasks: plan.tasks,
            has_started: false,
            lanes,
            tasks: Tasks::new(plan.workload()),
            plan,
            task_load: TaskLoad::default(),
            enqueue_times: EnqueueTimes::default(),
            gil_holds,
            excess_tasks: 0,
            done_tasks: 0,
            follower_accounts: DistinctAccounts::default(),
            bytes: 0,
            retries: 0,
            requeue_count: 0,
            shortage_count: 0,
            withdrawn_lanes: Vec::new(),
            shortage: None,
            first_missing_page: None,
            quota_history: QuotaHistory::default(),
            limits: Vec::new(),
            limit_times: Vec::new(),
            concurrency_limit: ConcurrencyLimit::default(),
            first_failure: None,
            last_finish: Nanos::ZERO,
            last_event: Nanos::ZERO,
            events: 0,
            losses: Losses::default(),
            outcome: None,
        }
    }

    /// Creates a run whose planned lanes are open from the start.
    pub fn opened(plan: Plan) -> Self {
        let mut run = Self::new(plan);
        for (lane, name) in run.plan.lanes() {
            run.open_lane(Nanos::ZERO, lane, &name);
        }
        run
    }

    /// Returns the last events of this run if it is stopped at `at`: tasks in progress are stopped,
    /// and all lanes are closed. A run that has not started starts first.
    pub fn stop_events(&self, at: Nanos) -> Vec<Event> {
        let opening = (!self.has_started).then(|| self.plan.opening());
        let open = (0..).map(LaneId).zip(&self.lanes).filter(|(_, lane)| lane.is_open());
        let closing = open.flat_map(|(id, lane)| {
            let span = lane.spans().next_back().filter(|_| lane.is_working());
            let outcome = TaskOutcome::Stopped;
            let finish = span.map(|Span { task, .. }| EventKind::TaskFinished { task, outcome });
            let close = EventKind::LaneClosed { reason: CloseReason::Finished };
            finish.into_iter().chain([close]).map(move |kind| (id, kind))
        });
        let end = (LaneId(0), EventKind::RunFinished { outcome: RunOutcome::Stopped });
        let events = opening.into_iter().flatten().chain(closing).chain([end]);
        events.map(|(lane, kind)| Event { at, lane, kind }).collect()
    }

    /// Applies the next event. Impossible events are ignored: a lane that is not open, a second task
    /// on a busy lane, a second start or end of a task, a task number out of range, a result that the
    /// workload cannot produce, and all events after the end.
    pub fn apply(&mut self, event: &Event) {
        if self.outcome.is_some() {
            return;
        }
        self.events += 1;
        let at = event.at.min(Nanos::MAX);
        self.last_event = self.last_event.max(at);
        match &event.kind {
            EventKind::RunStarted { plan } => {
                // The amount of work per task may have been measured since the plan was made.
                if plan.workload() == self.plan.workload() {
                    self.plan.work.clone_from(&plan.work);
                    self.plan.exactness = plan.exactness;
                }
                self.has_started = true;
            }
            EventKind::TaskCountChanged { tasks } => self.set_task_count(at, *tasks),
            EventKind::ProcessStarted { pid } => {
                if let Some(lane) = self.lane_mut(event.lane) {
                    lane.add_process(*pid);
                }
            }
            EventKind::CommandOutput { task, output } => {
                let is_command = self.plan.workload().is_command();
                if is_command && self.tasks.is_running_on(*task, event.lane) {
                    self.tasks.record_output(*task, output.clone());
                }
            }
            EventKind::TaskStarted { task } => self.start_task(at, event.lane, *task),
            EventKind::StateEntered { state } => {
                if let Some(lane) = self.lane_mut(event.lane) {
                    lane.enter_state(at, *state);
                }
            }
            EventKind::TaskFinished { task, outcome } => {
                self.finish_task(at, event.lane, *task, outcome);
            }
            EventKind::AttemptFailed { task, failure, retry_at } => {
                let failure = failure.clone();
                let attempt = FailedAttempt { failure, retry_at: *retry_at, was_requeued: false };
                self.fail_attempt(at, event.lane, *task, attempt);
            }
            EventKind::TaskRetried { task } => self.retry_task(at, event.lane, *task),
            EventKind::LaneOpened { name } => self.open_lane(at, event.lane, name),
            EventKind::LaneClosed { reason } => self.close_lane(at, event.lane, reason),
            EventKind::Gap(gap) => self.record_gap(at, event.lane, gap),
            EventKind::QuotaReported(quota) => self.quota_history.record(at, *quota),
            EventKind::RateLimited(limit) => self.record_limit(at, *limit),
            EventKind::ConcurrencyChanged { in_flight, reason } => {
                self.concurrency_limit.record_change(at, *in_flight, *reason);
            }
            EventKind::RunFinished { outcome } => {
                self.outcome = Some(outcome.clone());
                self.shrink_to_fit();
            }
        }
        self.record_gil_state(at, event);
    }

    /// Opens a planned lane, or the next one beyond the plan.
    fn open_lane(&mut self, at: Nanos, id: LaneId, name: &str) {
        let index = usize::from(id.0);
        if index == self.lanes.len() {
            self.lanes.push(Lane::default());
        }
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.open(at, name);
        }
    }

    fn close_lane(&mut self, at: Nanos, id: LaneId, reason: &CloseReason) {
        let Some(lane) = self.lane_mut(id).filter(|lane| !lane.is_working()) else { return };
        lane.close(at);
        if let CloseReason::Shortage(shortage) = reason {
            self.withdrawn_lanes.push(id);
            self.shortage.get_or_insert_with(|| shortage.clone());
        }
    }

    /// Records a loss of events. The states of its lanes are unknown until their next events.
    fn record_gap(&mut self, at: Nanos, lane_id: LaneId, gap: &Gap) {
        self.losses.add(gap);
        for (id, lane) in (0..).map(LaneId).zip(&mut self.lanes) {
            if lane.is_open() && (gap.scope == GapScope::Run || id == lane_id) {
                lane.enter_state(gap.from.min(at), State::Unknown);
                if let Some(holds) = &mut self.gil_holds {
                    holds.record_state(lane.last_change(), id, State::Unknown, false);
                }
            }
        }
    }

    /// Updates the holder of the GIL: a lane that computes holds it.
    fn record_gil_state(&mut self, at: Nanos, event: &Event) {
        let done = match event.kind {
            EventKind::TaskStarted { .. }
            | EventKind::StateEntered { .. }
            | EventKind::AttemptFailed { .. }
            | EventKind::TaskRetried { .. }
            | EventKind::LaneClosed { .. } => false,
            EventKind::TaskFinished { .. } => true,
            _ => return,
        };
        let lane = self.lanes.get(usize::from(event.lane.0));
        if let (Some(holds), Some(lane)) = (&mut self.gil_holds, lane) {
            holds.record_state(at, event.lane, lane.state(), done);
        }
    }

    /// Records a limit. One that is reported again while in effect is the same limit with a new
    /// end.
    fn record_limit(&mut self, at: Nanos, limit: ReachedLimit) {
        let lasts = |last: &&mut ReachedLimit| at < last.until && last.kind == limit.kind;
        if let Some(last) = self.limits.last_mut().filter(lasts) {
            *last = limit;
        } else {
            self.limits.push(limit);
            self.limit_times.push(at);
        }
    }

    /// Sets the number of tasks. Tasks between the old and the new number now exist, or no longer
    /// do, and their counts move accordingly.
    fn set_task_count(&mut self, at: Nanos, tasks: u32) {
        let (started, done) =
            self.tasks.count_between(self.known_tasks.min(tasks), self.known_tasks.max(tasks));
        if tasks > self.known_tasks {
            self.excess_tasks -= started;
            self.done_tasks += done;
        } else {
            self.excess_tasks += started;
            self.done_tasks -= done;
        }
        self.known_tasks = tasks;
        self.enqueue_times.record(at, tasks);
        self.record_expected_requests(at);
    }

    /// Updates the load: every request enters the queue before it is in flight.
    fn record_expected_requests(&mut self, at: Nanos) {
        self.task_load.set_expected(at, self.expected_requests());
    }

    /// The total number of requests: one for each time that a task is started.
    const fn expected_requests(&self) -> u32 {
        self.known_tasks
            .saturating_add(self.excess_tasks)
            .saturating_add(self.requeue_count + self.retries)
    }

    fn start_task(&mut self, at: Nanos, lane_id: LaneId, task: TaskId) {
        let possible = (1..=MAX_TASKS).contains(&task.0) && !self.tasks.is_started(task);
        let open = self.lanes.get_mut(usize::from(lane_id.0)).filter(|lane| lane.is_open());
        let Some(lane) = open else { return };
        if !possible || lane.is_working() {
            return;
        }
        lane.restart_task(at, task, self.tasks.failed_attempts(task).len() as u32);
        self.tasks.start_task(task, lane_id);
        self.task_load.record_start(at);
        if task.0 > self.known_tasks {
            self.excess_tasks += 1;
            self.record_expected_requests(at);
        }
    }

    fn fail_attempt(&mut self, at: Nanos, lane: LaneId, task: TaskId, attempt: FailedAttempt) {
        if !self.tasks.is_running_on(task, lane) || self.tasks.awaits_retry(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            if attempt.failure.kind != FailureKind::RateLimited {
                lane.enter_state(at, State::Error);
            }
            lane.fail_attempt(at);
        }
        self.tasks.fail_attempt(task, attempt);
        self.task_load.record_finish(at);
    }

    fn retry_task(&mut self, at: Nanos, lane: LaneId, task: TaskId) {
        if !self.tasks.is_running_on(task, lane) || !self.tasks.awaits_retry(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            lane.start_retry(at);
        }
        self.tasks.retry_task(task);
        self.retries += 1;
        self.task_load.record_start(at);
        self.record_expected_requests(at);
    }

    fn finish_task(&mut self, at: Nanos, lane_id: LaneId, task: TaskId, outcome: &TaskOutcome) {
        if !self.tasks.is_running_on(task, lane_id) || !self.tasks.accepts_outcome(outcome) {
            return;
        }
        let held = self.tasks.awaits_retry(task);
        self.tasks.finish_task(at, task, outcome);
        match outcome {
            TaskOutcome::Done(done) => self.count_completion(task, done),
            TaskOutcome::Failed(_) => _ = self.first_failure.get_or_insert(task),
            TaskOutcome::Requeued(failure) => {
                self.requeue_count += 1;
                self.shortage_count += u32::from(failure.kind == FailureKind::Exhausted);
                self.excess_tasks -= u32::from(task.0 > self.known_tasks);
                self.record_expected_requests(at);
            }
            TaskOutcome::Stopped => {}
        }
        if let Some(lane) = self.lane_mut(lane_id) {
            if matches!(outcome, TaskOutcome::Failed(_) | TaskOutcome::Requeued(_)) {
                lane.enter_state(at, State::Error);
            }
            lane.finish_task(at);
        }
        if !held {
            self.task_load.record_finish(at);
        }
        self.last_finish = self.last_finish.max(at);
    }

    fn count_completion(&mut self, task: TaskId, done: &Completion) {
        let bytes = done.response.map_or(0, |response| response.bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.done_tasks += u32::from(task.0 <= self.known_tasks);
        match &done.product {
            Product::Followers(page) => {
                let per_page = self.plan.work.target().map_or(0, |target| target.per_page);
                self.follower_accounts.reserve(u64::from(self.known_tasks) * u64::from(per_page));
                self.follower_accounts.add(page.ids());
            }
            Product::PastLastPage => {
                self.first_missing_page =
                    Some(self.first_missing_page.map_or(task, |first| first.min(task)));
            }
            Product::Value(_) | Product::Success => {}
        }
    }

    /// Releases spare capacity once the run is complete.
    fn shrink_to_fit(&mut self) {
        self.lanes.iter_mut().for_each(Lane::shrink_to_fit);
        self.tasks.shrink_to_fit();
        self.task_load.shrink_to_fit();
        self.enqueue_times.shrink_to_fit();
        self.concurrency_limit.shrink_to_fit();
        self.gil_holds.as_mut().map(GilHolds::shrink_to_fit);
        self.follower_accounts.discard_ids();
    }

    /// Returns a lane that is open.
    fn lane_mut(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane.0)).filter(|lane| lane.is_open())
    }
}
