//! The convoy effect: who comes back from a short sleep beside a thread that computes waits for about
//! one switch interval, <https://bugs.python.org/issue7946>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use threadline::engine::compute::work;
use threadline::engine::{
    Cancel, Clock, Extent, Gil, Job, Permit, Report, UnderGil, Worker, start,
};
use threadline::model::stats::percentile;
use threadline::model::{
    Compute, Done, Failure, Mode, Nanos, Outcome, Plan, Product, State, TaskId, Work,
};

const SLEEPS: usize = 60;
const SLEEP: Duration = Duration::from_millis(1);

/// Turns between two looks at whether the sleeper is done.
const TURNS: u64 = 2_000;

/// How much too late the sleeper has the GIL again, in ms: the median of many sleeps.
pub(crate) fn overshoot(interval: Nanos) -> f64 {
    let late = Arc::new(Mutex::new(Vec::new()));
    let convoy = Convoy {
        clock: Clock::system(),
        late: Arc::clone(&late),
        over: Arc::new(AtomicBool::new(false)),
    };
    let plan = Plan::new(Work::Cpu(Compute::default()), Mode::Gil, 2, 2);
    let job = UnderGil::new(Arc::new(convoy), Gil::new(interval));
    start(plan, Arc::new(job), &Clock::system()).events().iter().for_each(drop);
    let mut late = late.lock().unwrap();
    percentile(&mut late, 0.5).unwrap().as_secs_f64() * 1e3
}

/// Task 1 computes until task 2 has slept.
#[derive(Clone)]
struct Convoy {
    clock: Clock,
    late: Arc<Mutex<Vec<Nanos>>>,
    over: Arc<AtomicBool>,
}

struct ConvoyWorker(Convoy, Report);

impl Job for Convoy {
    fn worker(&self, report: Report) -> Result<Box<dyn Worker>, Failure> {
        Ok(Box::new(ConvoyWorker(self.clone(), report)))
    }
}

impl Worker for ConvoyWorker {
    fn run(&mut self, task: TaskId, _: Option<Permit>, cancel: &Cancel) -> (Outcome, Extent) {
        let Self(convoy, report) = self;
        if task == TaskId(1) {
            while !convoy.over.load(Ordering::Relaxed) {
                work(1, TURNS, report.breaker(cancel), || report.check(cancel));
            }
        } else {
            let late = (0..SLEEPS).map(|_| convoy.sleep(report)).collect();
            *convoy.late.lock().unwrap() = late;
            convoy.over.store(true, Ordering::Relaxed);
        }
        let done = Done { answer: None, product: Product::Value(1) };
        (Outcome::Done(done), Extent::Unknown)
    }
}

impl Convoy {
    fn sleep(&self, report: &Report) -> Nanos {
        let start = self.clock.now();
        report.enter(State::Waiting);
        // Nobody unparks it.
        thread::park_timeout(SLEEP);
        report.enter(State::Computing);
        self.clock.now().since(start).since(SLEEP.into())
    }
}
