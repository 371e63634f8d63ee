//! The GIL model on real threads against CPython: known results of CPython, and measurements on
//! this machine if there is a `python3` on the PATH. Also the speed-up of CPU work in every mode,
//! and the cost of the model's events.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

mod convoy;
mod cpython;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crossbeam_channel::unbounded;
use threadline::http::RetryPolicy;
use threadline::model::{
    ComputeSpec, EventKind, Failure, LaneId, Mode, Nanos, Plan, Run, State, WorkSpec,
};
use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use threadline::source::tasks::compute::ComputeJob;
use threadline::source::{
    Clock, Gil, GilJob, Job, LaneReporter, Launcher, Pool, Source as _, Worker,
};

use convoy::overshoot;
use cpython::PythonProcess;

/// The number of measurements per case; the result is their median. Model and CPython alternate.
const REPEATS: usize = 5;

/// The number of requests of I/O work.
const REQUESTS: u32 = 10;

/// The latency of each request of I/O work.
const LATENCY: Duration = Duration::from_millis(200);

/// A case, and the band of its expected result, which holds the results of CPython 3.11.7, 3.12.1
/// and 3.13.0 on two idle cores.
struct GilCase {
    name: &'static str,
    metric: GilMetric,
    number: u16,
    band: (f64, f64),
}

#[derive(Clone, Copy)]
enum GilMetric {
    /// CPU work: the speed-up over one thread.
    Cpu,
    /// I/O work: the speed-up over one thread.
    Io,
    /// Native code that releases the GIL: the speed-up over one thread.
    Native,
    /// The delay in ms until a thread that sleeps for 1 ms beside a computing one has the GIL
    /// again.
    Convoy,
    /// The number of GIL switches to another thread per second.
    Switches,
}

const CASES: [GilCase; 10] = [
    case("CPU, 2 threads, speed-up", GilMetric::Cpu, 2, (0.85, 1.10)),
    case("CPU, 4 threads, speed-up", GilMetric::Cpu, 4, (0.80, 1.10)),
    case("I/O, 2 threads, speed-up", GilMetric::Io, 2, (1.90, 2.05)),
    case("I/O, 5 threads, speed-up", GilMetric::Io, 5, (4.60, 5.05)),
    case("I/O, 10 threads, speed-up", GilMetric::Io, 10, (8.50, 10.10)),
    case("native, 2 threads, speed-up", GilMetric::Native, 2, (1.55, 2.05)),
    // One interval plus a wake-up: 1.26 to 1.44, 5.27 to 5.32 and 20.3 to 20.6 ms.
    case("sleep beside CPU, 1 ms interval", GilMetric::Convoy, 1, (1.10, 1.45)),
    case("sleep beside CPU, 5 ms interval", GilMetric::Convoy, 5, (5.10, 5.40)),
    case("sleep beside CPU, 20 ms interval", GilMetric::Convoy, 20, (20.10, 20.60)),
    // 1 / interval, 200 to 207 in CPython, minus the time of the wake-ups.
    case("switches a second, 2 threads", GilMetric::Switches, 2, (170.0, 210.0)),
];

const fn case(name: &'static str, metric: GilMetric, number: u16, band: (f64, f64)) -> GilCase {
    GilCase { name, metric, number, band }
}

fn main() {
    let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_threadline")));
    let (retry_policy, clock) = (RetryPolicy::default(), Clock::system());
    let launcher = Launcher::with_processes(None, retry_policy, clock, program);
    let server = start_server();
    let mut python = PythonProcess::start(&server.url());
    println!("load {}; medians of {REPEATS}, with minimum and maximum", load_average());
    let version = python.as_ref().map_or("python3 is not installed", |python| &python.version);
    println!("{:<34} {:>24}    {:>24}    band", "", "model", format!("CPython {version}"));
    for case in &CASES {
        compare_with_cpython(case, &launcher, python.as_mut());
    }
    print_mode_speed_ups(&launcher);
    for interval in [ComputeSpec::SWITCH_INTERVAL, Nanos::from_millis(1)] {
        print_event_cost(&launcher, interval);
    }
    println!("load {}", load_average());
}

/// Measures a case with the model and with CPython alternately, and prints both results.
fn compare_with_cpython(
    case: &GilCase,
    launcher: &Launcher,
    mut python: Option<&mut PythonProcess>,
) {
    let (mut model, mut real) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        model.push(case.metric.measure_model(case.number, launcher));
        real.extend(
            python
                .as_mut()
                .and_then(|python| python.measure(case.metric.script_name(), case.number)),
        );
    }
    let (low, high) = case.band;
    println!(
        "{:<34} {} {}    {low} to {high}",
        case.name,
        Spread::of(model).format_with_band(case.band),
        Spread::of(real).format_with_band(case.band),
    );
}

impl GilMetric {
    /// The name in gil.py.
    const fn script_name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Io => "io",
            Self::Native => "native",
            Self::Convoy => "convoy",
            Self::Switches => "switches",
        }
    }

    fn measure_model(self, number: u16, launcher: &Launcher) -> f64 {
        match self {
            Self::Cpu => {
                speed_up(launcher, &WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, number, 4)
            }
            Self::Native => {
                speed_up(launcher, &WorkSpec::Native(ComputeSpec::default()), Mode::Gil, number, 2)
            }
            Self::Io => {
                let io = ComputeSpec { size: LATENCY.into(), share: 0, ..ComputeSpec::default() };
                speed_up(launcher, &WorkSpec::Mixed(io), Mode::Gil, number, REQUESTS)
            }
            Self::Convoy => overshoot(Nanos::from_millis(number.into())),
            Self::Switches => switches_per_second(launcher, number),
        }
    }
}

/// Returns the speed-up over one thread.
fn speed_up(launcher: &Launcher, work: &WorkSpec, mode: Mode, workers: u16, tasks: u32) -> f64 {
    let one = run(launcher, Plan::new(work.clone(), Mode::Sequential, 1, tasks));
    let many = run(launcher, Plan::new(work.clone(), mode, workers, tasks));
    ratio(&one, &many)
}

/// Returns how many times per second a lane other than the last one begins to compute.
fn switches_per_second(launcher: &Launcher, workers: u16) -> f64 {
    let compute = ComputeSpec { size: Nanos::from_millis(500), ..ComputeSpec::default() };
    let plan = Plan::new(WorkSpec::Cpu(compute), Mode::Gil, workers, workers.into());
    let (mut last, mut switches, mut end) = (None, 0, Nanos::ZERO);
    for event in launcher.start(plan).events() {
        end = event.at;
        if matches!(event.kind, EventKind::StateEntered { state: State::Computing }) {
            switches += u32::from(last.replace(event.lane) != Some(event.lane));
        }
    }
    f64::from(switches) / end.as_secs_f64()
}

/// Prints the speed-up of CPU work in each mode, on the cores of this machine.
fn print_mode_speed_ups(launcher: &Launcher) {
    const WORKERS: [u16; 2] = [2, 4];
    const MODES: [Mode; 3] = [Mode::Threads, Mode::Gil, Mode::Processes];
    println!("CPU, 8 tasks, speed-up; without a shared GIL it is limited by the cores:");
    for workers in WORKERS {
        let mut results = MODES.map(|_| Vec::new());
        for _ in 0..REPEATS {
            for (results, mode) in results.iter_mut().zip(MODES) {
                let work = WorkSpec::Cpu(ComputeSpec::default());
                results.push(speed_up(launcher, &work, mode, workers, 8));
            }
        }
        for (results, mode) in results.into_iter().zip(MODES) {
            println!("{:<34} {}", format!("  {mode} x{workers}"), Spread::of(results));
        }
    }
}

/// Prints by how much sending and applying its events slows down a run under the GIL.
fn print_event_cost(launcher: &Launcher, switch_interval: Nanos) {
    let compute =
        ComputeSpec { size: Nanos::from_millis(60), switch_interval, ..ComputeSpec::default() };
    let plan = Plan::new(WorkSpec::Cpu(compute), Mode::Gil, 4, 8);
    // The first run calibrates the amount of work, which all others then share.
    let plan = run(launcher, plan).plan().clone();
    let job = || -> Arc<dyn Job> {
        let job = ComputeJob { work: plan.work.clone(), server: None };
        Arc::new(GilJob::new(Arc::new(job), Gil::new(switch_interval)))
    };
    let (mut ratios, mut count) = (Vec::new(), 0);
    for _ in 0..2 * REPEATS {
        let silent = run_job(&plan, Arc::new(SilentJob::new(job()))).0;
        let (reporting, events) = run_job(&plan, job());
        count = events;
        ratios.push(100.0 * (reporting.as_secs_f64() / silent.as_secs_f64() - 1.0));
    }
    println!(
        "{count} events of a run with {switch_interval} intervals cost {} % (promise: 5)",
        Spread::of(ratios)
    );
}

/// Runs a job; returns its duration and its number of events.
fn run_job(plan: &Plan, job: Arc<dyn Job>) -> (Nanos, usize) {
    let mut run = Run::new(plan.clone());
    let handle = Pool { plan: plan.clone(), job }.start(&Clock::system());
    let count = handle.events().iter().inspect(|event| run.apply(event)).count();
    assert!(run.is_over());
    (run.duration().unwrap_or_default(), count)
}

/// A job whose workers create their events, but send them to a closed channel.
struct SilentJob {
    job: Arc<dyn Job>,
    workers: AtomicU16,
}

impl SilentJob {
    fn new(job: Arc<dyn Job>) -> Self {
        Self { job, workers: AtomicU16::new(0) }
    }
}

impl Job for SilentJob {
    fn create_worker(&self, _: LaneReporter) -> Result<Box<dyn Worker>, Failure> {
        let lane = LaneId(self.workers.fetch_add(1, Ordering::Relaxed));
        self.job.create_worker(LaneReporter::new(lane, Clock::system(), Nanos::ZERO, unbounded().0))
    }
}

fn run(launcher: &Launcher, plan: Plan) -> Run {
    let mut run = Run::new(plan.clone());
    for event in launcher.start(plan).events() {
        run.apply(&event);
    }
    assert!(run.is_complete(), "{:?}", run.failure());
    run
}

fn ratio(one: &Run, many: &Run) -> f64 {
    one.duration().unwrap().as_secs_f64() / many.duration().unwrap().as_secs_f64()
}

/// Starts the server for the requests of Python.
fn start_server() -> Server {
    Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: REQUESTS,
        latency: Latency::Uniform { latency: LATENCY, jitter: Duration::ZERO, seed: 0 },
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock: threadline::source::clock::wall_clock,
    })
    .unwrap()
}

/// Returns the load average of the machine, or `unknown` if the platform has none.
fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// The median, the minimum and the maximum of some measurements.
struct Spread(Vec<f64>);

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Formats the spread, and marks whether the median is in a band.
    fn format_with_band(&self, (low, high): (f64, f64)) -> String {
        let inside = match self.0.get(self.0.len() / 2) {
            None => "",
            Some(median) if (low..=high).contains(median) => "in",
            Some(_) => "OUT",
        };
        format!("{:>24} {inside:<3}", self.to_string())
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, .., max] = self.0.as_slice() else { return f.pad("-") };
        let median = self.0[self.0.len() / 2];
        write!(f, "{median:.2} ({min:.2} to {max:.2})")
    }
}
