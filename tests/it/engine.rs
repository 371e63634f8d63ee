//! The worker pool with scripted jobs on a manual clock.

mod cancellation;
mod panics;
mod queue;
mod run_outcome;
mod scheduling;
mod task_count;

use std::sync::Arc;
use std::time::Duration;

use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, Mode, Plan, Product,
    ResponseSummary, Run, RunOutcome, Target, TaskId, TaskOutcome, WorkSpec,
};
use threadline::source::{
    CancelToken, Clock, Job, LaneReporter, Permit, Pool, RunHandle, Source as _, TaskCount,
    TaskResult, Worker,
};

/// The wait after which a run counts as hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs a task, and returns its outcome and the number of tasks that it reports.
type TaskFn = dyn Fn(TaskId, &LaneReporter, &CancelToken) -> (TaskOutcome, TaskCount) + Send + Sync;

/// Sets up a worker.
type SetupFn = dyn Fn(&LaneReporter) -> Result<(), Failure> + Send + Sync;

/// A job whose workers run the closures of a test.
struct TaskFnJob {
    set_up: Box<SetupFn>,
    task_fn: Arc<TaskFn>,
}

impl TaskFnJob {
    fn new(
        task_fn: impl Fn(TaskId, &LaneReporter, &CancelToken) -> (TaskOutcome, TaskCount)
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { set_up: Box::new(|_| Ok(())), task_fn: Arc::new(task_fn) }
    }

    fn set_up(
        self,
        set_up: impl Fn(&LaneReporter) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { set_up: Box::new(set_up), ..self }
    }

    fn start(self, plan: &Plan) -> RunHandle {
        self.start_on(plan, &Clock::manual())
    }

    fn start_on(self, plan: &Plan, clock: &Clock) -> RunHandle {
        Pool { plan: plan.clone(), job: Arc::new(self) }.start(clock)
    }

    /// Runs the plan to its end and returns all events.
    fn run(self, plan: &Plan) -> Vec<Event> {
        collect_events(&self.start(plan))
    }
}

impl Job for TaskFnJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        (self.set_up)(&report)?;
        Ok(Box::new(ScriptedWorker { task_fn: Arc::clone(&self.task_fn), report }))
    }
}

struct ScriptedWorker {
    task_fn: Arc<TaskFn>,
    report: LaneReporter,
}

impl Worker for ScriptedWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        let (outcome, task_count) = (self.task_fn)(task, &self.report, cancel);
        TaskResult { outcome, task_count }
    }
}

/// Collects the events of a run up to `RunFinished`, and asserts that none follows.
pub(crate) fn collect_events(run: &RunHandle) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = run.events().recv_timeout(HANG_TIMEOUT).unwrap();
        let is_last = matches!(event.kind, EventKind::RunFinished { .. });
        events.push(event);
        if is_last {
            assert!(
                run.events().recv_timeout(HANG_TIMEOUT).is_err(),
                "an event follows the end of the run"
            );
            return events;
        }
    }
}

pub(crate) fn fold(plan: &Plan, events: &[Event]) -> Run {
    let mut run = Run::new(plan.clone());
    for event in events {
        run.apply(event);
    }
    run
}

/// Returns the outcome in the last event.
fn run_outcome(events: &[Event]) -> &RunOutcome {
    match &events.last().unwrap().kind {
        EventKind::RunFinished { outcome, .. } => outcome,
        other => panic!("the last event is {other:?}, not RunFinished"),
    }
}

/// Returns the lane, the task and the outcome of each finished task, in order.
fn finished_tasks(events: &[Event]) -> Vec<(LaneId, TaskId, &TaskOutcome)> {
    let finished = events.iter().filter_map(|event| match &event.kind {
        EventKind::TaskFinished { task, outcome } => Some((event.lane, *task, outcome)),
        _ => None,
    });
    finished.collect()
}

fn plan(workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    Plan::new(WorkSpec::Followers(target), Mode::Threads, workers, tasks)
}

fn done() -> TaskOutcome {
    let product = Product::Followers(Arc::new([].into_iter().collect()));
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 2, connected: false }),
        product,
    })
}

fn failed(kind: FailureKind) -> TaskOutcome {
    TaskOutcome::Failed(failure(kind))
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "it went wrong: try again")
}

/// Blocks the thread until the run is cancelled.
fn wait_for_cancel(cancel: &CancelToken) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(cancel.cancelled());
}
