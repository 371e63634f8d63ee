//! The model of the GIL on real threads against CPython: figures that CPython was measured to have,
//! and where there is a `python3` on the PATH, what it does on this machine now. Beside it, how many
//! times quicker CPU work is in every mode, and what the model's events cost.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark tells what it found"
)]

mod convoy;
mod cpython;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crossbeam_channel::unbounded;
use threadline::engine::compute::ComputeJob;
use threadline::engine::{Clock, Gil, GilJob, Job, LaneReporter, Launcher, Worker, start};
use threadline::github::RetryPolicy;
use threadline::github::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use threadline::model::{
    ComputeSpec, EventKind, Failure, LaneId, Mode, Nanos, Plan, Run, State, WorkSpec,
};

use convoy::overshoot;
use cpython::PythonProcess;

/// Measurements of which the median is told, one of the model and one of CPython in turns.
const REPEATS: usize = 5;

/// What the I/O is: requests, and how long each is answered after.
const REQUESTS: u32 = 10;
const LATENCY: Duration = Duration::from_millis(200);

/// A case, as CPython is asked for it, and where its figure is to be. The bands hold what CPython
/// 3.11.7, 3.12.1 and 3.13.0 were measured to have on two idle cores.
struct GilCase {
    name: &'static str,
    figure: GilFigure,
    number: u16,
    band: (f64, f64),
}

#[derive(Clone, Copy)]
enum GilFigure {
    /// How many times quicker than one thread.
    Cpu,
    Io,
    Native,
    /// How much too late, in ms, a thread is back that sleeps for 1 ms beside one that computes.
    Convoy,
    /// How often a second the GIL goes to another thread.
    Switches,
}

const CASES: [GilCase; 10] = [
    case("CPU, 2 threads, speed-up", GilFigure::Cpu, 2, (0.85, 1.10)),
    case("CPU, 4 threads, speed-up", GilFigure::Cpu, 4, (0.80, 1.10)),
    case("I/O, 2 threads, speed-up", GilFigure::Io, 2, (1.90, 2.05)),
    case("I/O, 5 threads, speed-up", GilFigure::Io, 5, (4.60, 5.05)),
    case("I/O, 10 threads, speed-up", GilFigure::Io, 10, (8.50, 10.10)),
    case("native, 2 threads, speed-up", GilFigure::Native, 2, (1.55, 2.05)),
    // One interval and a wake-up: 1.26 to 1.44, 5.27 to 5.32 and 20.3 to 20.6 ms.
    case("sleep beside CPU, 1 ms interval", GilFigure::Convoy, 1, (1.10, 1.45)),
    case("sleep beside CPU, 5 ms interval", GilFigure::Convoy, 5, (5.10, 5.40)),
    case("sleep beside CPU, 20 ms interval", GilFigure::Convoy, 20, (20.10, 20.60)),
    // 1 / interval, 200 to 207 in CPython, less what the wake-ups take.
    case("switches a second, 2 threads", GilFigure::Switches, 2, (170.0, 210.0)),
];

const fn case(name: &'static str, figure: GilFigure, number: u16, band: (f64, f64)) -> GilCase {
    GilCase { name, figure, number, band }
}

fn main() {
    let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_threadline")));
    let (retry_policy, clock) = (RetryPolicy::default(), Clock::system());
    let launcher = Launcher::with_processes(None, retry_policy, clock, program);
    let server = server();
    let mut python = PythonProcess::start(&server.url());
    println!("load {}; medians of {REPEATS}, with the least and the most", load());
    let beside = python.as_ref().map_or("python3 is not installed", |python| &python.version);
    println!("{:<34} {:>24}    {:>24}    band", "", "model", format!("CPython {beside}"));
    for case in &CASES {
        against_cpython(case, &launcher, python.as_mut());
    }
    modes(&launcher);
    for interval in [ComputeSpec::SWITCH_INTERVAL, Nanos::from_millis(1)] {
        events(&launcher, interval);
    }
    println!("load {}", load());
}

/// Measures a case in turns, and prints both columns.
fn against_cpython(case: &GilCase, launcher: &Launcher, mut python: Option<&mut PythonProcess>) {
    let (mut model, mut real) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        model.push(case.figure.of_model(case.number, launcher));
        real.extend(
            python.as_mut().and_then(|python| python.figure(case.figure.word(), case.number)),
        );
    }
    let (low, high) = case.band;
    println!(
        "{:<34} {} {}    {low} to {high}",
        case.name,
        Spread::of(model).within(case.band),
        Spread::of(real).within(case.band),
    );
}

impl GilFigure {
    /// What CPython's script calls it.
    const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Io => "io",
            Self::Native => "native",
            Self::Convoy => "convoy",
            Self::Switches => "switches",
        }
    }

    fn of_model(self, number: u16, launcher: &Launcher) -> f64 {
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
            Self::Switches => switches(launcher, number),
        }
    }
}

/// How many times quicker than one thread.
fn speed_up(launcher: &Launcher, work: &WorkSpec, mode: Mode, workers: u16, tasks: u32) -> f64 {
    let one = run(launcher, Plan::new(work.clone(), Mode::Sequential, 1, tasks));
    let many = run(launcher, Plan::new(work.clone(), mode, workers, tasks));
    ratio(&one, &many)
}

/// How often a second another lane than before begins to compute.
fn switches(launcher: &Launcher, workers: u16) -> f64 {
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

/// How many times quicker than one thread CPU work is in each mode, on this machine's cores.
fn modes(launcher: &Launcher) {
    const WORKERS: [u16; 2] = [2, 4];
    const MODES: [Mode; 3] = [Mode::Threads, Mode::Gil, Mode::Processes];
    println!("CPU, 8 tasks, speed-up; without one GIL for all as far as there are cores:");
    for workers in WORKERS {
        let mut found = MODES.map(|_| Vec::new());
        for _ in 0..REPEATS {
            for (found, mode) in found.iter_mut().zip(MODES) {
                let work = WorkSpec::Cpu(ComputeSpec::default());
                found.push(speed_up(launcher, &work, mode, workers, 8));
            }
        }
        for (found, mode) in found.into_iter().zip(MODES) {
            println!("{:<34} {}", format!("  {mode} x{workers}"), Spread::of(found));
        }
    }
}

/// What a run under the GIL takes longer when its events are sent and folded as they come.
fn events(launcher: &Launcher, switch_interval: Nanos) {
    let compute =
        ComputeSpec { size: Nanos::from_millis(60), switch_interval, ..ComputeSpec::default() };
    let plan = Plan::new(WorkSpec::Cpu(compute), Mode::Gil, 4, 8);
    // The amount is settled once, and then the same for all.
    let plan = run(launcher, plan).plan().clone();
    let job = || -> Arc<dyn Job> {
        let job = ComputeJob { work: plan.work.clone(), server: None };
        Arc::new(GilJob::new(Arc::new(job), Gil::new(switch_interval)))
    };
    let (mut ratios, mut count) = (Vec::new(), 0);
    for _ in 0..2 * REPEATS {
        let silent = folded(&plan, Arc::new(SilentJob::new(job()))).0;
        let (told, events) = folded(&plan, job());
        count = events;
        ratios.push(100.0 * (told.as_secs_f64() / silent.as_secs_f64() - 1.0));
    }
    println!(
        "events of a run with {switch_interval} intervals: {count} of them cost {} % (promise: 5)",
        Spread::of(ratios)
    );
}

fn folded(plan: &Plan, job: Arc<dyn Job>) -> (Nanos, usize) {
    let mut run = Run::new(plan.clone());
    let handle = start(plan.clone(), job, &Clock::system());
    let count = handle.events().iter().inspect(|event| run.apply(event)).count();
    assert!(run.is_over());
    (run.duration().unwrap_or_default(), count)
}

/// A job whose workers' reports are stamped and reach nobody.
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

/// What Python's requests are answered by.
fn server() -> Server {
    Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: REQUESTS,
        latency: Latency::Uniform { latency: LATENCY, jitter: Duration::ZERO, seed: 0 },
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock: threadline::engine::clock::wall_clock,
    })
    .unwrap()
}

/// What else the machine did, where it tells.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// A median, and the least and the most.
struct Spread(Vec<f64>);

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    /// The same, and whether the median is in a band.
    fn within(&self, (low, high): (f64, f64)) -> String {
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
        let [least, .., most] = self.0.as_slice() else { return f.pad("-") };
        let median = self.0[self.0.len() / 2];
        write!(f, "{median:.2} ({least:.2} to {most:.2})")
    }
}
