//! The convoy effect: after a short sleep beside a computing thread, a thread waits for about one
//! switch interval until it gets the GIL, <https://bugs.python.org/issue7946>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use threadline::analysis::stats::percentile;
use threadline::model::{
    Completion, ComputeSpec, Failure, Mode, Nanos, Plan, Product, State, TaskId, TaskOutcome,
    WorkSpec,
};
use threadline::source::tasks::compute::run_turns;
use threadline::source::{
    CancelToken, Clock, Gil, GilJob, Job, LaneReporter, Permit, Pool, Source as _, TaskResult,
    Worker,
};

const SLEEPS: usize = 60;
const SLEEP: Duration = Duration::from_millis(1);

/// The number of turns between two checks of whether the sleeper is done.
const TURNS: u64 = 2_000;

/// Returns the median time in ms from the end of a sleep until the sleeper has the GIL again.
pub(crate) fn overshoot(interval: Nanos) -> f64 {
    let delays = Arc::new(Mutex::new(Vec::new()));
    let convoy = ConvoyJob {
        clock: Clock::system(),
        delays: Arc::clone(&delays),
        is_over: Arc::new(AtomicBool::new(false)),
    };
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, 2, 2);
    let job = GilJob::new(Arc::new(convoy), Gil::new(interval));
    Pool { plan, job: Arc::new(job) }.start(&Clock::system()).events().iter().for_each(drop);
    let mut delays = delays.lock().unwrap();
    percentile(&mut delays, 0.5).unwrap().as_secs_f64() * 1e3
}

/// Task 1 computes until task 2 has finished its sleeps.
#[derive(Clone)]
struct ConvoyJob {
    clock: Clock,
    delays: Arc<Mutex<Vec<Nanos>>>,
    is_over: Arc<AtomicBool>,
}

struct ConvoyWorker(ConvoyJob, LaneReporter);

impl Job for ConvoyJob {
    fn create_worker(&self, report: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(ConvoyWorker(self.clone(), report)))
    }
}

impl Worker for ConvoyWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &CancelToken) -> TaskResult {
        let Self(convoy, report) = self;
        if task == TaskId(1) {
            while !convoy.is_over.load(Ordering::Relaxed) {
                run_turns(1, TURNS, report.breaker(cancel), || report.check_breaker(cancel));
            }
        } else {
            let delays = (0..SLEEPS).map(|_| convoy.sleep(report)).collect();
            *convoy.delays.lock().unwrap() = delays;
            convoy.is_over.store(true, Ordering::Relaxed);
        }
        let completion = Completion { response: None, product: Product::Value(1) };
        TaskOutcome::Done(completion).into()
    }
}

impl ConvoyJob {
    fn sleep(&self, report: &LaneReporter) -> Nanos {
        let start = self.clock.now();
        report.enter_state(State::Waiting);
        // No other thread unparks this one, so it sleeps for the whole time.
        thread::park_timeout(SLEEP);
        report.enter_state(State::Computing);
        self.clock.now().since(start).since(SLEEP.into())
    }
}
