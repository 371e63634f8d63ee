//! Jobs that a test writes, under a GIL: a panic, a failure, and a thread that is asked to give way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use threadline::engine::compute::run_turns;
use threadline::engine::{
    CancelToken, Clock, Gil, GilJob, Job, LaneReporter, Permit, TaskCount, Worker, start,
};
use threadline::model::{
    Completion, Failure, FailureKind, Mode, Plan, Product, Run, State, TaskId, TaskOutcome,
    WorkSpec,
};

use super::{SHORT, at_most_one_holder, compute, events, fold};

type WorkFn = dyn Fn(TaskId, &LaneReporter, &CancelToken) -> TaskOutcome + Send + Sync;

/// Tasks as a test wants them.
#[derive(Clone)]
struct ClosureJob(Arc<WorkFn>);

struct ClosureWorker(Arc<WorkFn>, LaneReporter);

impl Job for ClosureJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(ClosureWorker(Arc::clone(&self.0), report)))
    }
}

impl Worker for ClosureWorker {
    fn run(
        &mut self,
        task: TaskId,
        _: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount) {
        ((self.0)(task, &self.1, cancel), TaskCount::Unknown)
    }
}

/// Runs it under a GIL, checks that at most one held it, and tells how its tasks ended.
fn run(
    workers: u16,
    tasks: u32,
    act: impl Fn(TaskId, &LaneReporter, &CancelToken) -> TaskOutcome + Send + Sync + 'static,
) -> Run {
    let job = Arc::new(GilJob::new(Arc::new(ClosureJob(Arc::new(act))), Gil::new(SHORT)));
    let plan = Plan::new(WorkSpec::Cpu(compute()), Mode::Gil, workers, tasks);
    let events = events(&start(plan, job, &Clock::system()));
    at_most_one_holder(&events);
    fold(&events)
}

fn done(value: u64) -> TaskOutcome {
    TaskOutcome::Done(Completion { response: None, product: Product::Value(value) })
}

fn computed(report: &LaneReporter, cancel: &CancelToken) -> TaskOutcome {
    let value = run_turns(1, 500, report.breaker(cancel), || report.check_breaker(cancel));
    value.map_or(TaskOutcome::Stopped, done)
}

#[test]
fn a_panic_under_the_gil_does_not_lock_the_others_out() {
    for workers in [1, 2, 4] {
        let run = run(workers, 20, |task, report, cancel| {
            assert!(!task.0.is_multiple_of(4), "a fourth of the tasks is broken");
            computed(report, cancel)
        });
        assert_eq!(
            (run.done_tasks(), run.failure().map(|failure| failure.kind)),
            (15, Some(FailureKind::Panicked))
        );
    }
}

#[test]
fn a_panic_without_the_gil_harms_nobody() {
    let run = run(3, 12, |task, report, cancel| {
        report.enter_state(State::Native);
        assert!(!task.0.is_multiple_of(3), "a third of the tasks is broken");
        report.enter_state(State::Computing);
        computed(report, cancel)
    });
    assert_eq!(run.done_tasks(), 8);
}

/// Two tasks play ping-pong, and neither rests: whoever waits longer than the interval is given the
/// GIL in the middle of the other's task.
#[test]
fn a_task_is_interrupted_for_who_waits() {
    let strokes = AtomicU32::new(0);
    let run = run(2, 2, move |task, report, cancel| {
        loop {
            match strokes.load(Ordering::SeqCst) {
                6.. => return done(1),
                stroke if stroke % 2 == task.0 % 2 => _ = strokes.fetch_add(1, Ordering::SeqCst),
                _ => _ = computed(report, cancel),
            }
        }
    });
    assert!(run.is_complete());
}

/// A thread that never looks at its breaker is CPython's extension that keeps the GIL: the others
/// wait, and get it when it is done.
#[test]
fn a_thread_that_does_not_give_way_is_waited_for() {
    let inside = Arc::new(AtomicU32::new(0));
    let run = run(4, 8, move |_, report, _| {
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "another computes as well");
        report.enter_state(State::Computing);
        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
        done(1)
    });
    assert!(run.is_complete());
}

/// While the GIL is given back, somebody else has it, as soon as anybody wants it: both of two
/// tasks that each wait for the other to compute come to an end.
#[test]
fn whoever_does_without_the_gil_lets_the_others_compute() {
    let computed = Arc::new(std::sync::Barrier::new(2));
    let run = run(2, 2, move |_, report, _| {
        report.enter_state(State::Native);
        computed.wait();
        report.enter_state(State::Computing);
        done(1)
    });
    assert!(run.is_complete());
}
