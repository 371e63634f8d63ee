//! The pool, with jobs that a test writes, on a clock that a test moves.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

mod ends;
mod order;
mod page_counts;
mod panics;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use threadline::engine::{
    CancelToken, Clock, Job, LaneReporter, Permit, RunHandle, TaskCount, Worker, start,
};
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, Mode, Plan, Product,
    ResponseSummary, Run, RunOutcome, Target, TaskId, TaskOutcome, WorkSpec,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// What a task does, and how many tasks it says there are.
type TaskFn = dyn Fn(TaskId, &LaneReporter, &CancelToken) -> (TaskOutcome, TaskCount) + Send + Sync;

/// What setting up a worker comes to.
type SetupFn = dyn Fn(&LaneReporter) -> Result<(), Failure> + Send + Sync;

/// A job whose workers are set up, and do their tasks, as a test says.
struct TaskFnJob {
    set_up: Box<SetupFn>,
    act: Arc<TaskFn>,
}

impl TaskFnJob {
    fn new(
        act: impl Fn(TaskId, &LaneReporter, &CancelToken) -> (TaskOutcome, TaskCount)
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { set_up: Box::new(|_| Ok(())), act: Arc::new(act) }
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
        start(plan.clone(), Arc::new(self), clock)
    }

    /// Runs it to its end.
    fn run(self, plan: &Plan) -> Vec<Event> {
        events(&self.start(plan))
    }
}

impl Job for TaskFnJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        (self.set_up)(&report)?;
        Ok(Box::new(ScriptedWorker { act: Arc::clone(&self.act), report }))
    }
}

struct ScriptedWorker {
    act: Arc<TaskFn>,
    report: LaneReporter,
}

impl Worker for ScriptedWorker {
    fn run(
        &mut self,
        task: TaskId,
        _: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount) {
        (self.act)(task, &self.report, cancel)
    }
}

/// All that happens in a run until it is over, and nothing comes after.
fn events(run: &RunHandle) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = run.events().recv_timeout(HANGS).unwrap();
        let over = matches!(event.kind, EventKind::RunFinished { .. });
        events.push(event);
        if over {
            assert!(run.events().recv_timeout(HANGS).is_err(), "something comes after the end");
            return events;
        }
    }
}

fn fold(plan: &Plan, events: &[Event]) -> Run {
    let mut run = Run::new(plan.clone());
    for event in events {
        run.apply(event);
    }
    run
}

fn end(events: &[Event]) -> &RunOutcome {
    match &events.last().unwrap().kind {
        EventKind::RunFinished { outcome } => outcome,
        other => panic!("{other:?} is no end"),
    }
}

/// Which tasks ended on which lanes, in order, and how.
fn finished(events: &[Event]) -> Vec<(LaneId, TaskId, &TaskOutcome)> {
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

/// Waits on the thread's own account until the run is to stop.
fn wait_for(cancel: &CancelToken) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(cancel.cancelled());
}
