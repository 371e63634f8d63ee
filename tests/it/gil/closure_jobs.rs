//! Closure jobs under a GIL: panics, forced switches, and threads that do not release it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use threadline::model::{
    Completion, Failure, FailureKind, Mode, Plan, Product, Run, State, TaskId, TaskOutcome,
    WorkSpec,
};
use threadline::source::tasks::compute::run_turns;
use threadline::source::{
    CancelToken, Clock, Gil, GilJob, Job, LaneReporter, Permit, Pool, Source as _, TaskResult,
    Worker,
};

use super::{SHORT_INTERVAL, assert_at_most_one_holder, collect_events, fold, short_compute};

type WorkFn = dyn Fn(TaskId, &LaneReporter, &CancelToken) -> TaskOutcome + Send + Sync;

/// A job whose tasks call a closure.
#[derive(Clone)]
struct ClosureJob(Arc<WorkFn>);

struct ClosureWorker(Arc<WorkFn>, LaneReporter);

impl Job for ClosureJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(ClosureWorker(Arc::clone(&self.0), report)))
    }
}

impl Worker for ClosureWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        (self.0)(task, &self.1, cancel).into()
    }
}

/// Runs a closure as the tasks of a run under a GIL, and asserts that it has at most one holder.
fn run(
    workers: u16,
    tasks: u32,
    task_fn: impl Fn(TaskId, &LaneReporter, &CancelToken) -> TaskOutcome + Send + Sync + 'static,
) -> Run {
    let job =
        Arc::new(GilJob::new(Arc::new(ClosureJob(Arc::new(task_fn))), Gil::new(SHORT_INTERVAL)));
    let plan = Plan::new(WorkSpec::Cpu(short_compute()), Mode::Gil, workers, tasks);
    let events = collect_events(&Pool { plan, job }.start(&Clock::system()));
    assert_at_most_one_holder(&events);
    fold(&events)
}

fn done(value: u64) -> TaskOutcome {
    TaskOutcome::Done(Completion { response: None, product: Product::Value(value) })
}

fn compute_task(report: &LaneReporter, cancel: &CancelToken) -> TaskOutcome {
    let value = run_turns(1, 500, report.breaker(cancel), || report.check_breaker(cancel));
    value.map_or(TaskOutcome::Stopped, done)
}

#[test]
fn panic_while_holding_the_gil_releases_it() {
    for workers in [1, 2, 4] {
        let run = run(workers, 20, |task, report, cancel| {
            assert!(!task.0.is_multiple_of(4), "a fourth of the tasks is broken");
            compute_task(report, cancel)
        });
        assert_eq!(
            (run.progress().done_tasks(), run.failure().map(|failure| failure.kind)),
            (15, Some(FailureKind::Panicked))
        );
    }
}

#[test]
fn panic_without_the_gil_fails_only_its_task() {
    let run = run(3, 12, |task, report, cancel| {
        report.enter_state(State::Native);
        assert!(!task.0.is_multiple_of(3), "a third of the tasks is broken");
        report.enter_state(State::Computing);
        compute_task(report, cancel)
    });
    assert_eq!(run.progress().done_tasks(), 8);
}

/// Two busy tasks alternate, so each can finish only if the switch interval hands it the GIL in the
/// middle of the other's task.
#[test]
fn waiting_thread_interrupts_a_running_task() {
    let turns = AtomicU32::new(0);
    let run = run(2, 2, move |task, report, cancel| {
        loop {
            match turns.load(Ordering::SeqCst) {
                6.. => return done(1),
                turn if turn % 2 == task.0 % 2 => _ = turns.fetch_add(1, Ordering::SeqCst),
                _ => _ = compute_task(report, cancel),
            }
        }
    });
    assert!(run.is_complete());
}

/// A task that never checks its breaker behaves like a CPython extension that keeps the GIL: the
/// other threads wait until it is done.
#[test]
fn gil_stays_held_until_its_holder_releases_it() {
    let inside = Arc::new(AtomicU32::new(0));
    let run = run(4, 8, move |_, report, _| {
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "another task holds the GIL");
        report.enter_state(State::Computing);
        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
        done(1)
    });
    assert!(run.is_complete());
}

/// Each of two tasks waits for the other while it runs native code, which would deadlock if native
/// code kept the GIL.
#[test]
fn releasing_the_gil_lets_another_lane_proceed() {
    let both_native = Arc::new(std::sync::Barrier::new(2));
    let run = run(2, 2, move |_, report, _| {
        report.enter_state(State::Native);
        both_native.wait();
        report.enter_state(State::Computing);
        done(1)
    });
    assert!(run.is_complete());
}
