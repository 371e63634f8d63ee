//! The convoy effect: who comes back from a short sleep beside a thread that computes waits for about
//! one switch interval, <https://bugs.python.org/issue7946>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use threadline::engine::compute::run_turns;
use threadline::engine::{
    CancelToken, Clock, Gil, GilJob, Job, LaneReporter, Permit, TaskCount, Worker, start,
};
use threadline::model::stats::percentile;
use threadline::model::{
    Completion, ComputeSpec, Failure, Mode, Nanos, Plan, Product, State, TaskId, TaskOutcome,
    WorkSpec,
};

const SLEEPS: usize = 60;
const SLEEP: Duration = Duration::from_millis(1);

/// Turns between two looks at whether the sleeper is done.
const TURNS: u64 = 2_000;

/// How much too late the sleeper has the GIL again, in ms: the median of many sleeps.
pub(crate) fn overshoot(interval: Nanos) -> f64 {
    let late = Arc::new(Mutex::new(Vec::new()));
    let convoy = ConvoyJob {
        clock: Clock::system(),
        late: Arc::clone(&late),
        over: Arc::new(AtomicBool::new(false)),
    };
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, 2, 2);
    let job = GilJob::new(Arc::new(convoy), Gil::new(interval));
    start(plan, Arc::new(job), &Clock::system()).events().iter().for_each(drop);
    let mut late = late.lock().unwrap();
    percentile(&mut late, 0.5).unwrap().as_secs_f64() * 1e3
}

/// Task 1 computes until task 2 has slept.
#[derive(Clone)]
struct ConvoyJob {
    clock: Clock,
    late: Arc<Mutex<Vec<Nanos>>>,
    over: Arc<AtomicBool>,
}

struct ConvoyWorker(ConvoyJob, LaneReporter);

impl Job for ConvoyJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(ConvoyWorker(self.clone(), report)))
    }
}

impl Worker for ConvoyWorker {
    fn run(
        &mut self,
        task: TaskId,
        _: Option<Permit>,
        cancel: &CancelToken,
    ) -> (TaskOutcome, TaskCount) {
        let Self(convoy, report) = self;
        if task == TaskId(1) {
            while !convoy.over.load(Ordering::Relaxed) {
                run_turns(1, TURNS, report.breaker(cancel), || report.check_breaker(cancel));
            }
        } else {
            let late = (0..SLEEPS).map(|_| convoy.sleep(report)).collect();
            *convoy.late.lock().unwrap() = late;
            convoy.over.store(true, Ordering::Relaxed);
        }
        let done = Completion { response: None, product: Product::Value(1) };
        (TaskOutcome::Done(done), TaskCount::Unknown)
    }
}

impl ConvoyJob {
    fn sleep(&self, report: &LaneReporter) -> Nanos {
        let start = self.clock.now();
        report.enter_state(State::Waiting);
        // Nobody unparks it.
        thread::park_timeout(SLEEP);
        report.enter_state(State::Computing);
        self.clock.now().since(start).since(SLEEP.into())
    }
}
