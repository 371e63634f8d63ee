//! Programs of the tests in `truth.rs`: this test executable, started again. Their threads know
//! themselves what they do, by their own clocks.
#![expect(
    clippy::disallowed_methods,
    clippy::significant_drop_tightening,
    clippy::too_many_lines,
    reason = "programs that sleep, hold locks and read the clock are what is watched"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The environment variable with the path of the file for the result of [`timed_threads`].
pub(crate) const RESULT: &str = "TIMED_THREADS_RESULT";

/// The environment variable with the number of threads of [`brief_threads`].
pub(crate) const COUNT: &str = "BRIEF_THREADS_COUNT";

/// The time for which the threads work.
const LIFE: Duration = Duration::from_millis(1_500);

/// The number of threads that live at the same time in [`brief_threads`].
const BATCH: usize = 8;

/// The times of a thread by its own clocks, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct OwnTimes {
    /// From its first instruction to its last.
    pub(crate) life: f64,
    /// By `CLOCK_THREAD_CPUTIME_ID`.
    pub(crate) on_cpu: f64,
    /// By the scheduler.
    pub(crate) no_core: f64,
    /// In the calls that it waits in.
    pub(crate) waited: f64,
    /// The number of these calls.
    pub(crate) waits: u32,
}

/// The clocks of a thread.
struct OwnClock {
    began: Instant,
    times: OwnTimes,
}

impl OwnClock {
    fn start() -> Self {
        Self { began: Instant::now(), times: OwnTimes::default() }
    }

    fn is_over(&self) -> bool {
        self.began.elapsed() >= LIFE
    }

    /// Makes a call that waits. Neither its work nor the time until it has a core again is waiting.
    fn wait<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (from, busy) = (Instant::now(), busy_time());
        let value = call();
        self.times.waited += (from.elapsed().as_secs_f64() - (busy_time() - busy)).max(0.0);
        self.times.waits += 1;
        value
    }

    fn finish(mut self) -> OwnTimes {
        self.times.life = self.began.elapsed().as_secs_f64();
        (self.times.on_cpu, self.times.no_core) = (cpu_time(), time_without_core());
        self.times
    }
}

fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn time_without_core() -> f64 {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1e9
}

fn busy_time() -> f64 {
    cpu_time() + time_without_core()
}

/// Works for a time on a CPU.
fn spin(seconds: f64) {
    let end = cpu_time() + seconds;
    while cpu_time() < end {
        std::hint::black_box((0..1_000_u64).fold(0, u64::wrapping_add));
    }
}

fn nap(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}

type Timed = JoinHandle<OwnTimes>;

fn start(name: &str, body: impl FnOnce(&mut OwnClock) + Send + 'static) -> Timed {
    let timed = move || {
        let mut clock = OwnClock::start();
        body(&mut clock);
        clock.finish()
    };
    thread::Builder::new().name(name.to_owned()).spawn(timed).unwrap()
}

/// A program, not a test: threads that spin, sleep, and wait for a mutex, a pipe and a condition.
#[test]
#[ignore = "a program of the tests in truth.rs"]
fn timed_threads() {
    let Ok(path) = std::env::var(RESULT) else { return };
    let over = Arc::new(AtomicBool::new(false));
    let mut threads: BTreeMap<String, Timed> = BTreeMap::new();
    let mut add = |name: &str, thread| threads.insert(name.to_owned(), thread);
    let cores = thread::available_parallelism().unwrap().get();
    for number in 0..=cores {
        let name = format!("spinner-{number}");
        let spins = |clock: &mut OwnClock| {
            while !clock.is_over() {
                spin(0.002);
            }
        };
        add(&name, start(&name, spins));
    }
    let sleeper = |clock: &mut OwnClock| {
        while !clock.is_over() {
            clock.wait(|| nap(40));
            spin(0.002);
        }
    };
    add("sleeper", start("sleeper", sleeper));
    let mutex = Arc::new(Mutex::new(()));
    let held = Arc::clone(&mutex);
    let holder = move |clock: &mut OwnClock| {
        while !clock.is_over() {
            let guard = held.lock().unwrap();
            clock.wait(|| nap(40));
            drop(guard);
            nap(10);
        }
    };
    thread::Builder::new()
        .name("holder".to_owned())
        .spawn(move || holder(&mut OwnClock::start()))
        .unwrap();
    let waiter = move |clock: &mut OwnClock| {
        while !clock.is_over() {
            drop(clock.wait(|| mutex.lock().unwrap()));
            spin(0.002);
        }
    };
    add("waiter", start("waiter", waiter));
    let (mut input, mut output) = std::io::pipe().unwrap();
    let reader = move |clock: &mut OwnClock| {
        while clock.wait(|| input.read(&mut [0])).unwrap() > 0 {
            spin(0.002);
        }
    };
    add("reader", start("reader", reader));
    let condition = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let signals = Arc::clone(&condition);
    let ended = Arc::clone(&over);
    let parker = move |clock: &mut OwnClock| {
        let (turn, changed) = &*signals;
        let mut guard = turn.lock().unwrap();
        while !ended.load(Ordering::SeqCst) {
            guard = clock.wait(|| changed.wait(guard).unwrap());
            spin(0.002);
        }
    };
    add("parker", start("parker", parker));
    let clock = OwnClock::start();
    while !clock.is_over() {
        nap(40);
        output.write_all(b"x").unwrap();
        *condition.0.lock().unwrap() += 1;
        condition.1.notify_all();
    }
    drop(output);
    over.store(true, Ordering::SeqCst);
    while !threads["parker"].is_finished() {
        condition.1.notify_all();
        nap(1);
    }
    let times = threads.into_iter().map(|(name, thread)| (name, thread.join().unwrap()));
    let times: BTreeMap<String, OwnTimes> = times.collect();
    serde_json::to_writer(File::create(path).unwrap(), &times).unwrap();
}

/// A program, not a test: threads that live for a millisecond.
#[test]
#[ignore = "a program of the tests in truth.rs"]
fn brief_threads() {
    let Ok(count) = std::env::var(COUNT) else { return };
    let mut left: usize = count.parse().unwrap();
    while left > 0 {
        let batch = left.min(BATCH);
        let brief = || thread::Builder::new().name("brief".to_owned()).spawn(|| nap(1)).unwrap();
        let threads: Vec<JoinHandle<()>> = (0..batch).map(|_| brief()).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        left -= batch;
    }
}
