//! A run: the fold of its events. [`Run::apply`] routes each event to the parts that it concerns:
//! lanes, tasks, progress, timing, limits and processes.

mod limits;
mod processes;
mod program;
mod progress;
mod queries;
mod timing;

use super::event::{CloseReason, Event, EventKind, Gap, GapScope, RunOutcome, TaskOutcome};
use super::gil::GilHolds;
use super::identifiers::{LaneId, TaskId};
use super::lane::{Lane, Span};
use super::machine_load::MachineLoad;
use super::plan::{MAX_TASKS, Plan};
use super::state::State;
use super::tasks::{FailedAttempt, Tasks};
use super::time::Nanos;
use super::workload::Mode;
pub use limits::{LimitChange, Limits};
pub use processes::Processes;
pub use program::{InterpreterRecord, ProgramRecord, ThreadRecord};
pub use progress::RunProgress;
pub use timing::{Losses, Timing};

/// One workload in one mode, as known from the events so far.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Plan,
    has_started: bool,
    lanes: Vec<Lane>,
    tasks: Tasks,
    progress: RunProgress,
    timing: Timing,
    limits: Limits,
    processes: Processes,
    /// The holds of the GIL, in a mode with a shared one.
    gil_holds: Option<GilHolds>,
    /// The threads of a watched program.
    program: Option<Box<ProgramRecord>>,
    machine_load: Option<MachineLoad>,
    outcome: Option<RunOutcome>,
}

impl Run {
    /// Creates a run without events. The lanes of its plan reserve their rows until they are opened.
    pub fn new(plan: Plan) -> Self {
        Self {
            has_started: false,
            lanes: plan.lanes().map(|(_, name)| Lane::planned(name)).collect(),
            tasks: Tasks::new(plan.workload()),
            progress: RunProgress::new(plan.tasks),
            timing: Timing::default(),
            limits: Limits::default(),
            processes: Processes::default(),
            gil_holds: (plan.mode == Mode::Gil).then(GilHolds::default),
            program: plan.work.program().map(|_| Box::default()),
            machine_load: None,
            outcome: None,
            plan,
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
        let end = (
            LaneId(0),
            EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None },
        );
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
        let at = event.at.min(Nanos::MAX);
        self.timing.record_event(at);
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
            EventKind::QuotaReported(quota) => self.limits.record_quota(at, *quota),
            EventKind::RateLimited(limit) => self.limits.record_rate_limit(at, *limit),
            EventKind::ConcurrencyChanged { in_flight, reason } => {
                self.limits.record_concurrency(at, *in_flight, *reason);
            }
            EventKind::PagesChained => self.progress.is_chained = true,
            EventKind::RunFinished { outcome, machine_load } => {
                self.machine_load = *machine_load;
                self.outcome = Some(outcome.clone());
                self.shrink_to_fit();
            }
            _ => self.record_program(at, event),
        }
        self.record_gil_state(at, event);
    }

    /// Records an event of a watched program. A thread's name is also its lane's.
    fn record_program(&mut self, at: Nanos, event: &Event) {
        let Some(program) = &mut self.program else { return };
        let lane = self.lanes.get_mut(usize::from(event.lane.0)).filter(|lane| lane.is_open());
        let task = lane.as_ref().and_then(|lane| lane.task());
        if let (EventKind::ThreadIdentified(thread), Some(lane)) = (&event.kind, lane) {
            lane.rename(&thread.name);
        }
        program.record(at, event.lane, task, &event.kind);
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
            self.processes.record_shortage(id, shortage);
        }
    }

    /// Records a loss of events. The states of its lanes are unknown until their next events.
    fn record_gap(&mut self, at: Nanos, lane_id: LaneId, gap: &Gap) {
        self.timing.record_gap(gap);
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

    /// Sets the number of tasks. Those between the old and the new number now exist, or no longer do.
    fn set_task_count(&mut self, at: Nanos, tasks: u32) {
        let known = self.progress.known_tasks();
        let (started, done) = self.tasks.count_between(known.min(tasks), known.max(tasks));
        self.progress.set_known_tasks(tasks, started, done);
        self.timing.record_enqueued(at, tasks);
        self.record_expected_requests(at);
    }

    /// Updates the load: every request enters the queue before it is in flight.
    fn record_expected_requests(&mut self, at: Nanos) {
        self.timing.set_expected(at, self.expected_requests());
    }

    /// The total number of requests: one for each time that a task is started.
    const fn expected_requests(&self) -> u32 {
        self.progress.expected_requests().saturating_add(self.processes.requeue_count())
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
        self.timing.record_start(at);
        self.progress.record_start(task);
        if self.progress.is_past_end(task) {
            self.record_expected_requests(at);
        }
    }

    fn fail_attempt(&mut self, at: Nanos, lane: LaneId, task: TaskId, attempt: FailedAttempt) {
        if !self.tasks.is_running_on(task, lane) || self.tasks.awaits_retry(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            let wait = attempt.failure.wait_state();
            if wait != State::Throttled {
                lane.enter_state(at, State::Error);
            }
            lane.fail_attempt(at, wait);
        }
        self.tasks.fail_attempt(task, attempt);
        self.timing.record_finish(at);
    }

    fn retry_task(&mut self, at: Nanos, lane: LaneId, task: TaskId) {
        if !self.tasks.is_running_on(task, lane) || !self.tasks.awaits_retry(task) {
            return;
        }
        if let Some(lane) = self.lane_mut(lane) {
            lane.start_retry(at);
        }
        self.tasks.retry_task(task);
        self.progress.record_retry();
        self.timing.record_start(at);
        self.record_expected_requests(at);
    }

    fn finish_task(&mut self, at: Nanos, lane_id: LaneId, task: TaskId, outcome: &TaskOutcome) {
        if !self.tasks.is_running_on(task, lane_id) || !self.tasks.accepts_outcome(outcome) {
            return;
        }
        let held = self.tasks.awaits_retry(task);
        self.tasks.finish_task(at, task, outcome);
        if let Some(program) = &mut self.program {
            program.end_thread(at, task);
        }
        match outcome {
            TaskOutcome::Done(done) => {
                let per_page = self.plan.work.target().map_or(0, |target| target.per_page);
                self.progress.record_completion(task, done, per_page);
            }
            TaskOutcome::Failed(_) => self.progress.record_failure(task),
            TaskOutcome::Requeued(failure) => {
                self.processes.record_requeue(failure);
                self.progress.record_requeue(task);
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
            self.timing.record_finish(at);
        }
        self.timing.last_finish = self.timing.last_finish.max(at);
    }

    /// Releases spare capacity once the run is complete.
    fn shrink_to_fit(&mut self) {
        self.lanes.iter_mut().for_each(Lane::shrink_to_fit);
        self.tasks.shrink_to_fit();
        self.progress.shrink_to_fit();
        self.timing.shrink_to_fit();
        self.limits.shrink_to_fit();
        self.gil_holds.as_mut().map(GilHolds::shrink_to_fit);
    }

    /// Returns a lane that is open.
    fn lane_mut(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane.0)).filter(|lane| lane.is_open())
    }
}
